/** What `millrace perf-produce` says of flags before it has connected anywhere. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { captured } from '../tool-run.test-support.ts'
import { perfProduceTool } from './perf-produce.ts'

const TOPIC = '--topic t --num-records 10 --throughput -1'

async function run(line: string, isAlias = true) {
  return captured(perfProduceTool, line === '' ? [] : line.split(' '), { isAlias })
}

test('what does not fit is said behind the usage', async () => {
  const expected: Readonly<Record<string, string>> = {
    [TOPIC]: 'one of the arguments --record-size --payload-file --payload-monotonic is required',
    [`${TOPIC} --record-size 0`]: '--record-size should be greater than zero.',
    [`${TOPIC} --record-size 1`]:
      'At least one of --bootstrap-server, --command-property, --producer-props, ' +
      '--producer.config or --command-config must be specified.',
    [`${TOPIC} --record-size 1 --warmup-records 10`]:
      'The value for --warmup-records must be strictly fewer than the number of records in the ' +
      'test, --num-records.',
    [`${TOPIC} --record-size 1 --bootstrap-server h:1 --reporting-interval 0`]:
      '--reporting-interval should be greater than zero.',
    [`${TOPIC} --payload-monotonic --producer-props a=b --command-property c=d`]:
      '--command-property and --producer-props cannot be specified together.',
  }
  for (const [line, message] of Object.entries(expected)) {
    const { status, out, err } = await run(line)
    assert.deepEqual({ status, out }, { status: 1, out: '' }, line)
    assert.match(err, /^usage: kafka-producer-perf-test\n/)
    assert.ok(err.endsWith(`kafka-producer-perf-test: error: ${message}\n`), err)
  }
})

test('payloads are counted, and a file without any is refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-perf-'))
  try {
    const file = join(folder, 'payloads')
    writeFileSync(file, 'one\ntwo\n\nthree\n')
    const line = `${TOPIC} --payload-file ${file} --bootstrap-server h:1 --command-property x`
    const { out, err } = await run(line)
    assert.equal(out, `Reading payloads from: ${file}\nNumber of records read: 4\n`)
    assert.equal(err, 'Invalid property: x\n')
    const none = await run(`${TOPIC} --payload-file ${file}.none --bootstrap-server h:1`)
    assert.equal(none.err, 'File does not exist or empty file provided.\n')
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('help is no failure under our own name', async () => {
  const { status, out } = await run('--help', false)
  assert.equal(status, 0)
  assert.match(out, /^usage: millrace perf-produce \[-h\]/)
  assert.equal((await run('--help')).status, 1)
  assert.equal((await run('')).status, 0)
})
