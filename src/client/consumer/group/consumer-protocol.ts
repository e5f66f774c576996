/**
 * The bytes that members of a classic group send each other through the coordinator, which does not
 * look into them: exactly Java's, so that a group may have members in several languages.
 *
 * Newer versions only add fields, so what is newer than ours is read as ours (KIP-429, 792, 881).
 * Invariant: what another member sent never throws: unreadable bytes are null.
 */
import { BoundsError } from '../../../base/bounds-error.ts'
import { ByteReader, ByteWriter } from '../../../base/bytes.ts'
import { decode, encode, ProtocolError } from '../../../protocol/codec.ts'
import {
  consumerProtocolAssignment,
  consumerProtocolSubscription,
} from '../../../protocol/persisted/consumer-protocol.ts'
import type { Infer, Message } from '../../../protocol/schema.ts'
import type { TopicPartition } from '../../topic.ts'
import type { MemberSubscription } from '../assignors/assignor.ts'
import { compareText } from '../assignors/member-order.ts'

/** The protocol type of JoinGroup. */
export const CONSUMER_PROTOCOL_TYPE = 'consumer'

const NEWEST_VERSION = 3

/** What a member says of itself when it joins. */
export function encodeSubscription(
  subscription: Omit<MemberSubscription, 'groupInstanceId'>,
  version: number = NEWEST_VERSION,
): Uint8Array {
  const owned = [...subscription.ownedPartitions].sort(comparePartitions)
  return encodeVersioned(consumerProtocolSubscription, version, {
    topics: [...subscription.topics].sort(compareText),
    userData: subscription.userData,
    ownedPartitions: byTopic(owned),
    generationId: subscription.generationId,
    rackId: subscription.rackId,
  })
}

/** Null for what can't be read. */
export function decodeSubscription(
  bytes: Uint8Array,
  groupInstanceId: string | null,
): MemberSubscription | null {
  const read = decodeVersioned(consumerProtocolSubscription, bytes)
  if (read === null) return null
  return {
    topics: read.topics,
    userData: read.userData?.slice() ?? null, // the frame's memory may be used again
    ownedPartitions: flat(read.ownedPartitions),
    generationId: Math.max(-1, read.generationId),
    rackId: read.rackId === '' ? null : read.rackId,
    groupInstanceId,
  }
}

/** What the leader sends a member. */
export function encodeAssignment(
  partitions: readonly TopicPartition[],
  userData: Uint8Array | null = null,
): Uint8Array {
  return encodeVersioned(consumerProtocolAssignment, NEWEST_VERSION, {
    assignedPartitions: byTopic(partitions),
    userData,
  })
}

/** Null for what can't be read. No bytes at all are no partitions. */
export function decodeAssignment(bytes: Uint8Array): TopicPartition[] | null {
  if (bytes.length === 0) return []
  const read = decodeVersioned(consumerProtocolAssignment, bytes)
  return read === null ? null : flat(read.assignedPartitions)
}

/** By topic name, then by number. */
export function comparePartitions(a: TopicPartition, b: TopicPartition): number {
  return compareText(a.topic, b.topic) || a.partition - b.partition
}

/** Partitions under their topics, both in the order in which they come. */
function byTopic(partitions: readonly TopicPartition[]) {
  const topics = new Map<string, number[]>()
  for (const { topic, partition } of partitions) {
    const ofTopic = topics.get(topic)
    if (ofTopic === undefined) topics.set(topic, [partition])
    else ofTopic.push(partition)
  }
  return [...topics].map(([topic, numbers]) => ({ topic, partitions: numbers }))
}

function flat(topics: readonly { topic: string; partitions: readonly number[] }[]) {
  return topics.flatMap(({ topic, partitions }) =>
    partitions.map((partition) => ({ topic, partition })),
  )
}

function encodeVersioned<M extends Message>(
  message: M,
  version: number,
  value: Parameters<typeof encode<M>>[2],
): Uint8Array {
  const writer = new ByteWriter()
  writer.int16(version)
  encode(message, version, value, writer)
  return writer.toBytes()
}

function decodeVersioned<M extends Message>(message: M, bytes: Uint8Array): Infer<M> | null {
  const reader = new ByteReader(bytes)
  try {
    const version = reader.int16()
    return decode(message, Math.min(version, NEWEST_VERSION), reader)
  } catch (error) {
    if (error instanceof ProtocolError || error instanceof BoundsError) return null
    throw error
  }
}
