/**
 * The offsets at which a group is to go on, for each way to say where.
 *
 * Invariant: the partitions come in the order of the maps of Java that Kafka's tool has them in,
 * and one that is named twice is refused as those maps do.
 */
import type { Admin } from '../../client/admin/admin.ts'
import type { OffsetSpec } from '../../client/admin/offsets.ts'
import type { TopicPartition } from '../../client/topic.ts'
import { UsageError } from '../flags.ts'
import { hashMapOrderBy, partitionHash } from '../java-order.ts'
import { committedOffsets, leadersOf } from './describe-groups.ts'
import { SCENARIOS } from './group-flags.ts'
import type { GroupsRun } from './groups.ts'
import { failing, JavaFailure } from './java-failure.ts'
import { beforeMs, momentMs } from './java-time.ts'
import { longOf, longsOf } from './java-values.ts'
import { type PlannedOffset, readPlan } from './reset-plan.ts'
import { offsetsAt, partitionName } from './topic-partitions.ts'

/** Where a group is to go on in a partition. */
export interface NewOffset extends TopicPartition {
  readonly offset: number
}

interface Scene {
  readonly admin: Admin
  readonly run: GroupsRun
  readonly groupId: string
  readonly partitions: readonly TopicPartition[]
}

/** A HashMap of Java of which nobody said how large it gets. */
const inMapOrder = <P extends TopicPartition>(partitions: readonly P[]): P[] => {
  return hashMapOrderBy(partitions, partitionHash, null)
}

/** The new offsets of a group. */
export async function newOffsets(
  admin: Admin,
  run: GroupsRun,
  groupId: string,
  partitions: readonly TopicPartition[],
): Promise<NewOffset[]> {
  const { flags } = run
  const scene: Scene = { admin, run, groupId, partitions }
  if (flags.has('to-offset')) {
    const offset = longsOf(flags, 'to-offset')[0]!
    checkDistinct(partitions, () => String(offset))
    return withinRange(
      scene,
      partitions.map(({ topic, partition }) => ({ topic, partition, offset })),
    )
  }
  if (flags.has('to-earliest')) return placed(scene, partitions, 'earliest')
  if (flags.has('to-latest')) return placed(scene, partitions, 'latest')
  if (flags.has('shift-by')) return shifted(scene, longOf(flags, 'shift-by')!)
  if (flags.has('to-datetime')) return atTime(scene, momentMs(flags.all('to-datetime')[0]!))
  if (flags.has('by-duration')) {
    return atTime(scene, beforeMs(flags.text('by-duration')!, Date.now()))
  }
  if (flags.has('from-file')) return fromFile(scene, flags.all('from-file')[0]!)
  if (flags.has('to-current')) return current(scene)
  const all = SCENARIOS.map((name) => `[${name}]`).join(', ')
  throw new UsageError(`Option '[reset-offsets]' requires one of the following scenarios: [${all}]`)
}

/** Refuses what is named twice, as a map of Java that is collected from a stream. */
function checkDistinct<P extends TopicPartition>(
  partitions: readonly P[],
  textOf: (partition: P) => string,
): void {
  const seen = new Map<string, string>()
  for (const one of partitions) {
    const name = partitionName(one)
    const before = seen.get(name)
    const value = textOf(one)
    if (before !== undefined) {
      throw new JavaFailure(
        `Duplicate key ${name} (attempted merging values ${before} and ${value})`,
      )
    }
    seen.set(name, value)
  }
}

/** What stands at a place of each partition; one that is named twice is refused. */
async function distinctOffsets(
  { admin, run }: Scene,
  partitions: readonly TopicPartition[],
  at: OffsetSpec,
): Promise<Map<string, number>> {
  checkDistinct(partitions, () => (typeof at === 'string' ? at : String(at.timestamp)))
  return offsetsAt(admin, run, partitions, at)
}

async function placed(
  scene: Scene,
  partitions: readonly TopicPartition[],
  at: OffsetSpec,
): Promise<NewOffset[]> {
  const offsets = await distinctOffsets(scene, partitions, at)
  return inMapOrder(partitions).map(({ topic, partition }) => {
    return { topic, partition, offset: offsets.get(partitionName({ topic, partition }))! }
  })
}

/** Moves what lies outside of a partition to its end or its begin, and says so. */
async function withinRange(scene: Scene, wanted: readonly PlannedOffset[]): Promise<NewOffset[]> {
  const ordered = inMapOrder(wanted)
  const starts = await distinctOffsets(scene, ordered, 'earliest')
  const ends = await distinctOffsets(scene, ordered, 'latest')
  return ordered.map((one) => {
    const { topic, partition, offset } = one
    const name = partitionName(one)
    const [start, end] = [starts.get(name)!, ends.get(name)!]
    const limit = offset > end ? end : offset < start ? start : null
    if (limit !== null) {
      const side = limit === end ? 'higher than latest' : 'lower than earliest'
      scene.run.err(
        `WARN: New offset (${offset}) is ${side} offset for topic partition ${name}. Value will ` +
          `be set to ${limit}`,
      )
    }
    return { topic, partition, offset: limit ?? Number(offset) }
  })
}

