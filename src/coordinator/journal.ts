/**
 * What one shard has written and who waits for it: records gather in one batch per turn, answers
 * wait behind the last record written before them.
 *
 * Invariant: the offset given to replay is the one that the record gets in the log; if the log says
 * otherwise, the shard is dropped and loaded again.
 */
import { assert } from '../base/assert.ts'
import { ErrorCode } from '../protocol/errors.ts'
import { BATCH_OVERHEAD } from '../records/batch.ts'
import { BatchBuilder } from '../records/builder.ts'
import type { CompressionType, CoordinatorLog } from './runtime.ts'

/** Bytes that a record adds to a batch beyond its key and value, at most. */
const MAX_RECORD_OVERHEAD = 21

/** Turns records into the bytes of the internal topic and back. */
export interface RecordCodec<Rec> {
  encodeKey(record: Rec): Uint8Array
  /** Null for a tombstone. */
  encodeValue(record: Rec): Uint8Array | null
  /** Null where the type of the record is not known here. Throws on malformed bytes. */
  decode(key: Uint8Array, value: Uint8Array | null): Rec | null
}

/** What a shard writes to and answers through. */
export interface Journal<Rec> {
  /**
   * Writes records that belong together: all or none. They are applied when this returns NONE.
   * MESSAGE_TOO_LARGE where no batch can hold them; then nothing happened.
   */
  append(records: readonly Rec[]): ErrorCode
  /** Writes records that need not stay together, in as many batches as they take. */
  appendEach(records: readonly Rec[]): ErrorCode
  /**
   * Answers once everything written so far is committed; with `failed(error)` instead if it can't
   * be, or takes too long.
   */
  respond<Response>(
    reply: (response: Response) => void,
    response: Response,
    failed: (error: ErrorCode) => Response,
  ): void
}

interface Parked {
  readonly offset: number
  readonly deadlineMs: number
  readonly reply: (response: unknown) => void
  readonly response: unknown
  readonly failed: (error: ErrorCode) => unknown
}

export interface JournalOptions<Rec> {
  readonly partition: number
  readonly log: CoordinatorLog
  readonly codec: RecordCodec<Rec>
  readonly commitTimeoutMs: () => number
  readonly compression: () => CompressionType
  readonly replay: (record: Rec, offset: number) => void
  /** The state is no longer what the log says. */
  readonly onFailure: (error: ErrorCode) => void
}

/** The journal of one partition. */
export class JournalPartition<Rec> implements Journal<Rec> {
  /** The time of the operation that runs now. */
  nowMs = 0
  readonly #options: JournalOptions<Rec>
  #open = false
  /** What is answered once the journal is closed. */
  #closedError: ErrorCode = ErrorCode.NOT_COORDINATOR
  /** Offset of the next record, those of the unwritten batch counted. */
  #nextOffset = 0
  #highWatermark = 0
  #batch: BatchBuilder | null = null
  /** Upper bound of the size of `#batch`. */
  #batchBytes = 0
  #parked: Parked[] = []
  /** Index of the first in `#parked` that still waits. */
  #head = 0

  constructor(options: JournalOptions<Rec>) {
    this.#options = options
  }

  /** Whether there are records that the log has not got yet. */
  get hasUnwritten(): boolean {
    return this.#batch !== null
  }

  /** Starts to take writes, behind `endOffset`. */
  open(endOffset: number, highWatermark: number): void {
    this.#open = true
    this.#nextOffset = endOffset
    this.#highWatermark = highWatermark
  }

