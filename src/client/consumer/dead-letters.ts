/**
 * Records that could not be handled go to a topic of their own, as they were, with headers that say
 * where they came from and why they are there.
 */
import { utf8Bytes } from '../../base/bytes.ts'
import type { CallOptions } from '../call.ts'
import type { ProducerRecord } from '../record.ts'
import type { FetchedRecord } from './fetched-record.ts'

/** What sends them: a producer. */
export interface RecordSink {
  send(topic: string, record: ProducerRecord<string>, options?: CallOptions): Promise<unknown>
  close(options?: CallOptions): Promise<void>
}

/** Headers of dead letters, after those of the record itself. */
export const DEAD_LETTER_HEADERS = {
  topic: 'dlq.original.topic',
  partition: 'dlq.original.partition',
  offset: 'dlq.original.offset',
  timestamp: 'dlq.original.timestamp',
  groupId: 'dlq.consumer.group',
  attempts: 'dlq.attempts',
  errorName: 'dlq.error.name',
  errorMessage: 'dlq.error.message',
} as const

const MAX_MESSAGE_CHARS = 2048

/** The dead letter of a record, after `attempts` at handling it. */
export function deadLetterOf(
  record: FetchedRecord,
  error: unknown,
  attempts: number,
  groupId: string | null,
): ProducerRecord<string> {
  const names = DEAD_LETTER_HEADERS
  const headers: [string, Uint8Array | null][] = [...record.headers].map(([name, value]) => [
    name,
    value,
  ])
  const say = (name: string, value: string | number) => {
    headers.push([name, utf8Bytes(String(value))])
  }
  say(names.topic, record.topic)
  say(names.partition, record.partition)
  say(names.offset, record.offset)
  say(names.timestamp, record.timestamp)
  if (groupId !== null) say(names.groupId, groupId)
  say(names.attempts, attempts)
  const isError = error instanceof Error
  say(names.errorName, isError ? error.name : typeof error)
  say(names.errorMessage, (isError ? error.message : String(error)).slice(0, MAX_MESSAGE_CHARS))
  return { key: record.keyBytes, value: record.valueBytes, headers }
}
