/**
 * Topics as `kafka-topics --describe` prints them.
 *
 * Invariant: lines, their order and the order of configs are those of Kafka's tool; the order is
 * that of Java's hash maps (java-order.ts).
 */
import { ZERO_UUID } from '../../base/uuid.ts'
import type { Admin } from '../../client/admin/admin.ts'
import type { ConfigEntry } from '../../client/admin/configs.ts'
import type { PartitionDescription, TopicDescription } from '../../client/admin/describe-topics.ts'
import type { OngoingReassignment } from '../../client/admin/reassignments.ts'
import { KafkaError } from '../../client/kafka-error.ts'
import { CliError } from '../cli-error.ts'
import { orFirstFailure } from '../first-failure.ts'
import type { Flags } from '../flags.ts'
import { hashMapOrder } from '../java-order.ts'
import { checkFound, matchingTopics } from './topic-actions.ts'

const PAGE_PARTITIONS = 2000

type Print = (line: string) => void
type Configs = ReadonlyMap<string, ConfigEntry>

/** A partition with what its lines are about. */
interface Partition extends PartitionDescription {
  readonly hasLeader: boolean
  readonly reassignment: OngoingReassignment | undefined
  readonly replicationFactor: number
}

interface Topic {
  readonly name: string
  readonly topicId: string
  readonly partitions: readonly Partition[]
  readonly configs: Configs
  /** Names of the configs that are not defaults, in the order of printing. */
  readonly overridden: readonly string[]
}

/** Prints the topics that are asked for. */
export async function describeTopics(admin: Admin, flags: Flags, out: Print): Promise<void> {
  const described = await wantedTopics(admin, flags)
  const { brokers } = await admin.describeCluster()
  const living = new Set(brokers.map(({ id }) => id))
  const topics = await withDetails(admin, described, living)
  const shown = topics.map((topic) => ({
    topic,
    partitions: chosenPartitions(topic, flags, living),
  }))
  const hasReport = isReport(flags)
  const hasOverrides = flags.has('topics-with-overrides')
  if (flags.has('json')) {
    const listed = shown.filter(({ topic, partitions }) => {
      return hasReport ? partitions.length > 0 : !hasOverrides || topic.overridden.length > 0
    })
    out(JSON.stringify({ topics: listed.map(jsonOf) }))
    return
  }
  for (const { topic, partitions } of shown) {
    if (!hasReport && (!hasOverrides || topic.overridden.length > 0)) out(topicLine(topic))
    if (!hasOverrides) for (const partition of partitions) out(partitionLine(topic.name, partition))
  }
}

/** The topics in Kafka's order. */
async function wantedTopics(admin: Admin, flags: Flags): Promise<TopicDescription[]> {
  const idText = flags.text('topic-id')
  const id = idText === null ? ZERO_UUID : checkedUuid(idText)
  if (id !== ZERO_UUID) {
    const topics = await admin.listTopics({ listInternal: !flags.has('exclude-internal') })
    if (topics.some(({ topicId }) => topicId === id)) {
      return (await admin.describeTopicsById([id])).orThrow().values()
    }
    if (flags.has('if-exists')) return []
    throw new CliError(`TopicId '${id}' does not exist as expected`)
  }
  const names = await matchingTopics(admin, flags)
  checkFound(names, flags)
  const limit = flags.integer('partition-size-limit-per-response') ?? PAGE_PARTITIONS
  if (names.length === 0) return []
  const asked = await admin.describeTopics(names, { partitionSizeLimitPerResponse: limit })
  const results = orFirstFailure(asked)
  return hashMapOrder(names, names.length).map((name) => results.get(name))
}

/** The id in the form in which it is printed, as Uuid.fromString reads it. */
function checkedUuid(text: string): string {
  if (text.length > 24) {
    const prefix = text.slice(0, 24)
    throw new CliError(
      `Input string with prefix \`${prefix}\` is too long to be decoded as a base64 UUID`,
    )
  }
  const illegal = /[^\w=-]/.exec(text)?.[0]
  if (illegal !== undefined) {
    throw new CliError(`Illegal base64 character ${illegal.charCodeAt(0).toString(16)}`)
  }
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.length === 16) return bytes.toString('base64url')
  throw new CliError(
    `Input string \`${text}\` decoded as ${bytes.length} bytes, which is not equal to the ` +
      'expected 16 bytes of a base64-encoded UUID',
  )
}

