/** What Apache Kafka 4.3.1 wrote (testdata/kafka-4.3.1.txt) is read, and ours is like it. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { decodeMetadataRecord, encodeMetadataRecord } from '../protocol/persisted/framing.ts'
import { VoterSet } from '../raft/quorum.ts'
import { decodeSnapshot, encodeSnapshot, forEachValue } from '../raft/snapshot.ts'
import { baseTimestampMs, isControl, lastOffset } from '../records/batch.ts'
import { forEachBatch } from '../records/batches.ts'
import { MetadataDelta } from './delta.ts'
import {
  bootstrapCheckpoint,
  bootstrapFeatureLevels,
  bootstrapRecords,
  votersCheckpoint,
} from './format.ts'
import { MetadataImage } from './image.ts'
import { allFeatureRanges } from './metadata-version.ts'
import type { MetadataRecord } from './records.ts'

const FILES: ReadonlyMap<string, Uint8Array> = new Map(
  readFileSync(join(import.meta.dirname, 'testdata/kafka-4.3.1.txt'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(' '))
    .map(([name, content]) => [
      name!,
      Uint8Array.from(gunzipSync(Buffer.from(content!, 'base64'))),
    ]),
)

function file(name: string): Uint8Array {
  return FILES.get(name)!
}

/** The image at an offset of Kafka's log. */
export function imageAt(endOffset: number): MetadataImage {
  const image = new MetadataImage()
  const delta = new MetadataDelta()
  const bytes = file('log')
  forEachBatch(bytes, 0, bytes.length, (at) => {
    if (isControl(bytes, at) || lastOffset(bytes, at) >= endOffset) return
    forEachValue(bytes, at, (value, offset) =>
      image.replay(decodeMetadataRecord(value), offset, delta),
    )
  })
  return image
}

function imageOf(records: Iterable<MetadataRecord>, offset: number): MetadataImage {
  const image = new MetadataImage()
  const delta = new MetadataDelta()
  for (const record of records) image.replay(record, offset, delta)
  return image
}

function recordsIn(snapshot: Uint8Array): MetadataRecord[] {
  const records: MetadataRecord[] = []
  decodeSnapshot(snapshot, (value) => records.push(decodeMetadataRecord(value)))
  return records
}

/** Records as text, in an order that does not depend on that of hash maps. */
function sorted(records: Iterable<MetadataRecord>): string[] {
  return Array.from(records, ({ message, version, value }) => {
    const text = JSON.stringify(value, (key, field) =>
      key === 'features' || key === 'endPoints' ? sortedByName(field) : field,
    )
    return `${message.name} v${version} ${text}`
  }).sort()
}

function sortedByName(list: readonly { readonly name: string }[]): unknown {
  return list.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

for (const [name, endOffset] of [
  ['00000000000000000180-0000000002.checkpoint', 180],
  ['00000000000000000212-0000000003.checkpoint', 212],
  ['00000000000000000265-0000000004.checkpoint', 265],
] as const) {
  test(`replaying Kafka's log up to ${endOffset} gives what Kafka's snapshot holds`, () => {
    const expected = recordsIn(file(name))
    assert.deepEqual(sorted(imageAt(endOffset).records()), sorted(expected))
    // And the snapshot gives the same again.
    assert.deepEqual(sorted(imageOf(expected, endOffset - 1).records()), sorted(expected))
  })
}

test('our records encode to the bytes that Kafka writes', () => {
  const values: Uint8Array[] = []
  const snapshot = file('00000000000000000265-0000000004.checkpoint')
  decodeSnapshot(snapshot, (value) => values.push(value))
  for (const value of values) {
    assert.deepEqual(encodeMetadataRecord(decodeMetadataRecord(value)), value)
  }
})

test('the header of a snapshot tells the voters', () => {
  const { controlRecords } = decodeSnapshot(
    file('00000000000000000265-0000000004.checkpoint'),
    () => {},
  )
  const kinds = controlRecords.map(({ kind }) => kind)
  assert.deepEqual(kinds, ['snapshotHeader', 'kraftVersion', 'voters', 'snapshotFooter'])
})

test('a formatted directory is what kafka-storage makes of it', () => {
  const levels = bootstrapFeatureLevels(new Map(), allFeatureRanges(), true)
  assert.ok(typeof levels !== 'string')
  const kafka = file('bootstrap.checkpoint')
  const times: number[] = []
  forEachBatch(kafka, 0, kafka.length, (at) => times.push(baseTimestampMs(kafka, at)))
  const ours = bootstrapCheckpoint(bootstrapRecords(levels), times[0]!)
  assert.deepEqual(recordsIn(ours), recordsIn(kafka))
  assert.equal(ours.length, kafka.length)
})

test('the first snapshot of a dynamic quorum is what kafka-storage makes of it', () => {
  const kafka = file('00000000000000000000-0000000000.checkpoint')
  const header = decodeSnapshot(kafka, () => {})
  const voters = header.controlRecords.find((record) => record.kind === 'voters')
  assert.ok(voters !== undefined)
  const ours = votersCheckpoint(VoterSet.fromRecord(voters.voters).voters, 0)
  assert.equal(ours.length, kafka.length)
  assert.deepEqual(
    decodeSnapshot(ours, () => {}).controlRecords.slice(1),
    header.controlRecords.slice(1),
  )
})

test('a snapshot that is cut short or damaged is refused with the reason', () => {
  const whole = file('00000000000000000265-0000000004.checkpoint')
  const read = (bytes: Uint8Array) => () => decodeSnapshot(bytes, () => {})
  assert.throws(read(whole.subarray(0, whole.length - 1)), /ends within the batch at byte \d+/)
  assert.throws(read(whole.subarray(0, whole.length - 75)), /has no footer/)
  const damaged = whole.slice()
  damaged[300]! ^= 1
  assert.throws(read(damaged), /batch at byte 166 is corrupt/)
  assert.throws(read(new Uint8Array(0)), /has no header/)
})

test('large snapshots are split into batches and read back whole', () => {
  const values = Array.from({ length: 5000 }, (_, i) => new Uint8Array(100).fill(i % 251))
  const pieces = [
    ...encodeSnapshot({
      epoch: 7,
      lastContainedLogTimestampMs: 42,
      kraftVersion: 0,
      voters: null,
      values,
      nowMs: 43,
    }),
  ]
  const read: Uint8Array[] = []
  const header = decodeSnapshot(Buffer.concat(pieces), (value) => read.push(Uint8Array.from(value)))
  assert.equal(header.lastContainedLogTimestampMs, 42)
  assert.deepEqual(read, values)
  assert.equal(pieces.length, 2 + Math.ceil(5000 / 1024))
})
