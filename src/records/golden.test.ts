/**
 * Batches written by Kafka's own library (test/golden/record-batches.txt) are read, and ours are
 * like them.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import * as batch from './batch.ts'
import { nextBatch } from './batches.ts'
import { BatchBuilder, type BatchOptions } from './builder.ts'
import { COMPRESSION_TYPES, type CompressionType } from './compression/compression.ts'
import {
  buildControlBatch,
  buildEndTransactionMarker,
  type ControlRecord,
  parseControlRecord,
  readControlBatch,
} from './control.ts'
import { RecordCursor, type RecordHeader } from './record-scan.ts'

const BASE_MS = 1_700_000_000_000
const utf8 = (text: string) => new TextEncoder().encode(text)

function golden(): Map<string, Uint8Array> {
  const text = readFileSync(
    new URL('../../test/golden/record-batches.txt', import.meta.url),
    'utf8',
  )
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => {
      const [name, hex] = line.split(' ')
      return [name!, new Uint8Array(Buffer.from(hex!, 'hex'))]
    }),
  )
}

interface PlainRecord {
  readonly timestampMs: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly RecordHeader[]
}

/** The records that GoldenBatches.java writes. */
function goldenRecord(i: number): PlainRecord {
  return {
    timestampMs: i === 5 ? BASE_MS + 40_000_000_000 : BASE_MS + i * 17 - (i % 7) * 1000,
    key: i % 3 === 0 ? null : utf8(`key-${i}`),
    value: i % 4 === 3 ? null : utf8(`value-${i}-`.repeat(i % 5)),
    headers:
      i % 2 === 0
        ? []
        : [
            [`h${i}`, utf8('v')],
            ['nul', null],
            ['é€', new Uint8Array(0)],
          ],
  }
}

function build(options: BatchOptions, count: number): Uint8Array {
  const builder = new BatchBuilder(options)
  for (let i = 0; i < count; i++) {
    const { timestampMs, key, value, headers } = goldenRecord(i)
    builder.append(timestampMs, key, value, headers)
  }
  return builder.build()
}

function options(compression: CompressionType, variant: string): BatchOptions {
  const plain = { baseOffset: 1_000_000_000_000, partitionLeaderEpoch: 7, compression }
  if (variant !== 'append') return plain
  return { ...plain, timestampType: 'LogAppendTime', logAppendTimeMs: BASE_MS + 99 }
}

/** The header fields that are the same whatever the compressor made of the records. */
function header(b: Uint8Array): unknown[] {
  return [
    batch.baseOffset(b, 0),
    batch.partitionLeaderEpoch(b, 0),
    batch.magic(b, 0),
    batch.attributes(b, 0),
    batch.lastOffsetDelta(b, 0),
    batch.baseTimestampMs(b, 0),
    batch.maxTimestampMs(b, 0),
    batch.producerId(b, 0),
    batch.producerEpoch(b, 0),
    batch.baseSequence(b, 0),
    batch.lastSequence(b, 0),
    batch.recordCount(b, 0),
  ]
}

function records(b: Uint8Array): unknown[] {
  const cursor = new RecordCursor(b)
  const found: unknown[] = []
  while (cursor.next()) {
    found.push({
      offset: cursor.offset,
      timestampMs: cursor.timestampMs,
      key: cursor.key(),
      value: cursor.value(),
      headers: cursor.headers(),
    })
  }
  assert.equal(cursor.problem, '')
  // Views of one memory compare unequal to arrays of their own class; hex compares what is in them.
  return found.map((record) => JSON.stringify(record))
}

const batches = golden()

for (const compression of COMPRESSION_TYPES) {
  for (const variant of ['create', 'append', 'large']) {
    const kafkas = batches.get(`${compression}/${variant}`)
    if (kafkas === undefined) continue
    test(`Kafka's ${compression} batch (${variant}) reads as it was written`, () => {
      const count = variant === 'large' ? 2000 : 10
      const ours = build(options(compression, variant), count)
      assert.equal(nextBatch(kafkas, 0), kafkas.length)
      assert.ok(batch.isCrcValid(kafkas, 0))
      assert.deepEqual(header(kafkas), header(ours))
      assert.deepEqual(records(kafkas), records(ours))
      if (compression === 'none') assert.deepEqual(ours, kafkas)
      const first = JSON.parse(records(kafkas)[4] as string)
      assert.equal(first.offset, 1_000_000_000_004)
      assert.equal(first.timestampMs, variant === 'append' ? BASE_MS + 99 : BASE_MS - 3932)
    })
  }
}

