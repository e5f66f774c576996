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

import type { Disk } from '../io/io.ts'
import { encodeEpochs } from './checkpoint-file.ts'
import { LEADER_EPOCH_CHECKPOINT, PARTITION_METADATA } from './file-names.ts'
import type { LeaderEpochCache } from './leader-epoch-cache.ts'
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

export interface LogFlusherOptions {
  /** The log's directory and its `partition.metadata` may not be on the platter. */
  readonly isUnsynced: boolean
  /** Makes the name of the log's directory durable. */
  readonly syncParent: () => void
  readonly onFailure: (error: unknown) => void
}

interface Unsynced {
  readonly path: string
  readonly isDirectory?: true
}

export class LogFlusher {
  /** Names were made in the directory since it was last synced. */
  directoryDirty: boolean
  /** The directory itself, and its `partition.metadata`, may not be on the platter. */
  #isUnsynced: boolean
  readonly #log: FlushableLog
  readonly #epochs: LeaderEpochCache
  readonly #snapshots: ProducerSnapshots
  readonly #options: LogFlusherOptions
  /** Whose log it is may be said by nothing but the page cache. */
  #namesUnsynced: boolean
  /** How often the epochs were written. */
  #epochsWritten = 0
  /** They were written, and have not got their name yet. */
  #epochsAreOnTheirWay = false
  /** The directory is being synced. */
  #directoryIsOnItsWay = false
  #running: Promise<void> | null = null
  #next: Promise<void> | null = null

  constructor(
    log: FlushableLog,
    epochs: LeaderEpochCache,
    snapshots: ProducerSnapshots,
    options: LogFlusherOptions,
  ) {
    // What a process that was killed has made may not be on the platter either.
    this.directoryDirty = options.isUnsynced
    this.#isUnsynced = options.isUnsynced
    this.#namesUnsynced = options.isUnsynced
    this.#log = log
    this.#epochs = epochs
    this.#snapshots = snapshots
    this.#options = options
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
      for (const each of this.#metadata()) await syncAsync(log.home.disk, each)
    } catch (error) {
      this.#options.onFailure(error)
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
      for (const each of this.#metadata()) syncNow(log.home.disk, each)
    } catch (error) {
      this.#options.onFailure(error)
      throw error
    }
    this.#reached(log.logEndOffset)
  }

  /**
   * The last flush before the log is closed. A log that has nothing new is left as it is: an epoch
   * without a batch is given again at the next start, and a log that never had a batch is made
   * again if a power cut takes its directory. So ten thousand idle logs close without a sync.
   */
  flushForClose(): void {
    const { logEndOffset, recoveryPoint } = this.#log
    const hasUnsyncedNames = this.#isUnsynced && logEndOffset > 0
    if (logEndOffset > recoveryPoint || hasUnsyncedNames || this.#snapshots.unsynced.length > 0) {
      this.flushNow()
    }
  }

  #reached(offset: number): void {
    this.#log.recoveryPoint = Math.max(this.#log.recoveryPoint, offset)
  }

  /**
   * With the first batch: makes durable whose log this is, off the event loop. A power cut before
   * the first flush, which can be long after, would leave a log that belongs to nobody.
   */
  startNames(): void {
    if (!this.#namesUnsynced) return
    this.#namesUnsynced = false
    const { disk, directory } = this.#log.home
    const names = { path: `${directory}/${PARTITION_METADATA}` }
    syncAsync(disk, names).catch(this.#options.onFailure)
  }

  /** Makes durable that the log is there and whose it is, whatever becomes of its batches. */
  syncNames(): void {
    for (const each of this.#metadata()) syncNow(this.#log.home.disk, each)
  }

  /** Yields what must be synced before the recovery point moves. */
  *#metadata(): Generator<Unsynced, void> {
    const { disk, directory } = this.#log.home
    if (this.#epochs.dirty || this.#epochsAreOnTheirWay) {
      const path = `${directory}/${LEADER_EPOCH_CHECKPOINT}`
      this.#epochs.dirty = false
      this.#epochsAreOnTheirWay = true
      const number = ++this.#epochsWritten
      replaceFile(disk, `${path}.tmp`, encodeEpochs(this.#epochs.entries))
      yield { path: `${path}.tmp` }
      // A flush on this thread may have come in between, and put newer ones there.
      if (number === this.#epochsWritten) {
        disk.rename(`${path}.tmp`, path)
        this.#epochsAreOnTheirWay = false
        this.directoryDirty = true
      }
    }
    for (const snapshot of this.#snapshots.unsynced) {
      yield snapshot
      this.#snapshots.noteSynced(snapshot)
    }
    if (this.#isUnsynced) yield { path: `${directory}/${PARTITION_METADATA}` }
    if (this.directoryDirty || this.#directoryIsOnItsWay) {
      this.directoryDirty = false
      this.#directoryIsOnItsWay = true
      yield { path: directory, isDirectory: true }
      this.#directoryIsOnItsWay = false
    }
    if (this.#isUnsynced) this.#options.syncParent()
    this.#isUnsynced = false
  }
}

function replaceFile(disk: Disk, path: string, content: Uint8Array): void {
  const file = disk.open(path, 'create')
  try {
    file.truncate(0)
    file.write([content], 0)
  } finally {
    file.close()
  }
}

/** Nothing happens where the file is gone: then it needn't outlive anything. */
function syncNow(disk: Disk, { path, isDirectory }: Unsynced): void {
  if (disk.stat(path) === null) return
  if (isDirectory === true) {
    disk.syncDirectory(path)
    return
  }
  const file = disk.open(path, 'write')
  try {
    file.syncNow()
  } finally {
    file.close()
  }
}

async function syncAsync(disk: Disk, { path, isDirectory }: Unsynced): Promise<void> {
  if (disk.stat(path) === null) return
  if (isDirectory === true) return disk.syncDirectoryAsync(path)
  const file = disk.open(path, 'write')
  try {
    await file.sync()
  } finally {
    file.close()
  }
}

/** Not renamed away by retention meanwhile. */
function isLive(segment: Segment): boolean {
  return segment.suffix === ''
}
