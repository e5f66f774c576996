/** What a node tells of itself: its directories, producers, cluster, quorum, moves, resources. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { METADATA_TOPIC_ID } from '../../base/uuid.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import {
  describeLogDirsRequest,
  describeLogDirsResponse,
} from '../../protocol/messages/35-describe-log-dirs.ts'
import {
  electLeadersRequest,
  electLeadersResponse,
} from '../../protocol/messages/43-elect-leaders.ts'
import {
  alterPartitionReassignmentsRequest,
  alterPartitionReassignmentsResponse,
} from '../../protocol/messages/45-alter-partition-reassignments.ts'
import {
  listPartitionReassignmentsRequest,
  listPartitionReassignmentsResponse,
} from '../../protocol/messages/46-list-partition-reassignments.ts'
import {
  describeQuorumRequest,
  describeQuorumResponse,
} from '../../protocol/messages/55-describe-quorum.ts'
import {
  updateFeaturesRequest,
  updateFeaturesResponse,
} from '../../protocol/messages/57-update-features.ts'
import {
  describeClusterRequest,
  describeClusterResponse,
} from '../../protocol/messages/60-describe-cluster.ts'
import {
  describeProducersRequest,
  describeProducersResponse,
} from '../../protocol/messages/61-describe-producers.ts'
import {
  listTransactionsRequest,
  listTransactionsResponse,
} from '../../protocol/messages/66-list-transactions.ts'
import {
  listConfigResourcesRequest,
  listConfigResourcesResponse,
} from '../../protocol/messages/74-list-config-resources.ts'
import { batchOf, CONTROLLER_PORT, TestNode } from '../node.test-support.ts'

const BROKERS = 1
const CONTROLLERS = 2

describe('DescribeLogDirs', () => {
  it('shows sizes by directory, and the space that is left', async () => {
    const properties = { 'log.dirs': '/one,/two' }
    const machine = { disk: { capacityBytes: 1 << 24 } }
    const node = await TestNode.start({ properties, machine })
    const client = await node.connect()
    await client.createTopic('t', 4)
    await client.produce('t', 0, batchOf(['x'.repeat(1000)], node.nowMs))
    const ask = async (topics: { topic: string; partitions: number[] }[] | null) =>
      (await client.call(describeLogDirsRequest, describeLogDirsResponse, 4, { topics })).results
    const all = await ask(null)
    assert.deepEqual(
      all.map(({ logDir, errorCode }) => [logDir, errorCode]),
      [
        ['/one', 0],
        ['/two', 0],
      ],
    )
    for (const { totalBytes, usableBytes } of all) {
      assert.ok(totalBytes === 1 << 24 && usableBytes < totalBytes)
    }
    const sizes = all.flatMap(({ topics }) =>
      topics.flatMap(({ name, partitions }) =>
        partitions.map(({ partitionIndex, partitionSize }) => [
          name,
          partitionIndex,
          partitionSize,
        ]),
      ),
    )
    const spread = all.map(({ topics }) => topics[0]?.partitions.length)
    assert.deepEqual(spread.toSorted(), [2, 2], 'partitions are spread')
    assert.ok(
      sizes.some(([name, index, size]) => name === 't' && index === 0 && Number(size) > 1000),
    )
    const some = await ask([{ topic: 't', partitions: [2] }])
    assert.equal(some.flatMap(({ topics }) => topics).length, 1)
  })
})

describe('DescribeProducers', () => {
  it('shows the producers of a partition', async () => {
    const node = await TestNode.start()
    const client = await node.connect()
    await client.createTopic('t')
    const options = { producerId: 77, producerEpoch: 2, baseSequence: 0 }
    await client.produce('t', 0, batchOf(['a', 'b'], node.nowMs, options))
    const partitionIndexes = [0, 5]
    const topics = ['t', 'nowhere', 'a b'].map((name) => ({ name, partitionIndexes }))
    const body = { topics }
    const answer = await client.call(describeProducersRequest, describeProducersResponse, 0, body)
    const [known, unknown] = answer.topics[0]!.partitions
    const [producer] = known!.activeProducers
    assert.deepEqual(
      [producer?.producerId, producer?.producerEpoch, producer?.lastSequence],
      [77, 2, 1],
    )
    assert.deepEqual([producer?.currentTxnStartOffset, producer?.coordinatorEpoch], [-1, -1])
    assert.equal(unknown?.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    assert.equal(unknown?.errorMessage, null)
    const [, nowhere, invalid] = answer.topics.map(({ partitions }) => partitions[0]?.errorMessage)
    assert.match(nowhere ?? '', /does not host/)
    assert.match(invalid ?? '', /contains one or more characters other than ASCII alphanumerics/)
  })
})

describe('DescribeCluster', () => {
  it('shows brokers to their clients and controllers to theirs', async () => {
    const node = await TestNode.start()
    const client = await node.connect()
    const controllers = await node.connect({ port: CONTROLLER_PORT })
    const ask = async (on: typeof client, endpointType: number, version = 2) => {
      const body = { includeClusterAuthorizedOperations: true, endpointType }
      const answer = await on.call(describeClusterRequest, describeClusterResponse, version, body)
      const ports = answer.brokers.map(({ brokerId, port }) => [brokerId, port])
      return [answer.errorCode, answer.endpointType, ports]
    }
    const mismatched = ErrorCode.MISMATCHED_ENDPOINT_TYPE
    assert.deepEqual(await ask(client, BROKERS), [0, BROKERS, [[1, 9092]]])
    assert.deepEqual(await ask(controllers, CONTROLLERS), [0, CONTROLLERS, [[1, 9093]]])
    assert.deepEqual(await ask(client, CONTROLLERS), [mismatched, BROKERS, []])
    assert.deepEqual(await ask(controllers, BROKERS), [mismatched, BROKERS, []])
    assert.deepEqual(await ask(client, 3), [ErrorCode.UNSUPPORTED_ENDPOINT_TYPE, BROKERS, []])
    const nothing = [ErrorCode.INVALID_REQUEST, BROKERS, []]
    assert.deepEqual(await ask(controllers, BROKERS, 0), nothing, 'before there were such types')
  })
})

describe('DescribeQuorum', () => {
  it('shows this node as the only voter and the leader', async () => {
    const client = await (await TestNode.start()).connect()
    const ask = async (topicName: string, partitionIndex: number) => {
      const body = { topics: [{ topicName, partitions: [{ partitionIndex }] }] }
      return client.call(describeQuorumRequest, describeQuorumResponse, 2, body)
    }
    const answer = await ask('__cluster_metadata', 0)
    const partition = answer.topics[0]!.partitions[0]!
    assert.deepEqual([answer.errorCode, partition.errorCode, partition.leaderId], [0, 0, 1])
    assert.ok(partition.leaderEpoch >= 1 && partition.highWatermark > 0)
    assert.deepEqual(
      partition.currentVoters.map(({ replicaId, logEndOffset }) => [replicaId, logEndOffset]),
      [[1, partition.highWatermark]],
    )
    assert.equal(answer.nodes[0]?.nodeId, 1)
    const other = await ask('t', 0)
    assert.equal(other.topics[0]?.partitions[0]?.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    assert.notEqual(METADATA_TOPIC_ID, '')
  })
})

describe('ListConfigResources', () => {
  it('lists topics and brokers', async () => {
    const client = await (await TestNode.start()).connect()
    await client.createTopic('t')
    const ask = async (resourceTypes: number[], version = 1) => {
      const body = version === 0 ? {} : { resourceTypes }
      const answer = await client.call(
        listConfigResourcesRequest,
        listConfigResourcesResponse,
        version,
        body,
      )
      const resources = answer.configResources
      return [answer.errorCode, ...resources.map((of) => [of.resourceType, of.resourceName])]
    }
    assert.deepEqual(await ask([2]), [0, [2, 't']])
    assert.deepEqual(await ask([]), [0, [8, '1'], [4, '1'], [2, 't']])
    assert.deepEqual(await ask([99]), [ErrorCode.UNSUPPORTED_VERSION])
    assert.deepEqual(await ask([], 0), [0])
  })
})

describe('reassignments', () => {
  it('go nowhere on one node, and say why', async () => {
    const client = await (await TestNode.start()).connect()
    await client.createTopic('t')
    const alter = async (replicas: number[] | null, partitionIndex = 0) => {
      const topics = [{ name: 't', partitions: [{ partitionIndex, replicas }] }]
      const [request, response] = [
        alterPartitionReassignmentsRequest,
        alterPartitionReassignmentsResponse,
      ]
      const { responses } = await client.call(request, response, 1, { timeoutMs: 1000, topics })
      const { errorCode, errorMessage } = responses[0]!.partitions[0]!
      return [errorCode, errorMessage]
    }
    assert.deepEqual(await alter([1]), [0, null], 'where it is already')
    assert.deepEqual(await alter(null), [ErrorCode.NO_REASSIGNMENT_IN_PROGRESS, null])
    assert.deepEqual(await alter([1, 9]), [
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      'The manual partition assignment includes broker 9, but no such broker is registered.',
    ])
    assert.deepEqual(await alter([1], 7), [
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      'Unable to find partition t:7.',
    ])
    const [request, response] = [
      listPartitionReassignmentsRequest,
      listPartitionReassignmentsResponse,
    ]
    const listed = await client.call(request, response, 0, { timeoutMs: 1000, topics: null })
    assert.deepEqual([listed.errorCode, listed.topics], [ErrorCode.NONE, []])
    const nothing = await client.call(
      alterPartitionReassignmentsRequest,
      alterPartitionReassignmentsResponse,
      1,
      { timeoutMs: 1000, allowReplicationFactorChange: false, topics: [] },
    )
    assert.deepEqual([nothing.allowReplicationFactorChange, nothing.errorMessage], [true, ''])
  })
})

describe('ListTransactions', () => {
  it('has none, and says which states it does not know', async () => {
    const client = await (await TestNode.start()).connect()
    const stateFilters = ['Ongoing', 'Lost', 'PrepareEpochFence', 'Lost']
    const body = { stateFilters, producerIdFilters: [] }
    const answer = await client.call(listTransactionsRequest, listTransactionsResponse, 2, body)
    assert.equal(answer.errorCode, ErrorCode.NONE)
    assert.deepEqual([answer.unknownStateFilters, answer.transactionStates], [['Lost'], []])
  })
})

describe('ElectLeaders and UpdateFeatures', () => {
  it('have nothing to do on one node', async () => {
    const client = await (await TestNode.start()).connect()
    await client.createTopic('t')
    const topicPartitions = [{ topic: 't', partitions: [0] }]
    const elected = await client.call(electLeadersRequest, electLeadersResponse, 2, {
      electionType: 0,
      topicPartitions,
    })
    const result = elected.replicaElectionResults[0]?.partitionResult[0]
    assert.equal(result?.errorCode, ErrorCode.ELECTION_NOT_NEEDED)
    const featureUpdates = [{ feature: 'metadata.version', maxVersionLevel: 99, upgradeType: 1 }]
    const refused = await client.call(updateFeaturesRequest, updateFeaturesResponse, 2, {
      featureUpdates,
    })
    assert.notEqual(refused.errorCode, ErrorCode.NONE)
  })
})
