/** kcat, the command line of librdkafka: list, produce, consume, query, group. */
import assert from 'node:assert/strict'
import type { Check, CheckContext } from '../check.ts'
import { runOrThrow } from '../process.ts'

const KCAT_TIMEOUT_MS = 30_000

async function kcat(context: CheckContext, args: readonly string[], input = ''): Promise<string> {
  const program = await context.toolbox.prepare('kcat')
  const all = ['-b', context.server.bootstrap, ...args]
  return runOrThrow(program, all, KCAT_TIMEOUT_MS, { input })
}

async function list(context: CheckContext): Promise<void> {
  const { topic, server } = context
  await kcat(context, ['-P', '-t', topic], 'creates the topic\n')
  const metadata = JSON.parse(await kcat(context, ['-L', '-J', '-t', topic]))
  assert.deepEqual(metadata.brokers, [{ id: 1, name: server.bootstrap }])
  assert.equal(metadata.controllerid, 1)
  const partition = { partition: 0, leader: 1, replicas: [{ id: 1 }], isrs: [{ id: 1 }] }
  assert.deepEqual(metadata.topics, [{ topic, partitions: [partition] }])
}

async function produceAndConsume(context: CheckContext): Promise<void> {
  const { topic } = context
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    const flags = ['-P', '-t', topic, '-K', ':', '-H', `codec=${codec}`, '-z', codec]
    await kcat(context, flags, `key:${codec} ${'again '.repeat(20)}\n`)
  }
  const idempotent = ['-X', 'enable.idempotence=true', '-X', 'acks=all']
  await kcat(context, ['-P', '-t', topic, ...idempotent], 'idempotent\n')
  await kcat(context, ['-P', '-t', topic, '-X', 'acks=0'], 'not acknowledged\n')
  const format = ['-f', '%p %o %k %h %S\n']
  const consumed = await kcat(context, ['-C', '-t', topic, '-c', '7', '-q', ...format])
  assert.deepEqual(consumed.split('\n'), [
    '0 0 key codec=none 125',
    '0 1 key codec=gzip 125',
    '0 2 key codec=snappy 127',
    '0 3 key codec=lz4 124',
    '0 4 key codec=zstd 125',
    '0 5   10',
    '0 6   16',
  ])
  const last = await kcat(context, ['-C', '-t', topic, '-o', '-2', '-e', '-q'])
  assert.deepEqual(last.split('\n'), ['idempotent', 'not acknowledged'])
  const earliest = await kcat(context, ['-Q', '-t', `${topic}:0:0`])
  assert.equal(earliest, `${topic} [0] offset 0`)
}

async function group(context: CheckContext): Promise<void> {
  const { topic } = context
  await kcat(context, ['-P', '-t', topic], 'one\ntwo\nthree\n')
  const flags = ['-G', topic, '-q', '-X', 'auto.offset.reset=earliest']
  assert.equal(await kcat(context, [...flags, '-c', '3', topic]), 'one\ntwo\nthree')
  await kcat(context, ['-P', '-t', topic], 'four\n')
  assert.equal(await kcat(context, [...flags, '-c', '1', topic]), 'four')
}

export const kcatChecks: readonly Check[] = [
  { name: 'kcat-list', needs: ['kcat'], run: list },
  { name: 'kcat-produce', needs: ['kcat'], run: produceAndConsume },
  { name: 'kcat-group', needs: ['kcat'], run: group },
]
