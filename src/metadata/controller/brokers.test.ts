/** Registration, heartbeats, fencing, controlled shutdown, producer ids. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode } from '../../protocol/errors.ts'
import { directoryOf, failure, TestCluster, uuidOf } from './test-cluster.test-support.ts'

test('a broker starts fenced and is unfenced when it has read its own registration', () => {
  const cluster = new TestCluster()
  const { brokerEpoch } = cluster.registerBroker(1)
  const broker = () => cluster.image.cluster.brokers.get(1)!
  assert.equal(broker().epoch, brokerEpoch)
  assert.equal(broker().fenced, true)
  const behind = cluster.heartbeat(1, { currentMetadataOffset: broker().registrationOffset - 1 })
  assert.deepEqual([behind.isCaughtUp, behind.isFenced], [false, true])
  const wantsFence = cluster.heartbeat(1, { wantFence: true })
  assert.deepEqual([wantsFence.isCaughtUp, wantsFence.isFenced], [true, true])
  assert.equal(cluster.heartbeat(1).isFenced, false)
  assert.equal(broker().fenced, false)
})

test('registrations that do not fit are refused', () => {
  const cluster = new TestCluster().start(1)
  const register = (fields: object) => {
    const request = {
      brokerId: 2,
      clusterId: 'test-cluster',
      incarnationId: uuidOf('new', 2),
      listeners: [],
      features: [{ name: 'metadata.version', minSupportedVersion: 7, maxSupportedVersion: 30 }],
      rack: null,
      isMigratingZkBroker: false,
      logDirs: [directoryOf(2)],
      previousBrokerEpoch: -1,
      ...fields,
    }
    const { response } = cluster.controller.registerBroker(request, 4, cluster.nowMs)
    return failure(response)
  }
  assert.deepEqual(register({ clusterId: 'other' }), [
    ErrorCode.INCONSISTENT_CLUSTER_ID,
    'Expected cluster ID test-cluster, but got cluster ID other',
  ])
  assert.equal(register({ brokerId: 1 })[0], ErrorCode.DUPLICATE_BROKER_REGISTRATION)
  assert.deepEqual(register({ logDirs: [] }), [
    ErrorCode.INVALID_REGISTRATION,
    'No directories specified in request',
  ])
  assert.deepEqual(register({ logDirs: ['AAAAAAAAAAAAAAAAAAAAYw'] }), [
    ErrorCode.INVALID_REGISTRATION,
    'Reserved directory ID in request',
  ])
  assert.deepEqual(register({ logDirs: [directoryOf(1)] }), [
    ErrorCode.INVALID_REGISTRATION,
    `Broker 1 is already registered with directory ${directoryOf(1)}`,
  ])
  assert.deepEqual(register({ features: [] }), [
    ErrorCode.INVALID_REGISTRATION,
    "Request features do not contain 'metadata.version'",
  ])
  assert.deepEqual(register({}), [
    ErrorCode.UNSUPPORTED_VERSION,
    'Unable to register because the broker does not support finalized version 1 of ' +
      'eligible.leader.replicas.version. The broker wants a version between 0 and 0, inclusive.',
  ])
})

test('the same run registers again with its epoch; another one gets a new epoch', () => {
  const cluster = new TestCluster().start(2)
  const first = cluster.image.cluster.brokers.get(2)!
  assert.equal(cluster.registerBroker(2).brokerEpoch, first.epoch)
  assert.equal(cluster.image.cluster.brokers.get(2)!.fenced, false)
  cluster.advance(9000)
  const again = cluster.registerBroker(2, { run: 2 })
  assert.equal(again.errorCode, ErrorCode.NONE)
  assert.ok(again.brokerEpoch! > first.epoch)
  assert.equal(cluster.image.cluster.brokers.get(2)!.fenced, true)
  const stale = cluster.heartbeat(2, { brokerEpoch: first.epoch })
  assert.equal(stale.errorCode, ErrorCode.STALE_BROKER_EPOCH)
})

test('a silent broker is fenced and its leaderships go to others', () => {
  const cluster = new TestCluster().start(1, 2)
  cluster.createTopic('a', { assignments: [[2, 1]] })
  assert.equal(cluster.partition('a').leader, 2)
  for (let i = 0; i < 5; i++) {
    cluster.advance(2000)
    cluster.heartbeat(1)
  }
  assert.equal(cluster.image.cluster.brokers.get(2)!.fenced, true)
  assert.equal(cluster.image.cluster.brokers.get(1)!.fenced, false)
  assert.equal(cluster.partition('a').leader, 1)
  assert.deepEqual(cluster.partition('a').isr, [1])
})

test('a broker that asks to shut down hands over first', () => {
  const cluster = new TestCluster().start(1, 2)
  cluster.createTopic('a', { assignments: [[1, 2]] })
  const first = cluster.heartbeat(1, { wantShutDown: true })
  assert.deepEqual([first.isFenced, first.shouldShutDown], [false, false])
  assert.equal(cluster.image.cluster.brokers.get(1)!.inControlledShutdown, true)
  assert.equal(cluster.partition('a').leader, 2)
  // The other one has not read of it yet.
  const early = cluster.heartbeat(1, { wantShutDown: true })
  assert.equal(early.shouldShutDown, false)
  cluster.heartbeat(2)
  const last = cluster.heartbeat(1, { wantShutDown: true })
  assert.deepEqual([last.isFenced, last.shouldShutDown], [true, true])
})

test('a broker that leads nothing may go at once; one that leaves gets no new replicas', () => {
  const cluster = new TestCluster().start(1, 2)
  assert.equal(cluster.heartbeat(1, { wantShutDown: true }).shouldShutDown, true)
  const alone = new TestCluster().start(1, 2)
  alone.createTopic('a', { assignments: [[1]] })
  alone.heartbeat(1, { wantShutDown: true })
  alone.createTopic('b', { partitions: 6 })
  assert.ok(alone.image.topics.byName.get('b')!.partitions.every(({ leader }) => leader === 2))
})

test('the only broker leaves and comes back: who leads is known from the ELR', () => {
  const cluster = new TestCluster().start(1)
  cluster.createTopic('a')
  const { epoch } = cluster.image.cluster.brokers.get(1)!
  cluster.heartbeat(1, { wantShutDown: true })
  const { leader, isr, elr, lastKnownElr } = cluster.partition('a')
  assert.deepEqual(
    { leader, isr, elr, lastKnownElr },
    { leader: -1, isr: [], elr: [1], lastKnownElr: [1] },
  )
  assert.equal(cluster.heartbeat(1, { wantShutDown: true }).shouldShutDown, true)
  cluster.registerBroker(1, { run: 2, previousEpoch: epoch })
  cluster.heartbeat(1)
  const back = cluster.partition('a')
  assert.deepEqual([back.leader, back.isr, back.elr, back.lastKnownElr], [1, [1], [], []])
  assert.equal(back.leaderRecoveryState, 0)
})

test('the only broker was killed: it leads again as the last known, marked as recovering', () => {
  const cluster = new TestCluster().start(1)
  cluster.createTopic('a')
  // What another process of this node finds.
  const next = new TestCluster({}, cluster.image)
  assert.equal(next.registerBroker(1, { run: 2 }).errorCode, ErrorCode.NONE)
  assert.deepEqual([next.partition('a').leader, next.partition('a').elr], [-1, []])
  next.heartbeat(1)
  const { leader, isr, leaderRecoveryState, lastKnownElr } = next.partition('a')
  assert.deepEqual([leader, isr, leaderRecoveryState, lastKnownElr], [1, [1], 1, []])
})

test('directories go offline and are cordoned', () => {
  const cluster = new TestCluster().start(1, 2)
  cluster.createTopic('a', { assignments: [[1, 2]] })
  cluster.heartbeat(1, { cordonedLogDirs: [directoryOf(1)] })
  assert.deepEqual(failure(cluster.createTopic('b', { assignments: [[1]] })), [
    39,
    'The manual partition assignment includes broker 1, but all its log directories are cordoned.',
  ])
  cluster.createTopic('c', { partitions: 4 })
  assert.ok(cluster.image.topics.byName.get('c')!.partitions.every(({ leader }) => leader === 2))
  cluster.heartbeat(1, { offlineLogDirs: [directoryOf(1)] })
  assert.equal(cluster.partition('a').leader, 2)
})

test('a broker is unregistered for good', () => {
  const cluster = new TestCluster().start(1, 2)
  cluster.createTopic('a', { assignments: [[2, 1]] })
  const unregister = (brokerId: number) =>
    failure(cluster.take(cluster.controller.unregisterBroker({ brokerId }, 0, 0)))
  assert.deepEqual(unregister(2), [ErrorCode.NONE, ''])
  assert.equal(cluster.image.cluster.brokers.has(2), false)
  assert.deepEqual([cluster.partition('a').leader, cluster.partition('a').isr], [1, [1]])
  assert.deepEqual(unregister(2), [
    ErrorCode.BROKER_ID_NOT_REGISTERED,
    'Broker ID 2 is not currently registered',
  ])
})

test('producer ids come in blocks of a thousand, each once', () => {
  const cluster = new TestCluster().start(1)
  const brokerEpoch = cluster.image.cluster.brokers.get(1)!.epoch
  const allocate = (epoch = brokerEpoch) =>
    cluster.take(cluster.controller.allocateProducerIds({ brokerId: 1, brokerEpoch: epoch }, 0, 0))
  assert.deepEqual(allocate(), { errorCode: 0, producerIdStart: 0, producerIdLen: 1000 })
  assert.deepEqual(allocate(), { errorCode: 0, producerIdStart: 1000, producerIdLen: 1000 })
  assert.equal(allocate(brokerEpoch + 1).errorCode, ErrorCode.STALE_BROKER_EPOCH)
})

test('an idle controller writes a NoOpRecord now and then', () => {
  const cluster = new TestCluster({ maxIdleIntervalMs: 500 }).start(1)
  const before = cluster.image.lastOffset
  cluster.advance(499)
  assert.equal(cluster.image.lastOffset, before)
  cluster.advance(1)
  assert.equal(cluster.image.lastOffset, before + 1)
})