async function withDetails(
  admin: Admin,
  described: readonly TopicDescription[],
  living: ReadonlySet<number>,
): Promise<Topic[]> {
  if (described.length === 0) return []
  const resources = described.map(({ name }) => ({ type: 'TOPIC', name }) as const)
  const [configs, reassignments] = await Promise.all([
    admin.describeConfigs(resources),
    ongoing(admin, described),
  ])
  return described.map(({ name, topicId, partitions }): Topic => {
    const of = configs.get({ type: 'TOPIC', name })
    const overridden = hashMapOrder([...of.keys()], null).filter((key) => !of.get(key)!.isDefault)
    const detailed = partitions.map((partition): Partition => {
      const reassignment = reassignments.get(`${name}-${partition.partition}`)
      return {
        ...partition,
        hasLeader: living.has(partition.leader),
        reassignment,
        replicationFactor: replicationFactor(partition, reassignment),
      }
    })
    return { name, topicId, partitions: detailed, configs: of, overridden }
  })
}

/** Reassignments by the name of the partition; none where we may not know of them. */
async function ongoing(admin: Admin, topics: readonly TopicDescription[]) {
  const all = topics.flatMap(({ name: topic, partitions }) => {
    return partitions.map(({ partition }) => ({ topic, partition }))
  })
  try {
    const found = await admin.listPartitionReassignments(all)
    return new Map(found.map((one) => [`${one.topic}-${one.partition}`, one]))
  } catch (error) {
    const unknown = ['UNSUPPORTED_BY_BROKER', 'CLUSTER_AUTHORIZATION_FAILED']
    if (error instanceof KafkaError && unknown.includes(error.code)) {
      return new Map<string, OngoingReassignment>()
    }
    throw error
  }
}

/** How many replicas there are when the reassignment that is going on is done. */
function replicationFactor(
  { replicas }: PartitionDescription,
  reassignment: OngoingReassignment | undefined,
): number {
  if (reassignment === undefined) return replicas.length
  const { addingReplicas, removingReplicas } = reassignment
  const isMoving = [...addingReplicas, ...removingReplicas].some((id) => replicas.includes(id))
  return isMoving ? reassignment.replicas.length - addingReplicas.length : replicas.length
}

function isReport(flags: Flags): boolean {
  return (
    flags.has('unavailable-partitions') ||
    flags.has('under-replicated-partitions') ||
    flags.has('under-min-isr-partitions') ||
    flags.has('at-min-isr-partitions')
  )
}

function chosenPartitions(topic: Topic, flags: Flags, living: ReadonlySet<number>): Partition[] {
  if (!isReport(flags)) return [...topic.partitions]
  const minIsr = Number(topic.configs.get('min.insync.replicas')?.value)
  return topic.partitions.filter(({ isr, hasLeader, leader, replicationFactor: factor }) => {
    return (
      (flags.has('under-replicated-partitions') && factor > isr.length) ||
      (flags.has('unavailable-partitions') && (!hasLeader || !living.has(leader))) ||
      (flags.has('under-min-isr-partitions') && (!hasLeader || isr.length < minIsr)) ||
      (flags.has('at-min-isr-partitions') && isr.length === minIsr)
    )
  })
}

function topicLine({ name, topicId, partitions, configs, overridden }: Topic): string {
  const texts = overridden.map((key) => `${key}=${configs.get(key)!.value}`)
  const id = topicId === ZERO_UUID ? '' : `\tTopicId: ${topicId}`
  const factor = partitions[0]?.replicationFactor ?? 0
  return (
    `Topic: ${name}${id}\tPartitionCount: ${partitions.length}` +
    `\tReplicationFactor: ${factor}\tConfigs: ${texts.join(',')}`
  )
}

function partitionLine(topic: string, partition: Partition): string {
  const { hasLeader, leader, reassignment, replicas, isr, elr, lastKnownElr } = partition
  const moving =
    reassignment === undefined
      ? ''
      : `\tAdding Replicas: ${reassignment.addingReplicas}` +
        `\tRemoving Replicas: ${reassignment.removingReplicas}`
  return (
    `\tTopic: ${topic}\tPartition: ${partition.partition}` +
    `\tLeader: ${hasLeader ? leader : 'none'}\tReplicas: ${replicas}\tIsr: ${isr}${moving}` +
    `\tElr: ${elr ?? 'N/A'}\tLastKnownElr: ${lastKnownElr ?? 'N/A'}`
  )
}

function jsonOf({ topic, partitions }: { topic: Topic; partitions: readonly Partition[] }) {
  return {
    name: topic.name,
    topicId: topic.topicId,
    partitionCount: topic.partitions.length,
    replicationFactor: topic.partitions[0]?.replicationFactor ?? 0,
    configs: Object.fromEntries(
      topic.overridden.map((key) => [key, topic.configs.get(key)!.value]),
    ),
    partitions: partitions.map((one) => ({
      partition: one.partition,
      leader: one.hasLeader ? one.leader : null,
      leaderEpoch: one.leaderEpoch,
      replicas: one.replicas,
      isr: one.isr,
      addingReplicas: one.reassignment?.addingReplicas ?? [],
      removingReplicas: one.reassignment?.removingReplicas ?? [],
      elr: one.elr,
      lastKnownElr: one.lastKnownElr,
    })),
  }
}
