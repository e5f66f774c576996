/**
 * What both sticky algorithms start from: members and partitions as numbers, who owned what by
 * their own account, and the racks. Members lie about what they own when they missed a generation,
 * so the newest generation's word counts, and a partition that two claim in one is nobody's.
 *
 * Invariant: `owned` has each partition at most once, and only partitions that exist.
 */
import type { TopicPartition } from '../../topic.ts'
import type { AssignablePartition, AssignorInput, MemberSubscription } from './assignor.ts'
import { inHashOrder } from './java-order.ts'
import { compareText } from './member-order.ts'
import { rackOf, racksMatter } from './racks.ts'

/** What a member owned, by the account of its assignor's data; generation null for unknown. */
export interface MemberClaim {
  readonly partitions: readonly TopicPartition[]
  readonly generation: number | null
}

export const NO_GENERATION = -1

export interface ProblemMember {
  readonly id: string
  readonly subscription: MemberSubscription
  readonly claim: MemberClaim
  /** Topics that it subscribed to and that exist, by number. */
  readonly topics: ReadonlySet<number>
  /** Null where racks do not matter. */
  readonly rack: string | null
}

export interface ProblemTopic {
  readonly name: string
  /** The number of its partition 0; the others follow. */
  readonly first: number
  readonly count: number
  readonly members: readonly number[]
}

/** An assignment to be found. Members, topics and partitions are numbers in it. */
export class StickyProblem {
  /** In the order of Java's maps, which is the order in which they are asked for what they own. */
  readonly members: readonly ProblemMember[]
  /** By name. */
  readonly topics: readonly ProblemTopic[]
  /** By partition. */
  readonly topicOf: Int32Array
  /** Racks by partition; empty where racks do not matter. */
  readonly racks: readonly ReadonlySet<string>[]
  /** How many members a partition has on its racks; empty where no member told a rack. */
  readonly nearby: readonly number[]
  /** By member: the partitions that are taken to be its own, in the order it named them. */
  readonly owned: readonly Set<number>[]
  /** Claimed by two members of one generation. */
  readonly disputed = new Set<number>()
  readonly maxGeneration: number
  readonly isUniform: boolean
  readonly #topicNumbers: ReadonlyMap<string, number>

  constructor(
    { partitionsPerTopic, members }: AssignorInput,
    claimOf: (subscription: MemberSubscription) => MemberClaim,
  ) {
    const ids = inHashOrder(members.keys())
    const wanted = new Set<string>()
    for (const { topics } of members.values()) for (const topic of topics) wanted.add(topic)
    const names = [...wanted].filter((name) => (partitionsPerTopic.get(name)?.length ?? 0) > 0)
    names.sort(compareText)
    this.#topicNumbers = new Map(names.map((name, number) => [name, number]))
    const partitions = names.map((name) => partitionsPerTopic.get(name)!)
    const racks = rackPlan(members, partitions)
    this.racks = racks.partitionRacks
    this.nearby = racks.nearby
    this.members = ids.map((id) => {
      const subscription = members.get(id)!
      const rack = racks.partitionRacks.length > 0 ? rackOf(subscription) : null
      const topics = this.#numbersOf(subscription.topics)
      return { id, subscription, claim: claimOf(subscription), topics, rack }
    })
    this.topics = this.#topicsOf(names, partitions)
    this.topicOf = topicByPartition(this.topics)
    this.owned = this.members.map(() => new Set())
    this.maxGeneration = this.#settleClaims()
    this.isUniform = sameTopics(this.members)
  }

  get partitionCount(): number {
    return this.topicOf.length
  }

  partition(number: number): TopicPartition {
    const { name, first } = this.topics[this.topicOf[number]!]!
    return { topic: name, partition: number - first }
  }

  /** The partition's number; -1 where it does not exist. */
  numberOf({ topic, partition }: TopicPartition): number {
    const known = this.topics[this.#topicNumbers.get(topic) ?? -1]
    if (known === undefined || partition < 0 || partition >= known.count) return -1
    return known.first + partition
  }

  /** The member told a rack that no replica of the partition is on. */
  isFar(member: number, partition: number): boolean {
    const { rack } = this.members[member]!
    return rack !== null && this.racks[partition]?.has(rack) !== true
  }

  #numbersOf(topics: readonly string[]): Set<number> {
    const numbers = new Set<number>()
    for (const topic of topics) {
      const number = this.#topicNumbers.get(topic)
      if (number !== undefined) numbers.add(number)
    }
    return numbers
  }

  #topicsOf(
    names: readonly string[],
    partitions: readonly (readonly AssignablePartition[])[],
  ): ProblemTopic[] {
    const subscribers: number[][] = names.map(() => [])
    for (const [member, { topics }] of this.members.entries()) {
      for (const topic of topics) subscribers[topic]!.push(member)
    }
    let first = 0
    return names.map((name, topic) => {
      const count = partitions[topic]!.length
      const made = { name, first, count, members: subscribers[topic]! }
      first += count
      return made
    })
  }

  /** Gives each claimed partition to one member or to none; returns the newest generation. */
  #settleClaims(): number {
    const ownerOf = new Map<number, number>()
    let newest = NO_GENERATION
    for (const [member, { claim }] of this.members.entries()) {
      const generation = claim.generation ?? NO_GENERATION
      newest = Math.max(newest, generation)
      for (const claimed of claim.partitions) {
        const partition = this.numberOf(claimed)
        if (partition < 0) continue
        const other = ownerOf.get(partition)
        // Java compares with what the subscription itself says, not with the assignor's data.
        const otherGeneration =
          other === undefined ? null : this.members[other]!.subscription.generationId
        if (otherGeneration !== null && generation < otherGeneration) continue
        if (other !== undefined) this.owned[other]!.delete(partition)
        if (generation === otherGeneration) this.disputed.add(partition)
        else this.owned[member]!.add(partition)
        ownerOf.set(partition, member)
      }
    }
    return newest
  }
}

function topicByPartition(topics: readonly ProblemTopic[]): Int32Array {
  const last = topics.at(-1)
  const topicOf = new Int32Array(last === undefined ? 0 : last.first + last.count)
  for (const [topic, { first, count }] of topics.entries())
    topicOf.fill(topic, first, first + count)
  return topicOf
}

/** All members subscribed to the same: then the simple algorithm does. */
function sameTopics(members: readonly ProblemMember[]): boolean {
  const first = new Set(members[0]?.subscription.topics)
  return members.every(({ subscription: { topics } }) => {
    return new Set(topics).size === first.size && topics.every((topic) => first.has(topic))
  })
}

/** Racks by partition where they matter, and how many members each partition has nearby. */
function rackPlan(
  members: AssignorInput['members'],
  partitions: readonly (readonly AssignablePartition[])[],
): { partitionRacks: readonly ReadonlySet<string>[]; nearby: readonly number[] } {
  const membersByRack = new Map<string, number>()
  for (const member of members.values()) {
    const rack = rackOf(member)
    if (rack !== null) membersByRack.set(rack, (membersByRack.get(rack) ?? 0) + 1)
  }
  if (membersByRack.size === 0) return { partitionRacks: [], nearby: [] }
  const racks = partitions.flat().map((partition) => new Set(partition.racks))
  const nearby = racks.map((own) => {
    let count = 0
    for (const rack of own) count += membersByRack.get(rack) ?? 0
    return count
  })
  const matter = racksMatter(new Set(membersByRack.keys()), racks)
  return { partitionRacks: matter ? racks : [], nearby }
}
