/**
 * What the leader of a classic group's generation does: read what the members said, run the
 * assignor, and write what each of them gets. Pure.
 *
 * Invariant: what members say wrongly costs at most themselves; an assignor of the user's that
 * breaks the rules fails the leader rather than the group's data.
 */
import type { ClusterMetadata, TopicInfo } from '../../cluster/cluster.ts'
import { KafkaError } from '../../kafka-error.ts'
import type {
  AssignablePartition,
  Assignor,
  GroupAssignment,
  MemberSubscription,
} from '../assignors/assignor.ts'
import { cooperativeStickyAssignor } from '../assignors/assignors.ts'
import { decodeSubscription, encodeAssignment } from './consumer-protocol.ts'
import { partitionKey } from './ownership.ts'

interface JoinedMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly metadata: Uint8Array
}

const NOTHING = { topics: [], userData: null, ownedPartitions: [], generationId: -1, rackId: null }

/** Members by id, in the order of the answer; `unreadable` subscribed to nothing we could read. */
export function readMembers(joined: readonly JoinedMember[]): {
  readonly members: Map<string, MemberSubscription>
  readonly unreadable: readonly string[]
} {
  const members = new Map<string, MemberSubscription>()
  const unreadable: string[] = []
  for (const { memberId, groupInstanceId, metadata } of joined) {
    const subscription = decodeSubscription(metadata, groupInstanceId)
    if (subscription === null) unreadable.push(memberId)
    members.set(memberId, subscription ?? { ...NOTHING, groupInstanceId })
  }
  return { members, unreadable }
}

/** All topics that somebody wants. */
export function topicsOfGroup(members: ReadonlyMap<string, MemberSubscription>): string[] {
  return [...new Set([...members.values()].flatMap(({ topics }) => topics))]
}

/**
 * The partitions of these topics as far as they decide about an assignment: when this text changes,
 * there has to be another one. Racks count only where the leader has one itself, as in Kafka.
 */
export function snapshotOf(
  topics: readonly string[],
  metadata: ClusterMetadata,
  hasRack: boolean,
): string {
  return JSON.stringify(
    [...topics].sort().map((name) => {
      const topic = metadata.topic(name)
      if (topic === undefined) return [name, null]
      if (!hasRack) return [name, topic.partitions.length]
      return [name, assignable(topic, metadata).map(({ racks }) => [...racks].sort())]
    }),
  )
}

function assignable(topic: TopicInfo, metadata: ClusterMetadata): AssignablePartition[] {
  return topic.partitions.map(({ partition, replicas }) => {
    const racks = new Set<string>()
    for (const id of replicas) {
      const rack = metadata.brokers.get(id)?.rack ?? null
      if (rack !== null) racks.add(rack)
    }
    return { partition, racks: [...racks] }
  })
}

/** Runs the assignor; USER_CODE_FAILED where it throws or breaks the rules. */
export function assignGroup(
  assignor: Assignor,
  members: ReadonlyMap<string, MemberSubscription>,
  metadata: ClusterMetadata,
  isCooperative: boolean,
): { memberId: string; assignment: Uint8Array }[] {
  const partitionsPerTopic = new Map<string, AssignablePartition[]>()
  for (const name of topicsOfGroup(members)) {
    const topic = metadata.topic(name)
    if (topic !== undefined && topic.partitions.length > 0) {
      partitionsPerTopic.set(name, assignable(topic, metadata))
    }
  }
  let assignment: GroupAssignment
  try {
    assignment = assignor.assign({ partitionsPerTopic, members })
  } catch (error) {
    throw KafkaError.of(error, 'USER_CODE_FAILED', `the assignor ${assignor.name} failed`)
  }
  const problem =
    doublyAssigned(assignment) ??
    // The one of Kafka's own knows better: it looks at the generations of what members claim.
    (isCooperative && assignor !== cooperativeStickyAssignor ? taken(assignment, members) : null)
  if (problem !== null) {
    throw new KafkaError('USER_CODE_FAILED', `the assignor ${assignor.name} assigned ${problem}`)
  }
  return [...members.keys()].map((memberId) => {
    return { memberId, assignment: encodeAssignment(assignment.get(memberId) ?? []) }
  })
}

function doublyAssigned(assignment: GroupAssignment): string | null {
  const seen = new Set<string>()
  for (const partitions of assignment.values()) {
    for (const partition of partitions) {
      const key = partitionKey(partition)
      if (seen.has(key)) return `${key} twice`
      seen.add(key)
    }
  }
  return null
}

/** A partition that goes to a member while another one still has to give it up (KIP-429). */
function taken(
  assignment: GroupAssignment,
  members: ReadonlyMap<string, MemberSubscription>,
): string | null {
  const ownerOf = new Map<string, string>()
  for (const [memberId, { ownedPartitions }] of members) {
    for (const partition of ownedPartitions) ownerOf.set(partitionKey(partition), memberId)
  }
  for (const [memberId, partitions] of assignment) {
    for (const partition of partitions) {
      const owner = ownerOf.get(partitionKey(partition)) ?? memberId
      if (owner !== memberId) return `${partitionKey(partition)}, which another member still owns`
    }
  }
  return null
}
