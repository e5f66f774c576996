/** What metadata say of a topic, as values that never change: comparing and following them. */
import type { metadataResponse } from '../../protocol/messages/03-metadata.ts'
import type { Infer } from '../../protocol/schema.ts'
import type { BrokerInfo, PartitionInfo, TopicInfo } from './cluster.ts'

type TopicAnswer = Infer<typeof metadataResponse>['topics'][number]

const NONE: readonly number[] = []

/** A partition that the broker left out. */
function unknownPartition(partition: number): PartitionInfo {
  const nobody = { replicas: NONE, isr: NONE, offlineReplicas: NONE }
  return { partition, leader: -1, leaderEpoch: -1, ...nobody }
}

/** The topic of an answer; what was known of a partition stays where it is of a newer epoch. */
export function topicInfo(
  name: string,
  answer: TopicAnswer,
  known: TopicInfo | undefined,
): TopicInfo {
  const isSame = known !== undefined && known.id === answer.topicId
  const count = 1 + Math.max(...answer.partitions.map(({ partitionIndex }) => partitionIndex))
  const partitions = Array.from({ length: count }, (_, index) => unknownPartition(index))
  for (const each of answer.partitions) {
    const before = isSame ? known.partitions[each.partitionIndex] : undefined
    const isOlder =
      before !== undefined && each.leaderEpoch !== -1 && each.leaderEpoch < before.leaderEpoch
    partitions[each.partitionIndex] = isOlder
      ? before
      : {
          partition: each.partitionIndex,
          leader: each.leaderId,
          leaderEpoch: each.leaderEpoch,
          replicas: each.replicaNodes,
          isr: each.isrNodes,
          offlineReplicas: each.offlineReplicas,
        }
  }
  return { name, id: answer.topicId, isInternal: answer.isInternal, partitions }
}

/** The topic with another leader; undefined where that is not news. */
export function withLeader(
  topic: TopicInfo,
  partition: number,
  leader: number,
  leaderEpoch: number,
): TopicInfo | undefined {
  const known = topic.partitions[partition]
  if (known === undefined || leader < 0 || leaderEpoch <= known.leaderEpoch) return undefined
  const partitions = topic.partitions.map((each) =>
    each === known ? { ...each, leader, leaderEpoch } : each,
  )
  return { ...topic, partitions }
}

export function sameTopic(one: TopicInfo, other: TopicInfo): boolean {
  return (
    one.id === other.id &&
    one.isInternal === other.isInternal &&
    one.partitions.length === other.partitions.length &&
    one.partitions.every((partition, i) => samePartition(partition, other.partitions[i]!))
  )
}

function samePartition(one: PartitionInfo, other: PartitionInfo): boolean {
  return (
    one === other ||
    (one.leader === other.leader &&
      one.leaderEpoch === other.leaderEpoch &&
      sameNumbers(one.replicas, other.replicas) &&
      sameNumbers(one.isr, other.isr) &&
      sameNumbers(one.offlineReplicas, other.offlineReplicas))
  )
}

function sameNumbers(one: readonly number[], other: readonly number[]): boolean {
  return one.length === other.length && one.every((each, i) => each === other[i])
}

export function sameBroker(one: BrokerInfo, other: BrokerInfo | undefined): boolean {
  return one.host === other?.host && one.port === other.port && one.rack === other.rack
}
