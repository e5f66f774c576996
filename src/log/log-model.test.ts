/**
 * A partition log against an array, on a simulated disk: appends, rolls, reads, truncations,
 * deleted records, retention, flushes, and every way of stopping. After a kill nothing that was
 * written may be missing; after a power cut nothing that was flushed may be; and whatever is there
 * is what was appended, at the offsets that were answered. What the log knows of its producers and
 * transactions is what its batches say.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { simIo } from '../io/sim.ts'
import { ErrorCode } from '../protocol/errors.ts'
import type { BatchOptions } from '../records/builder.ts'
import { buildEndTransactionMarker } from '../records/control.ts'
import { batchesIn, batchOf, checkCut, START_MS, TOPIC_ID, wholeOf } from './log.test-support.ts'
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
const LIMITS = {
  maxOpenFiles: 2,
  maxIndexBytes: 700,
  maxTailBytes: 5000,
  maxFreeReadBytes: 100_000,
  fetchHeadBytes: 150,
  maxTailBytesPerLog: 4096,
}

const RUNS = 60

interface Batch {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly epoch: number
  readonly values: readonly string[]
}

/** What only the model knows of a batch. */
interface Made {
  readonly producerId: number
  readonly lastSequence: number
  readonly isTransactional: boolean
  readonly marker: 'commit' | 'abort' | null
  readonly bytes: Uint8Array
}

interface Knowledge {
  readonly lastSequences: Map<number, number>
  /** First offsets of open transactions. */
  readonly open: Map<number, number>
  readonly ended: {
    producerId: number
    firstOffset: number
    lastOffset: number
    aborted: boolean
  }[]
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
  #lent: Uint8Array[] = [] // to the log, until it is written
  readonly made = new Map<Batch['baseOffset'], Made>()
  startOffset = 0
  endOffset = 0
  writtenOffset = 0
  flushedOffset = 0
  epoch = 0
  count = 0

  constructor(seed: number) {
    this.io = simIo(seed)
    this.directory = this.#open()
    this.log = this.#create()
    this.io.disk.syncDirectory('/')
  }

