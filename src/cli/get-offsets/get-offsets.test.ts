/** What `millrace get-offsets` says of flags before it has connected anywhere. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { captured } from '../tool-run.test-support.ts'
import { getOffsetsTool } from './get-offsets.ts'

async function firstError(line: string): Promise<string | undefined> {
  const { status, out, err } = await captured(getOffsetsTool, line.split(' '))
  assert.deepEqual({ status, out }, { status: 1, out: '' })
  return err.split('\n')[0]
}

test('what is wrong with the flags is said as Kafka says it', async () => {
  const expected: Readonly<Record<string, string>> = {
    '--tim 1': 'Error occurred: tim is not a recognized option',
    '--topic-partitions a:x': 'Error occurred: Invalid rule specification: a:x',
    '--topic-partitions a --topic b':
      'Error occurred: --topic-partitions cannot be used with --topic or --partitions',
    '--partitions 1-2':
      'Error occurred: --partitions expects a comma separated list of numeric partition ids, ' +
      'but received: 1-2',
    '--topic a[': 'Error occurred: a[ is an invalid regex.',
    '--bootstrap-server nowhere': 'Please provide valid host:port like host1:9091,host2:9092',
  }
  for (const [line, error] of Object.entries(expected)) {
    assert.equal(await firstError(line), error)
  }
  assert.match((await firstError('--time soon'))!, /Malformed time argument soon.*-6 or earliest-p/)
})
