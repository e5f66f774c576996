/**
 * Topics and partitions as the metadata log has them.
 *
 * Invariant: `byName` and `byId` hold the same topics; a partition's image is immutable and is
 * replaced, so that who holds one sees it as it was. KIP-516 (ids), KIP-858 (directories),
 * KIP-966 (eligible leader replicas).
 */
import { assert } from '../base/assert.ts'
import { ZERO_UUID } from '../base/uuid.ts'
import {
  type ClearElrRecord,
  type PartitionChangeRecord,
  type PartitionRecord,
  partitionRecord,
  type RemoveTopicRecord,
  type TopicRecord,
  topicRecord,
} from '../protocol/persisted/metadata-records.ts'
import type { Uuid } from '../protocol/schema.ts'
import type { MetadataDelta } from './delta.ts'
import { partitionRecordVersion, supports } from './metadata-version.ts'
import { type MetadataRecord, metadataRecord } from './records.ts'
import { collisionKey, hasCollisionCharacters } from './topic-name.ts'

export const NO_LEADER = -1
/** In PartitionChangeRecord: the leader stays. */
export const NO_LEADER_CHANGE = -2

/** Whether the leader still has to sort out what an unclean election left (KIP-704). */
export const LeaderRecoveryState = { NO_CHANGE: -1, RECOVERED: 0, RECOVERING: 1 } as const

/** Directories that are none: uuids below 100 are reserved. */
export const DirectoryId = {
  MIGRATING: ZERO_UUID,
  UNASSIGNED: 'AAAAAAAAAAAAAAAAAAAAAQ',
  LOST: 'AAAAAAAAAAAAAAAAAAAAAg',
} as const

export interface PartitionImage {
  readonly replicas: readonly number[]
  /** The directory of each replica, in the order of `replicas`. */
  readonly directories: readonly Uuid[]
  readonly isr: readonly number[]
  readonly removingReplicas: readonly number[]
  readonly addingReplicas: readonly number[]
  readonly elr: readonly number[]
  readonly lastKnownElr: readonly number[]
  readonly leader: number
  readonly leaderRecoveryState: number
  readonly leaderEpoch: number
  readonly partitionEpoch: number
}

export class TopicImage {
  readonly name: string
  readonly id: Uuid
  /** By partition index. */
  readonly partitions: PartitionImage[] = []

  constructor(name: string, id: Uuid) {
    this.name = name
    this.id = id
  }
}

/** One partition with where it is. */
export interface LocatedPartition {
  readonly topic: TopicImage
  readonly index: number
  readonly partition: PartitionImage
}

export class TopicsImage {
  readonly #byName = new Map<string, TopicImage>()
  readonly #byId = new Map<Uuid, TopicImage>()
  /** Names by what '.' and '_' make of them, for those that have either. */
  readonly #collisions = new Map<string, Set<string>>()

  get byName(): ReadonlyMap<string, TopicImage> {
    return this.#byName
  }

  get byId(): ReadonlyMap<Uuid, TopicImage> {
    return this.#byId
  }

  /** A topic whose name would share metrics with `name`, or undefined. */
  collidingTopic(name: string): string | undefined {
    if (!hasCollisionCharacters(name)) return undefined
    return this.#collisions.get(collisionKey(name))?.values().next().value
  }

  /** All partitions, topic by topic. */
  *partitions(): Generator<LocatedPartition> {
    for (const topic of this.#byId.values()) {
      for (let index = 0; index < topic.partitions.length; index++) {
        const partition = topic.partitions[index]
        if (partition !== undefined) yield { topic, index, partition }
      }
    }
  }

