/**
 * A partition that Apache Kafka wrote and closed (test/golden/log-directory.txt): what it says is
 * what we read, and what we make anew of it is, byte for byte, what Kafka made.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { simIo } from '../io/sim.ts'
import { batchesIn, START_MS } from './log.test-support.ts'
import { DEFAULT_LOG_CONFIG } from './log-config.ts'
import { UnifiedLog } from './unified-log.ts'

const TOPIC_DIRECTORY = '/data/golden-0'
const END_OFFSET = 32

function goldenFiles(): Map<string, Uint8Array> {
  const path = new URL('../../test/golden/log-directory.txt', import.meta.url)
  const files = new Map<string, Uint8Array>()
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    const [name, hex] = line.split(' ')
    if (hex !== undefined && name !== '#') files.set(name!, new Uint8Array(Buffer.from(hex, 'hex')))
  }
  return files
}

class Golden {
  readonly io = simIo(1)
  readonly warnings: string[] = []
  readonly files = goldenFiles()

  constructor(unwanted: (name: string) => boolean = () => false) {
    this.io.disk.makeDirectory(TOPIC_DIRECTORY)
    for (const [name, content] of this.files) {
      if (!unwanted(name)) this.io.disk.writeFileAtomic(`${TOPIC_DIRECTORY}/${name}`, content)
    }
  }

  open(wasCleanShutdown: boolean, recoveryPoint: number): UnifiedLog {
    return UnifiedLog.open({
      disk: this.io.disk,
      directory: TOPIC_DIRECTORY,
      topic: 'golden',
      partition: 0,
      topicId: null,
      config: { ...DEFAULT_LOG_CONFIG, segmentBytes: 1200, indexIntervalBytes: 200 },
      nowMs: START_MS,
      random: this.io.random,
      wasCleanShutdown,
      recoveryPoint,
      onWarning: (message) => this.warnings.push(message),
    })
  }

  differences(): string[] {
    const names = new Set([...this.files.keys(), ...this.io.disk.list(TOPIC_DIRECTORY)])
    return [...names].filter((name) => {
      const path = `${TOPIC_DIRECTORY}/${name}`
      if (this.io.disk.stat(path) === null) return true
      return !Buffer.from(this.io.disk.readFile(path)).equals(this.files.get(name) ?? Buffer.of())
    })
  }
}

test('what Kafka closed is opened without a change, and closed without one', async () => {
  const golden = new Golden()
  const log = golden.open(true, END_OFFSET)
  assert.deepEqual(
    [log.logStartOffset, log.logEndOffset, log.latestEpoch, log.segments.count],
    [0, END_OFFSET, 0, 2],
  )
  const values: string[] = []
  for (let next = 0; next < END_OFFSET; ) {
    const options = { minOneMessage: true, upperBound: END_OFFSET }
    const read = await golden.io.simulation.settle(Promise.resolve(log.read(next, 500, options)))
    for (const batch of batchesIn(read.pieces)) values.push(...batch.values)
    next = read.nextOffset
  }
  assert.deepEqual(values.slice(10, 15), [
    'value 10',
    'value 11',
    'transaction 0 record 0',
    'transaction 0 record 1',
    'transaction 0 record 2',
  ])
  assert.equal(values.length, END_OFFSET)
  assert.deepEqual(
    log
      .abortedTransactions(0, END_OFFSET)
      .map((transaction) => [transaction.firstOffset, transaction.lastOffset]),
    [
      [12, 15],
      [20, 23],
      [28, 31],
    ],
  )
  const [idempotent, transactional] = log.producerStates()
  assert.deepEqual([idempotent?.lastSequence, idempotent?.currentTxnStartOffset], [11, -1])
  assert.deepEqual([transactional?.lastSequence, transactional?.coordinatorEpoch], [-1, 0])
  assert.deepEqual(log.offsetForTimestamp(1_700_000_003_000), {
    offset: 3,
    timestampMs: 1_700_000_003_003,
    leaderEpoch: 0,
  })
  // Markers count too, and this one was written long after.
  assert.equal(log.offsetForTimestamp(1_700_000_100_021)?.offset, 15)
  log.close()
  assert.deepEqual(golden.differences(), [])
  assert.deepEqual(golden.warnings, [])
})

test('recovery makes of the log what Kafka made of it', () => {
  const golden = new Golden((name) => /index$|snapshot$|checkpoint$/.test(name))
  golden.open(false, 0).close()
  assert.deepEqual(golden.differences(), [])
})

test('indexes that are missing or corrupt are made anew as they were', () => {
  for (const damage of [new Uint8Array(0), new Uint8Array(5), new Uint8Array(48).fill(7)]) {
    const golden = new Golden((name) => /index$/.test(name))
    if (damage.length > 0) {
      for (const name of golden.files.keys()) {
        if (!/index$/.test(name)) continue
        golden.io.disk.writeFileAtomic(`${TOPIC_DIRECTORY}/${name}`, damage)
      }
    }
    const log = golden.open(true, END_OFFSET)
    log.offsetForTimestamp(1_700_000_003_000)
    log.offsetForTimestamp(1_700_000_100_021)
    log.close()
    // Nothing tells that a transaction index was there.
    const missing = damage.length === 0 ? ['00000000000000000015.txnindex'] : []
    assert.deepEqual(golden.differences(), missing)
    assert.ok(golden.warnings.length >= 2)
  }
})
