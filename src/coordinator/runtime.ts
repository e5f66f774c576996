/**
 * Runs the state machines of a coordinator: one shard for each partition of an internal topic.
 *
 * A request reads the shard, decides on records, and appends them to the shard's journal. The
 * journal replays each record at once (replay is the only mutator of what is durable), gathers the
 * records of all requests of a turn in one batch, and `flush` hands that batch to the log. Every
 * answer, a plain read's too, is parked until all that it may have observed is committed; so there
 * is one version of the state. When an append fails, everybody parked is told, and the shard is
 * dropped and loaded again from the log: the way that a change of leader goes anyway.
 *
 * Invariant: an answer that is out tells nothing that a crash can undo.
 */
import { assert } from '../base/assert.ts'
import { ErrorCode } from '../protocol/errors.ts'
import { coordinatorError } from './coordinator-error.ts'
import { type Journal, JournalPartition, type RecordCodec } from './journal.ts'
import { type LoadResult, ShardLoader } from './loader.ts'

/**
 * The partitions of the internal topic that this node leads, as far as a coordinator needs them.
 */
export interface CoordinatorLog {
  /** Appends one batch as the leader. `lastOffset` is the offset of its last record. */
  append(
    partition: number,
    batch: Uint8Array,
    nowMs: number,
  ): { readonly error: ErrorCode; readonly lastOffset: number }
  /** `max.message.bytes` of the topic. */
  maxBatchBytes(partition: number): number
  /**
   * Asks for the partition to be read again from its start and handed to `load`: its state in
   * memory is no longer what the log says. May call `load` before it returns.
   */
  reload(partition: number, leaderEpoch: number): void
}

/** A state machine over the records of one partition. */
export interface CoordinatorShard<Rec> {
  /** Applies one record; called live, on load, and after a change of leader. */
  replay(record: Rec, offset: number, producerId: number): void
  /** Applies the end marker of a transaction. */
  replayEndTransaction(producerId: number, committed: boolean): void
  /** The log is replayed: timers start now. */
  loaded(nowMs: number): void
  /** The shard goes away: whoever still waits in its volatile state is told `error`. */
  unloaded(error: ErrorCode): void
  /**
   * When `expire` has something to do; Infinity where it never has. It changes while an operation
   * runs and while its records are written and committed, and at no other time.
   */
  nextDeadlineMs(): number
  expire(nowMs: number): void
}

export interface RuntimeOptions<Rec, Shard extends CoordinatorShard<Rec>> {
  readonly log: CoordinatorLog
  readonly codec: RecordCodec<Rec>
  readonly createShard: (journal: Journal<Rec>) => Shard
  /** How long an answer may wait for its records to be committed. */
  readonly commitTimeoutMs: () => number
  readonly compression: () => CompressionType
}

/** Compression of the batches that a coordinator writes. */
export type CompressionType = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'

type Phase = 'loading' | 'active' | 'failed'

interface Slot<Rec, Shard> {
  readonly journal: JournalPartition<Rec>
  readonly shard: Shard
  readonly loader: ShardLoader<Rec>
  readonly leaderEpoch: number
  phase: Phase
}

export class CoordinatorRuntime<Rec, Shard extends CoordinatorShard<Rec>> {
  readonly #options: RuntimeOptions<Rec, Shard>
  readonly #slots = new Map<number, Slot<Rec, Shard>>()
  /** Those with records that the log has not got yet. */
  readonly #unwritten = new Set<Slot<Rec, Shard>>()
  /** The next deadline of all slots; null where something has happened to one since. */
  #nextMs: number | null = null

  constructor(options: RuntimeOptions<Rec, Shard>) {
    this.#options = options
  }

  /** Begins to load a partition: until `finishLoad` it answers COORDINATOR_LOAD_IN_PROGRESS. */
  beginLoad(partition: number, leaderEpoch: number): void {
    this.unload(partition)
    const { log, codec, createShard, commitTimeoutMs, compression } = this.#options
    const journal = new JournalPartition<Rec>({
      partition,
      log,
      codec,
      commitTimeoutMs,
      compression,
      replay: (record, offset) => shard.replay(record, offset, -1),
      onFailure: (error) => this.#fail(partition, error),
    })
    const shard = createShard(journal)
    const loader = new ShardLoader<Rec>(codec, shard)
    this.#slots.set(partition, { journal, shard, loader, leaderEpoch, phase: 'loading' })
  }

