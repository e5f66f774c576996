/** What `millrace cluster` prints of nodes, and of clusters that are too old. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Admin } from '../../client/admin/admin.ts'
import { KafkaError } from '../../client/kafka-error.ts'
import { inUse, parseArguments } from '../argparse-flags.ts'
import { runCommand } from './cluster.ts'
import { clusterParser } from './cluster-flags.ts'

const NODES = [
  { id: 17, host: 'a.example', port: 9092, rack: 'r-1', isFenced: true },
  { id: 1, host: 'b', port: 9093, rack: null, isFenced: false },
]
const TOO_OLD = new KafkaError('UNSUPPORTED_BY_BROKER', 'too old')

async function run(line: string, calls: object) {
  const out: string[] = []
  const err: string[] = []
  const isDone = await runCommand(
    parseArguments(line.split(' '), inUse(clusterParser(false), false)),
    calls as Admin,
    { out: (text) => void out.push(text), err: (text) => void err.push(text) },
  )
  return { isDone, out, err }
}

const cluster = {
  describeCluster: async ({ endpoints }: { endpoints: string }) => {
    return { clusterId: 'id', brokers: endpoints === 'brokers' ? NODES : NODES.slice(1) }
  },
}

test('endpoints stand in columns as wide as what is in them', async () => {
  const { out } = await run('list-endpoints --include-fenced-brokers', cluster)
  assert.deepEqual(out, [
    'ID         HOST      PORT       RACK STATE      ENDPOINT_TYPE  ',
    '17         a.example 9092       r-1 fenced     broker         ',
    '1          b         9093       null unfenced   broker         ',
  ])
})

test('JSON has null for what is not known', async () => {
  const { out } = await run('list-endpoints -C x:1 --json', cluster)
  const node = { id: 1, host: 'b', port: 9093, rack: null, isFenced: null, type: 'controller' }
  assert.deepEqual(JSON.parse(out[0]!), { endpoints: [node] })
  assert.deepEqual((await run('cluster-id --json', cluster)).out, ['{"clusterId":"id"}'])
  const removing = { unregisterBroker: async () => {} }
  assert.deepEqual((await run('unregister --id 3 --json', removing)).out, ['{"unregistered":3}'])
})

test('a cluster that is too old is told of, as failed', async () => {
  const old = {
    describeCluster: async () => Promise.reject(TOO_OLD),
    unregisterBroker: async () => Promise.reject(TOO_OLD),
  }
  const listed = await run('list-endpoints', old)
  assert.deepEqual(listed, { isDone: false, out: ['too old'], err: [] })
  const said = 'The target cluster does not support the broker unregistration API.'
  assert.deepEqual(await run('unregister -i 1 --json', old), {
    isDone: false,
    out: [],
    err: [said],
  })
})
