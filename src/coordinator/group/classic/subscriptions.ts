/**
 * The one look that the coordinator takes into the bytes that members of a consumer group exchange:
 * which topics they read. Version 0 of the subscription is the front part of every version.
 */
import { ByteReader } from '../../../base/bytes.ts'
import { decode } from '../../../protocol/codec.ts'
import { consumerProtocolSubscription } from '../../../protocol/persisted/consumer-protocol.ts'
import type { ClassicGroup } from './group.ts'

/** Protocol type of consumers; Connect and others bring their own. */
export const CONSUMER_PROTOCOL_TYPE = 'consumer'

/** Topics that the members of a group read; null where they don't say it in a form we know. */
export function subscribedTopics(group: ClassicGroup): ReadonlySet<string> | null {
  if (group.protocolType !== CONSUMER_PROTOCOL_TYPE) return null
  if (group.members.size === 0) return new Set()
  if (group.protocolName === null) return null
  const topics = new Set<string>()
  for (const member of group.members.values()) {
    const metadata = member.metadata(group.protocolName)
    const subscribed = metadata === null ? null : topicsOf(metadata)
    if (subscribed === null) return null
    for (const topic of subscribed) topics.add(topic)
  }
  return topics
}

/** Clients may put anything there, so that bytes which are no subscription are no error. */
function topicsOf(metadata: Uint8Array): readonly string[] | null {
  const reader = new ByteReader(metadata)
  try {
    reader.int16()
    return decode(consumerProtocolSubscription, 0, reader).topics
  } catch {
    return null
  }
}
