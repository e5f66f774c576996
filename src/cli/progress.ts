/**
 * A bar for work that takes a while (cli-progress), on the error stream of a terminal and nowhere
 * else, so that output that is piped has nothing of it.
 */
import type { ToolRun } from './tool.ts'

/** How far some work is. */
export interface Progress {
  /** So much of the total is done. */
  update(done: number): void
  /** Takes the bar away. */
  end(): void
}

const NOTHING: Progress = { update: () => {}, end: () => {} }

/** Begins a bar for `total` of something; `label` says what is done. None under Kafka's names. */
export async function openProgress(
  { terminal, isAlias }: Pick<ToolRun, 'terminal' | 'isAlias'>,
  label: string,
  total: number,
  stream: NodeJS.WriteStream = process.stderr,
): Promise<Progress> {
  if (isAlias || !terminal.output || stream.isTTY !== true || total <= 0) return NOTHING
  const { SingleBar } = await import('cli-progress')
  const bar = new SingleBar({
    format: `${label} [{bar}] {percentage} %`,
    barCompleteChar: '=',
    barIncompleteChar: ' ',
    clearOnComplete: true,
    hideCursor: false, // which Ctrl-C would leave hidden
    stream,
  })
  bar.start(total, 0)
  return { update: (done) => bar.update(Math.min(done, total)), end: () => bar.stop() }
}
