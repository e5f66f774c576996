/**
 * The log that raft writes to, as far as raft needs it; `UnifiedLog` is one. Batches come with
 * their offsets; what is read back comes as whole batches.
 */
import type { ErrorCode } from '../protocol/errors.ts'

export interface RaftLog {
  readonly logStartOffset: number
  readonly logEndOffset: number
  /** Epoch of the last batch; -1 where there is none. */
  readonly latestEpoch: number
  readonly sizeBytes: number
  /** Takes batches that have their offsets; they are readable at once. */
  appendAsFollower(
    records: Uint8Array,
    context: { readonly leaderEpoch: number; readonly nowMs: number },
  ): { readonly error: ErrorCode; readonly errorMessage: string | null }
  /** Hands what was appended to the operating system. */
  write(): void
  /** Makes what is appended durable, off this thread. */
  flush(): Promise<void>
  /** The same on this thread. */
  flushNow(): void
  /** Says that batches from here on are of this epoch. */
  assignEpoch(epoch: number): void
  /** The epoch in which the record at an offset was written; -1 where that is unknown. */
  epochOfOffset(offset: number): number
  advanceHighWatermark(offset: number): void
  read(
    fetchOffset: number,
    maxBytes: number,
    options: { readonly minOneMessage: boolean; readonly upperBound: number },
  ): RaftRead | Promise<RaftRead>
  /** The file that holds an offset, for whoever has to look at it. */
  fileOf(offset: number): string
  /** Records below are no longer needed. */
  incrementLogStartOffset(offset: number): ErrorCode
  /** Deletes segments below the start. */
  deleteOldSegments(nowMs: number): number
  truncateFullyAndStartAt(offset: number, nowMs: number): void
  close(): void
}

export interface RaftRead {
  readonly error: ErrorCode
  /** Whole batches. */
  readonly pieces: readonly Uint8Array[]
  /** The offset after the last batch read. */
  readonly nextOffset: number
}
