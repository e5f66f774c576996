/** kafkajs's admin: groups and their offsets. */
import type { TopicPartition } from '../topic.ts'
import { type AdminCall, checkTopic, deadlineOf, valuesOf } from './admin-call.ts'
import { fetchTopicOffsets, partitionsOf } from './admin-topics.ts'
import type {
  DeleteGroupsResult,
  FetchOffsetsPartition,
  GroupOverview,
  SeekEntry,
} from './admin-types.ts'
import type { GroupDescriptions } from './consumer-types.ts'
import { describeGroup } from './describe-group.ts'
import { KafkaJSDeleteGroupsError, type KafkaJSError, KafkaJSNonRetriableError } from './errors.ts'
import { anyOffsetOf } from './offset-text.ts'
import { translated } from './translated.ts'

function checkGroupId(groupId: unknown): void {
  if (!groupId) throw new KafkaJSNonRetriableError(`Invalid groupId ${groupId}`)
}

export async function listGroups({ native, timeoutMs }: AdminCall): Promise<GroupOverview[]> {
  const groups = valuesOf(await native.listGroups({ timeoutMs })).flat()
  return groups.map(({ groupId, protocolType }) => ({ groupId, protocolType }))
}

export async function describeGroups(
  call: AdminCall,
  groupIds: readonly string[],
): Promise<GroupDescriptions> {
  const deadline = deadlineOf(call, 'describeGroups')
  const groups = groupIds.map((groupId) => describeGroup(call.cluster, groupId, deadline))
  return { groups: await Promise.all(groups) }
}

export async function deleteGroups(
  { native, timeoutMs }: AdminCall,
  groupIds: readonly string[],
): Promise<DeleteGroupsResult[]> {
  if (!Array.isArray(groupIds)) {
    throw new KafkaJSNonRetriableError(`Invalid groupIds array ${groupIds}`)
  }
  if (groupIds.length === 0) return []
  const results = await native.deleteGroups(groupIds, { timeoutMs })
  const failed = results.failures().map(([groupId, error]) => {
    return { groupId, errorCode: error.errorCode, error: translated(error) as KafkaJSError }
  })
  if (failed.length > 0) throw new KafkaJSDeleteGroupsError('Error in DeleteGroups', failed)
  return groupIds.map((groupId) => ({ groupId, errorCode: 0 }))
}

export interface FetchOffsetsOptions {
  readonly groupId: string
  readonly topics?: readonly string[]
  readonly resolveOffsets?: boolean
}

/** What a group has committed, -1 where it has not; of all its topics where none is named. */
export async function fetchOffsets(
  call: AdminCall,
  { groupId, topics = [], resolveOffsets = false }: FetchOffsetsOptions,
): Promise<{ topic: string; partitions: FetchOffsetsPartition[] }[]> {
  checkGroupId(groupId)
  if (!Array.isArray(topics)) {
    throw new KafkaJSNonRetriableError('Expected topics array to be set')
  }
  const wanted: TopicPartition[] = []
  for (const topic of topics) {
    for (const partition of await partitionsOf(call, topic)) wanted.push({ topic, partition })
  }
  const partitions = topics.length === 0 ? null : wanted
  const { native, timeoutMs } = call
  const fetched = await native.listConsumerGroupOffsets([{ groupId, partitions }], { timeoutMs })
  const [offsets] = valuesOf(fetched)
  const byTopic = new Map<string, FetchOffsetsPartition[]>()
  for (const [{ topic, partition }, found] of offsets!.successes()) {
    const of = byTopic.get(topic) ?? []
    const metadata = found?.metadata || null
    of.push({ partition, offset: String(found?.offset ?? -1), metadata })
    byTopic.set(topic, of)
  }
  valuesOf(offsets!)
  const all = [...byTopic].map(([topic, of]) => ({ topic, partitions: of }))
  if (resolveOffsets) for (const one of all) await resolveAll(call, groupId, one)
  return all
}

/** Gives partitions without an offset the end of their log, and commits it. */
async function resolveAll(
  call: AdminCall,
  groupId: string,
  { topic, partitions }: { topic: string; partitions: FetchOffsetsPartition[] },
): Promise<void> {
  const ends = await fetchTopicOffsets(call, topic)
  for (const one of partitions) {
    if (one.offset !== '-1') continue
    one.offset = ends.find(({ partition }) => partition === one.partition)!.high
  }
  await setOffsets(call, groupId, topic, partitions)
}

/** Sets offsets of a group without members; -1 and -2 are the end and the beginning. */
export async function setOffsets(
  call: AdminCall,
  groupId: string,
  topic: string,
  partitions: readonly SeekEntry[],
): Promise<void> {
  checkGroupId(groupId)
  checkTopic(topic)
  if (!partitions || partitions.length === 0) {
    throw new KafkaJSNonRetriableError('Invalid partitions')
  }
  const { state } = await describeGroup(call.cluster, groupId, deadlineOf(call, 'describeGroup'))
  if (state !== 'Empty' && state !== 'Dead') {
    throw new KafkaJSNonRetriableError(
      `The consumer group must have no running instances, current state: ${state}`,
    )
  }
  const asked = partitions.map(({ partition, offset }) => {
    return { topic, partition, offset: anyOffsetOf(offset) }
  })
  const needsEnds = asked.some(({ offset }) => offset < 0)
  const ends = needsEnds ? await fetchTopicOffsets(call, topic) : []
  const offsets = asked.map((one) => {
    if (one.offset >= 0) return one
    const of = ends.find(({ partition }) => partition === one.partition)
    if (of === undefined || one.offset < -2) {
      throw new KafkaJSNonRetriableError('Offset must not be a negative number')
    }
    return { ...one, offset: Number(one.offset === -1 ? of.high : of.low) }
  })
  const { native, timeoutMs } = call
  valuesOf(await native.alterConsumerGroupOffsets(groupId, offsets, { timeoutMs }))
}

export async function resetOffsets(
  call: AdminCall,
  groupId: string,
  topic: string,
  isEarliest: boolean,
): Promise<void> {
  checkGroupId(groupId)
  const partitions = await partitionsOf(call, topic)
  const offset = isEarliest ? '-2' : '-1'
  const all = partitions.map((partition) => ({ partition, offset }))
  await setOffsets(call, groupId, topic, all)
}
