/** Trace context in the headers of records, as the program's propagator writes and reads it. */
import { utf8Bytes } from '../../base/bytes.ts'
import type { RecordHeader } from '../../records/record-scan.ts'
import { headerEntries, type RecordHeaders } from '../headers.ts'
import type { ProducerRecord } from '../record.ts'
import type { TopicLike } from '../topic.ts'

/** The record with these headers besides its own, in the place of others of the same names. */
export function withHeaders(
  record: ProducerRecord<TopicLike>,
  injected: Readonly<Record<string, string>>,
): ProducerRecord<TopicLike> {
  const names = Object.keys(injected)
  if (names.length === 0) return record
  const kept = headerEntries(record.headers).filter(([name]) => !(name in injected))
  const added = names.map((name): RecordHeader => [name, utf8Bytes(injected[name]!)])
  return { ...record, headers: [...kept, ...added] }
}

/** Reads headers as text. */
export const headersGetter = {
  keys: (headers: RecordHeaders): string[] => [...headers].map(([name]) => name),
  get: (headers: RecordHeaders, name: string): string | undefined =>
    headers.text(name) ?? undefined,
}
