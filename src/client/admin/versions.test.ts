/**
 * Every call at every version of its API: what is sent is something that the version can carry, or
 * the call is refused as one that the broker is too old for; nothing in between.
 */
import assert from 'node:assert/strict'
import test from 'node:test'
import { ByteWriter } from '../../base/bytes.ts'
import { ZERO_UUID } from '../../base/uuid.ts'
import { apiOf } from '../../protocol/apis.ts'
import { encode } from '../../protocol/codec.ts'
import { metadataRequest } from '../../protocol/messages/03-metadata.ts'
import { findCoordinatorRequest } from '../../protocol/messages/10-find-coordinator.ts'
import { type Input, type Message, parseVersions } from '../../protocol/schema.ts'
import { FakeCluster } from '../cluster/fake-cluster.test-support.ts'
import { KafkaError } from '../kafka-error.ts'
import { Admin } from './admin.ts'

const partition = { topic: 't', partition: 0 }
const replica = { ...partition, brokerId: 1 }
const hmac = Uint8Array.of(1)
const mechanism = 'SCRAM-SHA-256' as const
const all = { includeAuthorizedOperations: true }
const endpoint = { listener: 'CONTROLLER', host: 'h', port: 1 }
const rule = { resourceType: 'TOPIC', resourceName: 't', operation: 'READ' } as const
const changes = [{ name: 'retention.ms', op: 'set', value: '1' } as const]
const places = ['latest', 'max-timestamp', 'earliest-local', 'earliest-pending-upload'] as const

type Calls = readonly ((admin: Admin) => Promise<unknown>)[]

