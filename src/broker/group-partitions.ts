/**
 * Joins the group coordinator to the partitions of `__consumer_offsets`: appends what it writes,
 * tells it what is committed, and loads a partition that begins to be led here.
 *
 * A load reads the log in slices and yields to the loop between them, so that a large partition
 * delays nobody; until it is done the coordinator answers COORDINATOR_LOAD_IN_PROGRESS.
 */
import type { Logger } from '../base/logger.ts'
import type { GroupCoordinator } from '../coordinator/group/group-coordinator.ts'
import type { CoordinatorLog } from '../coordinator/runtime.ts'
import type { ReadResult } from '../log/unified-log.ts'
import { GROUP_METADATA_TOPIC } from '../metadata/topic-name.ts'
import { ErrorCode, errorName } from '../protocol/errors.ts'
import type { Partition } from './partition.ts'
import type { Partitions } from './partitions.ts'

/** What is loaded in one turn: about ten milliseconds of work. */
const LOAD_SLICE_BYTES = 256 * 1024

export interface GroupPartitionsOptions {
  readonly logger: Logger
  readonly nowMs: () => number
  /** Runs a callback in the next turn. */
  readonly resume: (callback: () => void) => void
}

export class GroupPartitions implements CoordinatorLog {
  readonly #options: GroupPartitionsOptions
  #partitions: Partitions | null = null
  #groups: GroupCoordinator | null = null
  /** Loads under way, by partition: a later load of the same partition ends the earlier one. */
  readonly #loads = new Map<number, object>()

  constructor(options: GroupPartitionsOptions) {
    this.#options = options
  }

  /** Set once, before the first partition is led. */
  connect(partitions: Partitions, groups: GroupCoordinator): void {
    this.#partitions = partitions
    this.#groups = groups
  }

  append(
    index: number,
    batch: Uint8Array,
    nowMs: number,
  ): { readonly error: ErrorCode; readonly lastOffset: number } {
    const partition = this.#find(index)
    if (partition === null) return { error: ErrorCode.NOT_LEADER_OR_FOLLOWER, lastOffset: -1 }
    if (partition.error !== ErrorCode.NONE) return { error: partition.error, lastOffset: -1 }
    const { error, lastOffset } =
      this.#partitions?.append(partition, batch, 'coordinator', nowMs) ?? NOT_HERE
    return { error, lastOffset }
  }

  maxBatchBytes(index: number): number {
    return this.#find(index)?.log.config.maxMessageBytes ?? 0
  }

  reload(index: number, _leaderEpoch: number): void {
    const partition = this.#find(index)
    if (partition !== null && partition.error === ErrorCode.NONE) this.lead(partition)
  }

  /** A partition of any topic begins to be led here, or under a new epoch. */
  lead(partition: Partition): void {
    if (partition.topic !== GROUP_METADATA_TOPIC) return
    const load = {}
    this.#loads.set(partition.index, load)
    this.#groups?.beginLoad(partition.index, partition.leaderEpoch)
    this.#loadFrom(partition, partition.log.logStartOffset, load)
  }

  /** A partition is no longer here. */
  drop(partition: Partition): void {
    if (partition.topic !== GROUP_METADATA_TOPIC) return
    this.#loads.delete(partition.index)
    this.#groups?.unload(partition.index)
  }

  committed(partition: Partition): void {
    if (partition.topic !== GROUP_METADATA_TOPIC) return
    this.#groups?.onHighWatermark(partition.index, partition.log.highWatermark)
  }

  #find(index: number): Partition | null {
    return this.#partitions?.find(GROUP_METADATA_TOPIC, index) ?? null
  }

  #loadFrom(partition: Partition, offset: number, load: object): void {
    if (this.#loads.get(partition.index) !== load) return
    const { log } = partition
    if (offset >= log.logEndOffset) {
      this.#finish(partition, load)
      return
    }
    const read = log.read(offset, LOAD_SLICE_BYTES, {
      minOneMessage: true,
      upperBound: log.logEndOffset,
    })
    if (!(read instanceof Promise)) this.#take(partition, offset, read, load)
    else {
      read.then(
        (result) => this.#options.resume(() => this.#take(partition, offset, result, load)),
        (error: unknown) => this.#fail(partition, String(error), load),
      )
    }
  }

  /** Replays what was read and goes on behind it, in the next turn. */
  #take(partition: Partition, offset: number, read: ReadResult, load: object): void {
    if (this.#loads.get(partition.index) !== load) return
    if (read.error !== ErrorCode.NONE) {
      this.#fail(partition, `${errorName(read.error)} at offset ${offset}`, load)
      return
    }
    if (read.nextOffset <= offset) {
      // Nothing more up to the end, as compaction or a power cut may leave it.
      this.#finish(partition, load)
      return
    }
    for (const piece of read.pieces) this.#groups?.loadBatches(partition.index, piece)
    const next = (): void => this.#loadFrom(partition, read.nextOffset, load)
    if (read.nextOffset >= partition.log.logEndOffset) next()
    else this.#options.resume(next)
  }

  #finish(partition: Partition, load: object): void {
    if (this.#loads.get(partition.index) !== load) return
    this.#loads.delete(partition.index)
    const result = this.#groups?.finishLoad(partition.index, this.#options.nowMs(), {
      endOffset: partition.log.logEndOffset,
      highWatermark: partition.log.highWatermark,
    })
    if (result !== undefined && result.failure !== null) {
      this.#options.logger.error(
        `${GROUP_METADATA_TOPIC}-${partition.index} could not be loaded: ${result.failure}`,
      )
    }
  }

  /** The partition stays as it is, and its groups unavailable: nothing may be made up. */
  #fail(partition: Partition, reason: string, load: object): void {
    if (this.#loads.get(partition.index) !== load) return
    this.#loads.delete(partition.index)
    this.#groups?.unload(partition.index)
    this.#options.logger.error(
      `${GROUP_METADATA_TOPIC}-${partition.index} could not be loaded: ${reason}`,
    )
  }
}

const NOT_HERE = { error: ErrorCode.NOT_LEADER_OR_FOLLOWER, lastOffset: -1 } as const
