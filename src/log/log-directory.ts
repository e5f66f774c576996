/**
 * One entry of `log.dirs`: the lock on it, the logs in it, and their checkpoints.
 *
 * After a clean shutdown (`.kafka_cleanshutdown`) nothing is scanned at start. The marker is taken
 * away before the first log is opened, so that a crash from then on is seen. Invariant: what a
 * checkpoint says is true of the files at any moment, also after a crash: a recovery point is
 * written after the sync that made it so, and lowered before the truncation that would make it
 * false.
 *
 * A disk error takes the directory offline with one message (KIP-112); a log that can't be opened
 * without losing flushed data is refused, and the others go on.
 */
import { BoundsError } from '../base/bytes.ts'
import { errorOf } from '../base/thrown.ts'
import type { Disk, DiskLock, Random } from '../io/io.ts'
import { brokerEpochIn, CLEAN_SHUTDOWN_FILE, encodeCleanShutdown } from './clean-shutdown.ts'
import { CorruptLogError } from './corrupt-log-error.ts'
import { DeferredDeletes } from './deferred-deletes.ts'
import {
  type PartitionDirectoryName,
  parsePartitionDirectoryName,
  partitionDirectoryName,
  retiredDirectoryName,
} from './file-names.ts'
import { type CheckpointTime, LogCheckpoints } from './log-checkpoints.ts'
import type { LogConfig } from './log-config.ts'
import { LogResources } from './log-resources.ts'
import {
  decodeMetaProperties,
  encodeMetaProperties,
  META_PROPERTIES,
  type MetaProperties,
} from './meta-properties.ts'
import { openTopicId } from './partition-metadata.ts'
import { UnifiedLog } from './unified-log.ts'

const LOCK_FILE = '.lock'
const METADATA_TOPIC = '__cluster_metadata'

/** Logs that `prepareClose` flushes at the same time. */
const FLUSHED_AT_ONCE = 32

/** When it is due: at once and before anything is answered, since somebody waits for it. */
const ON_REQUEST = 0

/** Logs that one `maintain` looks at, so that ten thousand don't hold up a turn. */
const LOGS_PER_TURN = 256

/** How often what is done; Kafka's broker configs. */
export interface LogDirectorySettings {
  /** log.retention.check.interval.ms */
  readonly retentionCheckMs: number
  /** log.flush.offset.checkpoint.interval.ms */
  readonly recoveryPointCheckpointMs: number
  /** log.flush.start.offset.checkpoint.interval.ms */
  readonly logStartOffsetCheckpointMs: number
  /** replica.high.watermark.checkpoint.interval.ms */
  readonly highWatermarkCheckpointMs: number
  /** producer.id.expiration.ms */
  readonly producerIdExpirationMs: number
  /** producer.id.expiration.check.interval.ms */
  readonly producerIdExpirationCheckMs: number
}

export const DEFAULT_LOG_DIRECTORY_SETTINGS: LogDirectorySettings = Object.freeze({
  retentionCheckMs: 300_000,
  recoveryPointCheckpointMs: 60_000,
  logStartOffsetCheckpointMs: 60_000,
  highWatermarkCheckpointMs: 5_000,
  producerIdExpirationMs: 86_400_000,
  producerIdExpirationCheckMs: 600_000,
})

export interface LogDirectoryOptions {
  readonly disk: Disk
  readonly path: string
  readonly random: Random
  readonly nowMs: number
  readonly settings?: LogDirectorySettings
  /** Shared by the directories of a node. */
  readonly resources?: LogResources
  readonly onWarning?: (message: string) => void
  /** Called once, when the disk fails. */
  readonly onOffline?: (directory: LogDirectory, error: Error) => void
}

export interface CreateLogOptions {
  readonly topic: string
  readonly partition: number
  readonly topicId: string
  readonly config: LogConfig
  readonly nowMs: number
}

/** A directory that this node must not start on. */
export class LogDirectoryError extends Error {
  override readonly name = 'LogDirectoryError'
}

