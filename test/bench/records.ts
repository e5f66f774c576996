/**
 * What validating an append costs: `node test/bench/records.ts`. Prints, for batches of about 16
 * KiB of each codec, the microseconds of a batch and the nanoseconds of a record.
 */
import * as batch from '../../src/records/batch.ts'
import { BatchBuilder } from '../../src/records/builder.ts'
import {
  COMPRESSION_TYPES,
  type CompressionType,
} from '../../src/records/compression/compression.ts'
import { type AppendOptions, validateForAppend } from '../../src/records/validate.ts'

const NOW_MS = 1_700_000_000_000
const BATCH_BYTES = 16_384
const ROUNDS = 5

const OPTIONS: AppendOptions = {
  origin: 'client',
  nowMs: NOW_MS,
  nextOffset: 5,
  leaderEpoch: 1,
  topicIsCompacted: false,
  maxMessageBytes: 1_048_588,
  timestampType: 'CreateTime',
  timestampBeforeMaxMs: 2 ** 63,
  timestampAfterMaxMs: 3_600_000,
  targetCompression: 'producer',
}

/** Letters, the early ones more often: text that compresses to about 60 %. */
function text(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length)
  let state = seed
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[i] = 97 + Math.floor((state / 2 ** 32) ** 3 * 26)
  }
  return bytes
}

function makeBatch(compression: CompressionType, valueBytes: number): Uint8Array {
  const builder = new BatchBuilder({ compression })
  for (let i = 0; builder.sizeBytes < BATCH_BYTES; i++) {
    builder.append(NOW_MS + i, new TextEncoder().encode(`key-${i}`), text(valueBytes, i + 1))
  }
  return builder.build()
}

/** The microseconds of one call, the best of some rounds. */
function microseconds(call: () => void, calls: number): number {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    for (let i = 0; i < calls; i++) call()
    best = Math.min(best, ((performance.now() - start) * 1000) / calls)
  }
  return best
}

for (const valueBytes of [100, 1024]) {
  for (const compression of COMPRESSION_TYPES) {
    const bytes = makeBatch(compression, valueBytes)
    const calls = compression === 'none' ? 20_000 : 1_000
    const validate = microseconds(() => {
      batch.setBaseOffset(bytes, 0, 0)
      if (validateForAppend(bytes, OPTIONS).error !== 0) throw new Error('batch refused')
    }, calls)
    const crc = microseconds(() => batch.isCrcValid(bytes, 0), calls)
    const count = batch.recordCount(bytes, 0)
    const perRecord = ((validate * 1000) / count).toFixed(0)
    console.log(
      `${compression.padEnd(6)} ${count} records of ${valueBytes} B in ${bytes.length} B: ` +
        `${validate.toFixed(1)} us, ${perRecord} ns a record (CRC alone ${crc.toFixed(1)} us)`,
    )
  }
}
