/**
 * What a committed batch changed: the list from which a broker learns what to create, drop, reload
 * and announce. It names things; their state is in the image.
 */
import type { ConfigResource } from './config-validator.ts'
import type { TopicImage } from './topics.ts'

export class MetadataDelta {
  /** Topics made, in order. */
  readonly topicsCreated = new Set<TopicImage>()
  /** Topics removed, as they last were. One made and removed in one delta is in neither list. */
  readonly topicsDeleted = new Set<TopicImage>()
  /** Partitions made or changed, by topic; those of deleted topics are left out. */
  readonly partitionsChanged = new Map<TopicImage, Set<number>>()
  /** Resources whose overrides changed, and which keys. */
  readonly configsChanged = new Map<string, ChangedConfigs>()
  /** Brokers registered, fenced, unfenced, changed or removed. */
  readonly brokersChanged = new Set<number>()
  /** Names of features whose finalised level changed. */
  readonly featuresChanged = new Set<string>()
  readonly controllersChanged = new Set<number>()
  producerIdsChanged = false
  clientQuotasChanged = false
  aclsChanged = false
  scramChanged = false
  delegationTokensChanged = false

  get isEmpty(): boolean {
    return (
      this.topicsCreated.size === 0 &&
      this.topicsDeleted.size === 0 &&
      this.partitionsChanged.size === 0 &&
      this.configsChanged.size === 0 &&
      this.brokersChanged.size === 0 &&
      this.featuresChanged.size === 0 &&
      this.controllersChanged.size === 0 &&
      !this.producerIdsChanged &&
      !this.clientQuotasChanged &&
      !this.aclsChanged &&
      !this.scramChanged &&
      !this.delegationTokensChanged
    )
  }

  topicCreated(topic: TopicImage): void {
    this.topicsCreated.add(topic)
  }

  topicDeleted(topic: TopicImage): void {
    this.partitionsChanged.delete(topic)
    if (!this.topicsCreated.delete(topic)) this.topicsDeleted.add(topic)
  }

  partitionChanged(topic: TopicImage, partition: number): void {
    const partitions = this.partitionsChanged.get(topic)
    if (partitions === undefined) this.partitionsChanged.set(topic, new Set([partition]))
    else partitions.add(partition)
  }

  configChanged(resource: ConfigResource, key: string): void {
    const id = `${resource.type}:${resource.name}`
    const changed = this.configsChanged.get(id)
    if (changed === undefined) this.configsChanged.set(id, { resource, keys: new Set([key]) })
    else changed.keys.add(key)
  }
}

/** Keys of one resource that were set, changed or removed. */
export interface ChangedConfigs {
  readonly resource: ConfigResource
  readonly keys: Set<string>
}

/** Where the log stood when a delta was published. */
export interface MetadataPosition {
  /** Offset of the last record that the image holds; -1 for none. */
  readonly offset: number
  readonly epoch: number
  readonly timestampMs: number
}
