/** What `millrace verifiable-consumer` says of flags before it has connected anywhere. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { captured } from '../tool-run.test-support.ts'
import { verifiableConsumerTool } from './verifiable-consumer.ts'

const ALL = '--bootstrap-server h:1 --topic t --group-id g'

test('what does not fit is said behind the usage', async () => {
  const expected: Readonly<Record<string, string>> = {
    '--bootstrap-server h:1 --topic t': 'argument --group-id is required',
    [`${ALL} --max-messages x`]:
      'argument --max-messages: could not convert \'x\' to Integer (For input string: "x")',
    [`${ALL} --consumer.config a --command-config b`]:
      'Options --consumer.config and --command-config are mutually exclusive.',
  }
  for (const [line, message] of Object.entries(expected)) {
    const run = await captured(verifiableConsumerTool, line.split(' '), { isAlias: true })
    assert.equal(run.status, 1)
    assert.ok(run.err.endsWith(`verifiable-consumer: error: ${message}\n`), run.err)
  }
})

test('settings that the protocol does not have are refused', async () => {
  const line = `${ALL} --group-protocol consumer --session-timeout 9`
  const { status, err } = await captured(verifiableConsumerTool, line.split(' '))
  const message = 'session.timeout.ms cannot be set when group.protocol=CONSUMER\n'
  assert.deepEqual([status, err], [1, message])
  const other = await captured(verifiableConsumerTool, `${ALL} --group-protocol x`.split(' '))
  assert.equal(other.err, '--group-protocol X: not one of CLASSIC, CONSUMER\n')
})
