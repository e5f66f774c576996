/**
 * The offset checkpoints of a log directory. Invariant: what is in a file was true when it was
 * written and stays true: recovery points only move up without a new checkpoint, and a name that is
 * used again is taken out first.
 */
import {
  CheckpointError,
  decodeOffsets,
  encodeOffsets,
  type PartitionOffsets,
} from './checkpoint-file.ts'
import { type CheckpointOwner, CheckpointWriter } from './checkpoint-writer.ts'
import { CorruptLogError } from './corrupt-log-error.ts'
import { parsePartitionDirectoryName } from './file-names.ts'
import type { UnifiedLog } from './unified-log.ts'

const RECOVERY_POINTS = 'recovery-point-offset-checkpoint'
const LOG_START_OFFSETS = 'log-start-offset-checkpoint'
const HIGH_WATERMARKS = 'replication-offset-checkpoint'
/** Its log start and watermark are the quorum's matter; its recovery point is ours. */
const METADATA_TOPIC = '__cluster_metadata'

type Checkpoint = typeof RECOVERY_POINTS | typeof LOG_START_OFFSETS | typeof HIGH_WATERMARKS
/** Durably before what follows, or off the event loop. */
export type CheckpointTime = 'now' | 'soon'

export class LogCheckpoints {
  /** As they were when the directory was opened. */
  recoveryPoints: PartitionOffsets = new Map()
  logStartOffsets: PartitionOffsets = new Map()
  highWatermarks: PartitionOffsets = new Map()
  /** Every partition that can be opened is; what the files say of others is of no use any more. */
  allOpen = false
  readonly #owner: CheckpointOwner
  readonly #logs: ReadonlyMap<string, UnifiedLog>
  readonly #refused: ReadonlyMap<string, Error>
  readonly #warn: (message: string) => void
  readonly #writers: Readonly<Record<Checkpoint, CheckpointWriter>>
  /** Partitions that a checkpoint speaks of. */
  #names = new Set<string>()

  constructor(
    owner: CheckpointOwner,
    logs: ReadonlyMap<string, UnifiedLog>,
    refused: ReadonlyMap<string, Error>,
    warn: (message: string) => void,
  ) {
    this.#owner = owner
    this.#logs = logs
    this.#refused = refused
    this.#warn = warn
    this.#writers = {
      [RECOVERY_POINTS]: new CheckpointWriter(owner, RECOVERY_POINTS),
      [LOG_START_OFFSETS]: new CheckpointWriter(owner, LOG_START_OFFSETS),
      [HIGH_WATERMARKS]: new CheckpointWriter(owner, HIGH_WATERMARKS),
    }
  }

  /** Reads what the last run has left. A file that can't be read counts as empty. */
  read(): void {
    this.recoveryPoints = this.#read(RECOVERY_POINTS)
    this.logStartOffsets = this.#read(LOG_START_OFFSETS)
    this.highWatermarks = this.#read(HIGH_WATERMARKS)
    const files = [this.recoveryPoints, this.logStartOffsets, this.highWatermarks]
    this.#names = new Set(files.flatMap((offsets) => [...offsets.keys()]))
  }

  #read(file: string): PartitionOffsets {
    const { disk, path: directory } = this.#owner
    const path = `${directory}/${file}`
    if (disk.stat(path) === null) return new Map()
    try {
      return decodeOffsets(disk.readFile(path), path)
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error
      this.#warn(`${error.message}; going on without it`)
      return new Map()
    }
  }

  /**
   * Gives a log that was opened the watermark it had. One that ends before what is known of it has
   * lost its end between two batches, where nothing else would tell.
   */
  begin(log: UnifiedLog): void {
    const watermark = this.highWatermarks.get(log.name) ?? 0
    const known = Math.max(watermark, this.recoveryPoints.get(log.name) ?? 0)
    const { logEndOffset: end } = log
    if (end < known) {
      const offsets = `offsets ${end} to ${known - 1}, which it had by ${this.#owner.path}'s checkpoints`
      this.#warn(`${log.fileOf(end)}: ends at offset ${end}: ${offsets}, are gone`)
    }
    log.advanceHighWatermark(watermark)
  }

  /** The same of the metadata log, without whose end the topics can't be told. */
  refuseShort(log: UnifiedLog): void {
    const known = this.recoveryPoints.get(log.name) ?? 0
    const { logEndOffset: end } = log
    if (end >= known) return
    throw new CorruptLogError(
      `${log.fileOf(end)}: ends at offset ${end}, and everything below offset ${known} had been ` +
        'flushed. Restore the file from a copy.',
    )
  }

  /** Before a partition is made: what an earlier one of that name has left is not true of it. */
  forget(name: string): void {
    if (!this.#names.has(name)) return
    this.writeAllNow()
    this.#names = new Set(this.#logs.keys())
  }

  writeAllNow(): void {
    this.writeRecoveryPoints('now')
    this.writeLogStartOffsets('now')
    this.writeHighWatermarks('now')
  }

  writeRecoveryPoints(when: CheckpointTime): void {
    const kept = this.#keptOf(this.recoveryPoints)
    this.#write(RECOVERY_POINTS, when, (log) => log.recoveryPoint, kept)
    for (const name of this.#logs.keys()) this.#names.add(name)
  }

  /** Only where it isn't what the first segment says anyway. */
  writeLogStartOffsets(when: CheckpointTime): void {
    const kept = this.#keptOf(this.logStartOffsets)
    const offsetOf = (log: UnifiedLog): number =>
      log.logStartOffset > log.segments.first.baseOffset ? log.logStartOffset : -1
    this.#write(LOG_START_OFFSETS, when, offsetOf, kept)
  }

  writeHighWatermarks(when: CheckpointTime): void {
    const offsetOf = (log: UnifiedLog): number =>
      log.topic === METADATA_TOPIC ? -1 : log.highWatermark
    this.#write(HIGH_WATERMARKS, when, offsetOf, [])
    for (const name of this.#logs.keys()) this.#names.add(name)
  }

  /**
   * What is kept of logs that are not open: of all before they are opened, and of refused ones for
   * when their files have been mended.
   */
  #keptOf(offsets: PartitionOffsets) {
    const kept: { topic: string; partition: number; offset: number }[] = []
    for (const [name, offset] of offsets) {
      const parsed = parsePartitionDirectoryName(name)
      if (parsed === null || this.#logs.has(name)) continue
      if (this.allOpen && !this.#refused.has(name)) continue
      kept.push({ topic: parsed.topic, partition: parsed.partition, offset })
    }
    return kept
  }

  /** Writes what `offsetOf` says of each log (negative: nothing), if that is something new. */
  #write(
    file: Checkpoint,
    when: CheckpointTime,
    offsetOf: (log: UnifiedLog) => number,
    kept: readonly { topic: string; partition: number; offset: number }[],
  ): void {
    const entries = [...kept]
    for (const log of this.#logs.values()) {
      const offset = offsetOf(log)
      if (offset >= 0) entries.push({ topic: log.topic, partition: log.partition, offset })
    }
    const content = encodeOffsets(entries)
    if (when === 'now') this.#writers[file].writeNow(content)
    else void this.#writers[file].writeSoon(content)
  }
}
