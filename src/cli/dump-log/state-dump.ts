/**
 * What a server keeps beside a segment: transactions that were aborted, and its producers.
 *
 * Invariant: a snapshot of producers is only printed where its checksum holds. KIP-98.
 */
import { existsSync, readFileSync } from 'node:fs'
import { ByteReader } from '../../base/bytes.ts'
import { crc32c } from '../../base/crc32c.ts'
import { decode } from '../../protocol/codec.ts'
import { producerSnapshot } from '../../protocol/persisted/storage-records.ts'
import { decrementSequence } from '../../records/batch.ts'
import { CliError } from '../cli-error.ts'
import { optionalLong } from './batch-facts.ts'
import { unreadable } from './batch-file.ts'
import type { DumpOutput } from './dump-output.ts'

const TRANSACTION_BYTES = 34
const TRANSACTION_VERSION = 0
const SNAPSHOT_VERSION = 1
const CRC_AT = 2
const COUNT_AT = 6
const ENTRIES_AT = 10
const ENTRY_BYTES = 46

/** Dumps a .txnindex. */
export async function dumpTransactionIndex(path: string, out: DumpOutput): Promise<void> {
  if (!existsSync(path)) return
  const bytes = read(path)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  for (let at = 0; at + TRANSACTION_BYTES <= bytes.length; at += TRANSACTION_BYTES) {
    const version = view.getInt8(at)
    if (version > TRANSACTION_VERSION) {
      throw new CliError(
        `Unexpected aborted transaction version ${version} in transaction index ${path}, ` +
          `current version is ${TRANSACTION_VERSION}`,
      )
    }
    const [producerId, firstOffset, lastOffset, lastStableOffset] = [0, 1, 2, 3].map((field) =>
      Number(view.getBigInt64(at + 2 + 8 * field)),
    )
    await out.print(
      `version: ${version} producerId: ${producerId} firstOffset: ${firstOffset} ` +
        `lastOffset: ${lastOffset} lastStableOffset: ${lastStableOffset}`,
      { file: path, type: 'txnindex', producerId, firstOffset, lastOffset, lastStableOffset },
    )
  }
}

/** Dumps a .snapshot of producers; `err` is told where it is damaged. */
export async function dumpProducerSnapshot(
  path: string,
  out: DumpOutput,
  err: (line: string) => void,
): Promise<void> {
  const bytes = read(path)
  const damage = snapshotDamage(bytes)
  if (damage !== null) {
    err(damage)
    return
  }
  const { producerEntries } = decode(producerSnapshot, SNAPSHOT_VERSION, new ByteReader(bytes, 2))
  for (const entry of producerEntries) {
    const first = entry.currentTxnFirstOffset
    const currentTxnFirstOffset = first >= 0 ? first : null
    const hasBatch = entry.lastOffset >= 0
    const firstSequence = hasBatch ? decrementSequence(entry.lastSequence, entry.offsetDelta) : null
    const batch =
      ` firstSequence: ${firstSequence} lastSequence: ${entry.lastSequence} ` +
      `lastOffset: ${entry.lastOffset} offsetDelta: ${entry.offsetDelta} ` +
      `timestamp: ${entry.timestamp}`
    await out.print(
      `producerId: ${entry.producerId} producerEpoch: ${entry.epoch} ` +
        `coordinatorEpoch: ${entry.coordinatorEpoch} ` +
        `currentTxnFirstOffset: ${optionalLong(currentTxnFirstOffset)} ` +
        `lastTimestamp: ${entry.timestamp}${hasBatch ? batch : ''}`,
      {
        ...{ file: path, type: 'producer', producerId: entry.producerId },
        ...{ producerEpoch: entry.epoch, coordinatorEpoch: entry.coordinatorEpoch },
        ...{ currentTxnFirstOffset, lastTimestamp: entry.timestamp, firstSequence },
        ...{ lastSequence: entry.lastSequence, lastOffset: entry.lastOffset },
      },
    )
  }
}

/** What is wrong with a snapshot of producers, in Kafka's words; null where nothing is. */
function snapshotDamage(bytes: Buffer): string | null {
  const invalid = (reason: string | null) => `Snapshot failed schema validation: ${reason}`
  if (bytes.length < 2) return invalid(null)
  const version = bytes.readInt16BE(0)
  if (version !== SNAPSHOT_VERSION) {
    return invalid(`Snapshot contained an unknown file version ${version}`)
  }
  if (bytes.length < ENTRIES_AT) return invalid(null)
  const count = bytes.readInt32BE(COUNT_AT)
  if (count < 0) return invalid('non-nullable field producerEntries was serialized as null')
  const left = bytes.length - ENTRIES_AT
  if (count > left) {
    return invalid(
      `Tried to allocate a collection of size ${count}, ` +
        `but there are only ${left} bytes remaining.`,
    )
  }
  if (count * ENTRY_BYTES > left) return invalid(null)
  const stored = bytes.readUInt32BE(CRC_AT)
  const computed = crc32c(bytes, COUNT_AT, bytes.length)
  if (stored === computed) return null
  return (
    `Snapshot is corrupt (CRC is no longer valid). Stored crc: ${stored}. ` +
    `Computed crc: ${computed}`
  )
}

function read(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw unreadable(path, error)
  }
}
