/**
 * The log cleaner: keeps compacted topics compact (KIP-58, KIP-354, KIP-534). It cleans one log at
 * a time, always the dirtiest of all that are dirty enough or overdue, in slices that the node's
 * loop gives it (`step`), and remembers in each log directory's `cleaner-offset-checkpoint` how far
 * it got.
 *
 * Invariant: a checkpoint is written after the round that made it true. A log whose files are
 * damaged is left alone until the node starts again, with a warning; a disk error takes the
 * directory offline, as everywhere.
 */
import type { Random } from '../io/io.ts'
import {
  CheckpointError,
  decodeOffsets,
  encodeOffsets,
  type PartitionOffsets,
} from './checkpoint-file.ts'
import { type CheckpointOwner, CheckpointWriter } from './checkpoint-writer.ts'
import { type CleaningPlan, isWorthCleaning, planCleaning } from './cleaner-plan.ts'
import { type CleanableLog, CleaningRound, type RoundStats } from './cleaner-round.ts'

const CHECKPOINT = 'cleaner-offset-checkpoint'
/** What a step works on where the caller doesn't say: about a millisecond. */
const STEP_BYTES = 128 * 1024

/** The broker's configs for it. */
export interface CleanerConfig {
  /** log.cleaner.enable */
  readonly isEnabled: boolean
  /** log.cleaner.dedupe.buffer.size: the memory for the keys of one round. */
  readonly dedupeBufferBytes: number
  /** log.cleaner.io.buffer.load.factor */
  readonly dedupeBufferLoadFactor: number
  /** log.cleaner.io.buffer.size */
  readonly ioBufferBytes: number
  /** log.cleaner.io.max.bytes.per.second: reads and writes together. */
  readonly ioMaxBytesPerSecond: number
  /** log.cleaner.backoff.ms: how long to wait where nothing is to be done. */
  readonly backoffMs: number
}

export const DEFAULT_CLEANER_CONFIG: CleanerConfig = Object.freeze({
  isEnabled: true,
  dedupeBufferBytes: 128 * 1024 * 1024,
  dedupeBufferLoadFactor: 0.9,
  ioBufferBytes: 512 * 1024,
  ioMaxBytesPerSecond: Infinity,
  backoffMs: 15_000,
})

/** What the cleaner needs of a log directory; `LogDirectory` is one. */
export interface CleanerDirectory extends CheckpointOwner {
  logs(): readonly CleanableLog[]
}

export interface CleanerOptions {
  readonly directories: readonly CleanerDirectory[]
  readonly config: CleanerConfig
  readonly random: Random
  readonly nowMs: number
  readonly onWarning?: (message: string) => void
  /** Called when `step` has something to do again. */
  readonly onReady?: () => void
}

/** How far a log was cleaned. */
interface Progress {
  offset: number
  /** Null until the log has been seen: the checkpoint is from an earlier run. */
  log: CleanableLog | null
}

type Checkpoints = Map<string, Progress>

export class LogCleaner {
  /** What the last completed round did. */
  lastRound: RoundStats | null = null
  /** When a round was last looked for. */
  lastRunMs: number
  /** The highest dirty ratio that was last seen. */
  maxDirtyRatio = 0
  /** The longest that something is beyond its maximum lag. */
  maxCompactionDelayMs = 0
  #config: CleanerConfig
  readonly #options: CleanerOptions
  readonly #checkpoints = new Map<CleanerDirectory, Checkpoints>()
  readonly #writers = new Map<CleanerDirectory, CheckpointWriter>()
  /** Logs whose files are damaged. */
  readonly #uncleanable = new Set<CleanableLog>()
  #round: CleaningRound | null = null
  #directory: CleanerDirectory | null = null
  /** A step before this has nothing to do; Infinity while a read or sync is awaited. */
  #nextMs: number
  /** When to go on after what is awaited. */
  #resumeMs = 0

  constructor(options: CleanerOptions) {
    this.#options = options
    this.#config = options.config
    this.#nextMs = options.nowMs
    this.lastRunMs = options.nowMs
  }

