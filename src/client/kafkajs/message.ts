/** Records and batches as kafkajs hands them over: plain objects, text for 64-bit numbers. */
import type { ConsumerBatch } from '../consumer/consumer-batch.ts'
import type { RecordHeaders } from '../headers.ts'
import type { ConsumerRecord } from '../record.ts'
import type { Batch, KafkaMessage } from './consumer-types.ts'
import type { IHeaders } from './producer-types.ts'

/** A record as a message. Its bytes are a view of what was received, as in kafkajs. */
export function messageOf(record: ConsumerRecord): KafkaMessage {
  return {
    key: bufferOf(record.key),
    value: bufferOf(record.value),
    timestamp: String(record.timestamp),
    attributes: 0,
    offset: String(record.offset),
    headers: headersOf(record.headers),
  }
}

function bufferOf(bytes: Uint8Array | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** A name that comes more than once has a list of values. */
function headersOf(headers: RecordHeaders): IHeaders {
  const all: IHeaders = {}
  for (const [name, bytes] of headers) {
    const value = bufferOf(bytes) as Buffer
    const before = all[name]
    if (!Object.hasOwn(all, name)) all[name] = value
    else if (Array.isArray(before)) before.push(value)
    else all[name] = [before as Buffer, value]
  }
  return all
}

/** A native batch in kafkajs's form, with its messages read. */
export class KafkaJSBatch implements Batch {
  readonly topic: string
  readonly partition: number
  readonly highWatermark: string
  readonly messages: KafkaMessage[]
  readonly #first: number
  readonly #last: number
  readonly #highWatermark: number

  constructor(batch: ConsumerBatch) {
    this.topic = batch.topic
    this.partition = batch.partition
    this.messages = Array.from(batch, messageOf)
    this.#first = batch.firstOffset
    this.#last = batch.nextOffset - 1
    this.#highWatermark = Math.max(batch.highWatermark, batch.nextOffset)
    this.highWatermark = String(this.#highWatermark)
  }

  isEmpty(): boolean {
    return this.messages.length === 0
  }

  firstOffset(): string | null {
    return String(this.#first)
  }

  lastOffset(): string {
    return String(this.#last)
  }

  offsetLag(): string {
    return String(this.#highWatermark - 1 - this.#last)
  }

  offsetLagLow(): string {
    return String(this.#highWatermark - 1 - this.#first)
  }
}