  #create(): UnifiedLog {
    const { config, nowMs } = this
    const topicId = TOPIC_ID
    return this.directory.createLog({ topic: 't', partition: 0, topicId, config, nowMs })
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
    for (const size of sizes) this.#append(this.#values(size), {}, null)
  }

  /** An idempotent batch; from producer 2 on it is part of a transaction. */
  produce(producerId: number, size: number): void {
    const isTransactional = producerId >= 2
    // A producer can be known by a snapshot after all of its batches were deleted.
    const states = this.log.producerStates()
    const last = states.find((state) => state.producerId === producerId)?.lastSequence ?? -1
    const producer = { producerId, producerEpoch: 0, baseSequence: last + 1, isTransactional }
    this.#append(this.#values(size), producer, null)
  }

  /** Sends the last batch of a producer again. */
  retry(producerId: number): void {
    const last = this.batches.findLast(({ baseOffset }) => {
      const made = this.made.get(baseOffset)
      return made?.producerId === producerId && made.marker === null
    })
    // After a restart only what a snapshot or the log itself says is known.
    if (last === undefined || last.lastOffset < this.startOffset) return
    const bytes = this.made.get(last.baseOffset)!.bytes.slice()
    const context = { leaderEpoch: this.epoch, nowMs: this.nowMs, origin: 'client' as const }
    const result = this.log.appendAsLeader(bytes, context)
    assert.deepEqual(
      [result.error, result.duplicate, result.firstOffset, result.lastOffset],
      [ErrorCode.NONE, true, last.baseOffset, last.lastOffset],
    )
  }

  endTransaction(producerId: number, kind: 'commit' | 'abort'): void {
    if (producerId >= 2) this.#append([''], { producerId, producerEpoch: 0 }, kind)
  }

  #values(size: number): string[] {
    return Array.from({ length: 1 + (size % 3) }, () => `${this.count++}`.padEnd(size, '.'))
  }

  #append(values: string[], producer: BatchOptions, marker: 'commit' | 'abort' | null): void {
    const { producerId = -1, baseSequence = -1, isTransactional = marker !== null } = producer
    const bytes =
      marker === null
        ? batchOf(values, { timestampMs: this.nowMs, ...producer })
        : buildEndTransactionMarker({ producerId, producerEpoch: 0 }, this.nowMs, {
            kind: marker,
            coordinatorEpoch: 0,
          })
    const sent = bytes.slice()
    const origin = marker === null ? 'client' : 'coordinator'
    const context = { leaderEpoch: this.epoch, nowMs: this.nowMs, origin } as const
    this.#lent.push(bytes)
    const result = this.log.appendAsLeader(bytes, context)
    assert.equal(result.error, ErrorCode.NONE, String(result.errorMessage))
    assert.equal(result.firstOffset, this.endOffset)
    this.endOffset += values.length
    assert.equal(result.lastOffset, this.endOffset - 1)
    const { firstOffset: baseOffset, lastOffset } = result
    const shown = marker === null ? values : batchesIn([sent])[0]!.values
    this.batches.push({ baseOffset, lastOffset, epoch: this.epoch, values: shown })
    const lastSequence = baseSequence < 0 ? -1 : baseSequence + values.length - 1
    this.made.set(baseOffset, { producerId, lastSequence, isTransactional, marker, bytes: sent })
  }

  /** What the batches say about producers and transactions. */
  knowledge(): Knowledge {
    const known: Knowledge = { lastSequences: new Map(), open: new Map(), ended: [] }
    for (const { baseOffset } of this.batches) {
      const made = this.made.get(baseOffset)!
      const { producerId } = made
      if (made.marker !== null) {
        const firstOffset = known.open.get(producerId)
        if (firstOffset === undefined) continue
        known.open.delete(producerId)
        const aborted = made.marker === 'abort'
        known.ended.push({ producerId, firstOffset, lastOffset: baseOffset, aborted })
      } else if (producerId >= 0) {
        known.lastSequences.set(producerId, made.lastSequence)
        if (made.isTransactional && !known.open.has(producerId))
          known.open.set(producerId, baseOffset)
      }
    }
    return known
  }

  checkProducers(): void {
    // Producers whose batches were all deleted may be known or not.
    if (this.log.logStartOffset > 0) return
    const known = this.knowledge()
    const states = this.log.producerStates()
    const sequences = new Map(states.map((state) => [state.producerId, state.lastSequence]))
    for (const [producerId, last] of known.lastSequences) {
      assert.equal(sequences.get(producerId), last, `last sequence of producer ${producerId}`)
    }
    for (const { producerId, currentTxnStartOffset } of states) {
      assert.equal(currentTxnStartOffset, known.open.get(producerId) ?? -1)
    }
    const aborted = this.log
      .abortedTransactions(0, this.endOffset)
      .map(({ producerId, firstOffset, lastOffset }) => ({ producerId, firstOffset, lastOffset }))
    const expected = known.ended.filter((ended) => ended.aborted)
    assert.deepEqual(
      aborted,
      expected.map(({ producerId, firstOffset, lastOffset }) => ({
        producerId,
        firstOffset,
        lastOffset,
      })),
    )
    const { highWatermark } = this.log
    const unreplicated = known.ended.filter((ended) => ended.lastOffset >= highWatermark)
    const unstable = [...known.open.values(), ...unreplicated.map((ended) => ended.firstOffset)]
    assert.equal(this.log.lastStableOffset, Math.min(highWatermark, ...unstable))
  }

  write(): void {
    this.log.write()
    for (const bytes of this.#lent.splice(0)) bytes.fill(0xff)
    this.log.advanceHighWatermark(this.endOffset)
    this.writtenOffset = this.endOffset
  }

  async flush(): Promise<void> {
    await this.io.simulation.settle(this.log.flush())
    this.writtenOffset = this.endOffset
    this.flushedOffset = this.endOffset
  }

  /** Goes on with a disk that has only so many bytes left, until it is full; then starts again. */
  async fillDisk(leftBytes: number, sizes: readonly number[]): Promise<void> {
    this.io.volume.capacityBytes = this.io.volume.usedBytes() + leftBytes
    try {
      this.append(sizes)
      this.write()
    } catch (error) {
      if (this.log.failure === null) throw error
    }
    this.io.volume.capacityBytes = Infinity
    if (this.log.failure === null) return
    assert.ok(this.directory.offline)
    await this.stop('kill')
  }

  /** Leader epochs begin with a batch, and so do truncations. */
  truncate(target: number): void {
    const offset = this.batches.find((batch) => batch.lastOffset >= target)?.baseOffset ?? target
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
    const found = this.directory.log('t', 0)
    assert.ok(found !== null || (how === 'crash' && this.flushedOffset === 0))
    this.log = found ?? this.#create()
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
    this.checkProducers()
  }

  async #read(from: number, maxBytes: number): Promise<Batch[]> {
    const { log, endOffset: upperBound } = this
    const found: Batch[] = []
    const readAt = async (offset: number, limit: number, asFetch: boolean) => {
      const answer = log.read(offset, limit, { minOneMessage: true, upperBound, asFetch })
      return wholeOf(answer instanceof Promise ? await this.io.simulation.settle(answer) : answer)
    }
    for (let next = from; next < this.endOffset; ) {
      const read = await readAt(next, maxBytes, false)
      checkCut(await readAt(next, 1 << 20, false), await readAt(next, maxBytes, true), maxBytes)
      assert.equal(read.error, ErrorCode.NONE, String(log.failure?.stack))
      found.push(...batchesIn(read.pieces))
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
  | { readonly kind: 'produce' | 'retry'; readonly producerId: number; readonly size: number }
  | { readonly kind: 'end'; readonly producerId: number; readonly how: 'commit' | 'abort' }
  | { readonly kind: 'write' | 'flush' | 'roll' | 'epoch' | 'retention' }
  | { readonly kind: 'truncate' | 'deleteRecords'; readonly share: number }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'fill'; readonly leftBytes: number; readonly sizes: number[] }
  | { readonly kind: 'stop'; readonly how: 'close' | 'kill' | 'crash' }
  | { readonly kind: 'check'; readonly maxBytes: number; readonly share: number }

const share = fc.double({ min: 0, max: 1, noNaN: true })
const append = fc.record({
  kind: fc.constant('append' as const),
  sizes: fc.array(fc.integer({ min: 1, max: 150 }), { minLength: 1, maxLength: 6 }),
})
const produce = fc.record({
  kind: fc.constantFrom(
    'produce' as const,
    'produce' as const,
    'produce' as const,
    'retry' as const,
  ),
  producerId: fc.integer({ min: 1, max: 3 }),
  size: fc.integer({ min: 1, max: 150 }),
})
const end = fc.record({
  kind: fc.constant('end' as const),
  producerId: fc.integer({ min: 2, max: 3 }),
  how: fc.constantFrom('commit' as const, 'abort' as const),
})
const fill = fc.record({
  kind: fc.constant('fill' as const),
  leftBytes: fc.integer({ min: 0, max: 700 }),
  sizes: append.map(({ sizes }) => sizes),
})
const simple = (kind: 'write' | 'flush' | 'roll' | 'epoch' | 'retention') => fc.constant({ kind })
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: append, weight: 8 },
  { arbitrary: produce, weight: 8 },
  { arbitrary: end, weight: 3 },
  { arbitrary: fill, weight: 1 },
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
    case 'produce':
      world.produce(step.producerId, step.size)
      break
    case 'retry':
      world.retry(step.producerId)
      break
    case 'end':
      world.endTransaction(step.producerId, step.how)
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
    case 'fill':
      await world.fillDisk(step.leftBytes, step.sizes)
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
