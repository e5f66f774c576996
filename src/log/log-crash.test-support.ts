/**
 * A log that dies at any operation of its disk: random steps (append, roll, flush, truncate,
 * compact, delete, close and open again), made from a seed, run until the machine dies at a given
 * operation, in one of four ways; then the log is recovered, which may die as well, and held
 * against an array of what was appended.
 *
 * What must hold. Killed: nothing that was written is gone. Without power: nothing that was flushed
 * is gone. Either way: what is there is what was appended, at its offset; what was truncated before
 * does not come back; a compacted log has the last value of each key; and the log goes on.
 */
import assert from 'node:assert/strict'
import { Prng } from '../base/prng.ts'
import { fatalDisk } from '../io/fatal-disk.test-support.ts'
import type { Io } from '../io/io.ts'
import { simIo } from '../io/sim.ts'
import { ErrorCode } from '../protocol/errors.ts'
import { BatchBuilder, type BatchOptions } from '../records/builder.ts'
import { DEFAULT_CLEANER_CONFIG, LogCleaner } from './cleaner.ts'
import { START_MS, TOPIC_ID } from './log.test-support.ts'
import { DEFAULT_LOG_CONFIG, type LogConfig } from './log-config.ts'
import {
  nextStep,
  recordsFrom,
  type Step,
  type Stored,
  utf8,
} from './log-crash-steps.test-support.ts'
import { LogDirectory } from './log-directory.ts'
import { LogResources } from './log-resources.ts'
import type { UnifiedLog } from './unified-log.ts'

/** Small, so that files, indexes and tails come and go all the time. */
const LIMITS = {
  maxOpenFiles: 2,
  maxIndexBytes: 700,
  maxTailBytes: 5000,
  maxFreeReadBytes: 100_000,
  fetchHeadBytes: 150,
  maxTailBytesPerLog: 4096,
}
const KEYS = 5
const PRODUCERS = 2
const CLEANING_STEPS_MAX = 500
/** Deaths while the log recovers, before it is let be. */
const RECOVERY_DEATHS_MAX = 3

/** How a life ends: the process, with a part of its last write, or the machine. */
export const ENDS = ['kill', 'torn kill', 'power cut', 'total power cut'] as const
export type End = (typeof ENDS)[number]

export interface CrashOptions {
  readonly seed: number
  readonly steps: number
  /** The operation of the disk that is the last; Infinity for none. */
  readonly dieAt: number
  readonly end: End
}

export interface CrashOutcome {
  /** Operations of the disk before the end. */
  readonly operations: number
  readonly died: boolean
  /** What the disk was doing when it died. */
  readonly lastOperation: string
}

export class LogCrashRun {
  readonly #options: CrashOptions
  readonly #machine
  readonly #random: Prng
  readonly #config: LogConfig
  readonly #isCompacted: boolean
  #nowMs = START_MS
  #isDead = false
  #life = 0
  #operations = 0
  /** Of the lives before this one. */
  #operationsBefore = 0
  #lastOperation = ''
  #directory!: LogDirectory
  #log!: UnifiedLog
  #cleaner!: LogCleaner
  /** Everything that was appended and not truncated, by offset. */
  #records = new Map<number, Stored>()
  /** Base offsets of batches, in order. */
  #batches: number[] = []
  /** What was appended and not written: the log may refer to it until then. */
  #lent: Uint8Array[] = []
  #endOffset = 0
  #writtenOffset = 0
  #flushedOffset = 0
  #startOffset = 0
  /** Compaction may have been up to here: older values below rest on newer ones below. */
  #cleanedOffset = 0
  /** What a truncation under way cuts at. */
  #cutting = Infinity
  /** Where a deletion under way, or one that a crash can undo, may have put the start. */
  #startMost = 0
  #epoch = 0
  #count = 0
  #sequences = Array.from({ length: PRODUCERS }, () => 0)

