/** A RaftLog in memory, for tests of raft and metadata: what is flushed survives `crashed()`. */
import assert from 'node:assert/strict'
import { ErrorCode } from '../protocol/errors.ts'
import { baseOffset, lastOffset, partitionLeaderEpoch } from '../records/batch.ts'
import type { RaftLog, RaftRead } from './raft-log.ts'

export class MemoryLog implements RaftLog {
  logStartOffset = 0
  highWatermark = 0
  flushes = 0
  /** Makes the next flushes fail. */
  failure: Error | null = null
  #batches: Uint8Array[]
  #durable: number

  constructor(batches: Uint8Array[] = []) {
    this.#batches = batches
    this.#durable = batches.length
  }

  get batches(): readonly Uint8Array[] {
    return this.#batches
  }

  get logEndOffset(): number {
    const last = this.#batches.at(-1)
    return last === undefined ? this.logStartOffset : lastOffset(last, 0) + 1
  }

  get latestEpoch(): number {
    const last = this.#batches.at(-1)
    return last === undefined ? -1 : partitionLeaderEpoch(last, 0)
  }

  get sizeBytes(): number {
    return this.#batches.reduce((sum, { length }) => sum + length, 0)
  }

  fileOf(): string {
    return 'memory'
  }

  /** The log as a restart after a power cut finds it. */
  crashed(): MemoryLog {
    const log = new MemoryLog(this.#batches.slice(0, this.#durable))
    log.logStartOffset = this.logStartOffset
    return log
  }

  appendAsFollower(records: Uint8Array) {
    assert.equal(baseOffset(records, 0), this.logEndOffset)
    this.#batches.push(records)
    return { error: ErrorCode.NONE, errorMessage: null }
  }

  write(): void {}

  async flush(): Promise<void> {
    const end = this.#batches.length
    await Promise.resolve()
    if (this.failure !== null) throw this.failure
    this.#durable = Math.max(this.#durable, end)
    this.flushes++
  }

  flushNow(): void {
    this.#durable = this.#batches.length
    this.flushes++
  }

  assignEpoch(): void {}

  epochOfOffset(offset: number): number {
    const found = this.#batches.find((batch) => lastOffset(batch, 0) >= offset)
    return found === undefined ? -1 : partitionLeaderEpoch(found, 0)
  }

  advanceHighWatermark(offset: number): void {
    this.highWatermark = offset
  }

  async read(fetchOffset: number, _maxBytes: number): Promise<RaftRead> {
    const piece = this.#batches.find((batch) => lastOffset(batch, 0) >= fetchOffset)
    const pieces = piece === undefined ? [] : [piece]
    const nextOffset = piece === undefined ? fetchOffset : lastOffset(piece, 0) + 1
    return { error: ErrorCode.NONE, pieces, nextOffset }
  }

  incrementLogStartOffset(offset: number): ErrorCode {
    this.logStartOffset = offset
    return ErrorCode.NONE
  }

  deleteOldSegments(): number {
    const before = this.#batches.length
    this.#batches = this.#batches.filter((batch) => lastOffset(batch, 0) >= this.logStartOffset)
    this.#durable -= before - this.#batches.length
    return before - this.#batches.length
  }

  truncateFullyAndStartAt(offset: number): void {
    this.#batches = []
    this.#durable = 0
    this.logStartOffset = offset
  }

  close(): void {}
}
