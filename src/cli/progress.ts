/**
 * A bar for work that takes a while (cli-progress), on the error stream of a terminal and nowhere
 * else, so that output that is piped has nothing of it.
 */
import { SingleBar } from 'cli-progress'
import type { ToolRun } from './tool.ts'

/** How far some work is. */
export interface Progress {
  /** So much of the total is done. */
  update(done: number): void
  /** Takes the bar away. */
  end(): void
}

const NOTHING: Progress = { update: () => {}, end: () => {} }

/** Begins a bar for `total` of something; `label` says what is done. */
export function openProgress(
  { terminal }: Pick<ToolRun, 'terminal'>,
  label: string,
  total: number,
  stream: NodeJS.WriteStream = process.stderr,
): Progress {
  if (!terminal.output || stream.isTTY !== true || total <= 0) return NOTHING
  const bar = new SingleBar({
    format: `${label} [{bar}] {percentage} %`,
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    clearOnComplete: true,
    hideCursor: true,
    stream,
  })
  bar.start(total, 0)
  return { update: (done) => bar.update(Math.min(done, total)), end: () => bar.stop() }
}