  /** When `step` has something to do; `onReady` says when that changes by itself. */
  nextDeadlineMs(): number {
    return this.#config.isEnabled ? this.#nextMs : Infinity
  }

  /** Logs that are left alone because their files are damaged. */
  get uncleanableCount(): number {
    return this.#uncleanable.size
  }

  /** The log that is being cleaned, or null. */
  get cleaning(): CleanableLog | null {
    return this.#round?.plan.log ?? null
  }

  /** Takes changed broker configs over, from the next round on. */
  updateConfig(config: CleanerConfig, nowMs: number): void {
    this.#config = config
    if (this.#round === null) this.#nextMs = nowMs
  }

  /** Cleans about `budgetBytes` of a log, if one is to be cleaned and it is time. */
  step(nowMs: number, budgetBytes: number = STEP_BYTES): void {
    if (!this.#config.isEnabled || nowMs < this.#nextMs) return
    if (this.#round === null && !this.#begin(nowMs)) {
      this.#nextMs = nowMs + this.#config.backoffMs
      return
    }
    const round = this.#round!
    const directory = this.#directory!
    const before = round.stats.bytesRead + round.stats.bytesWritten + round.stats.mapBytesRead
    try {
      const state = round.step(nowMs, budgetBytes)
      if (state === 'done') this.#finish(round, directory)
      if (state === 'done' || state === 'aborted') this.#round = null
      if (state === 'waiting') this.#nextMs = Infinity
    } catch (error) {
      this.#failed(round, directory, error)
    }
    const after = round.stats.bytesRead + round.stats.bytesWritten + round.stats.mapBytesRead
    const pauseMs = ((after - before) * 1000) / this.#config.ioMaxBytesPerSecond
    if (this.#nextMs !== Infinity) this.#nextMs = nowMs + pauseMs
    else this.#resumeMs = nowMs + pauseMs
  }

  #ready(): void {
    this.#nextMs = this.#resumeMs
    this.#options.onReady?.()
  }

  /** Picks the dirtiest log; false where none is dirty enough. */
  #begin(nowMs: number): boolean {
    this.lastRunMs = nowMs
    this.maxDirtyRatio = 0
    this.maxCompactionDelayMs = 0
    let best: CleaningPlan<CleanableLog> | null = null
    for (const directory of this.#options.directories) {
      if (directory.offline) continue
      const checkpoints = this.#checkpointsOf(directory)
      this.#forgetDeleted(directory, checkpoints)
      for (const log of directory.logs()) {
        const plan = this.#planFor(log, checkpoints, nowMs)
        if (plan === null) continue
        if (plan.isCheckpointReset) this.#saveSoon(directory, log, plan.firstDirtyOffset)
        this.maxCompactionDelayMs = Math.max(this.maxCompactionDelayMs, plan.overdueMs)
        this.maxDirtyRatio = Math.max(this.maxDirtyRatio, plan.dirtyRatio)
        if (!isWorthCleaning(plan) || (best !== null && plan.dirtyRatio <= best.dirtyRatio))
          continue
        best = plan
        this.#directory = directory
      }
    }
    if (best === null) return false
    this.#round = new CleaningRound(best, {
      dedupeBufferBytes: this.#config.dedupeBufferBytes,
      dedupeBufferLoadFactor: this.#config.dedupeBufferLoadFactor,
      ioBufferBytes: this.#config.ioBufferBytes,
      nowMs,
      seed: this.#options.random.int(2 ** 31),
      onReady: () => this.#ready(),
    })
    return true
  }

  #planFor(
    log: CleanableLog,
    checkpoints: Checkpoints,
    nowMs: number,
  ): CleaningPlan<CleanableLog> | null {
    const isCandidate =
      log.home.config.cleanupPolicyCompact && log.failure === null && !this.#uncleanable.has(log)
    if (!isCandidate) return null
    // What a killed process has left is cleaned once it is on the platter. A failure is remembered.
    if (log.recoveryPoint < log.segments.active.baseOffset) log.flush().catch(() => {})
    return planCleaning(log, checkpoints.get(log.name)?.offset ?? -1, nowMs)
  }

  #finish(round: CleaningRound, directory: CleanerDirectory): void {
    this.lastRound = round.stats
    const { log } = round.plan
    if (round.stats.recordsWithoutKey > 0) {
      this.#warn(`${log.name}: ${round.stats.recordsWithoutKey} records without a key were dropped`)
    }
    this.#saveSoon(directory, log, round.endOffset)
  }

  #failed(round: CleaningRound, directory: CleanerDirectory, error: unknown): void {
    const { log } = round.plan
    this.#round = null
    if (log.failure !== null) return
    if (isDiskError(error)) {
      directory.fail(error)
      return
    }
    if (!(error instanceof Error) || error.name === 'AssertionError') throw error
    this.#uncleanable.add(log)
    this.#warn(`${log.name} can't be compacted and is left alone: ${error.message}`)
  }

  /** Ends the round of a log that is to be truncated, moved or deleted. */
  abort(log: CleanableLog): void {
    if (this.#round?.plan.log !== log) return
    this.#round.abort()
    this.#round = null
    this.#nextMs = this.#resumeMs
  }

  /** The log was truncated: what lies beyond `offset` is dirty again. */
  truncated(log: CleanableLog, offset: number): void {
    for (const directory of this.#options.directories) {
      const progress = this.#checkpoints.get(directory)?.get(log.name)
      if (progress?.log !== log || progress.offset <= offset) continue
      try {
        this.#writer(directory).writeNow(this.#noted(directory, log, offset))
      } catch (error) {
        directory.fail(error)
      }
    }
  }

  /** Ends the round under way. */
  close(): void {
    this.#round?.abort()
    this.#round = null
    this.#nextMs = Infinity
  }

  #checkpointsOf(directory: CleanerDirectory): Checkpoints {
    let checkpoints = this.#checkpoints.get(directory)
    if (checkpoints === undefined) {
      checkpoints = new Map()
      for (const [name, offset] of this.#read(directory)) {
        checkpoints.set(name, { offset, log: null })
      }
      this.#checkpoints.set(directory, checkpoints)
    }
    return checkpoints
  }

  #read(directory: CleanerDirectory): PartitionOffsets {
    const path = `${directory.path}/${CHECKPOINT}`
    if (directory.disk.stat(path) === null) return new Map()
    try {
      return decodeOffsets(directory.disk.readFile(path), path)
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error
      this.#warn(`${error.message}; everything counts as dirty`)
      return new Map()
    }
  }

  /** A partition that is gone leaves its progress to none that comes later under its name. */
  #forgetDeleted(directory: CleanerDirectory, checkpoints: Checkpoints): void {
    const logs = new Map(directory.logs().map((log) => [log.name, log]))
    for (const [name, progress] of checkpoints) {
      const log = logs.get(name)
      if (log !== undefined && progress.log === null) progress.log = log
      if (log === undefined || progress.log !== log) checkpoints.delete(name)
    }
    for (const log of this.#uncleanable) if (log.failure !== null) this.#uncleanable.delete(log)
  }

  #saveSoon(directory: CleanerDirectory, log: CleanableLog, offset: number): void {
    void this.#writer(directory).writeSoon(this.#noted(directory, log, offset))
  }

  #writer(directory: CleanerDirectory): CheckpointWriter {
    let writer = this.#writers.get(directory)
    if (writer === undefined) {
      writer = new CheckpointWriter(directory, CHECKPOINT)
      this.#writers.set(directory, writer)
    }
    return writer
  }

  /** Notes how far `log` is clean; returns what the checkpoint is to say. */
  #noted(directory: CleanerDirectory, log: CleanableLog, offset: number): Uint8Array {
    const checkpoints = this.#checkpointsOf(directory)
    checkpoints.set(log.name, { offset, log })
    const entries: { topic: string; partition: number; offset: number }[] = []
    for (const { offset, log } of checkpoints.values()) {
      if (log !== null) entries.push({ topic: log.topic, partition: log.partition, offset })
    }
    return encodeOffsets(entries)
  }

  #warn(message: string): void {
    this.#options.onWarning?.(message)
  }
}

function isDiskError(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).code === 'string'
}
