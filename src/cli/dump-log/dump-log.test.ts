/**
 * What `millrace dump-log` prints of files of every kind, whole and damaged. The files and what
 * Kafka's tool says of them: test/golden/dump-log.txt, cli-dump-log of the conformance suite.
 */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { captured } from '../tool-run.test-support.ts'
import { dumpLogTool } from './dump-log.ts'

const FOLDER = mkdtempSync(join(tmpdir(), 'millrace-dump-log-'))
after(() => rmSync(FOLDER, { recursive: true }))
const GOLDEN = new URL('../../../test/golden/dump-log.txt', import.meta.url)
for (const line of readFileSync(GOLDEN, 'utf8').split('\n')) {
  const [path = '', hex = ''] = line.split(' ')
  if (path === '' || path === '#') continue
  mkdirSync(dirname(join(FOLDER, path)), { recursive: true })
  writeFileSync(join(FOLDER, path), Buffer.from(hex, 'hex'))
}

async function dump(file: string, ...flags: string[]) {
  const path = join(FOLDER, file)
  const { status, out, err } = await captured(dumpLogTool, [...flags, '--files', path])
  const lines = out.replaceAll(path, 'FILE').trimEnd().split('\n')
  return { status, lines, err: err.replaceAll(path, 'FILE').trimEnd().split('\n') }
}

const SEGMENT = '00000000000000000010.log'

test('messages of magic 0 and 1 have checksums, offsets in wrappers are absolute', async () => {
  const { lines, err } = await dump(`m0-lz4/${SEGMENT}`, '--print-data-log')
  assert.deepEqual(lines, [
    'Dumping FILE',
    'Log starting offset: 10',
    'offset: 12 position: 0 NoTimestampType: -1 size: 127 magic: 0 compresscodec: lz4 ' +
      'crc: 3486281384 isvalid: true',
    '| offset: 10 NoTimestampType: -1 keySize: 2 valueSize: 3 isValid: true crc: 3555684173 ' +
      'key: k1 payload: one',
    '| offset: 11 NoTimestampType: -1 keySize: -1 valueSize: 9 isValid: true crc: 3827805536 ' +
      'payload: two ü€',
    '| offset: 12 NoTimestampType: -1 keySize: 2 valueSize: -1 isValid: true crc: 3057896042 ' +
      'key: k3',
  ])
  assert.deepEqual(err, ['Non-consecutive offsets in FILE', '  -1 is followed by 10'])
  const stamped = await dump(`m1-lz4-append/${SEGMENT}`, '--deep-iteration')
  assert.match(stamped.lines[3]!, /^\| offset: 10 LogAppendTime: 1500000000000 /)
})

test('batches of magic 2: sequences, headers, markers', async () => {
  const { lines } = await dump(`m2-zstd/${SEGMENT}`, '--print-data-log', '--skip-record-metadata')
  assert.match(lines[2]!, /^baseOffset: 10 lastOffset: 12 count: 3 .*compresscodec: zstd/)
  assert.deepEqual(lines.slice(3), ['| key: k1 payload: one', '| payload: two ü€', '| key: k3'])
  const all = (await dump('txn/00000000000000000000.log', '--print-data-log')).lines
  const records = all.filter((line) => line.startsWith('|')).map((line) => line.slice(2))
  assert.match(records[1]!, /sequence: 2147483647 headerKeys: \[\] payload: c$/)
  assert.match(records[2]!, /endTxnMarker: COMMIT coordinatorEpoch: 4$/)
  assert.match(records[4]!, /endTxnMarker: ABORT coordinatorEpoch: 5$/)
  assert.match(all.at(-2)!, /deleteHorizonMs: OptionalLong\[1500000000005\]/)
})

test('what is behind the last batch is told of, and what can be none ends the dump', async () => {
  const short = await dump(`trunc/${SEGMENT}`)
  assert.equal(short.lines.at(-1), `Found 50 invalid bytes at the end of ${SEGMENT}`)
  const limited = await dump('txn/00000000000000000000.log', '--max-bytes', '160')
  assert.equal(limited.lines.length, 4)
  const zeros = await dump(`zeros/${SEGMENT}`)
  assert.equal(zeros.status, 1)
  const message = 'Found record size 0 smaller than minimum record overhead (14) in file FILE.'
  assert.equal(zeros.err[0], message)
  assert.match((await dump(`crc/${SEGMENT}`)).lines[2]!, /isvalid: false$/)
  // Of a compressed batch that can't be read, no record is shown.
  const gzip = await dump(`gzip/${SEGMENT}`, '--deep-iteration')
  assert.deepEqual([gzip.status, gzip.lines.length], [1, 3])
})

