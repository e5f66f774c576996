/**
 * A partition log against an array, on a simulated disk: appends, rolls, reads, truncations, deleted
 * records, retention, flushes, and every way of stopping. After a kill nothing that was written may
 * be missing; after a power cut nothing that was flushed may be; and whatever is there is what was
 * appended, at the offsets that were answered.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { simIo } from '../io/sim.ts'
import { ErrorCode } from '../protocol/errors.ts'
import { batchesIn, batchOf, START_MS, TOPIC_ID } from './log.test-support.ts'
import { DEFAULT_LOG_CONFIG, type LogConfig } from './log-config.ts'
import { LogDirectory } from './log-directory.ts'
import { LogResources } from './log-resources.ts'
import type { UnifiedLog } from './unified-log.ts'

const CONFIG: LogConfig = {
  ...DEFAULT_LOG_CONFIG,
  segmentBytes: 600,
  indexIntervalBytes: 100,
  retentionBytes: -1,
  retentionMs: -1,
  fileDeleteDelayMs: 10_000,
}

/** Small enough that files, indexes and tails come and go all the time. */
const LIMITS = { maxOpenFiles: 2, maxIndexBytes: 700, maxTailBytes: 5000, maxTailBytesPerLog: 4096 }

const RUNS = 60

interface Batch {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly epoch: number
  readonly values: string[]
}

class World {
  readonly io
  readonly warnings: string[] = []
  nowMs = START_MS
  config = CONFIG
  directory: LogDirectory
  log: UnifiedLog
  /** What the log should hold; batches below the start may be in it too. */
  batches: Batch[] = []
  startOffset = 0
  endOffset = 0
  writtenOffset = 0
  flushedOffset = 0
  epoch = 0
  count = 0

  constructor(seed: number) {
    this.io = simIo(seed)
    this.directory = this.#open()
    this.log = this.directory.createLog({
      topic: 't',
      partition: 0,
      topicId: TOPIC_ID,
      config: this.config,
      nowMs: this.nowMs,
    })
    this.io.disk.syncDirectory('/')
    this.io.disk.syncDirectory('/data')
  }

  #open(): LogDirectory {
    const directory = LogDirectory.open({
      disk: this.io.disk,
      path: '/data',
      random: this.io.random,
      nowMs: this.nowMs,
      resources: new LogResources(LIMITS),
      onWarning: (message) => this.warnings.push(message),
    })
    directory.load(() => this.config, this.nowMs)
    return directory
  }

  append(sizes: readonly number[]): void {
    for (const size of sizes) {
      const values = Array.from({ length: 1 + (size % 3) }, () =>
        `${this.count++}`.padEnd(size, '.'),
      )
      const result = this.log.appendAsLeader(batchOf(values, { timestampMs: this.nowMs }), {
        leaderEpoch: this.epoch,
        nowMs: this.nowMs,
        origin: 'client',
      })
      assert.equal(result.error, ErrorCode.NONE, String(result.errorMessage))
      assert.equal(result.firstOffset, this.endOffset)
      this.endOffset += values.length
      assert.equal(result.lastOffset, this.endOffset - 1)
      const { firstOffset: baseOffset, lastOffset } = result
      this.batches.push({ baseOffset, lastOffset, epoch: this.epoch, values })
    }
  }

  write(): void {
    this.log.write()
    this.log.advanceHighWatermark(this.endOffset)
    this.writtenOffset = this.endOffset
  }

  async flush(): Promise<void> {
    await this.io.simulation.settle(this.log.flush())
    this.writtenOffset = this.endOffset
    this.flushedOffset = this.endOffset
  }

  truncate(offset: number): void {
    this.log.truncateTo(offset, this.nowMs)
    if (offset >= this.endOffset) return
    this.batches = this.batches.filter((batch) => batch.lastOffset < offset)
    this.endOffset = offset
    this.startOffset = Math.min(this.startOffset, offset)
    this.writtenOffset = Math.min(this.writtenOffset, offset)
    this.flushedOffset = Math.min(this.flushedOffset, offset)
    this.writtenOffset = this.endOffset
  }

  deleteRecords(offset: number): void {
    if (this.log.incrementLogStartOffset(offset) !== ErrorCode.NONE) return
    this.startOffset = Math.max(this.startOffset, offset)
    this.directory.checkpointSoon()
  }

  async stop(how: 'close' | 'kill' | 'crash'): Promise<void> {
    if (how === 'close') {
      this.directory.close()
      this.flushedOffset = this.endOffset
      this.writtenOffset = this.endOffset
      this.io.kill()
    } else if (how === 'kill') this.io.kill()
    else this.io.crash()
    this.directory = this.#open()
    assert.deepEqual([...this.directory.refused.values()], [])
    this.log = this.directory.log('t', 0)!
    const kept = how === 'crash' ? this.flushedOffset : this.writtenOffset
    const { logEndOffset: end } = this.log
    assert.ok(end >= kept && end <= this.endOffset, `${how}: ends at ${end}, not ${kept}`)
    this.endOffset = end
    this.writtenOffset = end
    // The checkpoint of the start may be older than the last deletion.
    assert.ok(this.log.logStartOffset <= this.startOffset)
    if (how === 'close') assert.equal(this.log.logStartOffset, this.startOffset)
    this.startOffset = this.log.logStartOffset
    if (how === 'crash') await this.#accept(kept)
    else this.batches = this.batches.filter((batch) => batch.lastOffset < end)
    this.flushedOffset = how === 'crash' ? end : Math.min(this.flushedOffset, end)
    this.log.advanceHighWatermark(end)
  }

  /** Takes what a power cut has left for what there is, if it may be. */
  async #accept(flushedOffset: number): Promise<void> {
    const found = await this.#read(this.startOffset, 1000)
    const known = new Map(this.batches.map((batch) => [batch.baseOffset, batch]))
    for (const batch of found) assert.deepEqual(batch, known.get(batch.baseOffset))
    const isFound = new Set(found.map((batch) => batch.baseOffset))
    for (const { baseOffset, lastOffset } of this.batches) {
      if (lastOffset >= flushedOffset || lastOffset < this.startOffset) continue
      assert.ok(isFound.has(baseOffset), `offset ${baseOffset} was flushed and is lost`)
    }
    this.batches = found
  }

  /** Reads all from an offset on, and compares. */
  async check(maxBytes: number, from: number): Promise<void> {
    assert.equal(this.log.logEndOffset, this.endOffset)
    const start = Math.max(this.log.logStartOffset, Math.min(from, this.endOffset))
    const expected = this.batches.filter((batch) => batch.lastOffset >= start)
    assert.deepEqual(await this.#read(start, maxBytes), expected)
  }

  async #read(from: number, maxBytes: number): Promise<Batch[]> {
    const { log } = this
    const found: Batch[] = []
    for (let next = from; next < this.endOffset; ) {
      const options = { minOneMessage: true, upperBound: this.endOffset }
      const answer = log.read(next, maxBytes, options)
      const read = answer instanceof Promise ? await this.io.simulation.settle(answer) : answer
      assert.equal(read.error, ErrorCode.NONE, String(log.failure?.stack))
      found.push(...(batchesIn(read.pieces) as Batch[]))
      // Nothing more, where the end was lost.
      if (read.sizeBytes === 0) break
      assert.ok(read.nextOffset > next, `read at ${next} of ${this.endOffset} goes nowhere`)
      next = read.nextOffset
    }
    return found
  }
}

