/**
 * The partitions that this node holds, by topic and index; which of them were touched this turn;
 * and how they follow the committed metadata: created, deleted, reconfigured, given new epochs.
 *
 * A lookup is two hops (topic, then index), so that a request resolves a topic once and no key is
 * built per partition.
 */
import type { Logger } from '../base/logger.ts'
import type { LogConfig } from '../log/log-config.ts'
import type { LogDirectory } from '../log/log-directory.ts'
import type { AppendOrigin, AppendResult, UnifiedLog } from '../log/unified-log.ts'
import type { MetadataDelta } from '../metadata/delta.ts'
import type { MetadataImage } from '../metadata/image.ts'
import type { TopicImage } from '../metadata/topics.ts'
import { ErrorCode } from '../protocol/errors.ts'
import { Partition } from './partition.ts'
import { isSystemError } from './startup-error.ts'

export interface PartitionsOptions {
  readonly nodeId: number
  readonly logDirectories: readonly LogDirectory[]
  readonly image: MetadataImage
  readonly logger: Logger
  /** The effective config of a topic's logs. */
  readonly logConfigOf: (topic: string) => LogConfig
  /** Called when a partition begins to be led here, at start as later. */
  readonly onLead: (partition: Partition) => void
  /** Called when a partition is no longer here. */
  readonly onDrop: (partition: Partition) => void
  /** Called when the high watermark of a partition has moved. */
  readonly onCommit: (partition: Partition) => void
}

export class Partitions {
  readonly #options: PartitionsOptions
  readonly #byTopic = new Map<string, Partition[]>()
  readonly #directoryOf = new Map<Partition, LogDirectory>()
  /**
   * Partitions that belong here and have no log: their disk failed, or what it holds is refused.
   */
  readonly #offline = new Set<string>()
  #dirty: Partition[] = []
  /** The logs found on disk are in their places: from here on `apply` follows. */
  #started = false

  constructor(options: PartitionsOptions) {
    this.#options = options
  }

  find(topic: string, index: number): Partition | null {
    return this.#byTopic.get(topic)?.[index] ?? null
  }

  *all(): Generator<Partition> {
    for (const partitions of this.#byTopic.values()) {
      // A topic's partitions may be spread over nodes: the array has holes.
      for (const partition of partitions) if (partition !== undefined) yield partition
    }
  }

  /** The directory that holds a partition's log. */
  directoryOf(partition: Partition): LogDirectory | null {
    return this.#directoryOf.get(partition) ?? null
  }

  inDirectory(directory: LogDirectory): Partition[] {
    return [...this.all()].filter((partition) => this.#directoryOf.get(partition) === directory)
  }

  append(
    partition: Partition,
    records: Uint8Array,
    origin: AppendOrigin,
    nowMs: number,
  ): AppendResult {
    const result = partition.append(records, origin, nowMs)
    if (!partition.dirty && result.error === ErrorCode.NONE) {
      partition.dirty = true
      this.#dirty.push(partition)
    }
    return result
  }

  /** Deletes the records below `offset`; that is on disk before this turn's answers leave. */
  deleteRecordsBelow(partition: Partition, offset: number): ErrorCode {
    const error = partition.log.incrementLogStartOffset(offset)
    this.#directoryOf.get(partition)?.checkpointSoon()
    return error
  }

  /** Writes what was appended and commits it. Returns whether there was anything. */
  flush(): boolean {
    if (this.#dirty.length === 0) return false
    const dirty = this.#dirty
    this.#dirty = []
    for (const partition of dirty) this.#write(partition)
    for (const partition of dirty) {
      partition.dirty = false
      if (partition.error !== ErrorCode.NONE) continue
      partition.commit()
      this.#options.onCommit(partition)
    }
    return true
  }

  #write(partition: Partition): void {
    if (partition.error !== ErrorCode.NONE) return
    try {
      partition.log.write()
    } catch (error) {
      // A log that can't be written has told its directory, which has told `directoryFailed`.
      if (partition.log.failure === null) throw error
    }
  }

  /** A directory that can't be written is offline until the node restarts, as in Kafka. */
  directoryFailed(directory: LogDirectory): void {
    for (const partition of this.inDirectory(directory)) {
      partition.fail(ErrorCode.KAFKA_STORAGE_ERROR)
      this.#options.onDrop(partition)
    }
  }

  /**
   * Why `find` has nothing: the partition's disk failed or its log is refused, or it is unknown.
   */
  missingError(topic: string, index: number): ErrorCode {
    return this.#offline.has(`${topic}-${index}`)
      ? ErrorCode.KAFKA_STORAGE_ERROR
      : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  }

  /** Puts the logs found on disk in their places, and makes those that are missing. */
  start(nowMs: number): void {
    const { logDirectories, image } = this.#options
    for (const directory of logDirectories) {
      for (const log of directory.logs()) {
        const topic = image.topics.byName.get(log.topic)
        // An empty log that a power cut has left without an id can be anybody's.
        const isNobodys = log.topicId === null && log.logEndOffset === 0
        if (topic !== undefined && isNobodys)
          failing(directory, () => directory.adopt(log, topic.id))
        const isOf = topic?.id === log.topicId && log.partition < topic.partitions.length
        const isFree = this.find(log.topic, log.partition) === null
        if (isOf && isFree) this.#place(topic, log.partition, log, directory)
        else this.#setAside(log, directory)
      }
    }
    for (const topic of image.topics.byName.values()) {
      for (let index = 0; index < topic.partitions.length; index++) {
        if (this.find(topic.name, index) !== null) continue
        // It may be where we can't look: an empty one in its place would pass for it.
        if (logDirectories.some(({ offline }) => offline)) this.#missing(topic.name, index)
        else this.#create(topic, index, nowMs)
      }
    }
    this.#started = true
    for (const partition of this.all()) this.#lead(partition)
  }

  /** A log of no topic that we know, or one of which a power cut has left no topic id. */
  #setAside(log: UnifiedLog, directory: LogDirectory): void {
    const reason = log.topicId === null ? 'has no topic id' : 'is of no known topic'
    this.#options.logger.warn(`${log.name} in ${directory.path} ${reason}: set aside as stray`)
    failing(directory, () => directory.setAside(log))
  }

