/** The log as its callers use it, on the simulated disk. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { simIo } from '../io/sim.ts'
import { ErrorCode } from '../protocol/errors.ts'
import { baseOffset, batchSizeBytes, lastOffset } from '../records/batch.ts'
import { BatchBuilder, type BatchOptions } from '../records/builder.ts'
import { DEFAULT_LOG_CONFIG, type LogConfig } from './log-config.ts'
import { type LogOptions, type ReadResult, UnifiedLog } from './unified-log.ts'

const NOW = 1_700_000_000_000

function batchOf(values: readonly string[], options: BatchOptions & { timestampMs?: number } = {}) {
  const builder = new BatchBuilder(options)
  for (const value of values) {
    builder.append(options.timestampMs ?? NOW, null, new TextEncoder().encode(value))
  }
  return builder.build()
}

class Fixture {
  readonly io = simIo(1)
  log: UnifiedLog
  config: LogConfig

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
      topicId: 'AAAAAAAAAAAAAAAAAAAABA',
      config: this.config,
      nowMs: NOW,
      random: this.io.random,
      onWarning: (message) => this.warnings.push(message),
      ...options,
    })
    return this.log
  }

  readonly warnings: string[] = []

  append(values: readonly string[], options: BatchOptions & { timestampMs?: number } = {}) {
    const batch = batchOf(values, options)
    return this.log.appendAsLeader(batch, { leaderEpoch: 3, nowMs: NOW, origin: 'client' })
  }

  async read(offset: number, maxBytes = 1 << 20): Promise<[number, number][]> {
    const { log } = this
    const options = { minOneMessage: true, upperBound: log.logEndOffset }
    const answer = log.read(offset, maxBytes, options)
    const result: ReadResult =
      answer instanceof Promise ? await this.io.simulation.settle(answer) : answer
    assert.equal(result.error, ErrorCode.NONE)
    const found: [number, number][] = []
    for (const piece of result.pieces) {
      for (let at = 0; at < piece.length; at += batchSizeBytes(piece, at)) {
        found.push([baseOffset(piece, at), lastOffset(piece, at)])
      }
    }
    return found
  }
}

test('appends get offsets, and can be read before and after they are written', async () => {
  const f = new Fixture()
  assert.equal(f.append(['a', 'b']).firstOffset, 0)
  const second = f.append(['c'])
  assert.equal(second.firstOffset, 2)
  assert.equal(second.lastOffset, 2)
  assert.deepEqual(await f.read(0), [
    [0, 1],
    [2, 2],
  ])
  f.log.write()
  assert.deepEqual(await f.read(1), [
    [0, 1],
    [2, 2],
  ])
  assert.deepEqual(await f.read(2), [[2, 2]])
  assert.deepEqual(await f.read(3), [])
  const beyond = f.log.read(4, 100, { minOneMessage: true, upperBound: 9 })
  assert.ok(!(beyond instanceof Promise))
  assert.equal(beyond.error, ErrorCode.OFFSET_OUT_OF_RANGE)
})

test('a closed log opens where it ended, without scanning', async () => {
  const f = new Fixture({ segmentBytes: 2000 })
  for (let i = 0; i < 40; i++) f.append([`value ${i}`.padEnd(100, '.')])
  f.log.write()
  assert.ok(f.log.segments.count > 2)
  f.log.close()
  f.open({ wasCleanShutdown: true, recoveryPoint: 40 })
  assert.equal(f.log.logEndOffset, 40)
  assert.equal(f.log.latestEpoch, 3)
  assert.equal(f.log.topicId, 'AAAAAAAAAAAAAAAAAAAABA')
  let next = 0
  while (next < 40) {
    for (const [first, last] of await f.read(next, 500)) {
      assert.equal(first, next)
      next = last + 1
    }
  }
  assert.equal(f.append(['more']).firstOffset, 40)
  assert.deepEqual(f.warnings, [])
})

test('a crash loses at most what was not written', async () => {
  const f = new Fixture({ segmentBytes: 2000 })
  for (let i = 0; i < 40; i++) f.append([`value ${i}`.padEnd(100, '.')])
  f.log.write()
  f.open()
  assert.equal(f.log.logEndOffset, 40)
  assert.deepEqual((await f.read(39)).at(-1), [39, 39])
})