  /** Replays whole batches, in the log's order, into a partition that is being loaded. */
  loadBatches(partition: number, bytes: Uint8Array): void {
    const slot = this.#slots.get(partition)
    assert(slot !== undefined && slot.phase === 'loading', 'batches for a partition not loading')
    slot.loader.replayBatches(bytes)
  }

  /**
   * Ends loading. `endOffset` is the log's end, where it lies behind the last batch;
   * `highWatermark` is what is known to be committed (default: all of it).
   */
  finishLoad(
    partition: number,
    nowMs: number,
    options?: { readonly endOffset?: number; readonly highWatermark?: number },
  ): LoadResult {
    const slot = this.#slots.get(partition)
    assert(slot !== undefined && slot.phase === 'loading', 'end of a load that was not begun')
    const result = slot.loader.finish()
    if (result.failure !== null) {
      slot.phase = 'failed'
      return result
    }
    const endOffset = Math.max(result.endOffset, options?.endOffset ?? 0)
    slot.phase = 'active'
    slot.journal.open(endOffset, Math.min(endOffset, options?.highWatermark ?? endOffset))
    this.run(partition, nowMs, (shard) => shard.loaded(nowMs))
    return result
  }

  /** Forgets a partition that this node leads no more. */
  unload(partition: number): void {
    const slot = this.#slots.get(partition)
    if (slot === undefined) return
    this.#slots.delete(partition)
    this.#drop(slot, ErrorCode.NOT_COORDINATOR)
  }

  /** Partitions that are loaded or being loaded. */
  partitions(): Iterable<number> {
    return this.#slots.keys()
  }

  /**
   * Runs one operation on the shard of a partition. Returns NOT_COORDINATOR or
   * COORDINATOR_LOAD_IN_PROGRESS, and runs nothing, where the partition is not served.
   */
  run(
    partition: number,
    nowMs: number,
    operation: (shard: Shard, journal: Journal<Rec>) => void,
  ): ErrorCode {
    const slot = this.#slots.get(partition)
    if (slot === undefined || slot.phase === 'failed') return ErrorCode.NOT_COORDINATOR
    if (slot.phase === 'loading') return ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
    this.#nextMs = null
    slot.journal.nowMs = nowMs
    try {
      operation(slot.shard, slot.journal)
    } catch (error) {
      this.#fail(partition, ErrorCode.UNKNOWN_SERVER_ERROR)
      throw error
    }
    if (slot.journal.hasUnwritten) this.#unwritten.add(slot)
    return ErrorCode.NONE
  }

  /** Hands what this turn's requests wrote to the log: once per turn. */
  flush(nowMs: number): void {
    for (const slot of this.#unwritten) {
      this.#unwritten.delete(slot)
      this.#nextMs = null
      slot.journal.flush(nowMs)
    }
  }

  /** Everything below `offset` is committed: lets out the answers that waited for it. */
  onHighWatermark(partition: number, offset: number): void {
    const slot = this.#slots.get(partition)
    if (slot === undefined || slot.phase !== 'active') return
    this.#nextMs = null
    slot.journal.commit(offset)
  }

  /** Asked for in each turn: it looks at all partitions only where one was touched. */
  nextDeadlineMs(): number {
    this.#nextMs ??= this.#findNextMs()
    return this.#nextMs
  }

  #findNextMs(): number {
    let next = Number.POSITIVE_INFINITY
    for (const slot of this.#slots.values()) {
      if (slot.phase !== 'active') continue
      next = Math.min(next, slot.shard.nextDeadlineMs(), slot.journal.nextDeadlineMs())
    }
    return next
  }

  /** Runs what is due, and hands what that wrote to the log. */
  expire(nowMs: number): void {
    if (nowMs < this.nextDeadlineMs()) return
    this.#nextMs = null
    for (const [partition, slot] of this.#slots) {
      if (slot.phase !== 'active') continue
      slot.journal.expire(nowMs)
      if (slot.shard.nextDeadlineMs() <= nowMs) {
        this.run(partition, nowMs, (shard) => shard.expire(nowMs))
      }
    }
    this.flush(nowMs)
  }

  #fail(partition: number, error: ErrorCode): void {
    const slot = this.#slots.get(partition)
    if (slot === undefined || slot.phase !== 'active') return
    this.#slots.delete(partition)
    this.#drop(slot, coordinatorError(error))
    this.beginLoad(partition, slot.leaderEpoch)
    this.#options.log.reload(partition, slot.leaderEpoch)
  }

  #drop(slot: Slot<Rec, Shard>, error: ErrorCode): void {
    this.#nextMs = null
    slot.phase = 'failed'
    slot.journal.close(error)
    slot.shard.unloaded(error)
  }
}
