/** A record batch (version 2) by hand, and ways to damage it. */
import { Fields } from './wire.ts'

const CRC_AT = 17
const CRC_FROM = 21

export interface BatchOptions {
  /** A byte to overwrite in the finished batch: its position, its value. */
  readonly damage?: readonly [number, number]
  /** Make the checksum right again, so that what is behind it is looked at. */
  readonly fixCrc?: boolean
}

/** Records with these values, no keys, and the present time. */
export function recordBatch(values: readonly string[], options: BatchOptions = {}): Buffer {
  const records = values.map((value, delta) => record(value, delta))
  const body = Buffer.concat(records)
  const nowMs = Date.now()
  const batch = new Fields()
    .int64(0) // base offset
    .int32(49 + body.length) // length of what follows
    .int32(-1) // leader epoch
    .int8(2) // magic
    .int32(0) // checksum, below
    .int16(0) // attributes
    .int32(values.length - 1) // last offset delta
    .int64(nowMs)
    .int64(nowMs)
    .int64(-1) // producer id
    .int16(-1) // producer epoch
    .int32(-1) // base sequence
    .int32(values.length)
    .raw(body)
    .build()
  batch.writeUInt32BE(crc32c(batch.subarray(CRC_FROM)), CRC_AT)
  if (options.damage !== undefined) {
    const [position, value] = options.damage
    batch[position] = value
    if (options.fixCrc) batch.writeUInt32BE(crc32c(batch.subarray(CRC_FROM)), CRC_AT)
  }
  return batch
}

function record(value: string, offsetDelta: number): Buffer {
  const bytes = Buffer.from(value)
  const body = Buffer.concat([
    Buffer.from([0]), // attributes
    varint(0), // timestamp delta
    varint(offsetDelta),
    varint(-1), // no key
    varint(bytes.length),
    bytes,
    varint(0), // no headers
  ])
  return Buffer.concat([varint(body.length), body])
}

function varint(value: number): Buffer {
  let rest = ((value << 1) ^ (value >> 31)) >>> 0
  const bytes: number[] = []
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80)
    rest >>>= 7
  }
  return Buffer.from([...bytes, rest])
}

/** Castagnoli's polynomial, bit by bit. */
function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return (crc ^ 0xffffffff) >>> 0
}