  append(records: readonly Rec[]): ErrorCode {
    assert(this.#open, 'append to a journal that is closed')
    if (records.length === 0) return ErrorCode.NONE
    const { codec, log, partition } = this.#options
    const keys: Uint8Array[] = []
    const values: (Uint8Array | null)[] = []
    let bytes = 0
    for (const record of records) {
      const key = codec.encodeKey(record)
      const value = codec.encodeValue(record)
      keys.push(key)
      values.push(value)
      bytes += MAX_RECORD_OVERHEAD + key.length + (value === null ? 0 : value.length)
    }
    const maxBytes = log.maxBatchBytes(partition)
    if (BATCH_OVERHEAD + bytes > maxBytes && !this.#fitsCompressed(keys, values, maxBytes)) {
      return ErrorCode.MESSAGE_TOO_LARGE
    }
    if (this.#batch !== null && this.#batchBytes + bytes > maxBytes) {
      this.flush(this.nowMs)
      // The flush failed, and with it all who wait for this shard: so does this write.
      if (!this.#open) return this.#closedError
    }
    this.#write(records, keys, values, bytes)
    return ErrorCode.NONE
  }

  appendEach(records: readonly Rec[]): ErrorCode {
    for (const record of records) {
      const error = this.append([record])
      if (error !== ErrorCode.NONE) return error
    }
    return ErrorCode.NONE
  }

  respond<Response>(
    reply: (response: Response) => void,
    response: Response,
    failed: (error: ErrorCode) => Response,
  ): void {
    if (!this.#open) {
      reply(failed(this.#closedError))
    } else if (this.#highWatermark >= this.#nextOffset) {
      reply(response)
    } else {
      this.#parked.push({
        offset: this.#nextOffset,
        deadlineMs: this.nowMs + this.#options.commitTimeoutMs(),
        reply: reply as (response: unknown) => void,
        response,
        failed,
      })
    }
  }

  /** Hands the gathered batch to the log. */
  flush(nowMs: number): void {
    const batch = this.#batch
    if (batch === null) return
    this.#batch = null
    this.#batchBytes = 0
    const { log, partition, onFailure } = this.#options
    const { error, lastOffset } = log.append(partition, batch.build(), nowMs)
    if (error !== ErrorCode.NONE) onFailure(error)
    else if (lastOffset + 1 !== this.#nextOffset) onFailure(ErrorCode.NOT_LEADER_OR_FOLLOWER)
  }

  /** Everything below `highWatermark` is committed. */
  commit(highWatermark: number): void {
    if (highWatermark <= this.#highWatermark) return
    this.#highWatermark = highWatermark
    while (this.#head < this.#parked.length) {
      const waiting = this.#parked[this.#head]!
      if (waiting.offset > highWatermark) return
      this.#head++
      waiting.reply(waiting.response)
    }
    this.#parked = []
    this.#head = 0
  }

  nextDeadlineMs(): number {
    const first = this.#parked[this.#head]
    return first === undefined ? Number.POSITIVE_INFINITY : first.deadlineMs
  }

  /** Tells those who waited too long. */
  expire(nowMs: number): void {
    while (this.#head < this.#parked.length) {
      const waiting = this.#parked[this.#head]!
      if (waiting.deadlineMs > nowMs) return
      this.#head++
      waiting.reply(waiting.failed(ErrorCode.REQUEST_TIMED_OUT))
    }
  }

  /** Ends the journal: who waits is told `error`, and nothing more is taken. */
  close(error: ErrorCode): void {
    this.#open = false
    this.#closedError = error
    this.#batch = null
    const parked = this.#parked
    const head = this.#head
    this.#parked = []
    this.#head = 0
    for (let i = head; i < parked.length; i++) {
      const waiting = parked[i]!
      waiting.reply(waiting.failed(error))
    }
  }

  #write(
    records: readonly Rec[],
    keys: readonly Uint8Array[],
    values: readonly (Uint8Array | null)[],
    bytes: number,
  ): void {
    if (this.#batch === null) {
      this.#batch = new BatchBuilder({ compression: this.#options.compression() })
      this.#batchBytes = BATCH_OVERHEAD
    }
    this.#batchBytes += bytes
    for (let i = 0; i < records.length; i++) {
      this.#batch.append(this.nowMs, keys[i]!, values[i]!)
      this.#options.replay(records[i]!, this.#nextOffset++)
    }
  }

  /** Whether records that are too large as they are fit in one batch when compressed. */
  #fitsCompressed(
    keys: readonly Uint8Array[],
    values: readonly (Uint8Array | null)[],
    maxBytes: number,
  ): boolean {
    const compression = this.#options.compression()
    if (compression === 'none') return false
    const batch = new BatchBuilder({ compression })
    for (let i = 0; i < keys.length; i++) batch.append(this.nowMs, keys[i]!, values[i]!)
    return batch.build().length <= maxBytes
  }
}
