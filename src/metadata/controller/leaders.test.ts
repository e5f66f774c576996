/** ElectLeaders, AlterPartition, moves of replicas, directories: who leads, and who is in sync. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode } from '../../protocol/errors.ts'
import { failure, TestCluster, uuidOf } from './test-cluster.test-support.ts'

function elect(cluster: TestCluster, electionType: number, topic: string | null, index = 0) {
  const topicPartitions = topic === null ? null : [{ topic, partitions: [index] }]
  const request = { electionType, topicPartitions, timeoutMs: 1000 }
  const response = cluster.take(cluster.controller.electLeaders(request, 2, cluster.nowMs))
  return response.replicaElectionResults.flatMap(({ partitionResult }) =>
    partitionResult.map(failure),
  )
}

function isr(cluster: TestCluster, topic: string, brokerIds: number[], fields: object = {}) {
  const { id, partitions } = cluster.image.topics.byName.get(topic)!
  const partition = partitions[0]!
  const { leader } = partition
  const request = {
    brokerId: leader,
    brokerEpoch: cluster.image.cluster.brokers.get(leader)?.epoch ?? -1,
    topics: [
      {
        topicId: id,
        partitions: [
          {
            partitionIndex: 0,
            leaderEpoch: partition.leaderEpoch,
            newIsr: [],
            newIsrWithEpochs: brokerIds.map((brokerId) => ({ brokerId, brokerEpoch: -1 })),
            leaderRecoveryState: 0,
            partitionEpoch: partition.partitionEpoch,
            ...fields,
          },
        ],
      },
    ],
  }
  const response = cluster.take(cluster.controller.alterPartition(request, 3, cluster.nowMs))
  return response.topics[0]!.partitions[0]!
}

test('leadership goes back to the preferred replica', () => {
  const cluster = new TestCluster().start(1, 2)
  cluster.createTopic('a', { assignments: [[1, 2]] })
  assert.deepEqual(elect(cluster, 0, 'a'), [
    [ErrorCode.ELECTION_NOT_NEEDED, 'Leader election not needed for topic partition.'],
  ])
  cluster.heartbeat(1, { wantFence: true })
  assert.equal(cluster.partition('a').leader, 2)
  assert.deepEqual(elect(cluster, 0, 'a'), [
    [ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE, 'The preferred leader was not available.'],
  ])
  cluster.heartbeat(1)
  isr(cluster, 'a', [1, 2])
  assert.deepEqual(elect(cluster, 0, null), [[ErrorCode.NONE, null]])
  assert.equal(cluster.partition('a').leader, 1)
  assert.deepEqual(elect(cluster, 0, null), [])
})

test('the controller balances leaders by itself', () => {
  const cluster = new TestCluster({ brokerSessionTimeoutMs: 1e9 }).start(1, 2)
  cluster.createTopic('a', { assignments: [[1, 2]] })
  cluster.heartbeat(1, { wantFence: true })
  cluster.heartbeat(1)
  isr(cluster, 'a', [1, 2])
  assert.equal(cluster.partition('a').leader, 2)
  cluster.advance(300_000)
  assert.equal(cluster.partition('a').leader, 1)
})

test('unknown partitions and kinds of election are refused', () => {
  const cluster = new TestCluster().start(1)
  cluster.createTopic('a')
  assert.deepEqual(elect(cluster, 0, 'b'), [[3, 'No such topic as b']])
  assert.deepEqual(elect(cluster, 0, 'a', 7), [[3, 'No such partition as a-7']])
  assert.deepEqual(elect(cluster, 5, 'a'), [[42, 'Unknown election type 5']])
  const request = { electionType: 5, topicPartitions: [], timeoutMs: 1000 }
  const ofNothing = cluster.take(cluster.controller.electLeaders(request, 2, cluster.nowMs))
  assert.deepEqual(ofNothing, { errorCode: ErrorCode.NONE, replicaElectionResults: [] })
  assert.deepEqual(elect(cluster, 1, 'a')[0]?.[0], ErrorCode.ELECTION_NOT_NEEDED)
})

test('without ELR the last replica stays in the ISR; an unclean election goes past it', () => {
  const cluster = new TestCluster().start(1, 2)
  const off = { feature: 'eligible.leader.replicas.version', maxVersionLevel: 0, upgradeType: 2 }
  const featureUpdates = [{ ...off, allowDowngrade: false }]
  cluster.take(
    cluster.controller.updateFeatures({ timeoutMs: 1, featureUpdates, validateOnly: false }, 2, 0),
  )
  cluster.createTopic('a', { assignments: [[1, 2]] })
  isr(cluster, 'a', [1])
  cluster.heartbeat(1, { wantFence: true })
  assert.deepEqual([cluster.partition('a').leader, cluster.partition('a').isr], [-1, [1]])
  assert.deepEqual(elect(cluster, 1, 'a'), [[ErrorCode.NONE, null]])
  const { leader, isr: inSync, leaderRecoveryState } = cluster.partition('a')
  assert.deepEqual([leader, inSync, leaderRecoveryState], [2, [2], 1])
})

test('a topic that allows it gets an unclean leader by itself', () => {
  const cluster = new TestCluster().start(1, 2)
  const configs = { 'unclean.leader.election.enable': 'true' }
  cluster.createTopic('a', { assignments: [[1, 2]], configs })
  isr(cluster, 'a', [1])
  cluster.heartbeat(1, { wantFence: true })
  assert.equal(cluster.partition('a').leader, 2)
})

test('below min.insync.replicas those who leave the ISR stay eligible', () => {
  const cluster = new TestCluster().start(1, 2, 3)
  const configs = { 'min.insync.replicas': '2' }
  cluster.createTopic('a', { assignments: [[1, 2, 3]], configs })
  isr(cluster, 'a', [1, 2])
  assert.deepEqual(cluster.partition('a').elr, [])
  isr(cluster, 'a', [1])
  assert.deepEqual(cluster.partition('a').elr, [2])
  cluster.heartbeat(1, { wantFence: true })
  const { leader, isr: inSync, elr } = cluster.partition('a')
  assert.deepEqual([leader, inSync, elr], [2, [2], [1]])
  isr(cluster, 'a', [2, 3])
  assert.deepEqual(cluster.partition('a').elr, [])
})

test('a leader that is out of date, or wants the impossible, is told so', () => {
  const cluster = new TestCluster().start(1, 2)
  cluster.registerBroker(3)
  cluster.createTopic('a', { assignments: [[1, 2, 3]] })
  const { leaderEpoch, partitionEpoch } = cluster.partition('a')
  const code = (brokerIds: number[], fields: object = {}) =>
    isr(cluster, 'a', brokerIds, fields).errorCode
  assert.equal(code([1], { leaderEpoch: leaderEpoch + 1 }), ErrorCode.NOT_CONTROLLER)
  assert.equal(code([1], { leaderEpoch: leaderEpoch - 1 }), ErrorCode.FENCED_LEADER_EPOCH)
  assert.equal(code([1], { partitionEpoch: partitionEpoch - 1 }), ErrorCode.INVALID_UPDATE_VERSION)
  assert.equal(code([2]), ErrorCode.INVALID_REQUEST)
  assert.equal(code([1, 9]), ErrorCode.INVALID_REQUEST)
  assert.equal(code([1, 2], { leaderRecoveryState: 1 }), ErrorCode.INVALID_REQUEST)
  assert.equal(code([1, 3]), ErrorCode.INELIGIBLE_REPLICA)
  const epochs = [
    { brokerId: 1, brokerEpoch: -1 },
    { brokerId: 2, brokerEpoch: 0 },
  ]
  assert.equal(code([], { newIsrWithEpochs: epochs }), ErrorCode.INELIGIBLE_REPLICA)
  const shrunk = isr(cluster, 'a', [1])
  assert.deepEqual([shrunk.errorCode, shrunk.isr], [ErrorCode.NONE, [1]])
  assert.equal(shrunk.partitionEpoch, partitionEpoch + 1)
})

function reassign(cluster: TestCluster, replicas: number[] | null, allow = true) {
  const request = {
    timeoutMs: 1000,
    allowReplicationFactorChange: allow,
    topics: [{ name: 'a', partitions: [{ partitionIndex: 0, replicas }] }],
  }
  const decision = cluster.controller.alterPartitionReassignments(request, 1, cluster.nowMs)
  return failure(cluster.take(decision).responses[0]!.partitions[0]!)
}

test('replicas move: added, awaited in sync, then the old ones go', () => {
  const cluster = new TestCluster().start(1, 2, 3)
  cluster.createTopic('a', { assignments: [[1, 2]] })
  assert.deepEqual(reassign(cluster, [2, 3]), [ErrorCode.NONE, null])
  const { replicas, addingReplicas, removingReplicas } = cluster.partition('a')
  assert.deepEqual([replicas, addingReplicas, removingReplicas], [[2, 3, 1], [3], [1]])
  const list = cluster.controller.listPartitionReassignments({ timeoutMs: 1, topics: null })
  assert.deepEqual(list.topics, [
    {
      name: 'a',
      partitions: [
        { partitionIndex: 0, replicas: [2, 3, 1], addingReplicas: [3], removingReplicas: [1] },
      ],
    },
  ])
  assert.equal(isr(cluster, 'a', [1, 2, 3]).errorCode, ErrorCode.NEW_LEADER_ELECTED)
  const moved = cluster.partition('a')
  assert.deepEqual([moved.replicas, moved.isr, moved.leader], [[2, 3], [2, 3], 2])
  assert.deepEqual([moved.addingReplicas, moved.removingReplicas], [[], []])
})

test('a move is taken back', () => {
  const cluster = new TestCluster().start(1, 2)
  cluster.createTopic('a', { assignments: [[1]] })
  assert.deepEqual(reassign(cluster, null), [ErrorCode.NO_REASSIGNMENT_IN_PROGRESS, null])
  reassign(cluster, [2])
  assert.deepEqual(reassign(cluster, null), [ErrorCode.NONE, null])
  const { replicas, addingReplicas, leader } = cluster.partition('a')
  assert.deepEqual([replicas, addingReplicas, leader], [[1], [], 1])
})

test('a move keeps the replication factor where that is asked for', () => {
  const cluster = new TestCluster().start(1, 2)
  cluster.createTopic('a', { assignments: [[1]] })
  assert.deepEqual(reassign(cluster, [1, 2], false), [
    ErrorCode.INVALID_REPLICATION_FACTOR,
    'The replication factor is changed from 1 to 2',
  ])
  assert.equal(reassign(cluster, [9])[0], ErrorCode.INVALID_REPLICA_ASSIGNMENT)
})

test('a broker says in which directory a replica is', () => {
  const cluster = new TestCluster().start(1)
  cluster.createTopic('a')
  const topicId = cluster.image.topics.byName.get('a')!.id
  const brokerEpoch = cluster.image.cluster.brokers.get(1)!.epoch
  const assign = (id: string, partitionIndex: number) => {
    const topics = [{ topicId, partitions: [{ partitionIndex }] }]
    const request = { brokerId: 1, brokerEpoch, directories: [{ id, topics }] }
    const response = cluster.take(cluster.controller.assignReplicasToDirs(request, 0, 0))
    return response.directories[0]?.topics[0]?.partitions[0]?.errorCode
  }
  assert.equal(assign(uuidOf('other', 1), 7), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  assert.equal(assign(uuidOf('other', 1), 0), ErrorCode.NONE)
  assert.deepEqual(cluster.partition('a').directories, [uuidOf('other', 1)])
  // The broker is not registered with it: nobody can lead from there.
  assert.equal(cluster.partition('a').leader, -1)
})
