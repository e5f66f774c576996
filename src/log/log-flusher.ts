/**
 * Makes one log durable: the log files first, then what must not be older than the recovery point
 * (leader epochs, producer snapshots, the topic id), and only then does the recovery point move.
 *
 * Indexes are synced once a segment is sealed. Those of the active segment are not: after a crash
 * they are believed only as far as they agree with the log, and made anew otherwise.
 *
 * Invariant: calls at the same time share a sync, and a truncation in between keeps the recovery
 * point where the truncation put it.
 */
import { encodeEpochs } from './checkpoint-file.ts'
import { LEADER_EPOCH_CHECKPOINT } from './file-names.ts'
import type { LeaderEpochCache } from './leader-epoch-cache.ts'
import { syncTopicId } from './partition-metadata.ts'
import type { ProducerSnapshots } from './producer-snapshots.ts'
import type { Segment, SegmentHome } from './segment.ts'
import type { Segments } from './segments.ts'

export interface FlushableLog {
  readonly home: SegmentHome
  readonly segments: Segments
  readonly truncations: number
  readonly logEndOffset: number
  recoveryPoint: number
  write(): void
}

export class LogFlusher {
  /** Names were made in the directory since it was last synced. */
  directoryDirty: boolean
  /** The directory itself is new. */
  #parentDirty: boolean
  /** `partition.metadata` was written and not synced. */
  topicIdDirty: boolean
  readonly #log: FlushableLog
  readonly #epochs: LeaderEpochCache
  readonly #snapshots: ProducerSnapshots
  readonly #onFailure: (error: unknown) => void
  #running: Promise<void> | null = null
  #next: Promise<void> | null = null

  constructor(
    log: FlushableLog,
    epochs: LeaderEpochCache,
    snapshots: ProducerSnapshots,
    isUnsynced: boolean,
    onFailure: (error: unknown) => void,
  ) {
    // What a process that was killed has made may not be on the platter either.
    this.directoryDirty = isUnsynced
    this.#parentDirty = isUnsynced
    this.topicIdDirty = isUnsynced
    this.#log = log
    this.#epochs = epochs
    this.#snapshots = snapshots
    this.#onFailure = onFailure
  }

  /** Makes everything appended so far durable, off the event loop. */
  flush(): Promise<void> {
    if (this.#next !== null) return this.#next
    if (this.#running === null) return this.#start()
    const begin = (): Promise<void> => {
      this.#next = null
      return this.#running ?? this.#start()
    }
    this.#next = this.#running.then(begin, begin)
    return this.#next
  }

  #start(): Promise<void> {
    const running = this.#run().finally(() => {
      if (this.#running === running) this.#running = null
    })
    this.#running = running
    return running
  }

  async #run(): Promise<void> {
    const log = this.#log
    log.write()
    const { truncations, logEndOffset: target } = log
    if (target <= log.recoveryPoint) return
    try {
      for (const segment of log.segments.overlapping(log.recoveryPoint, target)) {
        if (isLive(segment)) await segment.sync(segment !== log.segments.active)
      }
      this.#syncMetadata()
    } catch (error) {
      this.#onFailure(error)
      throw error
    }
    if (log.truncations === truncations) this.#reached(target)
  }

  /** The same on this thread, for the moments when nothing else may happen. */
  flushNow(): void {
    const log = this.#log
    log.write()
    try {
      if (log.logEndOffset > log.recoveryPoint) {
        for (const segment of log.segments.overlapping(log.recoveryPoint, log.logEndOffset)) {
          segment.syncNow(segment !== log.segments.active)
        }
      }
      this.#syncMetadata()
    } catch (error) {
      this.#onFailure(error)
      throw error
    }
    this.#reached(log.logEndOffset)
  }

  #reached(offset: number): void {
    this.#log.recoveryPoint = Math.max(this.#log.recoveryPoint, offset)
  }

  #syncMetadata(): void {
    const { disk, directory } = this.#log.home
    if (this.#epochs.dirty) {
      const content = encodeEpochs(this.#epochs.entries)
      disk.writeFileAtomic(`${directory}/${LEADER_EPOCH_CHECKPOINT}`, content)
      this.#epochs.dirty = false
    }
    this.#snapshots.syncNow()
    if (this.topicIdDirty) syncTopicId(disk, directory)
    this.topicIdDirty = false
    if (this.directoryDirty) disk.syncDirectory(directory)
    this.directoryDirty = false
    if (this.#parentDirty) disk.syncDirectory(directory.slice(0, directory.lastIndexOf('/')) || '/')
    this.#parentDirty = false
  }
}

/** Not renamed away by retention meanwhile. */
function isLive(segment: Segment): boolean {
  return segment.suffix === ''
}