  replayTopic(record: TopicRecord, delta: MetadataDelta): void {
    assert(!this.#byName.has(record.name), `second TopicRecord for ${record.name}`)
    assert(!this.#byId.has(record.topicId), `second TopicRecord for id ${record.topicId}`)
    const topic = new TopicImage(record.name, record.topicId)
    this.#byName.set(topic.name, topic)
    this.#byId.set(topic.id, topic)
    if (hasCollisionCharacters(topic.name)) {
      const key = collisionKey(topic.name)
      const names = this.#collisions.get(key)
      if (names === undefined) this.#collisions.set(key, new Set([topic.name]))
      else names.add(topic.name)
    }
    delta.topicCreated(topic)
  }

  replayPartition(record: PartitionRecord, delta: MetadataDelta): void {
    const topic = this.#known(record.topicId)
    topic.partitions[record.partitionId] = partitionImage(record)
    delta.partitionChanged(topic, record.partitionId)
  }

  replayPartitionChange(record: PartitionChangeRecord, delta: MetadataDelta): void {
    const topic = this.#known(record.topicId)
    const partition = topic.partitions[record.partitionId]
    assert(partition !== undefined, `no partition ${topic.name}-${record.partitionId} to change`)
    topic.partitions[record.partitionId] = changedPartition(partition, record)
    delta.partitionChanged(topic, record.partitionId)
  }

  /** Returns the topic that is gone. */
  replayRemoveTopic(record: RemoveTopicRecord, delta: MetadataDelta): TopicImage {
    const topic = this.#known(record.topicId)
    this.#byId.delete(topic.id)
    this.#byName.delete(topic.name)
    const key = collisionKey(topic.name)
    const names = this.#collisions.get(key)
    names?.delete(topic.name)
    if (names?.size === 0) this.#collisions.delete(key)
    delta.topicDeleted(topic)
    return topic
  }

  replayClearElr(record: ClearElrRecord, delta: MetadataDelta): void {
    if (record.topicName === '') {
      for (const topic of this.#byId.values()) clearElr(topic, delta)
      return
    }
    const topic = this.#byName.get(record.topicName)
    assert(topic !== undefined, `no topic ${record.topicName} to clear the ELR of`)
    clearElr(topic, delta)
  }

  /** The records that make this state, for a snapshot. */
  *records(metadataVersion: number, elrEnabled: boolean): Generator<MetadataRecord> {
    for (const topic of this.#byId.values()) {
      yield metadataRecord(topicRecord, { name: topic.name, topicId: topic.id })
      for (let index = 0; index < topic.partitions.length; index++) {
        const partition = topic.partitions[index]
        if (partition === undefined) continue
        yield partitionToRecord(topic.id, index, partition, metadataVersion, elrEnabled)
      }
    }
  }

  #known(topicId: Uuid): TopicImage {
    const topic = this.#byId.get(topicId)
    assert(topic !== undefined, `no topic with id ${topicId}`)
    return topic
  }
}

/** The record that makes a partition as it is. */
export function partitionToRecord(
  topicId: Uuid,
  partitionId: number,
  partition: PartitionImage,
  metadataVersion: number,
  elrEnabled: boolean,
): MetadataRecord {
  return metadataRecord(
    partitionRecord,
    {
      partitionId,
      topicId,
      replicas: partition.replicas,
      isr: partition.isr,
      removingReplicas: partition.removingReplicas,
      addingReplicas: partition.addingReplicas,
      leader: partition.leader,
      leaderRecoveryState: partition.leaderRecoveryState,
      leaderEpoch: partition.leaderEpoch,
      partitionEpoch: partition.partitionEpoch,
      directories: supports.directoryAssignment(metadataVersion) ? partition.directories : [],
      // Tagged: only written where there is something to say.
      eligibleLeaderReplicas: elrEnabled && partition.elr.length > 0 ? partition.elr : null,
      lastKnownElr: elrEnabled && partition.lastKnownElr.length > 0 ? partition.lastKnownElr : null,
    },
    partitionRecordVersion(metadataVersion),
  )
}

function partitionImage(record: PartitionRecord): PartitionImage {
  return {
    replicas: record.replicas,
    directories: directoriesOf(record.directories, record.replicas),
    isr: record.isr,
    removingReplicas: record.removingReplicas,
    addingReplicas: record.addingReplicas,
    elr: record.eligibleLeaderReplicas ?? [],
    lastKnownElr: record.lastKnownElr ?? [],
    leader: record.leader,
    leaderRecoveryState: record.leaderRecoveryState,
    leaderEpoch: record.leaderEpoch,
    partitionEpoch: record.partitionEpoch,
  }
}

/** A partition as a change leaves it. */
export function changedPartition(
  partition: PartitionImage,
  change: PartitionChangeRecord,
): PartitionImage {
  const replicas = change.replicas ?? partition.replicas
  const leaderChanges = change.leader !== NO_LEADER_CHANGE
  return {
    replicas,
    directories: directoriesOf(change.directories ?? partition.directories, replicas),
    isr: change.isr ?? partition.isr,
    removingReplicas: change.removingReplicas ?? partition.removingReplicas,
    addingReplicas: change.addingReplicas ?? partition.addingReplicas,
    elr: change.eligibleLeaderReplicas ?? partition.elr,
    lastKnownElr: change.lastKnownElr ?? partition.lastKnownElr,
    leader: leaderChanges ? change.leader : partition.leader,
    leaderRecoveryState:
      change.leaderRecoveryState === LeaderRecoveryState.NO_CHANGE
        ? partition.leaderRecoveryState
        : change.leaderRecoveryState,
    leaderEpoch: partition.leaderEpoch + (leaderChanges ? 1 : 0),
    partitionEpoch: partition.partitionEpoch + 1,
  }
}

/** Records from before directories were assigned have none: all of them are "migrating" then. */
function directoriesOf(directories: readonly Uuid[], replicas: readonly number[]): readonly Uuid[] {
  if (directories.every((directory) => directory === DirectoryId.MIGRATING)) {
    return replicas.map(() => DirectoryId.MIGRATING)
  }
  assert(directories.length === replicas.length, 'a partition needs one directory per replica')
  return directories
}

function clearElr(topic: TopicImage, delta: MetadataDelta): void {
  for (let index = 0; index < topic.partitions.length; index++) {
    const partition = topic.partitions[index]!
    if (partition.elr.length === 0 && partition.lastKnownElr.length === 0) continue
    topic.partitions[index] = {
      ...partition,
      elr: [],
      lastKnownElr: [],
      partitionEpoch: partition.partitionEpoch + 1,
    }
    delta.partitionChanged(topic, index)
  }
}

/** The directory in which a replica keeps the partition; null where it is no replica. */
export function directoryOf(partition: PartitionImage, brokerId: number): Uuid | null {
  const at = partition.replicas.indexOf(brokerId)
  return at === -1 ? null : partition.directories[at]!
}

/** Whether replicas are being moved (KIP-455). */
export function isReassigning(partition: PartitionImage): boolean {
  return partition.removingReplicas.length > 0 || partition.addingReplicas.length > 0
}

/** Whether the first replica leads. */
export function hasPreferredLeader(partition: PartitionImage): boolean {
  return partition.leader === (partition.replicas[0] ?? NO_LEADER)
}
