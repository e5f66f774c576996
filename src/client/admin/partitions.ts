/** Partitions as keys of results, and as the protocol has them: by topic. */
import type { TopicPartition } from '../topic.ts'

/** A partition as Kafka's tools write it. */
export function partitionText({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}

/** What is about partitions, by topic, in the order in which it came. */
export function byTopic<T extends TopicPartition>(
  items: readonly T[],
): { readonly name: string; readonly items: T[] }[] {
  const found = new Map<string, { name: string; items: T[] }>()
  for (const item of items) {
    const topic = found.get(item.topic)
    if (topic === undefined) found.set(item.topic, { name: item.topic, items: [item] })
    else topic.items.push(item)
  }
  return [...found.values()]
}

/** A replica as Kafka's tools write it. */
export interface TopicPartitionReplica extends TopicPartition {
  readonly brokerId: number
}

export function replicaText(replica: TopicPartitionReplica): string {
  return `${partitionText(replica)}-${replica.brokerId}`
}
