/**
 * Reads batches of one log by offset: from the hot tail where it can, on this thread where the
 * bytes are surely in the page cache (this process wrote them a short while ago), and off it
 * otherwise.
 */
import type { LaterBytes } from '../base/bytes.ts'
import { ErrorCode } from '../protocol/errors.ts'
import type { HotTail } from './hot-tail.ts'
import { LogSlice, type SliceLog } from './log-slice.ts'
import type { Segment, SegmentHome } from './segment.ts'
import { BAD_INDEX, SegmentRead } from './segment-read.ts'
import type { Segments } from './segments.ts'

/** Bytes from the end of the log that a node surely finds in the page cache. */
const WARM_BYTES = 16 * 1024 * 1024
/** A larger read goes off the loop also where it is warm. */
const WARM_READ_BYTES_MAX = 1024 * 1024

export interface ReadOptions {
  /** Return the first batch even if it is larger than the bytes asked for (KIP-74). */
  readonly minOneMessage: boolean
  /** Read below this offset: the high watermark, or the last stable offset. */
  readonly upperBound: number
  /**
   * As Kafka answers a Fetch: give all bytes asked for, though they end within a batch, and leave
   * most of what is in a file there, for whoever sends it.
   */
  readonly asFetch?: boolean
  /** What the reader has read of late was in the page cache: this thread may wait for the next. */
  readonly isNear?: boolean
}

export interface ReadResult {
  readonly error: ErrorCode
  /** Whole batches, by reference, and the beginning of the next where it was asked for. */
  readonly pieces: readonly Uint8Array[]
  /** What follows them and was left in its file; a Fetch only. */
  readonly rest?: LaterBytes
  /** Of both. */
  readonly sizeBytes: number
  /**
   * The offset after the last whole batch returned, or the one asked for; where there is a rest, at
   * least that.
   */
  readonly nextOffset: number
  /** The memory of `pieces`, where `BufferPool.give` wants it back once they are not needed. */
  readonly memory?: Uint8Array
}

/** What a read looks at; the log owns it. */
export interface ReadableLog extends SliceLog {
  readonly home: SegmentHome
  readonly segments: Segments
  readonly tail: HotTail
  readonly logEndOffset: number
}

/** What is asked of a log. */
interface LogQuery {
  readonly log: ReadableLog
  readonly offset: number
  readonly maxBytes: number
  readonly options: ReadOptions
}

const NO_PIECES: readonly Uint8Array[] = Object.freeze([])

export function emptyRead(error: ErrorCode, offset: number): ReadResult {
  return { error, pieces: NO_PIECES, sizeBytes: 0, nextOffset: offset }
}

/** Reads from `offset` on, which lies within the log and below the upper bound. */
export function readLog(query: LogQuery): ReadResult | Promise<ReadResult> {
  const { log, offset, maxBytes, options } = query
  const segment = log.segments.floor(offset)
  if (segment === null) return emptyRead(ErrorCode.OFFSET_OUT_OF_RANGE, offset)
  const isNear = options.isNear === true && segment.hasIndexes
  if (segment !== log.segments.active) {
    return isNear ? readWarm(query, segment) : readCold(query, segment)
  }
  const index = segment.offsetIndex()
  const position = index.lookup(offset - segment.baseOffset)
  const hot = readTail(query, segment, position)
  if (hot !== null) return hot
  const isWarm =
    position >= segment.openedBytes &&
    segment.sizeBytes - position <= WARM_BYTES + Math.min(maxBytes, WARM_READ_BYTES_MAX)
  return isNear || isWarm ? readWarm(query, segment) : readCold(query, segment)
}

/** Serves from memory; null where the tail does not reach back to `offset`. */
function readTail(query: LogQuery, segment: Segment, indexPosition: number): ReadResult | null {
  const { log, offset, maxBytes, options } = query
  const { tail } = log
  const isEmpty = tail.start === tail.end
  let position = indexPosition
  if (position < tail.start) {
    if (isEmpty || offset < tail.baseOffsetAt(tail.start)) return null
    position = tail.start
  }
  if (isEmpty) return emptyRead(ErrorCode.NONE, offset)
  const start = tail.seek(position, offset)
  if (start === tail.end) return emptyRead(ErrorCode.NONE, offset)
  let end = tail.end
  let cut = 0
  if (options.upperBound < log.logEndOffset) {
    const index = segment.offsetIndex()
    const near = index.lookup(options.upperBound - segment.baseOffset)
    end = tail.seek(Math.max(start, near), options.upperBound)
    if (end === start) return emptyRead(ErrorCode.NONE, offset)
  }
  if (end - start > maxBytes) {
    const firstEnd = start + tail.batchSizeAt(start)
    if (firstEnd - start > maxBytes) {
      if (!options.minOneMessage) return emptyRead(ErrorCode.NONE, offset)
      end = firstEnd
    } else {
      const near = segment.offsetIndex().floorPosition(start + maxBytes)
      end = tail.boundary(Math.max(firstEnd, near), start + maxBytes)
      if (options.asFetch === true) cut = start + maxBytes
    }
  }
  const nextOffset = end === tail.end ? log.logEndOffset : tail.baseOffsetAt(end)
  end = Math.max(end, cut)
  return {
    error: ErrorCode.NONE,
    pieces: tail.pieces(start, end),
    sizeBytes: end - start,
    nextOffset,
  }
}