/** Calls by the key of the API that they end up with, with all their options and with none. */
const CALLS: Readonly<Record<number, Calls>> = {
  2: [
    ...places.map((at) => (admin: Admin) => admin.listOffsets([{ ...partition, at }])),
    (admin) => admin.listOffsets([{ ...partition, at: { timestamp: 5 } }]),
    (admin) =>
      admin.listOffsets([{ ...partition, at: 'earliest' }], { isolation: 'read_committed' }),
  ],
  3: [
    (admin) => admin.listTopics(),
    (admin) => admin.describeTopics(['t']),
    (admin) => admin.describeTopics(['t'], all),
    (admin) => admin.describeTopicsById([ZERO_UUID], all),
    (admin) => admin.describeCluster(),
    (admin) => admin.describeCluster(all),
    (admin) => admin.listGroups(),
    (admin) => admin.listOffsets([{ ...partition, at: 'latest' }]),
  ],
  8: [(admin) => admin.alterConsumerGroupOffsets('g', [{ ...partition, offset: 1 }])],
  9: [
    (admin) => admin.listConsumerGroupOffsets([{ groupId: 'g' }]),
    (admin) => admin.listConsumerGroupOffsets([{ groupId: 'g', partitions: [partition] }]),
    (admin) => admin.listConsumerGroupOffsets([{ groupId: 'g' }], { requireStable: true }),
  ],
  10: [
    (admin) => admin.deleteGroups(['g', 'h']),
    (admin) => admin.describeTransactions(['x', 'y']),
  ],
  13: [
    (admin) => admin.removeMembers('g', [{ instanceId: 'i' }, { memberId: 'm' }]),
    (admin) => admin.removeMembers('g', [{ memberId: 'm' }], { reason: 'why' }),
  ],
  15: [
    (admin) => admin.describeClassicGroups(['g']),
    (admin) => admin.describeClassicGroups(['g'], all),
  ],
  16: [
    (admin) => admin.listGroups(),
    (admin) => admin.listGroups({ types: ['share'], states: ['Stable'] }),
    (admin) => admin.listGroups({ types: ['classic'] }),
    (admin) => admin.listGroups({ states: ['Empty'] }),
  ],
  18: [(admin) => admin.describeFeatures()],
  19: [
    (admin) => admin.createTopics([{ name: 't' }], { validateOnly: true }),
    (admin) => admin.createTopics([{ name: 't', numPartitions: 1, replicationFactor: 1 }]),
    (admin) => admin.createTopics([{ name: 't', assignments: [[1]], configs: { a: 'b' } }]),
  ],
  20: [(admin) => admin.deleteTopics(['t']), (admin) => admin.deleteTopicsById([ZERO_UUID])],
  21: [(admin) => admin.deleteRecords([{ ...partition, beforeOffset: -1 }])],
  22: [(admin) => admin.fenceProducers(['x'])],
  27: [
    (admin) => {
      const producer = { producerId: 1, producerEpoch: 0, coordinatorEpoch: -1 }
      return admin.abortTransaction({ ...partition, ...producer })
    },
  ],
  29: [
    (admin) => admin.describeAcls({}),
    (admin) => admin.describeAcls({ ...rule, patternType: 'MATCH' }),
  ],
  30: [(admin) => admin.createAcls([{ ...rule, principal: 'User:a', patternType: 'PREFIXED' }])],
  31: [(admin) => admin.deleteAcls([{ ...rule, host: '*', permission: 'DENY' }])],
  32: [
    (admin) => admin.describeConfigs([{ type: 'GROUP', name: 'g' }]),
    (admin) => {
      const options = { includeSynonyms: true, includeDocumentation: true, names: ['a'] }
      return admin.describeConfigs([{ type: 'TOPIC', name: 't' }], options)
    },
  ],
  34: [(admin) => admin.alterReplicaLogDirs([{ ...replica, logDir: '/a' }])],
  35: [(admin) => admin.describeLogDirs([1]), (admin) => admin.describeReplicaLogDirs([replica])],
  37: [
    (admin) => admin.createPartitions([{ topic: 't', totalCount: 2 }], { validateOnly: true }),
    (admin) => admin.createPartitions([{ topic: 't', totalCount: 2, assignments: [[1]] }]),
  ],
  38: [
    (admin) => admin.createDelegationToken({ owner: 'User:a', renewers: ['User:b'] }),
    (admin) => admin.createDelegationToken({ maxLifetimeMs: 5 }),
  ],
  39: [(admin) => admin.renewDelegationToken(hmac, { renewPeriodMs: 5 })],
  40: [(admin) => admin.expireDelegationToken(hmac)],
  41: [
    (admin) => admin.describeDelegationTokens(null),
    (admin) => admin.describeDelegationTokens(['User:a']),
  ],
  42: [(admin) => admin.deleteGroups(['g'])],
  43: [
    (admin) => admin.electLeaders('preferred', null),
    (admin) => admin.electLeaders('unclean', [partition]),
  ],
  44: [(admin) => admin.incrementalAlterConfigs([{ type: 'BROKER', name: '1', changes }])],
  45: [
    (admin) => admin.alterPartitionReassignments([{ ...partition, replicas: null }]),
    (admin) => {
      const options = { allowReplicationFactorChange: false }
      return admin.alterPartitionReassignments([{ ...partition, replicas: [1] }], options)
    },
  ],
  46: [
    (admin) => admin.listPartitionReassignments(null),
    (admin) => admin.listPartitionReassignments([partition]),
  ],
  47: [(admin) => admin.deleteConsumerGroupOffsets('g', [partition])],
  48: [
    (admin) => admin.describeClientQuotas([{ type: 'user', match: 'default' }], { strict: true }),
  ],
  49: [
    (admin) =>
      admin.alterClientQuotas([{ entity: { user: null }, quotas: { a: 1, b: null } }], {
        validateOnly: true,
      }),
  ],
  50: [
    (admin) => admin.describeUserScramCredentials(null),
    (admin) => admin.describeUserScramCredentials(['a']),
  ],
  51: [
    (admin) =>
      admin.alterUserScramCredentials([
        { user: 'a', mechanism, password: 'p', iterations: 1 },
        { user: 'b', mechanism, delete: true },
      ]),
  ],
  55: [(admin) => admin.describeMetadataQuorum()],
  57: [
    (admin) => admin.updateFeatures([{ feature: 'f', maxLevel: 1 }]),
    (admin) =>
      admin.updateFeatures([{ feature: 'f', maxLevel: 0, type: 'unsafe-downgrade' }], {
        validateOnly: true,
      }),
  ],
  60: [
    (admin) => admin.describeCluster({ includeFencedBrokers: true }),
    (admin) => admin.describeCluster({ endpoints: 'controllers' }),
  ],
  61: [(admin) => admin.describeProducers([partition], { brokerId: 1 })],
  64: [(admin) => admin.unregisterBroker(1)],
  65: [(admin) => admin.describeTransactions(['x'])],
  66: [
    (admin) => admin.listTransactions(),
    (admin) => admin.listTransactions({ durationMs: 5 }),
    (admin) => admin.listTransactions({ transactionalIdPattern: 'x.*', states: ['Ongoing'] }),
  ],
  69: [(admin) => admin.describeConsumerGroups(['g'], all)],
  74: [
    (admin) => admin.listConfigResources([]),
    (admin) => admin.listConfigResources(['CLIENT_METRICS']),
    (admin) => admin.listConfigResources(['GROUP', 'TOPIC']),
  ],
  75: [(admin) => admin.describeTopics(['t', 'a'])],
  77: [(admin) => admin.describeShareGroups(['g'], all)],
  80: [(admin) => admin.addRaftVoter(1, ZERO_UUID, [endpoint], { clusterId: 'c' })],
  81: [(admin) => admin.removeRaftVoter(1, ZERO_UUID)],
  89: [(admin) => admin.describeStreamsGroups(['g'], all)],
  90: [
    (admin) => admin.listShareGroupOffsets([{ groupId: 'g' }]),
    (admin) => admin.listShareGroupOffsets([{ groupId: 'g', partitions: [partition] }]),
  ],
  91: [(admin) => admin.alterShareGroupOffsets('g', [{ ...partition, startOffset: 1 }])],
  92: [(admin) => admin.deleteShareGroupOffsets('g', ['t'])],
}