  /** Follows a committed change of the metadata; before `start` there is nothing to change. */
  apply(delta: MetadataDelta, nowMs: number): void {
    if (!this.#started) return
    for (const topic of delta.topicsDeleted) this.#drop(topic.name, nowMs)
    for (const [topic, changed] of delta.partitionsChanged) {
      for (const index of changed) {
        if (this.#offline.has(`${topic.name}-${index}`)) continue
        const partition = this.find(topic.name, index)
        if (partition === null) {
          const created = this.#create(topic, index, nowMs)
          if (created !== null) this.#lead(created)
        } else this.#changeEpoch(partition, topic.partitions[index]?.leaderEpoch ?? -1)
      }
    }
  }

  /** Takes over new configs of a topic; null means of all topics. */
  reconfigure(topic: string | null): void {
    const names = topic === null ? [...this.#byTopic.keys()] : [topic]
    for (const name of names) {
      const partitions = this.#byTopic.get(name)
      if (partitions === undefined) continue
      const config = this.#options.logConfigOf(name)
      for (const partition of partitions) partition?.log.updateConfig(config)
    }
  }

  #changeEpoch(partition: Partition, leaderEpoch: number): void {
    if (leaderEpoch <= partition.leaderEpoch) return
    partition.leaderEpoch = leaderEpoch
    if (partition.error === ErrorCode.NONE) this.#lead(partition)
  }

  #lead(partition: Partition): void {
    partition.lead()
    this.#options.onLead(partition)
  }

  #create(topic: TopicImage, index: number, nowMs: number): Partition | null {
    if (!topic.partitions[index]?.replicas.includes(this.#options.nodeId)) return null
    const online = this.#options.logDirectories.filter((directory) => !directory.offline)
    // Replicas can have been put here right before the last directory was cordoned.
    const open = online.filter((directory) => !directory.cordoned)
    const directory = (open.length > 0 ? open : online).sort((a, b) => a.count - b.count)[0]
    if (directory === undefined) return this.#missing(topic.name, index)
    try {
      const log = directory.createLog({
        topic: topic.name,
        partition: index,
        topicId: topic.id,
        config: this.#options.logConfigOf(topic.name),
        nowMs,
      })
      return this.#place(topic, index, log, directory)
    } catch (error) {
      if (!directory.refused.has(`${topic.name}-${index}`)) directory.fail(error)
      return this.#missing(topic.name, index)
    }
  }

  #missing(topic: string, index: number): null {
    this.#offline.add(`${topic}-${index}`)
    return null
  }

  #place(topic: TopicImage, index: number, log: UnifiedLog, directory: LogDirectory): Partition {
    const leaderEpoch = topic.partitions[index]?.leaderEpoch ?? 0
    const partition = new Partition(topic.name, topic.id, index, log, leaderEpoch)
    let partitions = this.#byTopic.get(topic.name)
    if (partitions === undefined) this.#byTopic.set(topic.name, (partitions = []))
    partitions[index] = partition
    this.#directoryOf.set(partition, directory)
    return partition
  }

  #drop(topic: string, nowMs: number): void {
    const partitions = this.#byTopic.get(topic) ?? []
    this.#byTopic.delete(topic)
    for (const name of this.#offline) {
      if (name.startsWith(`${topic}-`) && !name.slice(topic.length + 1).includes('-')) {
        this.#offline.delete(name)
      }
    }
    for (const partition of partitions) {
      if (partition === undefined) continue
      partition.fail(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
      this.#options.onDrop(partition)
      const directory = this.#directoryOf.get(partition)
      this.#directoryOf.delete(partition)
      if (directory === undefined || directory.offline) continue
      failing(directory, () => directory.deleteLog(partition.log, nowMs))
    }
  }

  /** Retention, cleaning, flushing, checkpoints: whatever is due. */
  maintain(nowMs: number): void {
    for (const directory of this.#options.logDirectories) {
      if (directory.offline || nowMs < directory.nextDeadlineMs()) continue
      try {
        directory.maintain(nowMs)
      } catch (error) {
        directory.fail(error)
      }
    }
  }

  nextDeadlineMs(): number {
    let next = Infinity
    for (const directory of this.#options.logDirectories) {
      if (!directory.offline) next = Math.min(next, directory.nextDeadlineMs())
    }
    return next
  }
}

/** Does something with a directory's files; if the disk refuses, the directory is offline. */
function failing(directory: LogDirectory, action: () => void): void {
  try {
    action()
  } catch (error) {
    if (!isSystemError(error)) throw error
    directory.fail(error)
  }
}