export class LogDirectory {
  readonly path: string
  readonly disk: Disk
  readonly resources: LogResources
  /** True once the disk has failed; until the node starts again nothing here is served. */
  offline = false
  /** No new logs go here (KIP-1066). */
  cordoned = false
  /** The broker epoch of the last clean shutdown; -1 where the last end was not a clean one. */
  previousBrokerEpoch = -1
  /** What is wrong with the logs that were not opened, by `topic-partition`. */
  readonly refused = new Map<string, Error>()
  readonly #options: LogDirectoryOptions
  readonly #settings: LogDirectorySettings
  readonly #lock: DiskLock
  readonly #deferred: DeferredDeletes
  readonly #logs = new Map<string, UnifiedLog>()
  #wasCleanShutdown: boolean | null = null
  readonly #checkpoints: LogCheckpoints
  #loaded = false
  /** Partition directories were made since this one was last synced; a crash may have had some. */
  #entriesDirty = true
  #nextMs = { retention: 0, recoveryPoints: 0, logStartOffsets: 0, watermarks: 0, producers: 0 }
  #retentionQueue: UnifiedLog[] = []
  /** The shortest `flush.ms` of a log here. */
  #flushMs = Infinity
  #nextFlushMs = Infinity

  /** Takes the directory for this process; it is made if it isn't there. */
  static open(options: LogDirectoryOptions): LogDirectory {
    const { disk, path } = options
    const stat = disk.stat(path)
    if (stat === null) disk.makeDirectory(path)
    else if (!stat.isDirectory) throw new LogDirectoryError(`${path} is not a directory`)
    const lock = disk.lock(`${path}/${LOCK_FILE}`)
    if (lock === null) {
      throw new LogDirectoryError(
        `${path} is in use by another process: it holds the lock on ${path}/${LOCK_FILE}`,
      )
    }
    return new LogDirectory(options, lock)
  }

  /** A directory whose disk has failed before it could be opened. */
  static failed(options: LogDirectoryOptions, cause: unknown): LogDirectory {
    const directory = new LogDirectory(options, { release: () => {} })
    directory.fail(cause)
    return directory
  }

  private constructor(options: LogDirectoryOptions, lock: DiskLock) {
    this.#options = options
    this.path = options.path
    this.disk = options.disk
    this.resources = options.resources ?? new LogResources()
    this.#settings = options.settings ?? DEFAULT_LOG_DIRECTORY_SETTINGS
    this.#lock = lock
    this.#deferred = new DeferredDeletes(options.disk, (error) => this.fail(error))
    const warn = (message: string): void => this.#warn(message)
    this.#checkpoints = new LogCheckpoints(this, this.#logs, this.refused, warn)
    this.#startTimers(options.nowMs)
  }

  /** How many logs it holds. */
  get count(): number {
    return this.#logs.size
  }

  get holdsMetadata(): boolean {
    return this.#logs.has(partitionDirectoryName(METADATA_TOPIC, 0))
  }

