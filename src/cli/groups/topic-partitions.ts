/** Partitions as --topic names them, `orders` for all, `orders:0,1` for two; what is in them. */
import type { Admin } from '../../client/admin/admin.ts'
import type { OffsetSpec } from '../../client/admin/offsets.ts'
import type { TopicPartition } from '../../client/topic.ts'
import { orFirstFailure } from '../first-failure.ts'
import { javaInt, UsageError } from '../flags.ts'
import { hashMapOrder } from '../java-order.ts'
import type { GroupsRun } from './groups.ts'
import { failing } from './java-failure.ts'
import { javaSplit } from './java-values.ts'

/** As `orders-0`. */
export const partitionName = ({ topic, partition }: TopicPartition) => `${topic}-${partition}`

/** By topic and number. */
export function byPlace(a: TopicPartition, b: TopicPartition): number {
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1
  return a.partition - b.partition
}

/** The partitions of `orders:0,1`. */
export function partitionsInText(text: string): TopicPartition[] {
  const parts = javaSplit(text, ':')
  if (parts.length !== 2) {
    throw new UsageError(`Invalid topic arg '${text}', expected topic name and partitions`)
  }
  const [topic, numbers] = parts as [string, string]
  return javaSplit(numbers, ',').map((number) => {
    const partition = javaInt(number)
    if (partition !== null) return { topic, partition }
    throw new UsageError(`Invalid partition '${number}' specified in topic arg '${text}''`)
  })
}

/** All partitions that --topic names, those with numbers first. */
export async function partitionsOf(
  admin: Admin,
  { timeoutMs }: GroupsRun,
  texts: readonly string[],
): Promise<TopicPartition[]> {
  const numbered = texts.filter((text) => text.includes(':')).flatMap(partitionsInText)
  const topics = [...new Set(texts.filter((text) => !text.includes(':')))]
  if (topics.length === 0) return numbered
  const asked = admin.describeTopics(topics, { timeoutMs })
  const described = await failing(0, asked.then(orFirstFailure))
  const whole = hashMapOrder(topics, topics.length).flatMap((topic) => {
    return described.get(topic).partitions.map(({ partition }) => ({ topic, partition }))
  })
  return [...numbered, ...whole]
}

/** What stands at a place of each partition, by the name of the partition. */
export async function offsetsAt(
  admin: Admin,
  { timeoutMs }: GroupsRun,
  partitions: readonly TopicPartition[],
  at: OffsetSpec,
): Promise<Map<string, number>> {
  if (partitions.length === 0) return new Map()
  const queries = partitions.map(({ topic, partition }) => ({ topic, partition, at }))
  const found = await failing(2, admin.listOffsets(queries, { timeoutMs }).then(orFirstFailure))
  return new Map(found.successes().map(([key, { offset }]) => [partitionName(key), offset]))
}
