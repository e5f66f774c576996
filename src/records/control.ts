/**
 * Control records: what brokers and the raft leader write about the log itself. The key is a
 * version and a type, the value a message of that type. Consumers never see them, compaction treats
 * them apart, and producers may not write them.
 *
 * KIP-98 (transaction markers), KIP-595 (leader change), KIP-630 (snapshot header and footer),
 * KIP-853 (voters).
 */
import { assert } from '../base/assert.ts'
import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { decode, encode } from '../protocol/codec.ts'
import {
  controlRecordTypeSchema,
  endTxnMarker,
  kRaftVersionRecord,
  leaderChangeMessage,
  snapshotFooterRecord,
  snapshotHeaderRecord,
  votersRecord,
} from '../protocol/persisted/control-records.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import type { Infer, Message } from '../protocol/schema.ts'
import { BatchBuilder, type BatchOptions } from './builder.ts'
import { RecordCursor } from './record-scan.ts'

/** The types in the keys of control records. */
export const ControlType = {
  ABORT: 0,
  COMMIT: 1,
  LEADER_CHANGE: 2,
  SNAPSHOT_HEADER: 3,
  SNAPSHOT_FOOTER: 4,
  KRAFT_VERSION: 5,
  KRAFT_VOTERS: 6,
} as const

type Body<M extends Message> = Omit<Infer<M>, 'version'>

/** A voter as leader changes name it; its directory is not written in the version in use. */
export interface ControlVoter {
  readonly voterId: number
}

/** A control record, by kind. */
export type ControlRecord =
  | { readonly kind: 'abort' | 'commit'; readonly coordinatorEpoch: number }
  | {
      readonly kind: 'leaderChange'
      readonly leaderId: number
      readonly voters: readonly ControlVoter[]
      readonly grantingVoters: readonly ControlVoter[]
    }
  | { readonly kind: 'snapshotHeader'; readonly lastContainedLogTimestampMs: number }
  | { readonly kind: 'snapshotFooter' }
  | { readonly kind: 'kraftVersion'; readonly kraftVersion: number }
  | { readonly kind: 'voters'; readonly voters: Body<typeof votersRecord>['voters'] }
  /** Of a later Kafka; to be ignored. */
  | { readonly kind: 'unknown'; readonly type: number }

/** All values have version 0 today; transaction markers carry theirs before the message. */
const VERSION = 0
const KEY_BYTES = 4

/** A control batch of `records` at consecutive offsets. */
export function buildControlBatch(
  options: BatchOptions,
  timestampMs: number,
  records: readonly ControlRecord[],
): Uint8Array {
  const builder = new BatchBuilder({ ...options, isControl: true })
  for (const record of records) {
    const [type, value] = encodeControl(record)
    builder.append(timestampMs, controlKey(type), value)
  }
  return builder.build()
}

/** The batch that ends a producer's transaction in a partition. */
export function buildEndTransactionMarker(
  options: BatchOptions & { readonly producerId: number; readonly producerEpoch: number },
  timestampMs: number,
  marker: { readonly kind: 'abort' | 'commit'; readonly coordinatorEpoch: number },
): Uint8Array {
  return buildControlBatch({ ...options, isTransactional: true }, timestampMs, [marker])
}

/** The type in a control record's key, or -1 where there is none. */
export function controlTypeOf(key: Uint8Array | null): number {
  if (key === null || key.length < KEY_BYTES) return -1
  // Later versions of the key only add fields.
  return decode(controlRecordTypeSchema, VERSION, new ByteReader(key, 2)).type
}

/**
 * The control record with this key and value. Throws ProtocolError or BoundsError where it is
 * malformed; a type that is not known here gives 'unknown'.
 */
