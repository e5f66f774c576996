/**
 * Snapshots of the metadata log (KIP-630): `<end offset>-<epoch>.checkpoint`, batches like those of
 * the log. The first one holds a header (and kraft.version and voters, KIP-853), the last one a
 * footer; between them are the records that make the state at the end offset.
 *
 * Invariant: a file of that name is whole; one in the making is called `.checkpoint.part`.
 */
import * as batch from '../records/batch.ts'
import { forEachBatch } from '../records/batches.ts'
import { BatchBuilder } from '../records/builder.ts'
import { buildControlBatch, type ControlRecord, readControlBatch } from '../records/control.ts'
import { RecordCursor } from '../records/record-scan.ts'
import type { OffsetAndEpoch, VoterSet } from './quorum.ts'
import { MAX_BATCH_BYTES } from './raft-node.ts'

export const SNAPSHOT_SUFFIX = '.checkpoint'
export const PARTIAL_SNAPSHOT_SUFFIX = '.checkpoint.part'
export const DELETED_SNAPSHOT_SUFFIX = '.checkpoint.deleted'
/** The bootstrap metadata of a formatted directory, beside the partitions' directories. */
export const BOOTSTRAP_FILE = 'bootstrap.checkpoint'
/** The snapshot with which a dynamic quorum is formatted: it holds the first voters. */
export const BOOTSTRAP_SNAPSHOT: OffsetAndEpoch = { offset: 0, epoch: 0 }

const OFFSET_DIGITS = 20
const EPOCH_DIGITS = 10
const NAME = /^(\d{20})-(\d{10})\.checkpoint$/
/** Records in a batch of a snapshot, and roughly its bytes. */
const MAX_BATCH_RECORDS = 1024

/** `00000000000000000042-0000000003.checkpoint`. */
export function snapshotName({ offset, epoch }: OffsetAndEpoch): string {
  const digits = String(offset).padStart(OFFSET_DIGITS, '0')
  return `${digits}-${String(epoch).padStart(EPOCH_DIGITS, '0')}${SNAPSHOT_SUFFIX}`
}

/** The place that a file name stands for, or null where it is no (whole) snapshot. */
export function parseSnapshotName(name: string): OffsetAndEpoch | null {
  const match = NAME.exec(name)
  return match === null ? null : { offset: Number(match[1]), epoch: Number(match[2]) }
}

/** By epoch, then by offset. */
export function compareSnapshots(a: OffsetAndEpoch, b: OffsetAndEpoch): number {
  return a.epoch - b.epoch || a.offset - b.offset
}

export interface SnapshotContent {
  readonly epoch: number
  /** When the last record that it stands for was appended. */
  readonly lastContainedLogTimestampMs: number
  readonly kraftVersion: number
  readonly voters: VoterSet | null
  /** Values of the metadata records. */
  readonly values: Iterable<Uint8Array>
  readonly nowMs: number
}

/** The bytes of a snapshot, batch by batch. */
export function* encodeSnapshot(content: SnapshotContent): Generator<Uint8Array> {
  const { epoch, kraftVersion, voters, nowMs } = content
  const { lastContainedLogTimestampMs } = content
  const header: ControlRecord[] = [{ kind: 'snapshotHeader', lastContainedLogTimestampMs }]
  if (kraftVersion > 0) {
    header.push({ kind: 'kraftVersion', kraftVersion })
    if (voters !== null) header.push({ kind: 'voters', voters: voters.toRecord() })
  }
  yield buildControlBatch({ baseOffset: 0, partitionLeaderEpoch: epoch }, nowMs, header)
  let offset = header.length
  let data = new BatchBuilder({ baseOffset: offset, partitionLeaderEpoch: epoch })
  for (const value of content.values) {
    const isFull = data.sizeBytes + value.length > MAX_BATCH_BYTES
    if (data.count > 0 && (isFull || data.count >= MAX_BATCH_RECORDS)) {
      offset += data.count
      yield data.build()
      data = new BatchBuilder({ baseOffset: offset, partitionLeaderEpoch: epoch })
    }
    data.append(nowMs, null, value)
  }
  if (data.count > 0) {
    offset += data.count
    yield data.build()
  }
  const footer: ControlRecord = { kind: 'snapshotFooter' }
  yield buildControlBatch({ baseOffset: offset, partitionLeaderEpoch: epoch }, nowMs, [footer])
}

/** What a snapshot says about itself and the quorum. */
export interface SnapshotHeader {
  readonly lastContainedLogTimestampMs: number
  readonly controlRecords: readonly ControlRecord[]
}

/**
 * Reads a snapshot: its header at once, its metadata records by calling `visit`. Throws with the
 * reason where the file is not a whole snapshot.
 */
export function decodeSnapshot(
  bytes: Uint8Array,
  visit: (value: Uint8Array) => void,
): SnapshotHeader {
  const controlRecords: ControlRecord[] = []
  const end = forEachBatch(bytes, 0, bytes.length, (at) => {
    if (!batch.isCrcValid(bytes, at)) throw new Error(`a batch at byte ${at} is corrupt`)
    if (batch.isControl(bytes, at)) controlRecords.push(...readControlBatch(bytes, at))
    else forEachValue(bytes, at, visit)
  })
  if (end !== bytes.length) throw new Error(`it ends within the batch at byte ${end}`)
  const [first] = controlRecords
  if (first?.kind !== 'snapshotHeader') throw new Error('it has no header')
  if (controlRecords.at(-1)?.kind !== 'snapshotFooter') throw new Error('it has no footer')
  return { lastContainedLogTimestampMs: first.lastContainedLogTimestampMs, controlRecords }
}

/** Calls `visit` with the value and offset of each record of a data batch. */
export function forEachValue(
  bytes: Uint8Array,
  at: number,
  visit: (value: Uint8Array, offset: number) => void,
): void {
  const cursor = new RecordCursor(bytes, at)
  while (cursor.next()) {
    const value = cursor.value()
    if (value === null) throw new Error(`the record at offset ${cursor.offset} has no value`)
    visit(value, cursor.offset)
  }
  if (cursor.problem !== '') throw new Error(`corrupt batch: ${cursor.problem}`)
}
