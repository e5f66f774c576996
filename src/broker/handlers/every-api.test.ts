/**
 * Every API at every version: a sensible request gets an answer that can be encoded, and random
 * requests harm nobody but the connection they came on.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type FieldLayout,
  layoutOf,
  makeDefault,
  type StructLayout,
} from '../../protocol/layout.ts'
import type { Message } from '../../protocol/schema.ts'
import { encodeRequest } from '../../rpc/header.ts'
import {
  batchOf,
  CONTROLLER_PORT,
  fetchFrom,
  PORT,
  produceTo,
  type TestClient,
  TestNode,
} from '../node.test-support.ts'
import { RequestMaker, UNKNOWN_ID } from '../request-maker.test-support.ts'
import type { ServedApi } from '../served-api.ts'
import { servedApis } from './index.ts'

type Body = Record<string, unknown>

/** What is in the body and in that version of the message; the rest has its default. */
function inVersion(layout: StructLayout, body: Body): Body {
  const members: Body = {}
  for (const field of layout.fields) {
    const value = body[field.name]
    const isThere = value !== undefined && field.presence !== 'absent'
    members[field.name] = isThere ? memberInVersion(field, value) : makeDefault(field)
  }
  return members
}

function memberInVersion(field: FieldLayout, value: unknown): unknown {
  if (field.kind === 'array' && Array.isArray(value)) {
    return value.map((element) => memberInVersion(field.element!, element))
  }
  return field.kind === 'struct' && value !== null ? inVersion(field.struct!, value as Body) : value
}

function requestOf(message: Message, version: number, body: Body): never {
  return inVersion(layoutOf(message, version), body) as never
}

