/** Names and values by the semantic conventions of OpenTelemetry for messaging and for Kafka. */
import type { KafkaError } from '../kafka-error.ts'
import type { Attributes } from './otel-api.ts'

/** `messaging.operation.name`, with the type that each is of. */
export type Operation = 'send' | 'poll' | 'process' | 'commit'

const TYPES: Readonly<Record<Operation, string>> = {
  send: 'send',
  poll: 'receive',
  process: 'process',
  commit: 'settle',
}

/** What a span or a measurement is about. */
export interface Subject {
  readonly topic?: string | undefined
  readonly partition?: number | undefined
  readonly groupId?: string | null | undefined
  readonly clientId?: string | undefined
}

/** Of an operation; partitions are text in the conventions. */
export function attributesOf(operation: Operation, subject: Subject): Attributes {
  const { topic, partition, groupId, clientId } = subject
  const attributes: Attributes = {
    'messaging.system': 'kafka',
    'messaging.operation.name': operation,
    'messaging.operation.type': TYPES[operation],
  }
  if (topic !== undefined) attributes['messaging.destination.name'] = topic
  if (partition !== undefined && partition >= 0) {
    attributes['messaging.destination.partition.id'] = String(partition)
  }
  if (typeof groupId === 'string') attributes['messaging.consumer.group.name'] = groupId
  if (clientId !== undefined) attributes['messaging.client.id'] = clientId
  return attributes
}

/** Of one record: its offset, its key where it is text, and whether it is a tombstone. */
export function recordAttributes(record: {
  readonly offset?: number
  readonly key?: unknown
  readonly value?: unknown
}): Attributes {
  const attributes: Attributes = {}
  const { offset, key, value } = record
  if (offset !== undefined && offset >= 0) attributes['messaging.kafka.offset'] = offset
  if (typeof key === 'string') attributes['messaging.kafka.message.key'] = key
  if (value === null) attributes['messaging.kafka.message.tombstone'] = true
  return attributes
}

/** `error.type`: a code of `KafkaError`, or the name of an error. */
export function errorType(error: unknown): string {
  const { code, name } = error as Partial<KafkaError>
  return code ?? name ?? '_OTHER'
}