test('a transactional batch is byte for byte what Kafka writes, its sequence numbers wrap', () => {
  const ours = build(
    {
      baseOffset: 5,
      producerId: 4321,
      producerEpoch: 12,
      baseSequence: batch.MAX_SEQUENCE - 3,
      isTransactional: true,
      partitionLeaderEpoch: 3,
    },
    10,
  )
  assert.deepEqual(ours, batches.get('none/transactional'))
  assert.equal(batch.lastSequence(ours, 0), 5)
})

test('a compacted batch with a delete horizon is byte for byte what Kafka writes', () => {
  const builder = new BatchBuilder({
    baseOffset: 100,
    producerId: 4321,
    producerEpoch: 12,
    baseSequence: 50,
    partitionLeaderEpoch: 3,
    deleteHorizonMs: BASE_MS + 86_400_000,
    lastOffset: 109,
  })
  builder.append(BASE_MS + 5, utf8('tombstone'), null, [], 3)
  const ours = builder.build()
  assert.deepEqual(ours, batches.get('none/delete-horizon'))
  assert.equal(batch.deleteHorizonMs(ours, 0), BASE_MS + 86_400_000)
  const cursor = new RecordCursor(ours)
  assert.ok(cursor.next())
  assert.deepEqual([cursor.offset, cursor.timestampMs], [103, BASE_MS + 5])
})

const ONE_UUID = 'AAAAAAAAAAAAAAAAAAAAAQ'
const CONTROL: readonly [name: string, baseOffset: number, record: ControlRecord][] = [
  [
    'leader-change',
    30,
    {
      kind: 'leaderChange',
      leaderId: 1,
      voters: [{ voterId: 1 }, { voterId: 2 }],
      grantingVoters: [{ voterId: 1 }],
    },
  ],
  ['snapshot-header', 0, { kind: 'snapshotHeader', lastContainedLogTimestampMs: BASE_MS - 1 }],
  ['snapshot-footer', 8, { kind: 'snapshotFooter' }],
  ['kraft-version', 1, { kind: 'kraftVersion', kraftVersion: 1 }],
  [
    'voters',
    2,
    {
      kind: 'voters',
      voters: [
        {
          voterId: 1,
          voterDirectoryId: ONE_UUID,
          endpoints: [{ name: 'CONTROLLER', host: 'localhost', port: 9093 }],
          kRaftVersionFeature: { minSupportedVersion: 0, maxSupportedVersion: 1 },
        },
      ],
    },
  ],
]

for (const [name, baseOffset, record] of CONTROL) {
  test(`control batch ${name} is byte for byte what Kafka writes, and read back`, () => {
    const ours = buildControlBatch({ baseOffset, partitionLeaderEpoch: 5 }, BASE_MS, [record])
    assert.deepEqual(ours, batches.get(`control/${name}`))
    const [read] = readControlBatch(ours)
    assert.partialDeepStrictEqual(read, record)
  })
}

test('transaction markers are byte for byte what Kafka writes, and read back', () => {
  for (const kind of ['commit', 'abort'] as const) {
    const marker = { kind, coordinatorEpoch: 6 }
    const ours = buildEndTransactionMarker(
      { baseOffset: 20, partitionLeaderEpoch: 4, producerId: 4321, producerEpoch: 12 },
      BASE_MS,
      marker,
    )
    assert.deepEqual(ours, batches.get(`control/${kind}`))
    assert.deepEqual(readControlBatch(ours), [marker])
  }
})

test('control records of a later Kafka are unknown, not an error', () => {
  const key = Uint8Array.of(0, 0, 0, 99)
  const value = new Uint8Array(3)
  assert.deepEqual(parseControlRecord(key, value), { kind: 'unknown', type: 99 })
  assert.deepEqual(parseControlRecord(new Uint8Array(2), value), { kind: 'unknown', type: -1 })
  assert.throws(() => parseControlRecord(Uint8Array.of(0, 0, 0, 1), value))
})