/** A body for each API, with the fields of all its versions. */
function sensibleBodies(topicId: string, records: Uint8Array): Record<string, (v: number) => Body> {
  const partitions = [
    { partitionIndex: 0, index: 0, partition: 0, offset: 0, timestamp: -1, committedOffset: 1 },
    { partitionIndex: 9, index: 9, partition: 9, offset: 0, timestamp: 5, committedOffset: 1 },
  ]
  const indexes = [0, 9]
  const topic = { name: 't', topic: 't', topicName: 't', topicId }
  const topics = [
    { ...topic, partitions },
    { ...topic, name: 'nowhere', topic: 'nowhere', topicId: UNKNOWN_ID, partitions },
  ]
  const byIndex = topics.map((of) => ({ ...of, partitions: indexes, partitionIndexes: indexes }))
  const member = { groupId: 'g', memberId: '', sessionTimeoutMs: 10_000, protocolType: 'consumer' }
  const config = { name: 'retention.ms', value: '1', configOperation: 0 }
  const resources = [2, 4, 8, 16, 32, 3].map((resourceType) => ({
    resourceType,
    resourceName: resourceType === 4 || resourceType === 8 ? '1' : 't',
    configurationKeys: null,
    configs: [config, { ...config, name: 'no.such.key' }],
  }))
  const made = (version: number) => ({
    name: `made-${version}`,
    numPartitions: 1,
    replicationFactor: 1,
    assignments: [],
    configs: [config],
  })
  return {
    Produce: () => ({
      ...produceTo('t', 0, records),
      topicData: topics.map((of) => ({
        ...of,
        partitionData: partitions.map(({ index }) => ({ index, records })),
      })),
    }),
    Fetch: () => ({
      ...fetchFrom('t', 0, 0),
      sessionEpoch: 0,
      topics: topics.map((of) => ({
        ...of,
        partitions: partitions.map(({ index }) => ({
          partition: index,
          currentLeaderEpoch: -1,
          fetchOffset: 0,
          lastFetchedEpoch: 0,
          partitionMaxBytes: 1000,
        })),
      })),
    }),
    ListOffsets: () => ({ replicaId: -1, topics }),
    Metadata: () => ({
      topics: [{ name: 't' }, { name: 'auto' }],
      allowAutoTopicCreation: true,
      includeClusterAuthorizedOperations: true,
      includeTopicAuthorizedOperations: true,
    }),
    OffsetCommit: () => ({ groupId: 'g', generationIdOrMemberEpoch: -1, memberId: '', topics }),
    OffsetFetch: () => ({
      groupId: 'g',
      topics: byIndex,
      groups: [
        { groupId: 'g', topics: byIndex },
        { groupId: 'h', topics: null },
      ],
      requireStable: true,
    }),
    FindCoordinator: () => ({ key: 'g', keyType: 0, coordinatorKeys: ['g', ''] }),
    JoinGroup: () => ({ ...member, protocols: [{ name: 'range', metadata: new Uint8Array(1) }] }),
    Heartbeat: () => ({ ...member, generationId: 1, memberId: 'm' }),
    LeaveGroup: () => ({ ...member, members: [{ memberId: 'm' }] }),
    SyncGroup: () => ({ ...member, generationId: 1, memberId: 'm', assignments: [] }),
    DescribeGroups: () => ({ groups: ['g', 'h'], includeAuthorizedOperations: true }),
    ListGroups: () => ({ statesFilter: [], typesFilter: [] }),
    ApiVersions: () => ({ clientSoftwareName: 'test', clientSoftwareVersion: '1' }),
    CreateTopics: (version) => ({ topics: [made(version), { ...made(0), name: 't' }] }),
    DeleteTopics: (version) => ({
      topics: [{ name: `made-${version}` }, { topicId: UNKNOWN_ID, name: null }],
      topicNames: [`made-${version}`, 'nowhere'],
    }),
    DeleteRecords: () => ({ topics }),
    InitProducerId: () => ({ transactionalId: null, producerId: -1, producerEpoch: -1 }),
    OffsetForLeaderEpoch: () => ({ replicaId: -1, topics }),
    DescribeConfigs: () => ({ resources, includeSynonyms: true, includeDocumentation: true }),
    AlterConfigs: () => ({ resources, validateOnly: true }),
    DescribeLogDirs: () => ({ topics: null }),
    CreatePartitions: () => ({
      topics: [
        { name: 't', count: 3, assignments: null },
        { name: 'nowhere', count: 3, assignments: [{ brokerIds: [1] }] },
      ],
      validateOnly: true,
    }),
    DeleteGroups: () => ({ groupsNames: ['h', ''] }),
    ElectLeaders: () => ({ topicPartitions: [{ topic: 't', partitions: indexes }] }),
    IncrementalAlterConfigs: () => ({ resources, validateOnly: true }),
    AlterPartitionReassignments: () => ({
      topics: [
        { name: 't', partitions: [{ partitionIndex: 0, replicas: [1] }, { partitionIndex: 7 }] },
        { name: 'nowhere', partitions: [{ partitionIndex: 0, replicas: null }] },
      ],
    }),
    ListPartitionReassignments: () => ({ topics: null }),
    OffsetDelete: () => ({ groupId: 'g', topics }),
    DescribeQuorum: () => ({ topics: [{ topicName: '__cluster_metadata', partitions }] }),
    UpdateFeatures: () => ({
      featureUpdates: [{ feature: 'metadata.version', maxVersionLevel: 99, upgradeType: 1 }],
    }),
    DescribeCluster: () => ({ includeClusterAuthorizedOperations: true, endpointType: 1 }),
    DescribeProducers: () => ({ topics: byIndex }),
    UnregisterBroker: () => ({ brokerId: 77 }),
    ListTransactions: () => ({ stateFilters: ['Ongoing', 'Other'], producerIdFilters: [1] }),
    ListConfigResources: () => ({ resourceTypes: [] }),
    DescribeTopicPartitions: () => ({ topics: [{ name: 't' }], responsePartitionLimit: 1 }),
  }
}

async function withTopic(seed: number) {
  const properties = { 'unstable.api.versions.enable': 'true' }
  const node = await TestNode.start({ seed, properties })
  const client = await node.connect()
  const topicId = await client.createTopic('t', 2)
  return { node, client, topicId }
}

