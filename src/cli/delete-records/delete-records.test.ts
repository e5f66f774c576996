/** What `millrace delete-records` takes of its file, and what it prints and returns. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Admin } from '../../client/admin/admin.ts'
import { Results } from '../../client/admin/results.ts'
import { KafkaError } from '../../client/kafka-error.ts'
import { captured } from '../tool-run.test-support.ts'
import { deleteRecords, deleteRecordsTool } from './delete-records.ts'
import { recordsToDelete } from './offset-file.ts'

test('offsets are taken as they stand, or refused', () => {
  const file = (offset: string) =>
    `{"partitions":[{"topic":"t","partition":3,"offset":${offset}}],"version":1}`
  const [one] = recordsToDelete(file('9007199254740991'))
  assert.deepEqual(one, { topic: 't', partition: 3, beforeOffset: 9007199254740991 })
  assert.throws(
    () => recordsToDelete(file('9007199254740993')),
    /^CliError: offset 9007199254740993/,
  )
  assert.throws(() => recordsToDelete(file('9223372036854775808')), /Expected `Long` value/)
  assert.throws(() => recordsToDelete(file('1.0')), /Expected `Long` value, received 1.0$/)
  assert.throws(() => recordsToDelete(file('"7"')), /Expected `Long` value, received "7"$/)
})

test('a file is refused before anybody is connected to', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'delete-records-'))
  try {
    const path = join(folder, 'offsets.json')
    const line = ['--offset-json-file', path, '--bootstrap-server', 'x:1']
    const missing = await captured(deleteRecordsTool, line)
    assert.equal(missing.err, `Unable to read file ${path}\nno such file\n`)
    writeFileSync(path, '{"version":1}')
    const { status, out, err } = await captured(deleteRecordsTool, line)
    assert.deepEqual(
      { status, out, err },
      { status: 1, out: '', err: 'Missing partitions field\n' },
    )
  } finally {
    rmSync(folder, { recursive: true })
  }
})

const FAILED = KafkaError.ofCode(1)
const RESULTS = new Results(
  ({ topic, partition }) => `${topic}-${partition}`,
  [
    { key: { topic: 'b', partition: 10 }, ok: true, value: { lowWatermark: 7 } },
    { key: { topic: 'b', partition: 2 }, ok: false, error: FAILED },
    { key: { topic: 'a', partition: 11 }, ok: true, value: { lowWatermark: 0 } },
    {
      key: { topic: 'c', partition: 0 },
      ok: false,
      error: new KafkaError('TIMED_OUT', 'too long', { cause: KafkaError.ofCode(3) }),
    },
  ],
)
const ADMIN = { deleteRecords: async () => RESULTS } as unknown as Admin

async function printed(isJson: boolean) {
  let isDone: boolean | null = null
  const { out } = await captured(async (run) => {
    isDone = await deleteRecords(ADMIN, [], run, isJson)
    return 0
  }, [])
  return { isDone, out }
}

test('each partition is told of, in the order of its name', async () => {
  const { isDone, out } = await printed(false)
  assert.equal(isDone, false)
  assert.deepEqual(out.split('\n').slice(2, 6), [
    'partition: a-11\tlow_watermark: 0',
    `partition: b-2\terror: org.apache.kafka.common.errors.OffsetOutOfRangeException: ${FAILED.reason}`,
    'partition: b-10\tlow_watermark: 7',
    'partition: c-0\terror: org.apache.kafka.common.errors.TimeoutException: too long: ' +
      'This server does not host this topic-partition.',
  ])
})

test('the same as JSON', async () => {
  const { isDone, out } = await printed(true)
  assert.equal(isDone, false)
  const error = { code: 'OFFSET_OUT_OF_RANGE', message: FAILED.reason }
  const message = 'too long: This server does not host this topic-partition.'
  const late = { code: 'TIMED_OUT', message }
  assert.deepEqual(JSON.parse(out), {
    partitions: [
      { topic: 'a', partition: 11, lowWatermark: 0, error: null },
      { topic: 'b', partition: 2, lowWatermark: null, error },
      { topic: 'b', partition: 10, lowWatermark: 7, error: null },
      { topic: 'c', partition: 0, lowWatermark: null, error: late },
    ],
  })
})