export function parseControlRecord(
  key: Uint8Array | null,
  value: Uint8Array | null,
): ControlRecord {
  const type = controlTypeOf(key)
  if (value === null) return { kind: 'unknown', type }
  const reader = new ByteReader(value)
  switch (type) {
    case ControlType.ABORT:
    case ControlType.COMMIT: {
      reader.skip(2) // its version: later ones only add fields
      const { coordinatorEpoch } = decode(endTxnMarker, VERSION, reader)
      return { kind: type === ControlType.ABORT ? 'abort' : 'commit', coordinatorEpoch }
    }
    case ControlType.LEADER_CHANGE: {
      const { leaderId, voters, grantingVoters } = decode(leaderChangeMessage, VERSION, reader)
      return { kind: 'leaderChange', leaderId, voters, grantingVoters }
    }
    case ControlType.SNAPSHOT_HEADER: {
      const { lastContainedLogTimestamp } = decode(snapshotHeaderRecord, VERSION, reader)
      return { kind: 'snapshotHeader', lastContainedLogTimestampMs: lastContainedLogTimestamp }
    }
    case ControlType.SNAPSHOT_FOOTER:
      decode(snapshotFooterRecord, VERSION, reader)
      return { kind: 'snapshotFooter' }
    case ControlType.KRAFT_VERSION: {
      const { kRaftVersion } = decode(kRaftVersionRecord, VERSION, reader)
      return { kind: 'kraftVersion', kraftVersion: kRaftVersion }
    }
    case ControlType.KRAFT_VOTERS:
      return { kind: 'voters', voters: decode(votersRecord, VERSION, reader).voters }
    default:
      return { kind: 'unknown', type }
  }
}

/**
 * The records of the control batch at `at`; none where compaction has emptied it. Throws as above.
 */
export function readControlBatch(b: Uint8Array, at = 0): ControlRecord[] {
  const cursor = new RecordCursor(b, at)
  const records: ControlRecord[] = []
  while (cursor.next()) records.push(parseControlRecord(cursor.key(), cursor.value()))
  if (cursor.problem !== '') throw new ProtocolError(`control batch: ${cursor.problem}`)
  return records
}

function controlKey(type: number): Uint8Array {
  const writer = new ByteWriter(KEY_BYTES)
  writer.int16(VERSION)
  encode(controlRecordTypeSchema, VERSION, { type }, writer)
  return writer.toBytes()
}

function encodeControl(record: ControlRecord): [type: number, value: Uint8Array] {
  const writer = new ByteWriter(64)
  const version = VERSION
  switch (record.kind) {
    case 'abort':
    case 'commit':
      writer.int16(VERSION)
      encode(endTxnMarker, VERSION, record, writer)
      break
    case 'leaderChange':
      encode(leaderChangeMessage, VERSION, { version, ...record }, writer)
      break
    case 'snapshotHeader': {
      const lastContainedLogTimestamp = record.lastContainedLogTimestampMs
      encode(snapshotHeaderRecord, VERSION, { version, lastContainedLogTimestamp }, writer)
      break
    }
    case 'snapshotFooter':
      encode(snapshotFooterRecord, VERSION, { version }, writer)
      break
    case 'kraftVersion':
      encode(kRaftVersionRecord, VERSION, { version, kRaftVersion: record.kraftVersion }, writer)
      break
    case 'voters':
      encode(votersRecord, VERSION, { version, voters: record.voters }, writer)
      break
    case 'unknown':
      assert(false, 'a control record of unknown type is not written')
  }
  return [TYPES[record.kind], writer.toBytes()]
}

const TYPES: Readonly<Record<ControlRecord['kind'], number>> = {
  abort: ControlType.ABORT,
  commit: ControlType.COMMIT,
  leaderChange: ControlType.LEADER_CHANGE,
  snapshotHeader: ControlType.SNAPSHOT_HEADER,
  snapshotFooter: ControlType.SNAPSHOT_FOOTER,
  kraftVersion: ControlType.KRAFT_VERSION,
  voters: ControlType.KRAFT_VOTERS,
  unknown: -1,
}
