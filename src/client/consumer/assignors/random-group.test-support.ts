/**
 * Groups as they come to an assignor, from a seed: members with overlapping subscriptions, racks
 * and instance ids who own what an earlier round gave them, some of them since an older generation,
 * and some of them wrongly.
 */
import type { Prng } from '../../../base/prng.ts'
import type { TopicPartition } from '../../topic.ts'
import type {
  AssignablePartition,
  Assignor,
  AssignorInput,
  GroupAssignment,
  MemberSubscription,
} from './assignor.ts'

const RACKS = ['a', 'b', 'c']

interface Shape {
  readonly topicNames: readonly string[]
  readonly isUniform: boolean
  readonly hasRacks: boolean
  readonly hasInstances: boolean
}

/** Successive rounds of one group under one assignor: what each is asked. */
export function randomRounds(random: Prng, assignor: Assignor, rounds: number): AssignorInput[] {
  const shape: Shape = {
    topicNames: Array.from({ length: 1 + random.int(6) }, (_, at) => topicName(random, at)),
    isUniform: random.chance(0.5),
    hasRacks: random.chance(0.4),
    hasInstances: random.chance(0.2),
  }
  const partitions = new Map<string, AssignablePartition[]>()
  for (const name of shape.topicNames) {
    // Some were subscribed to and do not exist.
    if (random.chance(0.9)) partitions.set(name, randomPartitions(random, shape, random.int(9)))
  }
  let members = new Map<string, MemberSubscription>()
  const last = new Map<string, { partitions: TopicPartition[]; generationId: number }>()
  const inputs: AssignorInput[] = []
  for (let generation = 1; generation <= rounds; generation++) {
    members = nextMembers(random, shape, members)
    if (random.chance(0.3)) growTopic(random, shape, partitions)
    const input = withClaims(random, assignor, { partitionsPerTopic: partitions, members }, last)
    inputs.push({ ...input, partitionsPerTopic: new Map(partitions) })
    remember(random, assignor.assign(input), generation, last)
  }
  return inputs
}

function topicName(random: Prng, at: number): string {
  return random.chance(0.5) ? `t${at}` : `topic-${random.int(1_000_000).toString(36)}-${at}`
}

function randomPartitions(random: Prng, { hasRacks }: Shape, count: number) {
  return Array.from({ length: count }, (_, partition) => ({
    partition,
    racks: hasRacks ? randomRacks(random) : [],
  }))
}

function randomRacks(random: Prng): string[] {
  const start = random.int(RACKS.length)
  const racks = Array.from({ length: random.int(3) }, (_, at) => RACKS[(start + at) % 3]!)
  return [...new Set(racks)]
}

function growTopic(random: Prng, shape: Shape, partitions: Map<string, AssignablePartition[]>) {
  const name = shape.topicNames[random.int(shape.topicNames.length)]!
  const known = partitions.get(name) ?? []
  partitions.set(name, [
    ...known,
    ...randomPartitions(random, shape, known.length + 1 + random.int(3)).slice(known.length),
  ])
}

/** Some leave, some come, some change what they subscribe to. */
function nextMembers(
  random: Prng,
  shape: Shape,
  before: ReadonlyMap<string, MemberSubscription>,
): Map<string, MemberSubscription> {
  const kept = [...before].filter(() => random.chance(0.8))
  const members = new Map(kept)
  const wanted = Math.max(1, kept.length + random.int(4) - (before.size === 0 ? 0 : 1))
  while (members.size < wanted) {
    const id = `${random.chance(0.5) ? 'consumer' : 'rdkafka'}-${random.uuid()}`
    members.set(id, newMember(random, shape, members.size))
  }
  if (shape.isUniform) return members
  for (const [id, member] of members) {
    if (random.chance(0.1)) members.set(id, { ...member, topics: randomTopics(random, shape) })
  }
  return members
}

function newMember(random: Prng, shape: Shape, at: number): MemberSubscription {
  return {
    topics: shape.isUniform ? shape.topicNames : randomTopics(random, shape),
    userData: null,
    ownedPartitions: [],
    generationId: -1,
    rackId: shape.hasRacks && random.chance(0.9) ? RACKS[random.int(RACKS.length)]! : null,
    groupInstanceId:
      shape.hasInstances && random.chance(0.7) ? `instance-${at}-${random.int(99)}` : null,
  }
}

function randomTopics(random: Prng, { topicNames }: Shape): string[] {
  const topics = topicNames.filter(() => random.chance(0.6))
  return topics.length === 0 ? [topicNames[0]!] : topics
}

type Last = ReadonlyMap<string, { partitions: TopicPartition[]; generationId: number }>

/** What each member says that it owns, in its assignor's way and in one that is newer or older. */
function withClaims(
  random: Prng,
  assignor: Assignor,
  { partitionsPerTopic, members }: AssignorInput,
  last: Last,
): AssignorInput {
  const isOld = random.chance(0.2) // version 1: owned partitions without a generation
  const claiming = new Map<string, MemberSubscription>()
  for (const [id, member] of members) {
    const own = last.get(id) ?? null
    const userData = assignor.userData?.(member.topics, own) ?? null
    const isCooperative = assignor.protocols.includes('cooperative')
    const owned = own === null ? [] : [...own.partitions]
    if (random.chance(0.05)) steal(random, owned, partitionsPerTopic)
    claiming.set(id, {
      ...member,
      userData: random.chance(0.03) ? random.bytes(random.int(12)) : userData,
      ownedPartitions: isCooperative ? owned : [],
      generationId: isOld || own === null ? -1 : own.generationId,
    })
  }
  return { partitionsPerTopic, members: claiming }
}

function steal(
  random: Prng,
  owned: TopicPartition[],
  partitions: ReadonlyMap<string, readonly AssignablePartition[]>,
): void {
  for (const [topic, { length }] of partitions) {
    if (length === 0) continue
    const partition = random.int(length)
    if (!owned.some((has) => has.topic === topic && has.partition === partition)) {
      owned.push({ topic, partition })
    }
  }
}

/** Members that miss a round keep what they knew. */
function remember(
  random: Prng,
  assignment: GroupAssignment,
  generationId: number,
  last: Map<string, { partitions: TopicPartition[]; generationId: number }>,
): void {
  for (const [id, partitions] of assignment) {
    if (random.chance(0.9)) last.set(id, { partitions, generationId })
  }
}
