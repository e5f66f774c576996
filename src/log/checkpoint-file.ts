/**
 * Kafka's text checkpoints: a version line, a line with the number of entries, one line an entry.
 *
 * `recovery-point-offset-checkpoint`, `log-start-offset-checkpoint`,
 * `replication-offset-checkpoint` and `cleaner-offset-checkpoint` of a log directory have `topic
 * partition offset` lines; `leader-epoch-checkpoint` of a partition has `epoch startOffset` lines.
 */
import { utf8Bytes, utf8Text } from '../base/bytes.ts'
import type { EpochEntry } from './leader-epoch-cache.ts'

const VERSION = 0

/** A checkpoint that can't be read; the caller says what that means for it. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError'
}

/** Offsets by `topic-partition`, the name of the partition's directory. */
export type PartitionOffsets = Map<string, number>

export function encodeOffsets(
  entries: Iterable<{ topic: string; partition: number; offset: number }>,
): Uint8Array {
  const lines: string[] = []
  for (const entry of entries) lines.push(`${entry.topic} ${entry.partition} ${entry.offset}`)
  return encodeLines(lines)
}

export function decodeOffsets(content: Uint8Array, path: string): PartitionOffsets {
  const offsets: PartitionOffsets = new Map()
  for (const line of decodeLines(content, path)) {
    const [topic, partition, offset, more] = line.split(/\s+/)
    const valid = /^\d+$/.test(partition ?? '') && /^\d+$/.test(offset ?? '')
    if (!valid || more !== undefined) throw malformed(line, path)
    offsets.set(`${topic}-${Number(partition)}`, Number(offset))
  }
  return offsets
}

export function encodeEpochs(entries: readonly EpochEntry[]): Uint8Array {
  return encodeLines(entries.map((entry) => `${entry.epoch} ${entry.startOffset}`))
}

export function decodeEpochs(content: Uint8Array, path: string): EpochEntry[] {
  return decodeLines(content, path).map((line) => {
    const match = /^(\d+)\s+(\d+)$/.exec(line)
    if (match === null) throw malformed(line, path)
    return { epoch: Number(match[1]), startOffset: Number(match[2]) }
  })
}

function encodeLines(lines: readonly string[]): Uint8Array {
  return utf8Bytes(`${[VERSION, lines.length, ...lines].join('\n')}\n`)
}

function decodeLines(content: Uint8Array, path: string): string[] {
  // Kafka makes the file empty and fills it later.
  if (content.length === 0) return []
  const lines = utf8Text(content).split(/\r?\n/)
  if (lines.at(-1) === '') lines.pop()
  if (lines.length < 2) throw malformed(lines[0] ?? '', path)
  if (lines[0] !== String(VERSION)) {
    throw new CheckpointError(`${path}: version ${lines[0]}, expected ${VERSION}`)
  }
  if (!/^\d+$/.test(lines[1]!)) throw malformed(lines[1]!, path)
  const entries = lines.slice(2)
  if (entries.length !== Number(lines[1])) {
    throw new CheckpointError(`${path}: ${lines[1]} entries announced, ${entries.length} found`)
  }
  return entries
}

function malformed(line: string, path: string): CheckpointError {
  return new CheckpointError(`${path}: malformed line ${JSON.stringify(line.slice(0, 200))}`)
}
