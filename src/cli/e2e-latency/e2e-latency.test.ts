/** What `millrace e2e-latency` says of flags before it has connected anywhere. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { captured } from '../tool-run.test-support.ts'
import { e2eLatencyTool } from './e2e-latency.ts'

const ALL = '--bootstrap-server h:1 --topic t --num-records 1 --producer-acks all --record-size 1'

test('what does not fit is said as Kafka says it', async () => {
  const expected: Readonly<Record<string, string>> = {
    'a b c':
      'Invalid number of arguments. Expected 5 or 6 positional arguments, but got 3. Usage: ' +
      'bootstrap-server topic num-records producer-acks record-size [optional] command-config',
    '--topic t': 'Missing required argument "[bootstrap-server]"',
    [ALL.replace('all', '0')]:
      'Invalid value for --producer-acks. Latency testing requires synchronous acknowledgement. ' +
      "Please use '1' or 'all'.",
    [`${ALL} --record-header-size -2`]:
      'Value for --record-header-size must be a non-negative integer or -1 for null header value.',
    [`${ALL} --record-key-size -1`]: 'Value for --record-key-size must be a non-negative integer.',
    '--help': 'Invalid number of arguments. Expected 5 or 6 positional arguments, but got 1.',
  }
  for (const [line, error] of Object.entries(expected)) {
    const { status, err } = await captured(e2eLatencyTool, line.split(' '), { isAlias: true })
    assert.equal(status, 1)
    assert.ok(err.startsWith(error), `${line}: ${err}`)
  }
})

test('values alone stand for the flags, with a warning', async () => {
  const { out, err } = await captured(e2eLatencyTool, ['h:1', 't', 'many', 'all', '1'], {
    isAlias: true,
  })
  assert.match(out, /^WARNING: Positional argument usage is deprecated/)
  assert.match(err, /^Cannot parse argument 'many' of option num-records/)
})

test('help is to be had under our own name', async () => {
  const { status, out } = await captured(e2eLatencyTool, ['--help'])
  assert.deepEqual([status, out.includes('--record-header-size')], [0, true])
})