/** A cluster that answers who is who, and cuts the client off when it hears of `request`. */
function clusterOf(request: Message, version: number) {
  const cluster = new FakeCluster()
  const heard: unknown[] = []
  cluster.on(metadataRequest, () => ({
    brokers: [{ nodeId: 1, host: 'h', port: 1, rack: null }],
    topics: [
      { name: 't', errorCode: 0, partitions: [{ partitionIndex: 0, leaderId: 1, errorCode: 0 }] },
    ],
  }))
  cluster.on(findCoordinatorRequest, ({ coordinatorKeys }) => ({
    coordinators: coordinatorKeys.map((key) => ({ key, nodeId: 1, errorCode: 0 })),
  }))
  cluster.on(request, (body) => {
    encode(request, version, body as Input<Message>, new ByteWriter(256))
    heard.push(body)
    throw new KafkaError('CLOSED', 'heard')
  })
  cluster.setVersions(request.apiKey, { min: version, max: version })
  // What is asked first where a broker is new, and would answer instead.
  if (request.apiKey === 3) for (const key of [60, 75]) cluster.setVersions(key, null)
  if (request.apiKey === 15) cluster.setVersions(69, null)
  return { cluster, heard }
}

for (const [key, calls] of Object.entries(CALLS)) {
  const { request } = apiOf(Number(key))!
  test(`${request.name} at every version`, async () => {
    const { min, max } = parseVersions(request.versions)
    for (const [index, call] of calls.entries()) {
      let answered = 0
      for (let version = min; version <= max; version++) {
        const { cluster, heard } = clusterOf(request, version)
        const done = call(new Admin(cluster)).then(
          (value) => {
            ;(value as { orThrow?(): void }).orThrow?.()
            return 'answered without being heard'
          },
          ({ code, message }) => `${code}: ${message}`,
        )
        const outcome = await done.catch(({ code, message }) => `${code}: ${message}`)
        const isRefused = outcome.startsWith('UNSUPPORTED_BY_BROKER')
        const isHeard = heard.length > 0 && outcome.startsWith('CLOSED')
        assert.ok(isHeard !== isRefused, `call ${index}, version ${version}: ${outcome}`)
        if (isHeard) answered++
      }
      assert.ok(answered > 0, `call ${index} fits no version`)
    }
  })
}
