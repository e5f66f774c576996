/**
 * What a Produce request may carry: one or two batches, plain or compressed, of an idempotent
 * producer or of none, and batches that are wrong in one place. Drawn as a description, so that a
 * difference can be read and each side gets its own producer ids.
 */
import type { Prng } from '../../src/base/prng.ts'
import * as batch from '../../src/records/batch.ts'
import { BatchBuilder } from '../../src/records/builder.ts'
import type { SideSymbols } from './symbols.ts'

const DAMAGES = [
  'checksum',
  'magic 0',
  'magic 1',
  'magic 3',
  'too long',
  'too short',
  'truncated',
  'one record more',
  'one record less',
  'no records',
  'last offset delta',
  'control',
  'log append time',
  'base offset 9',
  'leader epoch 7',
  'garbage',
] as const
type Damage = (typeof DAMAGES)[number]

interface DrawnBatch {
  readonly compression: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  readonly producer: string | null
  readonly epoch: number
  readonly sequence: number
  readonly timestamps: readonly number[]
  readonly hasKeys: boolean
  readonly damage: Damage | null
}

/** Batches as they are written down; never null, to which Kafka has no answer at all. */
export interface DrawnRecords {
  readonly $batches: readonly DrawnBatch[]
}

export function isDrawnRecords(value: unknown): value is DrawnRecords {
  return typeof value === 'object' && value !== null && '$batches' in value
}

export function drawRecords(
  prng: Prng,
  epochMs: number,
  producer: string | null,
  sequences: Map<string, number>,
): DrawnRecords {
  const count = [0, 1, 1, 1, 1, 1, 1, 1, 1, 2][prng.int(10)]!
  return {
    $batches: Array.from({ length: count }, () => drawBatch(prng, epochMs, producer, sequences)),
  }
}

function drawBatch(
  prng: Prng,
  epochMs: number,
  producer: string | null,
  sequences: Map<string, number>,
): DrawnBatch {
  const count = 1 + prng.int(4)
  const timestamps = Array.from({ length: count }, () => {
    return prng.chance(0.05) ? -1 : epochMs + prng.int(10)
  })
  let sequence = -1
  if (producer !== null) {
    const next = sequences.get(producer) ?? 0
    sequence = prng.chance(0.75) ? next : [0, next + 1, Math.max(0, next - 1)][prng.int(3)]!
    sequences.set(producer, sequence + count)
  }
  return {
    compression: (['none', 'none', 'none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)[prng.int(7)]!,
    producer,
    epoch: producer === null ? -1 : [0, 0, 0, 0, 0, 0, 0, 1, -1][prng.int(9)]!,
    sequence,
    timestamps,
    hasKeys: prng.chance(0.7),
    damage: prng.chance(0.25) ? DAMAGES[prng.int(DAMAGES.length)]! : null,
  }
}

/** The bytes of the batches for one side. */
export function bytesOf({ $batches }: DrawnRecords, symbols: SideSymbols): Uint8Array {
  return Buffer.concat($batches.map((each) => build(each, symbols)))
}

function build(drawn: DrawnBatch, symbols: SideSymbols): Uint8Array {
  const { compression, producer, epoch, sequence, timestamps, hasKeys, damage } = drawn
  const builder = new BatchBuilder({
    compression,
    producerId: producer === null ? -1 : Number(symbols.valueOf(producer)),
    producerEpoch: epoch,
    baseSequence: sequence,
  })
  for (const [at, timestamp] of timestamps.entries()) {
    const key = hasKeys ? Buffer.from(`k${at}`) : null
    builder.append(timestamp, key, Buffer.from(`value ${at}`), [])
  }
  const built = Buffer.concat([builder.build()])
  return damage === null ? built : damaged(built, damage)
}

const MAGIC_AT = 16
const LENGTH_AT = 8
const EPOCH_AT = 12
const LAST_OFFSET_DELTA_AT = 23
const COUNT_AT = 57

function damaged(b: Buffer, damage: Damage): Buffer {
  const count = b.readInt32BE(COUNT_AT)
  switch (damage) {
    case 'checksum':
      b[MAGIC_AT + 1]! ^= 1
      return b
    case 'magic 0':
    case 'magic 1':
    case 'magic 3':
      b[MAGIC_AT] = Number(damage.at(-1))
      return b
    case 'too long':
      b.writeInt32BE(b.readInt32BE(LENGTH_AT) + 1, LENGTH_AT)
      return b
    case 'too short':
      b.writeInt32BE(3, LENGTH_AT)
      return b
    case 'truncated':
      return b.subarray(0, b.length - 2)
    case 'one record more':
      b.writeInt32BE(count + 1, COUNT_AT)
      break
    case 'one record less':
      b.writeInt32BE(count - 1, COUNT_AT)
      break
    case 'no records':
      b.writeInt32BE(0, COUNT_AT)
      break
    case 'last offset delta':
      b.writeInt32BE(count + 3, LAST_OFFSET_DELTA_AT)
      break
    case 'control':
      batch.setAttributes(b, 0, batch.attributes(b, 0) | 0x20)
      break
    case 'log append time':
      batch.setAttributes(b, 0, batch.attributes(b, 0) | 8)
      break
    case 'base offset 9':
      batch.setBaseOffset(b, 0, 9)
      break
    case 'leader epoch 7':
      b.writeInt32BE(7, EPOCH_AT)
      break
    case 'garbage':
      b.fill(0x55, 61)
      break
  }
  batch.recomputeCrc(b, 0)
  return b
}
