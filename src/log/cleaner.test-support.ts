/** A log with small segments on a simulated disk, and a cleaner that cleans it when told to. */
import { simIo } from '../io/sim.ts'
import * as batch from '../records/batch.ts'
import { nextBatch } from '../records/batches.ts'
import { BatchBuilder, type BatchOptions } from '../records/builder.ts'
import { buildEndTransactionMarker } from '../records/control.ts'
import { RecordCursor } from '../records/record-scan.ts'
import { DEFAULT_CLEANER_CONFIG, LogCleaner } from './cleaner.ts'
import { DEFAULT_LOG_CONFIG, type LogConfig } from './log-config.ts'
import { type AppendResult, UnifiedLog } from './unified-log.ts'

export const START_MS = 1_700_000_000_000

/** A record as tests speak of it; a null value is a tombstone. */
export type Entry = readonly [key: string, value: string | null]

export interface StoredRecord {
  readonly offset: number
  readonly key: string | null
  readonly value: string | null
  readonly timestampMs: number
}

const COMPACTED: LogConfig = {
  ...DEFAULT_LOG_CONFIG,
  cleanupPolicyDelete: false,
  cleanupPolicyCompact: true,
  minCleanableDirtyRatio: 0,
  deleteRetentionMs: 1000,
  indexIntervalBytes: 256,
}

export class CleanerFixture {
  readonly io
  readonly warnings: string[] = []
  readonly failures: unknown[] = []
  nowMs = START_MS
  config: LogConfig
  log: UnifiedLog
  cleaner: LogCleaner

  constructor(config: Partial<LogConfig> = {}, seed = 1) {
    this.io = simIo(seed)
    this.config = { ...COMPACTED, ...config }
    this.io.disk.makeDirectory('/data')
    this.io.disk.makeDirectory('/data/t-0')
    this.io.disk.syncDirectory('/')
    this.io.disk.syncDirectory('/data')
    this.log = this.#openLog()
    this.cleaner = this.#newCleaner()
  }

  #openLog(): UnifiedLog {
    return UnifiedLog.open({
      disk: this.io.disk,
      directory: '/data/t-0',
      topic: 't',
      partition: 0,
      topicId: 'AAAAAAAAAAAAAAAAAAAABA',
      config: this.config,
      nowMs: this.nowMs,
      random: this.io.random,
      onWarning: (message) => this.warnings.push(message),
    })
  }

  #newCleaner(): LogCleaner {
    const { failures } = this
    return new LogCleaner({
      directories: [
        {
          path: '/data',
          disk: this.io.disk,
          get offline() {
            return failures.length > 0
          },
          logs: () => [this.log],
          fail: (error) => failures.push(error),
        },
      ],
      config: { ...DEFAULT_CLEANER_CONFIG, ioBufferBytes: 1024 },
      random: this.io.random,
      nowMs: this.nowMs,
      onWarning: (message) => this.warnings.push(message),
    })
  }

  /** As after a start of the node; the high watermark is where the log ends. */
  reopen(): void {
    this.failures.length = 0
    this.log = this.#openLog()
    this.cleaner = this.#newCleaner()
    this.log.advanceHighWatermark(this.log.logEndOffset)
  }

  /** Appends one batch, which is committed at once. */
  append(entries: readonly Entry[], options: BatchOptions = {}): AppendResult {
    const builder = new BatchBuilder(options)
    for (const [key, value] of entries) {
      builder.append(this.nowMs, utf8(key), value === null ? null : utf8(value))
    }
    return this.#commit(builder.build(), 'client')
  }

  endTransaction(producerId: number, kind: 'abort' | 'commit', producerEpoch = 0): AppendResult {
    const marker = { kind, coordinatorEpoch: 0 }
    const options = { producerId, producerEpoch }
    return this.#commit(buildEndTransactionMarker(options, this.nowMs, marker), 'coordinator')
  }

  #commit(bytes: Uint8Array, origin: 'client' | 'coordinator'): AppendResult {
    const result = this.log.appendAsLeader(bytes, { leaderEpoch: 1, nowMs: this.nowMs, origin })
    if (result.error !== 0) throw new Error(`append refused: ${result.errorMessage}`)
    this.log.write()
    this.log.advanceHighWatermark(this.log.logEndOffset)
    return result
  }

  /** Closes the active segment and makes it durable, so that all before may be cleaned. */
  roll(): void {
    this.log.roll(this.nowMs)
    this.log.flushNow()
  }

  /** Cleans until nothing is dirty enough; `maxSteps` stops it in the middle. */
  async clean(budgetBytes = 500, maxSteps = 10_000): Promise<void> {
    this.nowMs += DEFAULT_CLEANER_CONFIG.backoffMs
    for (let step = 0; step < maxSteps; step++) {
      this.cleaner.step(this.nowMs, budgetBytes)
      if (this.cleaner.cleaning === null && this.cleaner.nextDeadlineMs() > this.nowMs) return
      await this.io.simulation.advance(6)
    }
  }

  /** All batches of the log as [baseOffset, lastOffset, records, attributes]. */
  batches(): [number, number, number, number][] {
    const found: [number, number, number, number][] = []
    this.#eachBatch((b, at) => {
      found.push([
        batch.baseOffset(b, at),
        batch.lastOffset(b, at),
        batch.recordCount(b, at),
        batch.attributes(b, at),
      ])
    })
    return found
  }

  /** All records of the log, control records left out. */
  records(): StoredRecord[] {
    const found: StoredRecord[] = []
    this.#eachBatch((b, at) => {
      if (batch.isControl(b, at)) return
      const cursor = new RecordCursor(b, at)
      while (cursor.next()) {
        const { offset, timestampMs } = cursor
        found.push({ offset, key: text(cursor.key()), value: text(cursor.value()), timestampMs })
      }
    })
    return found
  }

  /** `key=value@offset` of each record. */
  summary(): string {
    return this.records()
      .map(({ key, value, offset }) => `${key}=${value}@${offset}`)
      .join(' ')
  }

  #eachBatch(visit: (b: Uint8Array, at: number) => void): void {
    this.log.write()
    for (const segment of this.log.segments.all) {
      const bytes = new Uint8Array(segment.sizeBytes)
      segment.file().read(bytes, 0)
      for (let at = 0; at < bytes.length; ) {
        const next = nextBatch(bytes, at)
        if (next < 0 || !batch.isCrcValid(bytes, at)) throw new Error(`bad batch at ${at}`)
        visit(bytes, at)
        at = next
      }
    }
  }

  files(): string[] {
    return this.io.disk.list('/data/t-0')
  }
}

function utf8(value: string): Uint8Array {
  return new TextEncoder().encode(value)
}

function text(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : Buffer.from(bytes).toString()
}
