/**
 * Batches of raft's own records: leader changes, kraft.version, voters, headers and footers of
 * snapshots. One batch may hold several, as when a leader starts its epoch (KIP-595, KIP-853).
 */
import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { decode, encode } from '../protocol/codec.ts'
import {
  kRaftVersionRecord,
  leaderChangeMessage,
  snapshotFooterRecord,
  snapshotHeaderRecord,
  votersRecord,
} from '../protocol/persisted/control-records.ts'
import type { Infer, Message } from '../protocol/schema.ts'
import { BatchBuilder } from '../records/builder.ts'
import { RecordCursor } from '../records/record-scan.ts'

/** A control record as a value; all are in their version 0. */
export interface ControlRecord<M extends Message = Message> {
  readonly message: M
  readonly value: Infer<M>
}

const VERSION = 0

/** Types of control records, as their keys have them. */
const TYPES: ReadonlyMap<Message, number> = new Map<Message, number>([
  [leaderChangeMessage, 2],
  [snapshotHeaderRecord, 3],
  [snapshotFooterRecord, 4],
  [kRaftVersionRecord, 5],
  [votersRecord, 6],
])
const MESSAGES: ReadonlyMap<number, Message> = new Map(
  [...TYPES].map(([message, type]) => [type, message]),
)

/** Makes a control record. */
export function controlRecord<M extends Message>(message: M, value: Infer<M>): ControlRecord {
  return { message, value } as unknown as ControlRecord
}

/** One control batch with these records. */
export function encodeControlBatch(
  baseOffset: number,
  partitionLeaderEpoch: number,
  timestampMs: number,
  records: readonly ControlRecord[],
): Uint8Array {
  const batch = new BatchBuilder({ baseOffset, partitionLeaderEpoch, isControl: true })
  for (const { message, value } of records) {
    const key = new ByteWriter(4)
    key.int16(VERSION)
    key.int16(TYPES.get(message)!)
    const body = new ByteWriter(64)
    encode(message, VERSION, value as never, body)
    batch.append(timestampMs, key.toBytes(), body.toBytes())
  }
  return batch.build()
}

/** Calls `visit` for each control record of the batch at `at` that raft knows. */
export function forEachControlRecord(
  bytes: Uint8Array,
  at: number,
  visit: (record: ControlRecord, offset: number) => void,
): void {
  const cursor = new RecordCursor(bytes, at)
  while (cursor.next()) {
    const key = cursor.key()
    const value = cursor.value()
    if (key === null || value === null) continue
    const reader = new ByteReader(key)
    reader.skip(2)
    const message = MESSAGES.get(reader.int16())
    if (message === undefined) continue
    // Every one of these values starts with its own version.
    const version = new ByteReader(value).int16()
    visit({ message, value: decode(message, version, new ByteReader(value)) }, cursor.offset)
  }
  if (cursor.problem !== '') throw new Error(`corrupt control batch: ${cursor.problem}`)
}