async function shifted(scene: Scene, by: bigint): Promise<NewOffset[]> {
  const { admin, run, groupId, partitions } = scene
  const { offsets } = await committedOffsets(admin, run, groupId)
  const wanted = partitions.map(({ topic, partition }): PlannedOffset => {
    const name = partitionName({ topic, partition })
    const committed = offsets.get(name)
    if (committed === null || committed === undefined) {
      throw new UsageError(
        `Cannot shift offset for partition ${name} since there is no current committed offset`,
      )
    }
    return { topic, partition, offset: BigInt.asIntN(64, BigInt(committed.offset) + by) }
  })
  checkDistinct(wanted, ({ offset }) => String(offset))
  return withinRange(scene, wanted)
}

async function atTime(scene: Scene, timestamp: number): Promise<NewOffset[]> {
  const { partitions, run } = scene
  if (timestamp < 0) {
    // Brokers take a time before 1970 for a place that they do not know.
    const text = 'The version of API is not supported.'
    const name = 'org.apache.kafka.common.errors.UnsupportedVersionException'
    throw JavaFailure.within(`java.util.concurrent.ExecutionException: ${name}`, text)
  }
  const offsets = await distinctOffsets(scene, partitions, { timestamp })
  // The answer comes in a map of the size of the question.
  const answered = hashMapOrderBy(inMapOrder(partitions), partitionHash, partitions.length)
  const without = inMapOrder(answered.filter((one) => offsets.get(partitionName(one))! < 0))
  for (const { topic, partition } of without) {
    const text = `Warn: Partition ${partition} from topic ${topic} is empty. Falling back to latest known offset.`
    if (run.isJson) run.err(text)
    else for (const line of ['', text]) run.out(line)
  }
  const ends = await distinctOffsets(scene, without, 'latest')
  return inMapOrder(partitions).map(({ topic, partition }) => {
    const name = partitionName({ topic, partition })
    return { topic, partition, offset: ends.get(name) ?? offsets.get(name)! }
  })
}

async function fromFile(scene: Scene, file: string): Promise<NewOffset[]> {
  const { admin, run, groupId } = scene
  const groups = run.flags.all('group')
  const plan = readPlan(file, groups.length === 1 ? groups[0]! : null).get(groupId)
  if (plan === undefined) {
    run.fail(`No reset plan for group ${groupId} found`)
    return []
  }
  await checkTopics(admin, run, plan)
  return withinRange(scene, plan)
}

/** Refuses a topic that is not there, in the words of Java's client for offsets. */
async function checkTopics(admin: Admin, run: GroupsRun, plan: readonly TopicPartition[]) {
  try {
    await leadersOf(admin, run, plan)
  } catch (error) {
    if (!(error instanceof JavaFailure)) throw error
    const { topics } = await knownTopics(admin, run)
    const first = inMapOrder(plan).find(({ topic }) => !topics.has(topic))
    if (first === undefined) throw error
    const text =
      `Failed to fetch metadata for partition ${partitionName(first)} because metadata for ` +
      `topic \`${first.topic}\` could not be found`
    const name = 'org.apache.kafka.common.errors.UnknownTopicOrPartitionException'
    throw JavaFailure.within(`java.util.concurrent.ExecutionException: ${name}`, text)
  }
}

async function knownTopics(admin: Admin, { timeoutMs }: GroupsRun) {
  const listed = await failing(2, admin.listTopics({ timeoutMs, listInternal: true }))
  return { topics: new Set(listed.map(({ name }) => name)) }
}

/** Where the group is; at the end of what it has no offset of. */
async function current(scene: Scene): Promise<NewOffset[]> {
  const { admin, run, groupId, partitions } = scene
  const { offsets } = await committedOffsets(admin, run, groupId)
  const has = (one: TopicPartition) => offsets.has(partitionName(one))
  const offsetOf = (one: TopicPartition) => offsets.get(partitionName(one))?.offset ?? 0
  const committed = partitions.filter(has)
  checkDistinct(committed, (one) => {
    return `OffsetAndMetadata{offset=${offsetOf(one)}, leaderEpoch=null, metadata=''}`
  })
  const first = inMapOrder(committed).map(({ topic, partition }) => {
    return { topic, partition, offset: offsetOf({ topic, partition }) }
  })
  const others = partitions.filter((one) => !has(one))
  const rest = await placed(scene, others, 'latest')
  // A map without anything in it takes the size of what is put into it all at once.
  const size = first.length > 0 || rest.length === 0 ? null : Math.floor(rest.length / 0.75 + 1)
  return hashMapOrderBy([...first, ...rest], partitionHash, size)
}