function* everyVersion(api: ServedApi): Generator<number> {
  for (let version = api.minVersion; version <= api.maxUnstableVersion; version++) yield version
}

describe('every API', () => {
  it('answers a sensible request at every version, on every listener', async () => {
    const { node, topicId } = await withTopic(1)
    const bodies = sensibleBodies(topicId, batchOf(['a'], node.nowMs))
    for (const port of [PORT, CONTROLLER_PORT]) {
      const client = await node.connect({ port })
      const kind = port === PORT ? 'broker' : 'controller'
      for (const api of servedApis.filter(({ listeners }) => listeners.includes(kind))) {
        for (const version of everyVersion(api)) {
          const body = requestOf(api.request, version, bodies[api.name]!(version))
          await client
            .call(api.request, api.response, version, body)
            .catch((error) => assert.fail(`${api.name} v${version} on ${kind}: ${error}`))
        }
      }
    }
    assert.deepEqual(
      node.log.filter((line) => line.startsWith('error')),
      [],
    )
  })

  it('answers random requests, or ends their connection, and goes on', async () => {
    for (const seed of [11, 12, 13]) {
      const { node, topicId } = await withTopic(seed)
      const maker = new RequestMaker(node.world.random, [topicId], node.nowMs)
      for (const api of servedApis) {
        if (api.name === 'UnregisterBroker') continue
        for (const version of everyVersion(api)) await storm(node, maker, api, version)
      }
      await node.world.advance(120_000)
      const client = await node.connect()
      assert.equal((await client.produce('t', 0, batchOf(['b'], node.nowMs))).errorCode >= 0, true)
      assert.equal(node.fatal, null, `seed ${seed}`)
      const errors = node.log.filter((line) => line.startsWith('error'))
      assert.deepEqual(errors, [], `seed ${seed}`)
    }
  })

  it('survives requests with bytes changed or missing', async () => {
    for (const seed of [21, 22]) {
      const { node, topicId } = await withTopic(seed)
      const maker = new RequestMaker(node.world.random, [topicId], node.nowMs)
      for (const api of servedApis) {
        for (const version of everyVersion(api)) await damage(node, maker, api, version)
      }
      assert.equal(node.fatal, null, `seed ${seed}`)
      const client = await node.connect()
      assert.ok((await client.produce('t', 0, batchOf(['b'], node.nowMs))).errorCode >= 0)
      const errors = node.log.filter((line) => line.startsWith('error'))
      assert.deepEqual(errors, [], `seed ${seed}`)
    }
  })
})

/** Requests of one API with bytes changed or missing, each on a connection of its own. */
async function damage(node: TestNode, maker: RequestMaker, api: ServedApi, version: number) {
  const { random } = node.world
  const body = maker.body(layoutOf(api.request, version)) as never
  const frame = new Uint8Array(Buffer.concat(encodeRequest(api.request, version, 1, 'c', body)))
  for (let at = 4 + random.int(8); at < frame.length; at += 1 + random.int(frame.length)) {
    frame[at] = random.int(256)
  }
  const length = random.chance(0.3) ? 4 + random.int(frame.length - 3) : frame.length
  new DataView(frame.buffer).setInt32(0, length - 4)
  const client = await node.connect()
  client.connection.onData = () => {}
  client.connection.write([frame.subarray(0, length)])
  await node.world.advance(3)
  client.connection.destroy()
}

/** Some random requests of one API at once, on one connection. */
async function storm(node: TestNode, maker: RequestMaker, api: ServedApi, version: number) {
  const client: TestClient = await node.connect()
  const expectClosed = ({ message }: Error): void =>
    assert.match(message, /^closed/, `seed ${node.world.seed} ${api.name} v${version}`)
  for (let i = 0; i < 5; i++) {
    const body = maker.body(layoutOf(api.request, version)) as never
    if (body['acks'] === 0) client.post(api.request, version, body)
    else void client.send(api.request, api.response, version, body).catch(expectClosed)
  }
  await node.world.advance(3)
  client.connection.destroy()
}
