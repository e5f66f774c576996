/** What `millrace topics` says before it has connected anywhere, and where nobody answers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noBroker } from '../connection.ts'
import { captured } from '../tool-run.test-support.ts'
import { topicsTool } from './topics.ts'

async function run(line: string, isAlias = false) {
  const { status, out, err } = await captured(topicsTool, line === '' ? [] : line.split(' '), {
    isAlias,
  })
  const lines = (text: string) => text.split('\n').slice(0, -1)
  return { status, out: lines(out), err: lines(err) }
}

test('help goes to standard output, under the name of Kafka as Kafka does', async () => {
  const help = await run('--help')
  assert.equal(help.status, 0)
  assert.match(
    help.out.join('\n'),
    /^Create, delete.*\n\nUsage: millrace topics(.|\n)*--if-not-exists/,
  )
  const alias = await run('--help', true)
  assert.deepEqual(alias, { status: 1, out: [], err: help.out })
  assert.deepEqual(await run(''), { status: 1, out: [], err: help.out })
  assert.deepEqual(await run('--version'), { status: 0, out: ['1.2.3'], err: [] })
})

test('wrong flags are told of on standard error, with what to do', async () => {
  const { status, out, err } = await run('--create --list')
  assert.deepEqual({ status, out }, { status: 1, out: [] })
  assert.match(err[0]!, /^Command must include exactly one action/)
  assert.equal(err[1], 'Add --help for the options.')
  const alias = await run('--list', true)
  assert.deepEqual(alias.err, ['--bootstrap-server must be specified'])
})

test('a file of settings that is not there is named', async () => {
  const { status, err } = await run('--list --command-config /no/such/file')
  assert.deepEqual({ status, err }, { status: 1, err: ['/no/such/file: no such file'] })
})

test('where no broker answers the next step depends on where it was looked for', () => {
  assert.equal(
    noBroker('127.0.0.1:9092'),
    'no broker answers at 127.0.0.1:9092: is the server running? npx millrace server',
  )
  assert.match(noBroker('kafka.example:9093'), /are the address and the security settings right/)
})
