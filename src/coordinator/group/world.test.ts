/**
 * What the tests of this folder share, and no tests: a coordinator on a log in memory, under a
 * clock that is moved by hand, with member ids that can be read (`A#1` is the first one given out).
 */
import { Prng } from '../../base/prng.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import * as batch from '../../records/batch.ts'
import { RecordCursor } from '../../records/record-scan.ts'
import type { LoadResult } from '../loader.ts'
import { defaultGroupConfig, type GroupConfig } from './config.ts'
import type { RebalanceEvent, TopicLookup } from './context.ts'
import { GroupCoordinator } from './group-coordinator.ts'
import { type GroupRecord, groupRecordCodec } from './records.ts'

/** Partitions of `__consumer_offsets` here. */
const PARTITION_COUNT = 2

export interface MemoryPartition {
  readonly batches: Uint8Array[]
  endOffset: number
}

/** Topics by name: id and number of partitions. */
export type Topics = Map<string, { readonly id: string; readonly partitions: number }>

export class World {
  nowMs = 0
  readonly config: { -readonly [Key in keyof GroupConfig]: GroupConfig[Key] } = defaultGroupConfig()
  readonly topics: Topics = new Map([
    ['foo', { id: topicIdOf('foo'), partitions: 3 }],
    ['bar', { id: topicIdOf('bar'), partitions: 2 }],
  ])
  readonly log: MemoryPartition[] = []
  /** What the next append answers. */
  nextError: ErrorCode = ErrorCode.NONE
  maxBatchBytes = 1_000_000
  /** While true nothing is committed. */
  isHeld = false
  readonly rebalances: RebalanceEvent[] = []
  lastLoad: LoadResult | null = null
  coordinator: GroupCoordinator
  /** How many partitions were asked to be loaded anew. */
  reloads = 0
  /** Member ids given out. */
  idCount = 0
  readonly #seed: Prng | null

  /** With a seed, ids are random. */
  constructor(seed?: number) {
    this.#seed = seed === undefined ? null : new Prng(seed)
    for (let i = 0; i < PARTITION_COUNT; i++) this.log.push({ batches: [], endOffset: 0 })
    this.coordinator = this.#coordinator()
    this.reload()
  }

  /** Starts over with nothing but the log, as after a crash. */
  reload(): void {
    this.coordinator = this.#coordinator()
    for (let i = 0; i < PARTITION_COUNT; i++) {
      this.lastLoad = this.coordinator.load(i, 0, this.log[i]!.batches, this.nowMs)
    }
  }

  /** The rest of a turn of the loop, after its requests. */
  endTurn(): void {
    this.coordinator.flush(this.nowMs)
    this.commit()
    if (this.coordinator.nextDeadlineMs() <= this.nowMs) {
      this.coordinator.expire(this.nowMs)
      this.commit()
    }
  }

  /** Raises the high watermark to the end of the log. */
  commit(): void {
    if (this.isHeld) return
    for (let i = 0; i < PARTITION_COUNT; i++) {
      this.coordinator.onHighWatermark(i, this.log[i]!.endOffset)
    }
  }

  /** Moves the clock, stopping wherever something is due. */
  advance(byMs: number, beforeTurn: () => void = () => {}, afterTurn: () => void = () => {}): void {
    const target = this.nowMs + byMs
    for (;;) {
      const next = Math.max(this.coordinator.nextDeadlineMs(), this.nowMs)
      if (next > target) break
      this.nowMs = next
      beforeTurn()
      this.endTurn()
      afterTurn()
    }
    this.nowMs = target
  }

  /** Records of a partition of the log from an offset on, decoded. */
  records(partition: number, fromOffset: number): { offset: number; record: GroupRecord | null }[] {
    const found: { offset: number; record: GroupRecord | null }[] = []
    for (const bytes of this.log[partition]!.batches) {
      if (batch.lastOffset(bytes, 0) < fromOffset) continue
      const cursor = new RecordCursor(bytes, 0)
      while (cursor.next()) {
        const record = groupRecordCodec.decode(cursor.key()!, cursor.value())
        if (cursor.offset >= fromOffset) found.push({ offset: cursor.offset, record })
      }
    }
    return found
  }

  #coordinator(): GroupCoordinator {
    return new GroupCoordinator({
      partitionCount: PARTITION_COUNT,
      config: this.config,
      topics: lookupOf(this.topics),
      random: this.#seed ?? { bytes: () => this.#readableId() },
      onRebalance: (event) => this.rebalances.push(event),
      log: {
        append: (partition, bytes) => this.#append(partition, bytes),
        maxBatchBytes: () => this.maxBatchBytes,
        reload: (partition, epoch) => {
          this.reloads++
          this.coordinator.load(partition, epoch, this.log[partition]!.batches, this.nowMs)
        },
      },
    })
  }

  #append(partition: number, bytes: Uint8Array): { error: ErrorCode; lastOffset: number } {
    const error = this.nextError
    this.nextError = ErrorCode.NONE
    if (error !== ErrorCode.NONE) return { error, lastOffset: -1 }
    if (bytes.length > this.maxBatchBytes) {
      return { error: ErrorCode.MESSAGE_TOO_LARGE, lastOffset: -1 }
    }
    const log = this.log[partition]!
    batch.setBaseOffset(bytes, 0, log.endOffset)
    log.batches.push(bytes)
    log.endOffset = batch.lastOffset(bytes, 0) + 1
    return { error: ErrorCode.NONE, lastOffset: log.endOffset - 1 }
  }

  #readableId(): Uint8Array {
    const bytes = new Uint8Array(16)
    bytes[15] = ++this.idCount
    return bytes
  }
}

/** A topic id that can be read. */
export function topicIdOf(name: string): string {
  return name.padEnd(22, 'A')
}

/** `A-00000000-0000-4000-8000-000000000001` as `A#1`. */
export function shortId(text: string): string {
  return text.replace(/-00000000-0000-4000-8000-0000000000([0-9a-f]{2})/g, (_, digits) => {
    return `#${Number.parseInt(digits, 16)}`
  })
}

/** The opposite of `shortId`. */
export function longId(text: string): string {
  return text.replace(/#(\d+)/g, (_, number) => {
    const digits = Number(number).toString(16).padStart(2, '0')
    return `-00000000-0000-4000-8000-0000000000${digits}`
  })
}

function lookupOf(topics: Topics): TopicLookup {
  return {
    topicId: (name) => topics.get(name)?.id ?? null,
    topicName: (id) => {
      for (const [name, topic] of topics) if (topic.id === id) return name
      return null
    },
    partitionCount: (name) => topics.get(name)?.partitions ?? 0,
  }
}