function beginRead({ log, offset, maxBytes, options }: LogQuery, segment: Segment): SegmentRead {
  const isActive = segment === log.segments.active
  const next = isActive ? log.logEndOffset : log.segments.after(segment.baseOffset)!.baseOffset
  return new SegmentRead({
    segmentBaseOffset: segment.baseOffset,
    index: segment.offsetIndex(),
    indexIntervalBytes: log.home.config.indexIntervalBytes,
    buffers: log.home.resources.readBuffers,
    offset,
    maxBytes,
    minOneMessage: options.minOneMessage,
    asFetch: options.asFetch ?? false,
    headBytes: log.home.resources.limits.fetchHeadBytes,
    endPosition: isActive ? log.tail.written : segment.sizeBytes,
    endOffset: next,
    upperOffset: options.upperBound < next ? options.upperBound : Infinity,
  })
}

function resultOf({ log, offset }: LogQuery, segment: Segment, read: SegmentRead): ReadResult {
  if (read.problem !== '') {
    log.home.warn(`${segment.path('.log')}: ${read.problem}`)
    return emptyRead(ErrorCode.CORRUPT_MESSAGE, offset)
  }
  if (read.piece.length === 0) return emptyRead(ErrorCode.NONE, offset)
  const { piece, restBytes, nextOffset } = read
  const result = {
    error: ErrorCode.NONE,
    pieces: [piece],
    sizeBytes: piece.length + restBytes,
    nextOffset,
    memory: piece,
  }
  if (restBytes === 0) return result
  return { ...result, rest: new LogSlice(log, segment, read.restPosition, restBytes) }
}

function readWarm(query: LogQuery, segment: Segment): ReadResult | Promise<ReadResult> {
  const { log, options } = query
  const file = segment.file()
  const readOnce = (): SegmentRead => {
    const read = beginRead(query, segment)
    while (!read.finished) read.accept(file.read(read.buffer, read.position))
    return read
  }
  let read = readOnce()
  if (read.problem === BAD_INDEX) {
    segment.rebuildIndexes('corrupt')
    read = readOnce()
  }
  const { upperBound } = options
  const { found, nextOffset, problem } = read
  if (found && nextOffset >= Math.min(upperBound, log.logEndOffset)) log.tail.follow()
  if (found || problem !== '') return resultOf(query, segment, read)
  return readBehind(query, segment)
}

async function readCold(query: LogQuery, segment: Segment): Promise<ReadResult> {
  const { log, offset } = query
  const { truncations } = log
  let read: SegmentRead
  segment.pin()
  try {
    await segment.loadIndexes()
    if (log.truncations !== truncations) return emptyRead(ErrorCode.NONE, offset)
    const file = segment.file()
    const readOnce = async (): Promise<SegmentRead> => {
      const read = beginRead(query, segment)
      while (!read.finished) read.accept(await file.readAsync(read.buffer, read.position))
      return read
    }
    read = await readOnce()
    if (read.problem === BAD_INDEX && segment.suffix === '') {
      segment.rebuildIndexes('corrupt')
      read = await readOnce()
    }
  } catch (error) {
    // Files that were deleted meanwhile are no sign of a bad disk.
    if (segment.suffix === '') throw error
    return emptyRead(ErrorCode.NONE, offset)
  } finally {
    segment.unpin()
  }
  // The reader comes again and finds the log as it is now.
  if (log.truncations !== truncations) return emptyRead(ErrorCode.NONE, offset)
  if (read.found || read.problem !== '') return resultOf(query, segment, read)
  return readBehind(query, segment)
}

/** Reads what follows a segment that has nothing from `offset` on. */
function readBehind(query: LogQuery, segment: Segment): ReadResult | Promise<ReadResult> {
  const { log, offset, options } = query
  const next = log.segments.after(segment.baseOffset)
  if (next === null) return readTail(query, segment, log.tail.start)!
  // Compaction can leave the end of a segment empty; in any other log it was there once. Go on.
  if (!log.home.config.cleanupPolicyCompact) segment.warnOfGap(offset, next.baseOffset)
  if (next.baseOffset >= options.upperBound) return emptyRead(ErrorCode.NONE, offset)
  return readLog({ ...query, offset: next.baseOffset })
}
