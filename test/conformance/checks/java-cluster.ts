/**
 * Apache Kafka's tools where our answer may rightly be smaller than its own: APIs, features; and
 * verifiable clients.
 */
import assert from 'node:assert/strict'
import type { Check, CheckContext } from '../check.ts'

/**
 * What Apache Kafka 4.3.1 answers to ApiVersions on a broker's listener, as
 * kafka-broker-api-versions prints it.
 */
const SERVED_APIS: Readonly<Record<string, string>> = {
  Produce: '0 to 13',
  Fetch: '4 to 18',
  ListOffsets: '1 to 11',
  Metadata: '0 to 13',
  OffsetCommit: '2 to 10',
  OffsetFetch: '1 to 10',
  FindCoordinator: '0 to 6',
  JoinGroup: '0 to 9',
  Heartbeat: '0 to 4',
  LeaveGroup: '0 to 5',
  SyncGroup: '0 to 5',
  DescribeGroups: '0 to 6',
  ListGroups: '0 to 5',
  ApiVersions: '0 to 4',
  CreateTopics: '2 to 7',
  DeleteTopics: '1 to 6',
  DeleteRecords: '0 to 2',
  InitProducerId: '0 to 5',
  OffsetForLeaderEpoch: '2 to 4',
  DescribeConfigs: '1 to 4',
  AlterConfigs: '0 to 2',
  DescribeLogDirs: '1 to 5',
  CreatePartitions: '0 to 3',
  DeleteGroups: '0 to 2',
  ElectLeaders: '0 to 2',
  IncrementalAlterConfigs: '0 to 1',
  AlterPartitionReassignments: '0 to 1',
  ListPartitionReassignments: '0',
  OffsetDelete: '0',
  DescribeQuorum: '0 to 2',
  UpdateFeatures: '0 to 2',
  DescribeCluster: '0 to 2',
  DescribeProducers: '0',
  UnregisterBroker: '0',
  ListTransactions: '0 to 2',
  ListConfigResources: '0 to 1',
  DescribeTopicPartitions: '0',
}

/** The same for what may be absent for now; where it is there, it has this range. */
const LATER_APIS: Readonly<Record<string, string>> = {
  SaslHandshake: '0 to 1',
  AddPartitionsToTxn: '0 to 5',
  AddOffsetsToTxn: '0 to 4',
  EndTxn: '0 to 5',
  WriteTxnMarkers: '1 to 2',
  TxnOffsetCommit: '0 to 5',
  DescribeAcls: '1 to 3',
  CreateAcls: '1 to 3',
  DeleteAcls: '1 to 3',
  AlterReplicaLogDirs: '1 to 2',
  SaslAuthenticate: '0 to 2',
  CreateDelegationToken: '1 to 3',
  RenewDelegationToken: '1 to 2',
  ExpireDelegationToken: '1 to 2',
  DescribeDelegationToken: '1 to 3',
  DescribeClientQuotas: '0 to 1',
  AlterClientQuotas: '0 to 1',
  DescribeUserScramCredentials: '0',
  AlterUserScramCredentials: '0',
  DescribeTransactions: '0',
  ConsumerGroupHeartbeat: '0 to 1',
  ConsumerGroupDescribe: '0 to 1',
  ShareGroupHeartbeat: '1',
  ShareGroupDescribe: '1',
  ShareFetch: '1 to 2',
  ShareAcknowledge: '1 to 2',
  AddRaftVoter: '0 to 1',
  RemoveRaftVoter: '0',
  InitializeShareGroupState: '0',
  ReadShareGroupState: '0',
  WriteShareGroupState: '0 to 1',
  DeleteShareGroupState: '0',
  ReadShareGroupStateSummary: '0 to 1',
  StreamsGroupHeartbeat: '0',
  StreamsGroupDescribe: '0',
  DescribeShareGroupOffsets: '0 to 1',
  AlterShareGroupOffsets: '0',
  DeleteShareGroupOffsets: '0',
}

