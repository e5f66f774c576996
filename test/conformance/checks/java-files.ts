/**
 * kafka-dump-log on the files of a running server: segments with their indexes, groups' offsets,
 * the metadata log.
 */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Check, CheckContext } from '../check.ts'

const RECORDS = 4_000
const RECORD_BYTES = 1_000

async function dump({ jvm }: CheckContext, args: readonly string[]): Promise<string> {
  const output = await jvm.output('kafka-dump-log', args)
  assert.doesNotMatch(output, /Mismatches|Non-consecutive|isvalid: false|Exception|out of order/)
  return output
}

function filesOf(folder: string, suffix: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(suffix))
  return names.sort().map((name) => join(folder, name))
}

async function segments(context: CheckContext): Promise<void> {
  const { jvm, server, topic } = context
  const address = ['--bootstrap-server', server.bootstrap]
  const size = ['--config', 'segment.bytes=1048576', '--config', 'index.interval.bytes=2048']
  await jvm.output('kafka-topics', ['--create', '--topic', topic, ...size, ...address])
  const load = ['--num-records', String(RECORDS), '--record-size', String(RECORD_BYTES)]
  const pace = ['--throughput', '-1']
  await jvm.output('kafka-producer-perf-test', ['--topic', topic, ...load, ...pace, ...address])

  const folder = server.partition(topic, 0)
  const logs = filesOf(folder, '.log')
  assert.ok(logs.length >= 3, `expected rolled segments, found ${logs}`)
  const output = await dump(context, ['--files', logs.join(',')])
  let next = 0
  for (const [, base, last, count] of output.matchAll(
    /baseOffset: (\d+) lastOffset: (\d+) count: (\d+)/g,
  )) {
    assert.equal(Number(base), next, 'first offset of a batch')
    assert.equal(Number(count), Number(last) - Number(base) + 1, 'count of a batch')
    next = Number(last) + 1
  }
  assert.equal(next, RECORDS, 'records in the segments')

  // The active segment's indexes are longer than what is in them until it rolls, in Apache Kafka
  // too.
  const rolled = [
    ...filesOf(folder, '.index').slice(0, -1),
    ...filesOf(folder, '.timeindex').slice(0, -1),
  ]
  for (const mode of ['--index-sanity-check', '--verify-index-only']) {
    await dump(context, ['--files', rolled.join(','), mode])
  }
  const entries = await dump(context, ['--files', rolled[0]!])
  const positions = [...entries.matchAll(/offset: \d+ position: \d+/g)]
  assert.ok(positions.length > 10, `expected a sparse index, found ${positions.length} entries`)
  const snapshots = filesOf(folder, '.snapshot')
  assert.equal(snapshots.length, logs.length - 1, 'producer snapshots, one where a segment begins')
  const producers = await dump(context, ['--files', snapshots.at(-1)!])
  assert.match(producers, /producerId: \d+ producerEpoch: 0 .*coordinatorEpoch: -1/)
}

async function groupOffsets(context: CheckContext): Promise<void> {
  const { jvm, server, topic } = context
  const address = ['--bootstrap-server', server.bootstrap]
  await jvm.output('kafka-console-producer', ['--topic', topic, '--sync', ...address], 'a\nb\n')
  const read = ['--topic', topic, '--group', topic, '--from-beginning', '--max-messages', '2']
  await jvm.output('kafka-console-consumer', [...read, ...address])

  const folder = server.partition('__consumer_offsets', coordinatorPartition(topic))
  const files = filesOf(folder, '.log').join(',')
  const args = ['--offsets-decoder', '--files', files]
  const lines = (await dump(context, args)).split('\n').filter((line) => line.includes(topic))
  const found = lines.map((line) => {
    const [, key, payload] = /key: (\{.*?\}) payload: (.*)$/.exec(line)!
    return { key: JSON.parse(key!), value: JSON.parse(payload!) }
  })
  const commit = found.findLast(({ key }) => key.type === '1')!
  assert.deepEqual(commit.key.data, { group: topic, topic, partition: 0 })
  assert.equal(commit.value.version, '4')
  assert.equal(commit.value.data.offset, 2)
  const groups = found.filter(({ key }) => key.type === '2').map(({ value }) => value)
  const stable = groups.find(({ data }) => data.members.length === 1)!
  assert.equal(stable.version, '3')
  const { protocolType, protocol, generation, members } = stable.data
  const described = { protocolType, protocol, generation }
  assert.deepEqual(described, { protocolType: 'consumer', protocol: 'range', generation: 1 })
  assert.deepEqual(members[0].subscription.topics, [topic])
  const assigned = [{ topic, partitions: [0] }]
  assert.deepEqual(members[0].assignment.assignedPartitions, assigned)
  const { members: left, protocol: none } = groups.at(-1)!.data
  assert.deepEqual({ left, none }, { left: [], none: null }, 'the group after its member left')
}