type Step =
  | { readonly kind: 'append'; readonly sizes: number[] }
  | { readonly kind: 'write' | 'flush' | 'roll' | 'epoch' | 'retention' }
  | { readonly kind: 'truncate' | 'deleteRecords'; readonly share: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'stop'; readonly how: 'close' | 'kill' | 'crash' }
  | { readonly kind: 'check'; readonly maxBytes: number; readonly share: number }

const share = fc.double({ min: 0, max: 1, noNaN: true })
const append = fc.record({
  kind: fc.constant('append' as const),
  sizes: fc.array(fc.integer({ min: 1, max: 150 }), { minLength: 1, maxLength: 6 }),
})
const simple = (kind: 'write' | 'flush' | 'roll' | 'epoch' | 'retention') => fc.constant({ kind })
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: append, weight: 8 },
  { arbitrary: simple('write'), weight: 4 },
  { arbitrary: simple('flush'), weight: 2 },
  { arbitrary: simple('roll'), weight: 1 },
  { arbitrary: simple('epoch'), weight: 1 },
  { arbitrary: simple('retention'), weight: 1 },
  {
    arbitrary: fc.record({
      kind: fc.constantFrom('truncate' as const, 'deleteRecords' as const),
      share,
    }),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant('pass' as const),
      ms: fc.integer({ min: 0, max: 90_000 }),
    }),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant('stop' as const),
      how: fc.constantFrom('close' as const, 'kill' as const, 'crash' as const),
    }),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      kind: fc.constant('check' as const),
      maxBytes: fc.integer({ min: 1, max: 2000 }),
      share,
    }),
    weight: 3,
  },
)

async function take(world: World, step: Step): Promise<void> {
  const at = (part: number) =>
    Math.round(world.startOffset + part * (world.endOffset - world.startOffset))
  switch (step.kind) {
    case 'append':
      world.append(step.sizes)
      break
    case 'write':
      world.write()
      break
    case 'flush':
      await world.flush()
      break
    case 'roll':
      world.log.roll(world.nowMs)
      world.writtenOffset = world.endOffset
      break
    case 'epoch':
      world.epoch++
      break
    case 'retention':
      world.config = { ...CONFIG, retentionBytes: 2000 }
      world.log.updateConfig(world.config)
      world.log.deleteOldSegments(world.nowMs)
      world.startOffset = Math.max(world.startOffset, world.log.logStartOffset)
      world.config = CONFIG
      world.log.updateConfig(world.config)
      break
    case 'truncate':
      world.truncate(at(step.share))
      break
    case 'deleteRecords':
      world.deleteRecords(at(step.share))
      break
    case 'pass':
      world.nowMs += step.ms
      world.directory.maintain(world.nowMs)
      await world.io.simulation.advance(20)
      break
    case 'stop':
      await world.stop(step.how)
      break
    case 'check':
      await world.check(step.maxBytes, at(step.share))
      break
  }
}

test('a log is the array of what was appended to it, however it is treated', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 0, max: 1 << 30 }),
      fc.array(step, { minLength: 5, maxLength: 60 }),
      async (seed, steps) => {
        const world = new World(seed)
        for (const one of steps) await take(world, one)
        await world.check(1000, 0)
        await world.stop('close')
        await world.check(300, 0)
      },
    ),
    { numRuns: RUNS },
  )
})