async function apiVersions({ jvm, server }: CheckContext): Promise<void> {
  const args = ['--bootstrap-server', server.bootstrap]
  const output = await jvm.output('kafka-broker-api-versions', args)
  const lines = output.matchAll(/^\s+(\w+)\(\d+\): (\d+(?: to \d+)?) \[usable/gm)
  const advertised = Object.fromEntries([...lines].map(([, name, range]) => [name, range]))
  const allowed = Object.entries(LATER_APIS).filter(([name]) => name in advertised)
  assert.deepEqual(advertised, { ...SERVED_APIS, ...Object.fromEntries(allowed) })
}

/** What a fresh 4.3 cluster has, as `name: lowest highest finalised`. */
const FEATURES = [
  'eligible.leader.replicas.version: 0 1 1',
  'group.version: 0 1 1',
  'kraft.version: 0 1 1',
  'metadata.version: 3.3-IV3 4.3-IV0 4.3-IV0',
  'share.version: 0 1 1',
  'streams.version: 0 1 1',
  'transaction.version: 0 2 2',
]

/** The features of the server under test, in the form of the list above. */
async function describedFeatures({ jvm, server }: CheckContext): Promise<string[]> {
  const args = ['--bootstrap-server', server.bootstrap, 'describe']
  const output = await jvm.output('kafka-features', args)
  const pattern = /Feature: (\S+)\s+\w+: (\S+)\s+\w+: (\S+)\s+\w+: (\S+)/g
  return [...output.matchAll(pattern)].map(([, name, low, high, level]) => {
    return `${name}: ${low} ${high} ${level}`
  })
}

/** Level 0 for every feature that a fresh cluster has and the server under test does not know. */
export async function unknownFeatures(context: CheckContext): Promise<Record<string, number>> {
  const nameOf = (feature: string) => feature.slice(0, feature.indexOf(':'))
  const known = new Set((await describedFeatures(context)).map(nameOf))
  const unknown = FEATURES.map(nameOf).filter((name) => !known.has(name))
  return Object.fromEntries(unknown.map((name) => [name, 0]))
}

async function features(context: CheckContext): Promise<void> {
  const found = await describedFeatures(context)
  const wrong = found.filter((feature) => !FEATURES.includes(feature))
  assert.deepEqual(wrong, [], 'features that Apache Kafka describes otherwise')
  for (const needed of ['kraft.version', 'metadata.version']) {
    assert.ok(
      found.some((feature) => feature.startsWith(`${needed}:`)),
      `no ${needed}`,
    )
  }
}

const VERIFIABLE_RECORDS = 2_000
const VERIFIABLE_TIMEOUT_MS = 60_000

async function verifiable(context: CheckContext): Promise<void> {
  const { jvm, server, topic } = context
  const address = ['--bootstrap-server', server.bootstrap, '--topic', topic]
  const count = ['--max-messages', String(VERIFIABLE_RECORDS)]
  const producer = context.keep(jvm.start('kafka-verifiable-producer', [...address, ...count]))
  const group = ['--group-id', topic, '--reset-policy', 'earliest']
  const consumer = jvm.start('kafka-verifiable-consumer', [...address, ...group, ...count])
  context.keep(consumer)
  const summary = await producer.waitFor('summary', VERIFIABLE_TIMEOUT_MS, () => {
    return producer.lines.find((line) => line.includes('"tool_data"'))
  })
  const { sent, acked } = JSON.parse(summary)
  assert.deepEqual({ sent, acked }, { sent: VERIFIABLE_RECORDS, acked: VERIFIABLE_RECORDS })

  await consumer.waitFor('end of the consumer', VERIFIABLE_TIMEOUT_MS, () => {
    return consumer.lines.find((line) => line.includes('"shutdown_complete"'))
  })
  const events = consumer.lines.map((line) => JSON.parse(line))
  const consumed = events.filter((event) => event.name === 'records_consumed')
  const total = consumed.reduce((sum, event) => sum + event.count, 0)
  assert.equal(total, VERIFIABLE_RECORDS, 'records consumed')
  const commits = events.filter((event) => event.name === 'offsets_committed')
  assert.ok(commits.length > 0 && commits.every((event) => event.success), 'offsets committed')
}

export const javaCluster: readonly Check[] = [
  { name: 'java-api-versions', needs: ['java'], run: apiVersions },
  { name: 'java-features', needs: ['java'], run: features },
  { name: 'java-verifiable-load', needs: ['java'], run: verifiable },
]
