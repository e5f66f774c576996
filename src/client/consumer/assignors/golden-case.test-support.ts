/**
 * One question to an assignor and its answer, in the form that GoldenAssignments.java reads and
 * writes (test/golden), and the rules that any answer has to keep.
 */

import type { TopicPartition } from '../../topic.ts'
import {
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../group/consumer-protocol.ts'
import type { AssignorInput, MemberSubscription } from './assignor.ts'
import { type AssignorName, assignorNamed } from './assignors.ts'
import { readPreviousAssignment } from './sticky-user-data.ts'

export interface AssignmentCase {
  readonly assignor: string
  /** The racks of each partition. */
  readonly topics: Readonly<Record<string, readonly (readonly string[])[]>>
  readonly members: readonly { id: string; instance: string | null; subscription: string }[]
}

export interface UserDataCase {
  readonly assignor: string
  readonly last: {
    readonly partitions: readonly (readonly [string, number])[]
    readonly generation: number
  } | null
}

export type GoldenCase = AssignmentCase | UserDataCase

export type GoldenAnswer =
  | {
      readonly assignments: Readonly<Record<string, string>>
      readonly subscriptions: readonly string[]
    }
  | { readonly userData: string | null }
  | { readonly error: string }

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

function subscriptionsOf({ members }: AssignmentCase): Map<string, MemberSubscription> {
  return new Map(
    members.map(({ id, instance, subscription }) => {
      return [id, decodeSubscription(Buffer.from(subscription, 'hex'), instance)!]
    }),
  )
}

/** What we answer. */
export function answerOf(question: GoldenCase): GoldenAnswer {
  const assignor = assignorNamed(question.assignor as AssignorName)!
  if ('last' in question) {
    const { last } = question
    const own =
      last === null
        ? null
        : {
            partitions: last.partitions.map(([topic, partition]) => ({ topic, partition })),
            generationId: last.generation,
          }
    const userData = assignor.userData?.([], own) ?? null
    return { userData: userData === null ? null : hex(userData) }
  }
  const members = subscriptionsOf(question)
  const input: AssignorInput = {
    partitionsPerTopic: new Map(
      Object.entries(question.topics).map(([topic, partitions]) => [
        topic,
        partitions.map((racks, partition) => ({ partition, racks })),
      ]),
    ),
    members,
  }
  const assignments = [...assignor.assign(input)].map(([id, partitions]) => {
    return [id, hex(encodeAssignment(partitions))]
  })
  const again = question.members.map(({ id, subscription }) => {
    return hex(encodeSubscription(members.get(id)!, Buffer.from(subscription, 'hex').readInt16BE()))
  })
  return { assignments: Object.fromEntries(assignments), subscriptions: again }
}

const nameOf = ({ topic, partition }: TopicPartition) => `${topic}-${partition}`

/** What is wrong with an answer whoever gave it; null for nothing. */
export function brokenRules(question: GoldenCase, answer: GoldenAnswer): string | null {
  if ('error' in answer) return answer.error
  if ('last' in question || !('assignments' in answer)) return null
  const members = subscriptionsOf(question)
  const ownerOf = new Map<string, string>()
  for (const [id, bytes] of Object.entries(answer.assignments)) {
    const member = members.get(id)
    if (member === undefined) return `${id} is no member`
    for (const partition of decodeAssignment(Buffer.from(bytes, 'hex'))!) {
      const name = nameOf(partition)
      if (!member.topics.includes(partition.topic)) return `${id} did not subscribe to ${name}`
      if ((question.topics[partition.topic]?.length ?? 0) <= partition.partition) {
        return `${name} does not exist`
      }
      if (ownerOf.has(name)) return `${name} is assigned twice`
      ownerOf.set(name, id)
    }
  }
  return missing(question, members, ownerOf)
}

/** A partition that nobody got although it is nobody else's. */
function missing(
  { assignor, topics }: AssignmentCase,
  members: ReadonlyMap<string, MemberSubscription>,
  ownerOf: ReadonlyMap<string, string>,
): string | null {
  const isCooperative = assignor === 'cooperative-sticky'
  const claimed = new Set(
    [...members.values()].flatMap(({ ownedPartitions }) => ownedPartitions.map(nameOf)),
  )
  const wanted = new Set([...members.values()].flatMap((member) => member.topics))
  for (const topic of wanted) {
    for (const partition of (topics[topic] ?? []).keys()) {
      const name = nameOf({ topic, partition })
      if (ownerOf.has(name) || (isCooperative && claimed.has(name))) continue
      return `${name} is assigned to nobody`
    }
  }
  return null
}

/** A member says that it owns a partition of a topic that it did not subscribe to. */
export function claimsUnwanted(question: GoldenCase): boolean {
  if ('last' in question) return false
  return [...subscriptionsOf(question).values()].some((member) => {
    const claims = [
      ...member.ownedPartitions,
      ...readPreviousAssignment(member.userData).partitions,
    ]
    return claims.some(({ topic }) => !member.topics.includes(topic))
  })
}
