/**
 * Range: each topic's partitions in order, cut into one run for each of its members, so that topics
 * of one size and one key meet in one member (co-partitioning). Where racks are known, partitions
 * go first to members of a rack that holds a replica, as far as the shares and co-partitioning
 * allow it (KIP-881).
 *
 * Invariant: a topic's members differ by at most one partition of it, racks or not.
 */
import type { TopicPartition } from '../../topic.ts'
import type {
  AssignablePartition,
  Assignor,
  AssignorInput,
  GroupAssignment,
  MemberSubscription,
} from './assignor.ts'
import { inHashOrder } from './java-order.ts'
import { compareMembers, compareText } from './member-order.ts'
import { rackOf, racksMatter } from './racks.ts'

/** Kafka's RangeAssignor. */
export const rangeAssignor: Assignor = {
  name: 'range',
  protocols: ['eager'],
  assign: assignRanges,
}

function assignRanges({ partitionsPerTopic, members }: AssignorInput): GroupAssignment {
  const ids = inHashOrder(members.keys())
  const subscribers = subscribersByTopic(ids, members)
  const existing = inHashOrder(subscribers.keys()).filter(
    (topic) => (partitionsPerTopic.get(topic)?.length ?? 0) > 0,
  )
  const shares = inHashOrder(existing).map(
    (topic) =>
      new TopicShares(topic, partitionsPerTopic.get(topic)!, subscribers.get(topic)!, members),
  )
  const assignment: GroupAssignment = new Map(ids.map((id) => [id, []]))
  const isRackAware = shares.some(({ needsRacks }) => needsRacks)
  if (isRackAware) assignByRack(shares, assignment)
  for (const topic of shares) topic.assignRuns(() => true, assignment)
  if (isRackAware) for (const partitions of assignment.values()) partitions.sort(comparePartitions)
  return assignment
}

/** Topics in the order in which they are first met, with the members of each for dealing. */
function subscribersByTopic(
  ids: readonly string[],
  members: ReadonlyMap<string, MemberSubscription>,
): Map<string, string[]> {
  const subscribers = new Map<string, Set<string>>()
  for (const id of ids) {
    for (const topic of members.get(id)!.topics) {
      const ofTopic = subscribers.get(topic)
      if (ofTopic === undefined) subscribers.set(topic, new Set([id]))
      else ofTopic.add(id)
    }
  }
  const compare = compareMembers(members)
  return new Map([...subscribers].map(([topic, ofTopic]) => [topic, [...ofTopic].sort(compare)]))
}

function comparePartitions(a: TopicPartition, b: TopicPartition): number {
  return compareText(a.topic, b.topic) || a.partition - b.partition
}

/** Topics with the same members and as many partitions are assigned together. */
function assignByRack(shares: readonly TopicShares[], assignment: GroupAssignment): void {
  const groups = new Map<string, TopicShares[]>()
  for (const topic of shares) {
    const key = JSON.stringify([topic.partitionRacks.length, ...[...topic.members].sort()])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [topic])
    else group.push(topic)
  }
  for (const group of groups.values()) {
    const [first] = group
    if (group.length > 1) assignTogether(group, assignment)
    else if (first!.needsRacks) first!.assignRuns((id, at) => first!.isNear(id, at), assignment)
  }
}

/** Gives partition n of all topics to one member that is near all of them, where there is one. */
function assignTogether(group: readonly TopicShares[], assignment: GroupAssignment): void {
  const remaining = new Set(group[0]!.members)
  for (let at = 0; at < group[0]!.partitionRacks.length && remaining.size > 0; at++) {
    for (const id of remaining) {
      if (!group.every((topic) => topic.isNear(id, at) && topic.room(id) > 0)) continue
      for (const topic of group) topic.give(id, [at], assignment)
      if (group.every((topic) => topic.room(id) === 0)) remaining.delete(id)
      break
    }
  }
}

/** How far one topic is given away. */
class TopicShares {
  /** Those who subscribed to it, for dealing. */
  readonly members: readonly string[]
  readonly needsRacks: boolean
  /** By partition; empty where no member told a rack. */
  readonly partitionRacks: readonly ReadonlySet<string>[]
  readonly #topic: string
  readonly #partitions: readonly AssignablePartition[]
  readonly #memberRacks = new Map<string, string>()
  /** Positions in #partitions. */
  readonly #unassigned: Set<number>
  readonly #given = new Map<string, number>()
  readonly #share: number
  /** How many members may still get one more than the share. */
  #extra: number

  constructor(
    topic: string,
    partitions: readonly AssignablePartition[],
    ids: readonly string[],
    members: ReadonlyMap<string, MemberSubscription>,
  ) {
    this.#topic = topic
    this.#partitions = partitions
    this.members = ids
    this.#unassigned = new Set(partitions.keys())
    this.#share = Math.floor(partitions.length / ids.length)
    this.#extra = partitions.length % ids.length
    for (const id of ids) {
      const rack = rackOf(members.get(id)!)
      if (rack !== null) this.#memberRacks.set(id, rack)
    }
    const hasRacks = this.#memberRacks.size > 0
    this.partitionRacks = hasRacks ? partitions.map(({ racks }) => new Set(racks)) : []
    this.needsRacks = racksMatter(new Set(this.#memberRacks.values()), this.partitionRacks)
  }

  /** The member told no rack, or a replica of the partition is on its rack. */
  isNear(id: string, at: number): boolean {
    const rack = this.#memberRacks.get(id)
    return rack === undefined || this.partitionRacks[at]?.has(rack) === true
  }

  /** How many more partitions the member may get. */
  room(id: string): number {
    return Math.max(0, this.#share + (this.#extra > 0 ? 1 : 0) - (this.#given.get(id) ?? 0))
  }

  /** Gives each member in turn as many of the partitions that it may have as it has room for. */
  assignRuns(mayHave: (id: string, at: number) => boolean, assignment: GroupAssignment): void {
    for (const id of this.members) {
      if (this.#unassigned.size === 0) return
      const room = this.room(id)
      const run: number[] = []
      for (const at of this.#unassigned) {
        if (run.length === room) break
        if (mayHave(id, at)) run.push(at)
      }
      if (run.length > 0) this.give(id, run, assignment)
    }
  }

  give(id: string, run: readonly number[], assignment: GroupAssignment): void {
    const given = (this.#given.get(id) ?? 0) + run.length
    this.#given.set(id, given)
    if (given > this.#share) this.#extra--
    const partitions = assignment.get(id)!
    for (const at of run) {
      this.#unassigned.delete(at)
      partitions.push({ topic: this.#topic, partition: this.#partitions[at]!.partition })
    }
  }
}
