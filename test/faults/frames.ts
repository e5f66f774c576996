/**
 * Frames that no client should send, and some that it may: random bytes, requests of every API and
 * version with random values, the same with bytes changed or missing, wrong lengths, halves,
 * garbage for records, and counts that nothing could hold. From one seed the same frames.
 */
import { Prng } from '../../src/base/prng.ts'
import { servedApis } from '../../src/broker/handlers/index.ts'
import { RequestMaker, WORDS } from '../../src/broker/request-maker.test-support.ts'
import type { ServedApi } from '../../src/broker/served-api.ts'
import { layoutOf } from '../../src/protocol/layout.ts'
import { produceRequest } from '../../src/protocol/messages/00-produce.ts'
import { recomputeCrc } from '../../src/records/batch.ts'
import { BatchBuilder } from '../../src/records/builder.ts'
import { encodeRequest } from '../../src/rpc/header.ts'

/** Requests of each API and version that are kept to be sent, damaged or not. */
const SAMPLES_PER_VERSION = 8
const HEADER_BYTES = 4
const JUNK_BYTES_MAX = 300
const PRODUCE_VERSION = 9
/** Counts and lengths at the edges of what fits. */
const EDGES = [0x7fffffff, 0x7ffffffe, 0x00ffffff, 0x0000ffff, -1, -2, -0x80000000, 0]
/** Where a batch has its attributes, offset delta, base sequence and count of records. */
const BATCH_FIELDS = [16, 21, 23, 27, 35, 43, 51, 53, 57]
const BATCH_HEADER_BYTES = 61

/**
 * What the fuzzer must not be able to do by a request that is in order: make the node forget
 * itself, or delete what the client that behaves has.
 */
const HARMFUL = ['UnregisterBroker', 'UpdateFeatures']
const DELETING = ['DeleteTopics', 'DeleteGroups', 'OffsetDelete']

/** A frame, and whether the connection can go on behind it where the server finds no fault. */
export interface FuzzFrame {
  readonly bytes: Uint8Array
  /** Nothing sent behind it would be read as it was meant. */
  readonly isLast: boolean
}

export class FrameMaker {
  readonly #random: Prng
  readonly #samples: readonly Uint8Array[]