/** Java's hash of a string, without its sign, by the 50 partitions of the topic. */
function coordinatorPartition(group: string): number {
  let hash = 0
  for (const character of group) hash = (Math.imul(hash, 31) + character.charCodeAt(0)) | 0
  return Math.abs(hash) % 50
}

async function metadataLog(context: CheckContext): Promise<void> {
  const { jvm, server, topic } = context
  const address = ['--bootstrap-server', server.bootstrap]
  const create = [
    '--create',
    '--topic',
    topic,
    '--partitions',
    '2',
    '--config',
    'retention.ms=1234',
  ]
  await jvm.output('kafka-topics', [...create, ...address])
  await jvm.output('kafka-topics', ['--delete', '--topic', topic, ...address])

  const folder = server.partition('__cluster_metadata', 0)
  const args = ['--cluster-metadata-decoder', '--files', filesOf(folder, '.log').join(',')]
  const output = await dump(context, args)
  const payloads = [...output.matchAll(/payload: (\{.*\})$/gm)].map(([, json]) => JSON.parse(json!))
  const all = (type: string) =>
    payloads.filter((each) => each.type === type).map(({ data }) => data)
  assert.match(output, /LeaderChange: \{"version":\d+,"leaderId":1,"voters":\[\{"voterId":1/)
  assert.ok(all('FEATURE_LEVEL_RECORD').some(({ name }) => name === 'metadata.version'))
  const [broker] = all('REGISTER_BROKER_RECORD')
  assert.deepEqual(
    broker.endPoints.map(({ name, host, port }: Record<string, unknown>) => [name, host, port]),
    [['PLAINTEXT', '127.0.0.1', server.port]],
  )
  const created = all('TOPIC_RECORD').find(({ name }) => name === topic)
  assert.ok(created !== undefined, 'no TOPIC_RECORD')
  const partitions = all('PARTITION_RECORD').filter(({ topicId }) => topicId === created.topicId)
  const described = partitions.map(({ partitionId, replicas, isr, leader }) => {
    return { partitionId, replicas, isr, leader }
  })
  const replicas = { replicas: [1], isr: [1], leader: 1 }
  assert.deepEqual(described, [
    { partitionId: 0, ...replicas },
    { partitionId: 1, ...replicas },
  ])
  const config = all('CONFIG_RECORD').find(({ resourceName }) => resourceName === topic)
  assert.deepEqual([config.resourceType, config.name, config.value], [2, 'retention.ms', '1234'])
  const removed = all('REMOVE_TOPIC_RECORD').some(({ topicId }) => topicId === created.topicId)
  assert.ok(removed, 'no REMOVE_TOPIC_RECORD')

  const bootstrap = join(server.dataDirectory, 'bootstrap.checkpoint')
  const checkpoint = ['--cluster-metadata-decoder', '--files', bootstrap]
  assert.match(
    await dump(context, checkpoint),
    /SnapshotHeader[\s\S]*metadata\.version[\s\S]*SnapshotFooter/,
  )
}

export const javaFiles: readonly Check[] = [
  { name: 'java-dump-segments', needs: ['java'], run: segments },
  { name: 'java-dump-offsets', needs: ['java'], run: groupOffsets },
  { name: 'java-dump-metadata', needs: ['java'], run: metadataLog },
]