  /** The logs that are open here, without the metadata log. */
  logs(): UnifiedLog[] {
    return [...this.#logs.values()].filter((log) => log.topic !== METADATA_TOPIC)
  }

  log(topic: string, partition: number): UnifiedLog | null {
    return this.#logs.get(partitionDirectoryName(topic, partition)) ?? null
  }

  /** What `meta.properties` says, or null in a directory that was not formatted. */
  readMetaProperties(): MetaProperties | null {
    const path = `${this.path}/${META_PROPERTIES}`
    if (this.disk.stat(path) === null) return null
    return decodeMetaProperties(this.disk.readFile(path), path)
  }

  writeMetaProperties(properties: MetaProperties): void {
    const content = encodeMetaProperties(properties)
    this.disk.writeFileAtomic(`${this.path}/${META_PROPERTIES}`, content)
  }

  /** Opens, or makes, the log of the metadata quorum. */
  openMetadataLog(topicId: string, config: LogConfig, nowMs: number): UnifiedLog {
    this.#begin()
    const name = partitionDirectoryName(METADATA_TOPIC, 0)
    if (this.disk.stat(`${this.path}/${name}`) === null) {
      this.disk.makeDirectory(`${this.path}/${name}`)
      this.#entriesDirty = true
    }
    const log = this.#openLog(name, METADATA_TOPIC, 0, topicId, config, nowMs)
    this.#checkpoints.refuseShort(log)
    this.#logs.set(name, log)
    return log
  }

  /** Opens all logs but the metadata log. One that is corrupt is put into `refused`. */
  load(configOf: (topic: string) => LogConfig, nowMs: number): void {
    this.#begin()
    for (const name of this.disk.list(this.path)) {
      const stat = name.includes('-') ? this.disk.stat(`${this.path}/${name}`) : null
      if (stat === null || !stat.isDirectory) continue
      const parsed = parsePartitionDirectoryName(name)
      if (parsed === null)
        this.#warn(`${this.path}/${name} is no partition's directory: left alone`)
      else if (parsed.state !== 'live') this.#loadRetired(name, parsed, nowMs)
      else if (parsed.topic !== METADATA_TOPIC) {
        this.#loadLog(name, parsed, configOf(parsed.topic), nowMs)
      }
    }
    this.#loaded = true
    this.#checkpoints.allOpen = true
  }

  #loadLog(
    name: string,
    { topic, partition }: PartitionDirectoryName,
    config: LogConfig,
    nowMs: number,
  ): void {
    try {
      const log = this.#openLog(name, topic, partition, null, config, nowMs)
      this.#checkpoints.begin(log)
      this.#logs.set(name, log)
    } catch (error) {
      if (!(error instanceof CorruptLogError) && !(error instanceof BoundsError)) throw error
      this.refused.set(name, error)
      this.#warn(`partition ${name} stays offline: ${error.message}`)
    }
  }

