/** What `millrace perf-consume` says of flags before it has connected anywhere. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { captured } from '../tool-run.test-support.ts'
import { perfConsumeTool } from './perf-consume.ts'

test('what does not fit is said as Kafka says it', async () => {
  const exactly = 'Exactly one of the following arguments is required:'
  const expected: Readonly<Record<string, string>> = {
    '--num-records 1': `${exactly} [topic], [include]`,
    '--topic a': `${exactly} [messages], [num-records]`,
    '--topic a --messages 1 --num-records 1': `${exactly} [messages], [num-records]`,
    '--topic a --num-records 1 --consumer.config b --command-config c':
      'Option "[consumer.config]" can\'t be used with option "[command-config]"',
    '--topic a --num-records 1 --threads 2': 'threads is not a recognized option',
    '--topic a --num-records 1 --fetch-size x': "Cannot parse argument 'x' of option fetch-size",
  }
  for (const [line, error] of Object.entries(expected)) {
    const { status, err } = await captured(perfConsumeTool, line.split(' '))
    assert.deepEqual([status, err.split('\n')[0]], [1, error], line)
  }
})

test('the header comes before anything that may fail, and not with --json', async () => {
  const line = '--topic a --num-records 1 --fetch-size x'
  const { out } = await captured(perfConsumeTool, line.split(' '))
  assert.match(out, /^start\.time, end\.time, data\.consumed\.in\.MB, MB\.sec, /)
  const json = await captured(perfConsumeTool, `${line} --json`.split(' '))
  assert.equal(json.out, '')
})
