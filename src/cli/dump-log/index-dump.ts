/**
 * Offset and time indexes beside the segment that they are of.
 *
 * Invariant: an entry is held against the batch that it points at; entries of zeros behind the
 * first are room that a server has reserved and end the index.
 */
import { readFileSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { LOG_SUFFIX, OFFSET_INDEX_SUFFIX } from '../../log/file-names.ts'
import { NO_TIMESTAMP } from '../../records/batch.ts'
import { CliError } from '../cli-error.ts'
import { factsOf, recordsOf } from './batch-facts.ts'
import { BatchFile, unreadable } from './batch-file.ts'
import type { DumpFaults, DumpOutput } from './dump-output.ts'
import { NO_LIMIT, offsetIn } from './log-dump.ts'

/** How an index is looked at. */
export interface IndexDumpOptions {
  readonly isSanityOnly: boolean
  readonly isVerifyOnly: boolean
  readonly maxMessageBytes: number
}

const OFFSET_ENTRY_BYTES = 8
const TIME_ENTRY_BYTES = 12

/** Dumps an .index. */
export async function dumpIndex(
  path: string,
  { isSanityOnly, isVerifyOnly, maxMessageBytes }: IndexDumpOptions,
  out: DumpOutput,
  faults: DumpFaults,
): Promise<void> {
  const baseOffset = offsetIn(basename(path))
  const log = new BatchFile(besides(path, LOG_SUFFIX))
  try {
    const index = new IndexFile(path, OFFSET_ENTRY_BYTES, baseOffset)
    if (index.count === 0) {
      await out.print(`${path} is empty.`, { file: path, type: 'empty' })
      return
    }
    if (isSanityOnly) {
      index.check(index.offset(index.count - 1, 0), 'Corrupt index found, index file ', 'base')
      await passed(path, out)
      return
    }
    for (let at = 0; at < index.count; at++) {
      const offset = index.offset(at, 0)
      if (offset === baseOffset && at > 0) return
      const position = index.view.getInt32(at * OFFSET_ENTRY_BYTES + 4)
      const found = lastOffsetAt(log, position, maxMessageBytes)
      if (found !== offset) faults.indexMismatches.set(path, [offset, found])
      if (isVerifyOnly) continue
      const text = `offset: ${offset} position: ${position}`
      await out.print(text, { file: path, type: 'index', offset, position })
    }
  } finally {
    log.close()
  }
}

function lastOffsetAt(log: BatchFile, position: number, maxBytes: number): number {
  for (const batch of log.batches(position, maxBytes)) return factsOf(batch).lastOffset
  throw new CliError(
    `no whole batch at position ${position} of ${log.path} (${log.sizeBytes} bytes)`,
  )
}

/** Dumps a .timeindex. */
export async function dumpTimeIndex(
  path: string,
  { isSanityOnly, isVerifyOnly }: IndexDumpOptions,
  out: DumpOutput,
  faults: DumpFaults,
): Promise<void> {
  const baseOffset = offsetIn(basename(path))
  const log = new BatchFile(besides(path, LOG_SUFFIX))
  try {
    const offsets = new IndexFile(
      besides(path, OFFSET_INDEX_SUFFIX),
      OFFSET_ENTRY_BYTES,
      baseOffset,
    )
    const index = new IndexFile(path, TIME_ENTRY_BYTES, baseOffset)
    if (isSanityOnly) {
      checkTimes(index)
      await passed(path, out)
      return
    }
    let before = NO_TIMESTAMP
    for (let at = 0; at < index.count; at++) {
      const offset = index.offset(at, 8)
      if (offset === baseOffset && at > 0) return
      const timestamp = index.time(at)
      verifyTime(path, log, floor(offsets, offset), offset, timestamp, before, faults)
      before = timestamp
      if (isVerifyOnly) continue
      const text = `timestamp: ${timestamp} offset: ${offset}`
      await out.print(text, { file: path, type: 'timeindex', timestamp, offset })
    }
  } finally {
    log.close()
  }
}

function verifyTime(
  path: string,
  log: BatchFile,
  from: number,
  offset: number,
  timestamp: number,
  before: number,
  faults: DumpFaults,
): void {
  for (const batch of log.batches(from, NO_LIMIT)) {
    const { lastOffset } = factsOf(batch)
    if (lastOffset < offset) continue
    if (lastOffset > offset) {
      faults.notFound.add(path, [offset, lastOffset])
      return
    }
    let latest = NO_TIMESTAMP
    for (const { timestampMs } of recordsOf(batch)) latest = Math.max(latest, timestampMs)
    if (latest !== timestamp) faults.timeMismatches.add(path, [timestamp, latest])
    if (before >= timestamp) faults.outOfOrder.add(path, [timestamp, before])
    return
  }
  faults.notFound.add(path, [offset, -1])
}

/** Where to begin to look for an offset. */
function floor(offsets: IndexFile, offset: number): number {
  let [low, high] = [-1, offsets.count - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (offsets.offset(middle, 0) <= offset) low = middle
    else high = middle - 1
  }
  return low < 0 ? 0 : offsets.view.getInt32(low * OFFSET_ENTRY_BYTES + 4)
}

function checkTimes(index: IndexFile): void {
  const last = index.count - 1
  const title = `Corrupt time index found, time index file (${resolve(index.path)}) has non-zero size`
  if (last >= 0 && index.time(last) < index.time(0)) {
    throw new CliError(
      `${title} but the last timestamp is ${index.time(last)} which is less than ` +
        `the first timestamp ${index.time(0)}`,
    )
  }
  const lastOffset = last < 0 ? index.baseOffset : index.offset(last, 8)
  if (last >= 0 && lastOffset < index.baseOffset) {
    throw new CliError(
      `${title} but the last offset is ${lastOffset} which is less than ` +
        `the first offset ${index.baseOffset}`,
    )
  }
  index.checkLength('Time index')
}

async function passed(path: string, out: DumpOutput): Promise<void> {
  await out.print(`${path} passed sanity check.`, { file: path, type: 'sane' })
}

/** The file of the same segment with another ending. */
function besides(path: string, suffix: string): string {
  return join(dirname(resolve(path)), basename(path).split('.')[0] + suffix)
}

/** The entries of an index. */
class IndexFile {
  readonly path: string
  readonly baseOffset: number
  readonly view: DataView
  readonly count: number
  readonly #entryBytes: number

  constructor(path: string, entryBytes: number, baseOffset: number) {
    this.path = path
    this.baseOffset = baseOffset
    this.#entryBytes = entryBytes
    try {
      const bytes = readFileSync(path)
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    } catch (error) {
      throw unreadable(path, error)
    }
    this.count = Math.floor(this.view.byteLength / entryBytes)
  }

  /** The offset of an entry, which it has relative to the segment's at byte `field`. */
  offset(entry: number, field: number): number {
    return this.baseOffset + this.view.getInt32(entry * this.#entryBytes + field)
  }

  /** The time of an entry of a time index. */
  time(entry: number): number {
    return Number(this.view.getBigInt64(entry * this.#entryBytes))
  }

  check(lastOffset: number, title: string, what: string): void {
    if (lastOffset < this.baseOffset) {
      throw new CliError(
        `${title}${resolve(this.path)} has non-zero size but the last offset is ${lastOffset} ` +
          `which is less than the ${what} offset ${this.baseOffset}`,
      )
    }
    this.checkLength('Index')
  }

  checkLength(title: string): void {
    const { byteLength } = this.view
    if (byteLength % this.#entryBytes === 0) return
    throw new CliError(
      `${title} file ${resolve(this.path)} is corrupt, found ${byteLength} bytes ` +
        `which is neither positive nor a multiple of ${this.#entryBytes}`,
    )
  }
}
