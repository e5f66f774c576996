/** Which protocol a membership takes where it may choose, and what it is told before it knows. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode } from '../../../protocol/errors.ts'
import { joinGroupRequest } from '../../../protocol/messages/11-join-group.ts'
import { consumerGroupHeartbeatRequest } from '../../../protocol/messages/68-consumer-group-heartbeat.ts'
import { Deadline } from '../../call.ts'
import { FakeCluster } from '../../cluster/fake-cluster.test-support.ts'
import { KafkaError } from '../../kafka-error.ts'
import { createMembership } from './create-membership.ts'
import { groupOptions, RecordingListener } from './group.test-support.ts'

function scene(protocol: 'auto' | 'classic' | 'consumer' = 'auto') {
  const cluster = new FakeCluster()
  cluster.on(joinGroupRequest, () => new Promise(() => {}))
  cluster.on(consumerGroupHeartbeatRequest, () => new Promise(() => {}))
  const listener = new RecordingListener()
  const member = createMembership(cluster, groupOptions({ protocol }), listener)
  const spoken = async () => {
    await cluster.clock.until(() => cluster.requests.length > 0)
    return cluster.requests[0]!.name
  }
  return { cluster, listener, member, spoken }
}

const HEARTBEAT = 'ConsumerGroupHeartbeatRequest'

test('auto: KIP-848 where the cluster has finalized it and the broker serves it', async () => {
  const { cluster, member, spoken } = scene()
  cluster.featureLevels.set('group.version', 1)
  member.subscribe(['a'])
  member.start()
  assert.equal(await spoken(), HEARTBEAT)
  assert.deepEqual(cluster.sent(consumerGroupHeartbeatRequest)[0]!.subscribedTopicNames, ['a'])
})

test('auto: the classic protocol where it is not finalized, or not served', async () => {
  const old = scene()
  old.member.start()
  assert.equal(await old.spoken(), 'JoinGroupRequest')
  const unserved = scene()
  unserved.cluster.featureLevels.set('group.version', 1)
  unserved.cluster.setVersions(consumerGroupHeartbeatRequest.apiKey, null)
  unserved.member.start()
  assert.equal(await unserved.spoken(), 'JoinGroupRequest')
})

test('auto: it asks again until it can know, and ends where that will never be', async () => {
  const { cluster, member, spoken } = scene()
  let failures = 3
  cluster.features = async () => {
    if (failures-- > 0) throw new KafkaError('NETWORK_ERROR', 'nobody there')
    return new Map()
  }
  member.start()
  assert.equal(await spoken(), 'JoinGroupRequest')

  const refused = scene()
  refused.cluster.features = async () => {
    throw new KafkaError('AUTHENTICATION_FAILED', 'who are you')
  }
  refused.member.start()
  await refused.cluster.clock.until(() => refused.listener.errors.length > 0)
  assert.equal(refused.listener.errors[0]!.code, 'AUTHENTICATION_FAILED')
})

test('auto: it can be left before it knows', async () => {
  const { cluster, listener, member } = scene()
  cluster.features = (deadline) => deadline.race(new Promise(() => {}))
  member.start()
  let hasLeft = false
  void member.leave(new Deadline(cluster.clock, 'leaving', 1000)).then(() => {
    hasLeft = true
  })
  await cluster.clock.until(() => hasLeft)
  assert.deepEqual([listener.events, cluster.requests], [[], []])
  assert.equal(member.identity(), null)
})

test('auto: a broker that refuses KIP-848 all the same gets the classic protocol', async () => {
  for (const errorCode of [ErrorCode.UNSUPPORTED_VERSION, ErrorCode.GROUP_ID_NOT_FOUND]) {
    const { cluster, listener, member } = scene()
    cluster.featureLevels.set('group.version', 1)
    cluster.on(consumerGroupHeartbeatRequest, () => ({ errorCode, errorMessage: 'off' }))
    member.subscribe(['a'])
    member.start()
    await cluster.clock.until(() => cluster.sent(joinGroupRequest).length > 0)
    assert.deepEqual(listener.events, [])
  }
})

test('classic and consumer are taken by their word', async () => {
  for (const [protocol, request] of [
    ['classic', 'JoinGroupRequest'],
    ['consumer', HEARTBEAT],
  ] as const) {
    const { member, spoken } = scene(protocol)
    member.start()
    assert.equal(await spoken(), request)
  }
})

test('a pattern for the broker needs the protocol that has it', () => {
  const pattern = { pattern: 'a.*' }
  assert.throws(() => scene('classic').member.subscribe(pattern), { code: 'INVALID_ARGUMENT' })
  scene('consumer').member.subscribe(pattern)
})
