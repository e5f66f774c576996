/**
 * Messages on their way into the native producer, and what kafkajs tells of them: one entry for
 * each partition that was written to.
 */
import { KafkaError } from '../kafka-error.ts'
import type { Partitioner, PartitionerInput } from '../producer/partitioner.ts'
import type { RecordMetadata as NativeMetadata, ProducerRecord as NativeRecord } from '../record.ts'
import { KafkaJSNonRetriableError } from './errors.ts'
import type { ICustomPartitioner } from './partitioners.ts'
import type { IHeaders, Message, RecordMetadata, TopicMessages } from './producer-types.ts'

/** A record that knows which message it was, for the partitioner. */
interface OutgoingRecord extends NativeRecord {
  readonly message: Message
}

/** Throws for what kafkajs refuses before it sends anything. */
export function checkMessages(topicMessages: readonly TopicMessages[]): void {
  if (topicMessages.some(({ topic }) => !topic)) throw new KafkaJSNonRetriableError('Invalid topic')
  for (const { topic, messages } of topicMessages) {
    if (!messages) {
      const text = `Invalid messages array [${messages}] for topic "${topic}"`
      throw new KafkaJSNonRetriableError(text)
    }
    const without = messages.find(({ value }) => value === undefined)
    if (without === undefined) continue
    const text = `Invalid message without value for topic "${topic}": ${JSON.stringify(without)}`
    throw new KafkaJSNonRetriableError(text)
  }
}

/** The record for a message. The partition is for the partitioner, also where it is said. */
export function outgoing(message: Message, nowMs: number): OutgoingRecord {
  const { key, value, headers, timestamp } = message
  return {
    key: key === undefined || key === null ? null : content(key),
    value: value === null ? null : content(value),
    headers: headers === undefined ? undefined : headerList(headers),
    timestamp: timestamp === undefined ? nowMs : timestampOf(timestamp),
    message,
  }
}

/** As kafkajs writes it: bytes as they are, anything else as text. */
function content(value: unknown): string | Uint8Array {
  return value instanceof Uint8Array ? value : String(value)
}

function headerList(headers: IHeaders): (readonly [string, string | Uint8Array | null])[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    const values: readonly unknown[] = Array.isArray(value) ? value : [value]
    return values.map((one) => {
      return [name, one === undefined || one === null ? null : content(one)] as const
    })
  })
}

function timestampOf(given: string | number): number {
  const timestamp = Number(given)
  if (Number.isSafeInteger(timestamp) && timestamp >= 0) return timestamp
  throw new KafkaJSNonRetriableError(`Invalid timestamp ${given}`)
}

/** kafkajs's partitioner as a native one. */
export function nativePartitioner(create: ICustomPartitioner): Partitioner {
  const choose = create()
  return ({ topic, record, partitions }: PartitionerInput) => {
    const partitionMetadata = partitions.map(
      ({ partition, leader, replicas, isr, offlineReplicas }) => ({
        partitionErrorCode: 0,
        partitionId: partition,
        leader,
        replicas: [...replicas],
        isr: [...isr],
        offlineReplicas: [...offlineReplicas],
      }),
    )
    const { message } = record as OutgoingRecord
    const partition = Number(choose({ topic, partitionMetadata, message }))
    if (Number.isInteger(partition) && partition >= 0) return partition
    throw new KafkaError('INVALID_ARGUMENT', `the partitioner for ${topic} gave ${partition}`)
  }
}

/** What kafkajs gives for records that were written: the first of each partition counts. */
export function resultsOf(
  records: readonly NativeRecord[],
  written: readonly NativeMetadata[],
): RecordMetadata[] {
  const results = new Map<number, RecordMetadata>()
  for (const [index, { topic, partition, offset, timestamp }] of written.entries()) {
    const known = results.get(partition)
    if (known !== undefined && Number(known.baseOffset) <= offset) continue
    const isOwn = timestamp === records[index]!.timestamp
    results.set(partition, {
      topicName: topic,
      partition,
      errorCode: 0,
      baseOffset: String(offset),
      logAppendTime: isOwn ? '-1' : String(timestamp),
    })
  }
  return [...results.values()]
}
