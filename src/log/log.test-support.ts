/** Batches for tests of the log, and what is in them. */
import assert from 'node:assert/strict'
import { baseOffset, batchSizeBytes, lastOffset, partitionLeaderEpoch } from '../records/batch.ts'
import { BatchBuilder, type BatchOptions } from '../records/builder.ts'
import { RecordCursor } from '../records/record-scan.ts'
import type { ReadResult } from './log-reader.ts'

/** A read that cuts the last batch is as long as it may be, and knows where whole batches end. */
export function checkCut(all: ReadResult, cut: ReadResult, maxBytes: number): void {
  const bytes = Buffer.concat(all.pieces)
  const firstBytes = bytes.length === 0 ? 0 : batchSizeBytes(bytes, 0)
  const expected = bytes.subarray(0, Math.max(firstBytes, maxBytes))
  assert.deepEqual(Buffer.concat(cut.pieces), expected)
  let end = 0
  let nextOffset = cut.nextOffset
  while (end < bytes.length && end + batchSizeBytes(bytes, end) <= expected.length) {
    nextOffset = lastOffset(bytes, end) + 1
    end += batchSizeBytes(bytes, end)
  }
  if (cut.rest !== undefined) assert.ok(cut.nextOffset >= nextOffset)
  else if (end < bytes.length) assert.equal(cut.nextOffset, nextOffset)
}

/** A read with what it has left in its file. */
export function wholeOf(read: ReadResult): ReadResult {
  if (read.rest === undefined) return read
  const rest = new Uint8Array(read.rest.length)
  read.rest.readNow(rest, 0)
  return { ...read, pieces: [...read.pieces, rest] }
}

/** The time at which tests begin. */
export const START_MS = 1_700_000_000_000
export const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAABA'

/** A batch of records with these values. */
export function batchOf(
  values: readonly string[],
  options: BatchOptions & { readonly timestampMs?: number } = {},
): Uint8Array {
  const builder = new BatchBuilder(options)
  for (const value of values) {
    builder.append(options.timestampMs ?? START_MS, null, new TextEncoder().encode(value))
  }
  return builder.build()
}

export interface StoredBatch {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly epoch: number
  readonly values: readonly string[]
}

/** The batches in the pieces of a read. */
export function batchesIn(pieces: readonly Uint8Array[]): StoredBatch[] {
  const found: StoredBatch[] = []
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; at += batchSizeBytes(piece, at)) {
      const cursor = new RecordCursor(piece, at)
      const values: string[] = []
      while (cursor.next()) values.push(new TextDecoder().decode(cursor.value() ?? undefined))
      found.push({
        baseOffset: baseOffset(piece, at),
        lastOffset: lastOffset(piece, at),
        epoch: partitionLeaderEpoch(piece, at),
        values,
      })
    }
  }
  return found
}
