/** One log on a simulated disk, for tests that look at it alone. */
import { simIo } from '../io/sim.ts'
import type { BatchOptions } from '../records/builder.ts'
import { batchesIn, batchOf, START_MS, type StoredBatch, TOPIC_ID } from './log.test-support.ts'
import { DEFAULT_LOG_CONFIG, type LogConfig } from './log-config.ts'
import {
  type AppendContext,
  type AppendResult,
  type LogOptions,
  type ReadOptions,
  type ReadResult,
  UnifiedLog,
} from './unified-log.ts'

export class LogFixture {
  readonly io = simIo(1)
  readonly warnings: string[] = []
  config: LogConfig
  log: UnifiedLog

  constructor(config: Partial<LogConfig> = {}) {
    this.config = { ...DEFAULT_LOG_CONFIG, ...config }
    this.io.disk.makeDirectory('/data/t-0')
    this.log = this.open()
  }

  open(options: Partial<LogOptions> = {}): UnifiedLog {
    this.log = UnifiedLog.open({
      disk: this.io.disk,
      directory: '/data/t-0',
      topic: 't',
      partition: 0,
      topicId: TOPIC_ID,
      config: this.config,
      nowMs: START_MS,
      random: this.io.random,
      onWarning: (message) => this.warnings.push(message),
      ...options,
    })
    return this.log
  }

  append(
    values: readonly string[],
    options: BatchOptions & { readonly timestampMs?: number } = {},
    context: Partial<AppendContext> = {},
  ): AppendResult {
    const nowMs = options.timestampMs ?? START_MS
    const defaults = { leaderEpoch: 0, nowMs, origin: 'client' as const }
    return this.log.appendAsLeader(batchOf(values, options), { ...defaults, ...context })
  }

  /** Writes what was appended, and commits it. */
  commit(): void {
    this.log.write()
    this.log.advanceHighWatermark(this.log.logEndOffset)
  }

  async readBytes(
    offset: number,
    maxBytes: number,
    options: Partial<ReadOptions> = {},
  ): Promise<ReadResult> {
    const upperBound = this.log.logEndOffset
    const answer = this.log.read(offset, maxBytes, { minOneMessage: true, upperBound, ...options })
    return answer instanceof Promise ? this.io.simulation.settle(answer) : answer
  }

  async read(offset: number, maxBytes = 1 << 20, options: Partial<ReadOptions> = {}) {
    const result = await this.readBytes(offset, maxBytes, options)
    return { ...result, batches: batchesIn(result.pieces) }
  }

  async offsets(offset: number, maxBytes?: number, options?: Partial<ReadOptions>) {
    const { batches } = await this.read(offset, maxBytes, options)
    return batches.map((batch: StoredBatch) => batch.baseOffset)
  }

  names(ending: string): string[] {
    return this.io.disk.list('/data/t-0').filter((name) => name.endsWith(ending))
  }
}