  #loadRetired(name: string, { state }: PartitionDirectoryName, nowMs: number): void {
    const path = `${this.path}/${name}`
    if (state === 'delete') this.#deleteLater(path, nowMs)
    else this.#warn(`${path} is ${state === 'stray' ? 'stray' : 'an unfinished copy'}: left alone`)
  }

  #openLog(
    name: string,
    topic: string,
    partition: number,
    topicId: string | null,
    config: LogConfig,
    nowMs: number,
    isNew = false,
  ): UnifiedLog {
    const log = UnifiedLog.open({
      disk: this.disk,
      directory: `${this.path}/${name}`,
      topic,
      partition,
      topicId,
      config,
      nowMs,
      random: this.#options.random,
      recoveryPoint: isNew ? 0 : (this.#checkpoints.recoveryPoints.get(name) ?? 0),
      logStartOffset: isNew ? 0 : (this.#checkpoints.logStartOffsets.get(name) ?? 0),
      wasCleanShutdown: isNew || this.#wasCleanShutdown === true,
      producerIdExpirationMs: this.#settings.producerIdExpirationMs,
      resources: this.resources,
      deferred: this.#deferred,
      onWarning: (message) => this.#warn(message),
      onFailure: (error) => this.fail(error),
      syncParent: () => this.#syncEntries(),
      onConfigChange: (changed) => this.#noteFlushMs(changed),
      onRecoveryPointLowered: () => this.#guard(() => this.#checkpoints.writeRecoveryPoints('now')),
    })
    this.#noteFlushMs(config)
    return log
  }

  /** Makes the log of a new partition. Throws the disk's error, or why the partition is refused. */
  createLog(options: CreateLogOptions): UnifiedLog {
    const { topic, partition } = options
    this.#begin()
    const name = partitionDirectoryName(topic, partition)
    const refused = this.refused.get(name)
    if (refused !== undefined) throw refused
    this.#guard(() => {
      this.#checkpoints.forget(name)
      this.disk.makeDirectory(`${this.path}/${name}`)
    })
    this.#entriesDirty = true
    const { config, nowMs } = options
    const log = this.#openLog(name, topic, partition, options.topicId, config, nowMs, true)
    this.#logs.set(name, log)
    return log
  }

  /**
   * Takes a partition away: its directory is renamed now and deleted after file.delete.delay.ms.
   */
  deleteLog(log: UnifiedLog, nowMs: number): void {
    this.#deleteLater(this.#retire(log, 'delete'), nowMs + log.config.fileDeleteDelayMs)
  }

  /** Deletes a directory file by file. */
  #deleteLater(path: string, atMs: number): void {
    const paths = (): string[] => this.disk.list(path).map((name) => `${path}/${name}`)
    this.#deferred.add(atMs, paths, () => this.disk.removeTree(path))
  }

  /** Makes a log that belongs to no topic that one's. */
  adopt(log: UnifiedLog, topicId: string): void {
    log.topicId = openTopicId(this.disk, log.home.directory, topicId)
  }

  /** Takes away a log that belongs to no topic, but keeps its files. */
  setAside(log: UnifiedLog): void {
    this.#retire(log, 'stray')
  }

  #retire(log: UnifiedLog, state: 'delete' | 'stray'): string {
    const hex = Array.from(this.#options.random.bytes(16), (byte) =>
      byte.toString(16).padStart(2, '0'),
    ).join('')
    const path = `${this.path}/${retiredDirectoryName(log.topic, log.partition, hex, state)}`
    log.abandon()
    this.disk.rename(log.home.directory, path)
    log.home.directory = path
    this.#logs.delete(log.name)
    return path
  }

  /** Does whatever is due. */
  maintain(nowMs: number): void {
    if (this.offline) return
    const { retentionCheckMs, producerIdExpirationCheckMs } = this.#settings
    this.#deferred.run(nowMs)
    if (nowMs >= this.#nextMs.retention) {
      this.#nextMs.retention = nowMs + retentionCheckMs
      this.#retentionQueue = this.logs()
    }
    for (const log of this.#retentionQueue.splice(0, LOGS_PER_TURN)) {
      if (log.failure === null) log.deleteOldSegments(nowMs)
    }
    if (nowMs >= this.#nextMs.producers) {
      this.#nextMs.producers = nowMs + producerIdExpirationCheckMs
      for (const log of this.#logs.values()) log.removeExpiredProducers(nowMs)
    }
    this.#flushDue(nowMs)
    this.#checkpointDue(nowMs)
  }

  /** When `maintain` has something to do. */
  nextDeadlineMs(): number {
    if (this.#retentionQueue.length > 0) return 0
    const { retention, recoveryPoints, logStartOffsets, watermarks, producers } = this.#nextMs
    return Math.min(
      retention,
      recoveryPoints,
      logStartOffsets,
      watermarks,
      producers,
      this.#nextFlushMs,
      this.#deferred.nextMs(),
    )
  }

  /** Has the log start offsets saved by the next `maintain`: records were deleted on request. */
  checkpointSoon(): void {
    this.#nextMs.logStartOffsets = ON_REQUEST
  }

  #noteFlushMs(config: LogConfig): void {
    if (config.flushMs >= this.#flushMs || config.flushMs === 2 ** 63) return
    this.#flushMs = config.flushMs
    this.#nextFlushMs = 0
  }

  #flushDue(nowMs: number): void {
    if (nowMs < this.#nextFlushMs) return
    this.#nextFlushMs = nowMs + Math.max(1, this.#flushMs)
    for (const log of this.#logs.values()) {
      if (nowMs - log.lastFlushMs < log.config.flushMs) continue
      log.lastFlushMs = nowMs
      if (log.logEndOffset > log.recoveryPoint) log.flush().catch(() => {})
    }
  }

  #checkpointDue(nowMs: number): void {
    const settings = this.#settings
    const due = this.#nextMs
    if (nowMs >= due.recoveryPoints) {
      due.recoveryPoints = nowMs + settings.recoveryPointCheckpointMs
      this.#guard(() => this.#checkpoints.writeRecoveryPoints('soon'))
    }
    if (nowMs >= due.logStartOffsets) {
      const when = due.logStartOffsets === ON_REQUEST ? 'now' : 'soon'
      due.logStartOffsets = nowMs + settings.logStartOffsetCheckpointMs
      this.#guard(() => this.#writeLogStartOffsets(when))
    }
    if (nowMs >= due.watermarks) {
      due.watermarks = nowMs + settings.highWatermarkCheckpointMs
      this.#guard(() => this.#checkpoints.writeHighWatermarks('soon'))
    }
  }

  #startTimers(nowMs: number): void {
    const settings = this.#settings
    this.#nextMs = {
      retention: nowMs + Math.min(settings.retentionCheckMs, 30_000),
      recoveryPoints: nowMs + settings.recoveryPointCheckpointMs,
      logStartOffsets: nowMs + settings.logStartOffsetCheckpointMs,
      watermarks: nowMs + settings.highWatermarkCheckpointMs,
      producers: nowMs + settings.producerIdExpirationCheckMs,
    }
  }

  /** Before the first log is opened: what the last run left. */
  #begin(): void {
    if (this.#wasCleanShutdown !== null) return
    const marker = `${this.path}/${CLEAN_SHUTDOWN_FILE}`
    this.#wasCleanShutdown = this.disk.stat(marker) !== null
    this.#checkpoints.read()
    if (!this.#wasCleanShutdown) return
    this.previousBrokerEpoch = brokerEpochIn(this.disk.readFile(marker))
    this.disk.remove(marker)
    this.disk.syncDirectory(this.path)
  }

  /** Deleted records stay deleted, even where a power cut takes all that was not flushed. */
  #writeLogStartOffsets(when: CheckpointTime): void {
    for (const log of this.#logs.values()) {
      if (log.logStartOffset > log.segments.first.baseOffset) log.flusher.syncNames()
    }
    this.#checkpoints.writeLogStartOffsets(when)
  }

  #syncEntries(): void {
    if (this.#entriesDirty) this.disk.syncDirectory(this.path)
    this.#entriesDirty = false
  }

  /** Runs what writes to the directory; if that throws, it is offline. */
  #guard(action: () => void): void {
    try {
      action()
    } catch (error) {
      this.fail(error)
      throw error
    }
  }

  /** The disk has failed: nothing here is served until the node starts again. */
  fail(cause: unknown): void {
    if (this.offline) return
    this.offline = true
    const error = errorOf(cause)
    this.#warn(`log directory ${this.path} is offline: ${error.message}`)
    for (const log of this.#logs.values()) log.abandon(error)
    this.#deferred.stop()
    this.#lock.release()
    this.#options.onOffline?.(this, error)
  }

  /**
   * Makes everything durable off the event loop, many logs at a time, so that `close` takes no
   * time. Rejects where the disk fails.
   */
  async prepareClose(): Promise<void> {
    const logs = this.#logs.values()
    const flushInTurn = async (): Promise<void> => {
      for (const log of logs) if (log.failure === null) await log.prepareClose()
    }
    await Promise.all(Array.from({ length: FLUSHED_AT_ONCE }, flushInTurn))
  }

  /** Makes everything durable and says so in the directory. The logs are closed. */
  close(brokerEpoch = -1): void {
    if (this.offline) return
    this.#deferred.stop()
    for (const log of this.#logs.values()) log.close()
    if (this.#wasCleanShutdown !== null) this.#checkpoints.writeAllNow()
    const isWhole = this.#wasCleanShutdown === true || this.#loaded
    if (isWhole && this.refused.size === 0) {
      const content = encodeCleanShutdown(brokerEpoch)
      this.disk.writeFileAtomic(`${this.path}/${CLEAN_SHUTDOWN_FILE}`, content)
    }
    this.offline = true
    this.#lock.release()
  }

  #warn(message: string): void {
    this.#options.onWarning?.(message)
  }
}