test("records of Kafka's own topics, and those that are none", async () => {
  const group = await dump('group/00000000000000000000.log', '--offsets-decoder')
  const text = group.lines.join('\n')
  assert.match(text, /"subscription":\{"topics":\["text-\d+","ż\d+"\]/)
  assert.match(text, /"memberId":"broken".*"subscription":"AA==","assignment":""/)
  assert.match(text, /key: Unknown record type 99 at offset \d+, skipping\.\n/)
  assert.match(text, /key: Error at offset \d+, skipping\. Could not read version from key/)
  assert.match(text, /payload: <DELETE>\n/)
  const nokey = await dump('nokey/00000000000000000000.log', '--offsets-decoder')
  assert.match(nokey.err[0]!, /message had a missing key/)
  assert.match(nokey.lines.at(-1)!, /headerKeys: \[\]$/)
  const file = 'metadata/00000000000000000099-0000000003.checkpoint'
  const metadata = (await dump(file, '--cluster-metadata-decoder')).lines
  assert.equal(metadata[1], 'Snapshot end offset: 99, epoch: 3')
  assert.match(metadata[3]!, /SnapshotHeader \{"version":0,"lastContainedLogTimestamp":15/)
  assert.ok(metadata.some((line) => line.includes('{"type":"NO_OP_RECORD","version":0,"data":{}')))
  const bad = await dump('badframe/00000000000000000000.log', '--remote-log-metadata-decoder')
  assert.match(bad.lines[4]!, /unknown frame version 2\(only frame version 1 is supported\)$/)
})

test('indexes are held against the segment', async () => {
  const index = await dump('ix1/00000000000000000010.index')
  assert.deepEqual(index.lines.slice(1), ['offset: 12 position: 0', 'offset: 15 position: 0'])
  assert.deepEqual(index.err, ['Mismatches in :FILE', '  Index offset: 15, log offset: 12'])
  const time = await dump('ti1/00000000000000000010.timeindex')
  assert.equal(time.lines[1], 'timestamp: 1500000000003 offset: 12')
  assert.deepEqual(time.err, [
    'The following indexed offsets are not found in :FILE',
    'Indexed offset: 11, found log offset: 12',
  ])
  const sane = await dump('ti5/00000000000000000010.timeindex', '--index-sanity-check')
  assert.equal(sane.status, 1)
  assert.match(sane.err[0]!, /the last offset is 8 which is less than the first offset 10$/)
})

test('producers and aborted transactions', async () => {
  const transactions = await dump('txn/00000000000000000010.txnindex')
  const second = 'producerId: 1 firstOffset: 10 lastOffset: 21 lastStableOffset: 15'
  assert.equal(transactions.lines[2], `version: 0 ${second}`)
  const snapshot = await dump('snap5/00000000000000000010.snapshot')
  assert.match(snapshot.err[0]!, /^Snapshot is corrupt \(CRC is no longer valid\)\. Stored crc: 0/)
  const later = await dump('snap2/00000000000000000010.snapshot')
  assert.match(later.err[0]!, /validation: Snapshot failed|validation: Snapshot contained an unkn/)
})

test('JSON: an object for each batch, entry and producer', async () => {
  const { lines } = await dump(`m2-none/${SEGMENT}`, '--print-data-log', '--json')
  const [batch, ...more] = lines.map((line) => JSON.parse(line))
  assert.deepEqual(more, [])
  const { type, baseOffset, lastOffset, count, compression, isValid } = batch
  assert.deepEqual(
    { type, baseOffset, lastOffset, count, compression, isValid },
    { type: 'batch', baseOffset: 10, lastOffset: 12, count: 3, compression: 'none', isValid: true },
  )
  assert.deepEqual(batch.records[2], {
    offset: 12,
    timestampMs: 1500000000003,
    sequence: -1,
    headerKeys: ['h1', 'h2'],
    keySize: 2,
    valueSize: -1,
    control: null,
    key: 'k3',
    value: null,
  })
  const binary = await dump('group/00000000000000000000.log', '--print-data-log', '--json')
  const records = JSON.parse(binary.lines[0]!).records as { value: { base64?: string } | null }[]
  const bytes = records.flatMap(({ value }) => value?.base64 ?? [])
  assert.ok(bytes.length > 0 && bytes.every((text) => /^[\w+/]+=*$/.test(text)))
})

test('files that are not there, and flags that do not fit', async () => {
  const missing = await dump('nowhere/00000000000000000000.log')
  assert.deepEqual([missing.status, missing.err], [1, ['FILE: no such file']])
  const wrong = await captured(dumpLogTool, ['--bootstrap-server', 'x', '--files', 'y'])
  assert.match(wrong.err, /^bootstrap-server is not a recognized option/)
  const none = await captured(dumpLogTool, ['--print-data-log'])
  assert.match(none.err, /^Missing required argument "\[files\]"/)
})