  constructor(options: CrashOptions) {
    this.#options = options
    this.#machine = simIo(options.seed)
    this.#random = new Prng(options.seed)
    this.#isCompacted = this.#random.chance(0.5)
    this.#config = {
      ...DEFAULT_LOG_CONFIG,
      segmentBytes: 700,
      indexIntervalBytes: 100,
      retentionBytes: -1,
      retentionMs: -1,
      fileDeleteDelayMs: 10_000,
      deleteRetentionMs: 1e12,
      minCleanableDirtyRatio: 0,
      cleanupPolicyCompact: this.#isCompacted,
      cleanupPolicyDelete: !this.#isCompacted,
      flushMessages: this.#random.chance(0.2) ? 5 : DEFAULT_LOG_CONFIG.flushMessages,
    }
  }

  /** Runs to the end; throws where the log is not what it must be. */
  async run(): Promise<CrashOutcome> {
    const { dieAt, steps } = this.#options
    try {
      this.#open(this.#fatal(dieAt))
      for (let i = 0; i < steps && !this.#isDead; i++) await this.#take(nextStep(this.#random))
    } catch (error) {
      if (!this.#isDead) throw this.#explained(error)
    }
    const died = this.#isDead
    const outcome = { operations: this.#operations, died, lastOperation: this.#lastOperation }
    try {
      if (!died) this.#end()
      await this.#recover()
      await this.#goOn()
    } catch (error) {
      throw this.#explained(error)
    }
    return outcome
  }

  #explained(error: unknown): Error {
    const { seed, dieAt, end } = this.#options
    const policy = this.#isCompacted ? 'compacted' : 'plain'
    const at = `seed ${seed}, ${policy}, ${end} at operation ${dieAt} (${this.#lastOperation})`
    return new Error(`${at}: ${(error as Error).message}`, { cause: error })
  }

  #fatal(at: number): Io {
    const life = ++this.#life
    const { end } = this.#options
    const torn = end === 'torn kill' || end === 'power cut'
    return fatalDisk(
      this.#machine,
      at,
      () => {
        if (life !== this.#life) return false
        if (!this.#isDead) this.#end()
        return true
      },
      {
        onStep: (count, what) => {
          if (life !== this.#life || this.#isDead) return
          this.#operations = this.#operationsBefore + count
          this.#lastOperation = what
        },
        ...(torn ? { tornBytes: (bytes: number) => this.#random.int(bytes + 1) } : {}),
      },
    )
  }

  #end(): void {
    this.#isDead = true
    const { end } = this.#options
    if (end === 'kill' || end === 'torn kill') this.#machine.kill()
    else this.#machine.crash(end === 'power cut' ? 'random' : 'lose')
  }

  #open(io: Io): void {
    this.#directory = LogDirectory.open({
      disk: io.disk,
      path: '/data',
      random: io.random,
      nowMs: this.#nowMs,
      resources: new LogResources(LIMITS),
    })
    this.#directory.load(() => this.#config, this.#nowMs)
    assert.deepEqual([...this.#directory.refused.values()], [])
    const create = { topic: 't', partition: 0, topicId: TOPIC_ID, config: this.#config }
    const found = this.#directory.log('t', 0)
    this.#log = found ?? this.#directory.createLog({ ...create, nowMs: this.#nowMs })
    this.#cleaner = new LogCleaner({
      directories: [this.#directory],
      config: { ...DEFAULT_CLEANER_CONFIG, ioBufferBytes: 1024 },
      random: io.random,
      nowMs: this.#nowMs,
    })
  }

  async #take(step: Step): Promise<void> {
    switch (step) {
      case 'append':
        this.#append({})
        break
      case 'produce':
        this.#produce()
        break
      case 'write':
        this.#write()
        break
      case 'flush':
        await this.#flush()
        break
      case 'roll':
        this.#log.roll(this.#nowMs)
        if (!this.#isDead) this.#writtenOffset = this.#endOffset
        await this.#machine.simulation.advance(this.#random.int(10))
        break
      case 'epoch':
        this.#epoch++
        break
      case 'truncate':
        this.#truncate()
        break
      case 'delete records':
        this.#deleteRecords()
        break
      case 'retention':
        this.#retention()
        break
      case 'clean':
        await this.#clean()
        break
      case 'pass':
        this.#nowMs += this.#random.int(90_000)
        this.#directory.maintain(this.#nowMs)
        await this.#machine.simulation.advance(20)
        break
      case 'close':
        this.#directory.close()
        this.#restarted(true)
        break
      case 'kill':
        this.#restarted(false)
        break
    }
  }

  /** The process ends here, and starts again under the same disk, whose operations go on. */
  #restarted(wasClosed: boolean): void {
    if (this.#isDead) return
    if (wasClosed) {
      this.#flushedOffset = this.#endOffset
      this.#writtenOffset = this.#endOffset
    }
    const { dieAt } = this.#options
    this.#operationsBefore = this.#operations
    this.#machine.kill()
    this.#open(this.#fatal(dieAt - this.#operationsBefore))
    const { logEndOffset } = this.#log
    assert.ok(logEndOffset >= this.#writtenOffset && logEndOffset <= this.#endOffset)
    this.#cutAt(logEndOffset)
    this.#startOffset = this.#log.logStartOffset
    this.#log.advanceHighWatermark(logEndOffset)
  }

  #append(options: BatchOptions): boolean {
    const builder = new BatchBuilder(options)
    const entries: Stored[] = []
    for (let n = 1 + this.#random.int(4); n > 0; n--) {
      const offset = this.#endOffset + entries.length
      const key = this.#isCompacted ? `k${this.#random.int(KEYS)}` : null
      const isTombstone = this.#isCompacted && this.#random.chance(0.15)
      const value = isTombstone ? null : `${this.#count++}`.padEnd(this.#random.int(150), '.')
      entries.push({ offset, key, value })
      builder.append(this.#nowMs, utf8(key), utf8(value))
    }
    const context = { leaderEpoch: this.#epoch, nowMs: this.#nowMs, origin: 'client' as const }
    const bytes = builder.build()
    this.#lent.push(bytes)
    const result = this.#log.appendAsLeader(bytes, context)
    if (this.#isDead) return false
    assert.equal(result.error, ErrorCode.NONE, String(result.errorMessage))
    assert.equal(result.firstOffset, this.#endOffset)
    for (const entry of entries) this.#records.set(entry.offset, entry)
    this.#batches.push(this.#endOffset)
    this.#endOffset += entries.length
    return true
  }

  /** An idempotent batch; a producer that was forgotten, as by a truncation, begins anew. */
  #produce(): void {
    const producerId = 1 + this.#random.int(PRODUCERS)
    const states = this.#log.producerStates()
    const last = states.find((state) => state.producerId === producerId)?.lastSequence ?? -1
    this.#append({ producerId, producerEpoch: 0, baseSequence: last + 1 })
    this.#sequences[producerId - 1] = last + 1
  }

  #write(): void {
    const { recoveryPoint } = this.#log
    this.#log.write()
    if (this.#isDead) return
    for (const each of this.#lent.splice(0)) each.fill(0xff)
    this.#writtenOffset = this.#endOffset
    this.#log.advanceHighWatermark(this.#endOffset)
    // By flush.messages. What deleted records move is no flush.
    if (this.#log.recoveryPoint > recoveryPoint) this.#flushedOffset = this.#endOffset
  }

  async #flush(): Promise<void> {
    await this.#settle(this.#log.flush())
    if (this.#isDead) return
    this.#writtenOffset = this.#endOffset
    this.#flushedOffset = this.#endOffset
    this.#log.advanceHighWatermark(this.#endOffset)
  }

  /** Waits for a promise, which a dead machine never settles. */
  async #settle(promise: Promise<unknown>): Promise<void> {
    let isSettled = false
    const note = (): void => {
      isSettled = true
    }
    promise.then(note, note)
    await this.#machine.simulation.runUntil(() => isSettled || this.#isDead)
    if (!this.#isDead) await promise
  }

  /** What compaction has been over is committed, and never truncated. */
  #truncate(): void {
    const least = Math.max(this.#startOffset, this.#isCompacted ? this.#cleanedOffset : 0)
    const candidates = this.#batches.filter((offset) => offset >= least)
    if (candidates.length === 0) return
    const offset = candidates[this.#random.int(candidates.length)]!
    this.#cutting = offset
    this.#cleaner.abort(this.#log)
    this.#log.truncateTo(offset, this.#nowMs)
    this.#cleaner.truncated(this.#log, offset)
    if (this.#isDead) return
    this.#cutAt(offset)
    this.#writtenOffset = offset
    this.#flushedOffset = Math.min(this.#flushedOffset, offset)
  }

  /** The log ends at `offset` now. */
  #cutAt(offset: number): void {
    this.#cutting = Infinity
    this.#endOffset = offset
    this.#writtenOffset = Math.min(this.#writtenOffset, offset)
    this.#flushedOffset = Math.min(this.#flushedOffset, offset)
    for (const each of this.#records.keys()) if (each >= offset) this.#records.delete(each)
    this.#batches = this.#batches.filter((each) => each < offset)
  }

  #deleteRecords(): void {
    const { highWatermark } = this.#log
    const span = highWatermark - this.#startOffset
    if (span <= 0) return
    const offset = this.#startOffset + this.#random.int(span + 1)
    this.#startMost = Math.max(this.#startMost, offset)
    if (this.#log.incrementLogStartOffset(offset) !== ErrorCode.NONE) return
    this.#startOffset = Math.max(this.#startOffset, offset)
    this.#directory.checkpointSoon()
  }

  #retention(): void {
    if (this.#isCompacted) return
    this.#startMost = Math.max(this.#startMost, this.#endOffset)
    this.#log.updateConfig({ ...this.#config, retentionBytes: 2000 })
    this.#log.deleteOldSegments(this.#nowMs)
    if (this.#isDead) return
    this.#log.updateConfig(this.#config)
    this.#startOffset = Math.max(this.#startOffset, this.#log.logStartOffset)
    this.#startMost = this.#startOffset
  }

  async #clean(): Promise<void> {
    if (!this.#isCompacted) return
    this.#nowMs += DEFAULT_CLEANER_CONFIG.backoffMs
    this.#cleanedOffset = this.#log.highWatermark
    for (let step = 0; step < CLEANING_STEPS_MAX && !this.#isDead; step++) {
      this.#cleaner.step(this.#nowMs, 300)
      if (this.#cleaner.cleaning === null && this.#cleaner.nextDeadlineMs() > this.#nowMs) return
      await this.#machine.simulation.advance(6)
    }
  }

  /** Opens what the end has left; often that is struck as well. */
  async #recover(): Promise<void> {
    for (let deaths = 0; ; deaths++) {
      this.#isDead = false
      const dieAt = deaths < RECOVERY_DEATHS_MAX ? 1 + this.#random.int(40) : Infinity
      try {
        this.#open(this.#fatal(dieAt))
      } catch (error) {
        if (!this.#isDead) throw error
      }
      if (!this.#isDead) break
    }
    this.#life++ // nothing dies from here on
    await this.#check()
  }

  async #check(): Promise<void> {
    const { end: how } = this.#options
    const isKill = how === 'kill' || how === 'torn kill'
    const kept = Math.min(isKill ? this.#writtenOffset : this.#flushedOffset, this.#cutting)
    const { logEndOffset, logStartOffset } = this.#log
    const range = `ends at ${logEndOffset}, kept is ${kept}, appended ${this.#endOffset}`
    assert.ok(logEndOffset >= kept && logEndOffset <= this.#endOffset, range)
    const startMost = Math.max(this.#startOffset, this.#startMost)
    assert.ok(logStartOffset <= startMost, `starts at ${logStartOffset}, not ${startMost}`)
    const found = await this.#read(logStartOffset)
    for (const record of found) assert.deepEqual(record, this.#records.get(record.offset))
    const isFound = new Set(found.map(({ offset }) => offset))
    if (this.#isCompacted) this.#checkKeys(found, startMost, kept)
    else {
      for (const offset of this.#records.keys()) {
        const isKept = offset >= startMost && offset < kept
        assert.ok(!isKept || isFound.has(offset), `offset ${offset} is lost; kept is ${kept}`)
      }
    }
    // Where the end was lost, the log is what is there.
    this.#cutAt(logEndOffset)
    this.#records = new Map(found.map((record) => [record.offset, record]))
    this.#startOffset = logStartOffset
    this.#startMost = logStartOffset
    this.#checkProducers()
  }

  #checkKeys(found: readonly Stored[], from: number, kept: number): void {
    const last = new Map(found.map((record) => [record.key, record]))
    const offsets = [...this.#records.keys()].sort((a, b) => a - b)
    const wanted = new Map<string | null, Stored>()
    for (const offset of offsets) {
      if (offset < from || offset >= kept) continue
      const record = this.#records.get(offset)!
      wanted.set(record.key, record)
    }
    for (const [key, record] of wanted) {
      const now = last.get(key)
      const where = `${key} of offset ${record.offset}, found at ${now?.offset}; kept is ${kept}`
      if (record.value === null && now === undefined) continue
      assert.ok(now !== undefined && now.offset >= record.offset, where)
    }
  }

  /** Of a log that nothing was taken from, the batches say how far each producer is. */
  #checkProducers(): void {
    for (const { producerId, lastSequence } of this.#log.producerStates()) {
      const most = this.#sequences[producerId - 1]! + 4
      assert.ok(lastSequence <= most, `producer ${producerId} at ${lastSequence}, not ${most}`)
    }
  }

  /** The log that was recovered is one that works, also for the next start. */
  async #goOn(): Promise<void> {
    this.#isDead = false
    this.#log.advanceHighWatermark(this.#log.logEndOffset)
    for (let i = 0; i < 4; i++) this.#append({})
    this.#produce()
    await this.#flush()
    if (this.#isCompacted) await this.#clean()
    this.#directory.close()
    this.#machine.kill()
    this.#open(this.#machine)
    assert.equal(this.#log.logEndOffset, this.#endOffset)
    const found = await this.#read(this.#log.logStartOffset)
    for (const record of found) assert.deepEqual(record, this.#records.get(record.offset))
    if (this.#isCompacted) this.#checkKeys(found, this.#startOffset, this.#endOffset)
    else assert.equal(found.at(-1)?.offset, this.#endOffset - 1)
    const left = this.#machine.disk.list('/data/t-0')
    assert.ok(
      left.every((name) => !/\.(cleaned|swap)$/.test(name)),
      left.join(' '),
    )
    this.#directory.close()
  }

  async #read(from: number): Promise<Stored[]> {
    const log = this.#log
    const found: Stored[] = []
    for (let next = from; next < log.logEndOffset; ) {
      const options = { minOneMessage: true, upperBound: log.logEndOffset }
      const answer = log.read(next, 600, options)
      const read =
        answer instanceof Promise ? await this.#machine.simulation.settle(answer) : answer
      assert.equal(read.error, ErrorCode.NONE, String(log.failure?.stack))
      for (const piece of read.pieces) found.push(...recordsFrom(piece, next))
      if (read.sizeBytes === 0) break
      assert.ok(read.nextOffset > next, `read at ${next} goes nowhere`)
      next = read.nextOffset
    }
    return found
  }
}
