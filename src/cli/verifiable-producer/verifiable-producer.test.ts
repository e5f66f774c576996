/** What `millrace verifiable-producer` says of flags before it has connected anywhere. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { captured } from '../tool-run.test-support.ts'
import { verifiableProducerTool } from './verifiable-producer.ts'

test('what does not fit is said behind the usage', async () => {
  const server = '--bootstrap-server h:1 --topic t'
  const expected: Readonly<Record<string, string>> = {
    '--topic t': 'one of the arguments --bootstrap-server is required',
    [`${server} --acks 2`]: "argument --acks: invalid choice: '2' (choose from {0,1,-1})",
    [`${server} --producer.config a --command-config b`]:
      'Options --producer.config and --command-config are mutually exclusive.',
    [`${server} --command-config /nowhere`]: '/nowhere: no such file',
  }
  for (const [line, message] of Object.entries(expected)) {
    const run = await captured(verifiableProducerTool, line.split(' '), { isAlias: true })
    assert.equal(run.status, 1)
    assert.match(run.err, /^usage: verifiable-producer \[-h\] --topic TOPIC/)
    assert.ok(run.err.endsWith(`verifiable-producer: error: ${message}\n`), run.err)
  }
})

test('under our own name the server need not be said', async () => {
  const { err } = await captured(verifiableProducerTool, ['--max-messages', '1'])
  assert.match(err, /error: argument --topic is required\n$/)
})