  constructor(seed: number, topicIds: readonly string[], nowMs: number) {
    this.#random = new Prng(seed)
    const words = WORDS.filter((word) => !word.startsWith('__'))
    const any = new RequestMaker(this.#random, topicIds, nowMs)
    const careful = new RequestMaker(this.#random, topicIds, nowMs, words)
    this.#samples = servedApis
      .filter(({ name }) => !HARMFUL.includes(name))
      .flatMap((api) => samplesOf(api, DELETING.includes(api.name) ? careful : any))
  }

  next(): FuzzFrame {
    const draw = this.#random.int(100)
    if (draw < 30) return { bytes: this.#sample(), isLast: false }
    if (draw < 58) return { bytes: this.#changed(), isLast: false }
    if (draw < 68) return { bytes: this.#cut(), isLast: false }
    if (draw < 76) return { bytes: this.#withEdge(), isLast: false }
    if (draw < 88) return { bytes: this.#badRecords(), isLast: false }
    if (draw < 93) return { bytes: framed(this.#junk()), isLast: false }
    if (draw < 95) return { bytes: this.#junk(), isLast: true }
    if (draw < 98) return { bytes: this.#wrongLength(), isLast: true }
    return { bytes: this.#half(), isLast: true }
  }

  #sample(): Uint8Array {
    return this.#samples[this.#random.int(this.#samples.length)]!
  }

  #junk(): Uint8Array {
    return this.#random.bytes(1 + this.#random.int(JUNK_BYTES_MAX))
  }

  /** Some bytes behind the length are others. */
  #changed(): Uint8Array {
    const bytes = this.#sample().slice()
    for (let count = 1 + this.#random.int(4); count > 0; count--) {
      const at = HEADER_BYTES + this.#random.int(bytes.length - HEADER_BYTES)
      bytes[at] = this.#random.chance(0.5) ? this.#random.int(256) : bytes[at]! ^ this.#bit()
    }
    return bytes
  }

  #bit(): number {
    return 1 << this.#random.int(8)
  }

  /** The end is missing, and the length says so. */
  #cut(): Uint8Array {
    const bytes = this.#sample()
    return framed(bytes.subarray(HEADER_BYTES, HEADER_BYTES + this.#random.int(bytes.length - 3)))
  }

  /** Four bytes somewhere in the body are a count, or a length, at the edge of what there is. */
  #withEdge(): Uint8Array {
    const bytes = this.#sample().slice()
    const from = Math.min(bytes.length - 4, 14)
    const at = from + this.#random.int(bytes.length - 3 - from)
    const edge = EDGES[this.#random.int(EDGES.length)]!
    const view = new DataView(bytes.buffer)
    if (this.#random.chance(0.5)) view.setInt32(at, edge)
    else bytes.set([0xff, 0xff, 0xff, 0x07], at) // the same as a varint
    return bytes
  }

  #wrongLength(): Uint8Array {
    const bytes = this.#sample().slice()
    const length = this.#random.chance(0.5)
      ? bytes.length - HEADER_BYTES + this.#random.int(2000) - 1000
      : EDGES[this.#random.int(EDGES.length)]!
    new DataView(bytes.buffer).setInt32(0, length)
    return bytes
  }

  #half(): Uint8Array {
    const bytes = this.#sample()
    return bytes.subarray(0, 1 + this.#random.int(bytes.length - 1))
  }

  /** A Produce that is in order but for its records. */
  #badRecords(): Uint8Array {
    const records = this.#random.chance(0.3) ? this.#junk() : this.#badBatch()
    const topicData = [{ name: 't', partitionData: [{ index: 0, records }] }]
    const body = { transactionalId: null, acks: -1, timeoutMs: 1000, topicData }
    return concat(encodeRequest(produceRequest, PRODUCE_VERSION, 1, 'fuzz', body))
  }

  #badBatch(): Uint8Array {
    const codec = this.#random.int(6)
    const builder = new BatchBuilder()
    const count = 1 + this.#random.int(5)
    for (let i = 0; i < count; i++) builder.append(i, this.#junk(), this.#junk())
    const batch = builder.build()
    const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength)
    // Says that it is compressed, and is not, or is by junk.
    if (this.#random.chance(0.4)) view.setInt16(21, codec)
    if (this.#random.chance(0.5)) {
      const at = BATCH_FIELDS[this.#random.int(BATCH_FIELDS.length)]!
      view.setInt32(at, EDGES[this.#random.int(EDGES.length)]!)
    }
    for (let count = this.#random.int(4); count > 0; count--) {
      const at = BATCH_HEADER_BYTES + this.#random.int(batch.length - BATCH_HEADER_BYTES)
      batch[at] = batch[at]! ^ this.#bit()
    }
    // So that more than the checksum is looked at.
    if (this.#random.chance(0.9)) recomputeCrc(batch, 0)
    return batch
  }
}

function samplesOf(api: ServedApi, maker: RequestMaker): Uint8Array[] {
  const samples: Uint8Array[] = []
  for (let version = api.minVersion; version <= api.maxVersion; version++) {
    for (let i = 0; i < SAMPLES_PER_VERSION; i++) {
      const body = maker.body(layoutOf(api.request, version)) as never
      samples.push(concat(encodeRequest(api.request, version, i, 'fuzz', body)))
    }
  }
  return samples
}

function concat(pieces: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces))
}

function framed(body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + body.length)
  new DataView(bytes.buffer).setInt32(0, body.length)
  bytes.set(body, HEADER_BYTES)
  return bytes
}
