/**
 * A classic member against a coordinator that the test plays: what it sends, in which order, and
 * what it does about each answer. Groups of several members on a real node: test/sim/client.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode } from '../../../protocol/errors.ts'
import { joinGroupRequest } from '../../../protocol/messages/11-join-group.ts'
import { heartbeatRequest } from '../../../protocol/messages/12-heartbeat.ts'
import { leaveGroupRequest } from '../../../protocol/messages/13-leave-group.ts'
import { FakeCluster } from '../../cluster/fake-cluster.test-support.ts'
import { KafkaError } from '../../kafka-error.ts'
import { cooperativeStickyAssignor, rangeAssignor, stickyAssignor } from '../assignors/assignors.ts'
import { ClassicMembership } from './classic-membership.ts'
import { Scene } from './classic-scene.test-support.ts'
import { decodeSubscription } from './consumer-protocol.ts'
import { groupOptions, RecordingListener, shown } from './group.test-support.ts'
import type { GroupOptions } from './membership.ts'

test('a new member gets its id, joins with it, syncs, and is told what it owns', async () => {
  const scene = new Scene()
  scene.member.start()
  await scene.until(() => scene.listener.events.length > 0)
  assert.deepEqual(scene.listener.take(), ['assigned a-0 a-1'])
  assert.deepEqual(scene.sent(), ['join', 'join', 'sync'])
  const identity = scene.member.identity()
  assert.equal(identity?.generationOrEpoch, 1)
  assert.match(identity.memberId, /^member-/)
  assert.equal(shown(scene.member.assignment), 'a-0 a-1')
})

test('it says what it wants, has, and is, in each assignor`s words', async () => {
  const assignors = [stickyAssignor, rangeAssignor]
  const scene = new Scene({ assignors, rack: 'r1', instanceId: 'i' })
  await scene.joined()
  const [join] = scene.cluster.sent(joinGroupRequest)
  assert.equal(join!.groupInstanceId, 'i')
  assert.equal(join!.protocolType, 'consumer')
  assert.deepEqual(
    join!.protocols.map(({ name }) => name),
    ['sticky', 'range'],
  )
  scene.member.rejoin('a test wants it')
  await scene.until(() => scene.generation === 2)
  const again = scene.cluster.sent(joinGroupRequest).at(-1)!
  assert.equal(again.reason, 'a test wants it')
  const said = decodeSubscription(again.protocols[0]!.metadata, 'i')!
  assert.deepEqual(said.topics, ['a'])
  assert.equal(said.rackId, 'r1')
  assert.equal(said.generationId, 1)
  assert.notEqual(said.userData, null, 'what it had')
  assert.deepEqual(said.ownedPartitions, [], 'eager members give up all before they join')
})

test('heartbeats go on while a handler works and a rebalance waits for it', async () => {
  const scene = await new Scene().joined()
  scene.sent()
  await scene.cluster.clock.advance(9000)
  assert.deepEqual(scene.sent(), ['heartbeat', 'heartbeat', 'heartbeat'])
  let finish = () => {}
  scene.listener.whenRevoked = () => {
    return new Promise<void>((resolve) => {
      finish = resolve
    })
  }
  scene.refuse('heartbeat', ErrorCode.REBALANCE_IN_PROGRESS)
  await scene.cluster.clock.advance(9000)
  assert.deepEqual(scene.listener.take(), ['revoked a-0 a-1'])
  assert.deepEqual(scene.sent(), ['heartbeat', 'heartbeat', 'heartbeat'], 'and no join')
  assert.notEqual(scene.member.identity(), null, 'so it can commit')
  finish()
  await scene.until(() => scene.generation === 2)
  await scene.until(() => scene.listener.events.length > 0)
  assert.deepEqual(scene.listener.take(), ['assigned a-0 a-1'])
})

test('an eager member gives up all before it joins; a cooperative one what it does not keep', async () => {
  const eager = await new Scene({ assignors: [rangeAssignor] }).joined()
  eager.assigned = [1, 2]
  eager.member.rejoin('test')
  await eager.until(() => eager.listener.events.length === 2)
  assert.deepEqual(eager.listener.take(), ['revoked a-0 a-1', 'assigned a-1 a-2'])

  const cooperative = await new Scene({ assignors: [cooperativeStickyAssignor] }).joined()
  cooperative.assigned = [1]
  cooperative.member.rejoin('test')
  await cooperative.until(() => cooperative.generation === 3)
  await cooperative.until(() => cooperative.listener.events.length === 3)
  assert.deepEqual(cooperative.listener.take(), ['revoked a-0', 'assigned', 'assigned'])
  const reasons = cooperative.cluster.sent(joinGroupRequest).map(({ reason }) => reason)
  assert.equal(reasons.at(-1), 'need to revoke partitions and re-join')
})

test('with eager and cooperative assignors it is eager: the first of the two passes', async () => {
  const scene = await new Scene({ assignors: [rangeAssignor, cooperativeStickyAssignor] }).joined()
  scene.member.rejoin('test')
  await scene.until(() => scene.listener.events.length === 2)
  assert.deepEqual(scene.listener.take(), ['revoked a-0 a-1', 'assigned a-0 a-1'])
})

test('assignors without a protocol in common, or of one name, are refused', () => {
  const only = { ...cooperativeStickyAssignor, name: 'mine', protocols: ['cooperative'] } as const
  const make = (assignors: GroupOptions['assignors']) => () => {
    new ClassicMembership(new FakeCluster(), groupOptions({ assignors }), new RecordingListener())
  }
  assert.throws(make([rangeAssignor, only]), /neither/)
  assert.throws(make([rangeAssignor, { ...rangeAssignor }]), /one name/)
  assert.throws(make([]), /none/)
})

/** What an error code in an answer leads to: the requests after it, and what the listener hears. */
const REFUSALS = [
  ['join', 'UNKNOWN_MEMBER_ID', 'join join join sync', 'assigned a-0 a-1'],
  ['join', 'COORDINATOR_LOAD_IN_PROGRESS', 'join join sync', 'assigned a-0 a-1'],
  ['join', 'NOT_COORDINATOR', 'join join sync', 'assigned a-0 a-1'],
  ['join', 'COORDINATOR_NOT_AVAILABLE', 'join join sync', 'assigned a-0 a-1'],
  ['join', 'REBALANCE_IN_PROGRESS', 'join join sync', 'assigned a-0 a-1'],
  ['join', 'FENCED_INSTANCE_ID', 'join', 'error FENCED_INSTANCE_ID'],
  ['join', 'INCONSISTENT_GROUP_PROTOCOL', 'join', 'error INCONSISTENT_GROUP_PROTOCOL'],
  ['join', 'INVALID_SESSION_TIMEOUT', 'join', 'error INVALID_SESSION_TIMEOUT'],
  ['join', 'INVALID_GROUP_ID', 'join', 'error INVALID_GROUP_ID'],
  ['join', 'GROUP_AUTHORIZATION_FAILED', 'join', 'error GROUP_AUTHORIZATION_FAILED'],
  ['join', 'GROUP_MAX_SIZE_REACHED', 'join', 'error GROUP_MAX_SIZE_REACHED'],
  ['join', 'UNKNOWN_SERVER_ERROR', 'join', 'error UNKNOWN_SERVER_ERROR'],
  ['sync', 'UNKNOWN_MEMBER_ID', 'join sync join join sync', 'lost a-0 a-1, assigned a-0 a-1'],
  ['sync', 'ILLEGAL_GENERATION', 'join sync join sync', 'lost a-0 a-1, assigned a-0 a-1'],
  ['sync', 'REBALANCE_IN_PROGRESS', 'join sync join sync', 'assigned'],
  ['sync', 'NOT_COORDINATOR', 'join sync join sync', 'assigned'],
  [
    'sync',
    'GROUP_AUTHORIZATION_FAILED',
    'join sync',
    'lost a-0 a-1, error GROUP_AUTHORIZATION_FAILED',
  ],
  ['sync', 'FENCED_INSTANCE_ID', 'join sync', 'lost a-0 a-1, error FENCED_INSTANCE_ID'],
  ['heartbeat', 'ILLEGAL_GENERATION', 'heartbeat join sync', 'lost a-0 a-1, assigned a-0 a-1'],
  ['heartbeat', 'UNKNOWN_MEMBER_ID', 'heartbeat join join sync', 'lost a-0 a-1, assigned a-0 a-1'],
  ['heartbeat', 'REBALANCE_IN_PROGRESS', 'heartbeat join sync', 'assigned'],
  ['heartbeat', 'FENCED_INSTANCE_ID', 'heartbeat', 'lost a-0 a-1, error FENCED_INSTANCE_ID'],
  ['heartbeat', 'NOT_COORDINATOR', 'heartbeat heartbeat', ''],
  ['heartbeat', 'COORDINATOR_NOT_AVAILABLE', 'heartbeat heartbeat', ''],
  ['heartbeat', 'GROUP_AUTHORIZATION_FAILED', 'heartbeat heartbeat', ''],
] as const

for (const [api, error, requests, events] of REFUSALS) {
  test(`${api}: ${error}`, async () => {
    const scene = new Scene({ assignors: [cooperativeStickyAssignor] })
    if (api === 'join') {
      scene.refuse('join', 0, ErrorCode[error])
      scene.member.start()
      await scene.cluster.clock.advance(2000)
      assert.equal(scene.sent().join(' '), `join ${requests}`, 'after the one for its id')
    } else {
      await scene.joined()
      scene.sent()
      scene.refuse(api, ErrorCode[error])
      if (api === 'sync') scene.member.rejoin('test')
      else await scene.cluster.clock.advance(2999)
      await scene.cluster.clock.advance(2500)
      assert.equal(scene.sent().join(' '), requests)
    }
    assert.equal(scene.listener.take().join(', '), events)
    if (error.includes('COORDINATOR_') || error === 'NOT_COORDINATOR') {
      assert.equal(scene.cluster.forgotten > 0, error !== 'COORDINATOR_LOAD_IN_PROGRESS')
    }
  })
}

test('a coordinator that is lost costs neither id nor generation', async () => {
  const scene = await new Scene().joined()
  const before = scene.member.identity()
  scene.sent()
  scene.refuse('heartbeat', new KafkaError('NETWORK_ERROR', 'gone'))
  await scene.cluster.clock.advance(3500)
  assert.deepEqual(scene.sent(), ['heartbeat', 'heartbeat'])
  assert.equal(scene.cluster.forgotten, 1)
  assert.deepEqual(scene.member.identity(), before)
})

test('a coordinator that does not answer is looked for anew when the session would be over', async () => {
  const scene = await new Scene({ sessionTimeoutMs: 10_000 }).joined()
  scene.cluster.on(heartbeatRequest, () => new Promise(() => {}))
  await scene.cluster.clock.advance(10_000)
  assert.equal(scene.cluster.forgotten, 1)
  assert.notEqual(scene.member.identity(), null)
})

test('a program that asks for nothing loses its membership, and has it again when it asks', async () => {
  const scene = await new Scene({ rebalanceTimeoutMs: 20_000 }).joined()
  await scene.cluster.clock.advance(15_000)
  scene.member.progress()
  await scene.cluster.clock.advance(15_000)
  assert.deepEqual(scene.listener.take(), [])
  scene.sent()
  await scene.cluster.clock.advance(60_000)
  assert.deepEqual(scene.listener.take(), ['stalled PROCESSING_TIMED_OUT', 'lost a-0 a-1'])
  assert.equal(scene.member.identity(), null)
  assert.deepEqual(scene.sent().slice(-1), ['leave'])
  scene.member.progress()
  await scene.until(() => scene.member.identity() !== null)
  assert.deepEqual(scene.sent(), ['join', 'join', 'sync'])
  assert.deepEqual(scene.listener.take(), ['assigned a-0 a-1'])
})

test('to leave is to revoke, to tell the coordinator, and to be silent', async () => {
  const scene = await new Scene().joined()
  let identity: unknown
  scene.listener.whenRevoked = () => {
    identity = scene.member.identity()
  }
  scene.sent()
  await scene.leave()
  assert.notEqual(identity, null, 'a commit is possible in onRevoked')
  assert.deepEqual(scene.listener.take(), ['revoked a-0 a-1'])
  assert.deepEqual(scene.sent(), ['leave'])
  await scene.cluster.clock.advance(60_000)
  assert.deepEqual(scene.sent(), [])
  assert.equal(scene.cluster.clock.pending, 0)
  assert.equal(scene.cluster.metadata.watched.size, 0)
})

test('a static member goes without leaving', async () => {
  const scene = await new Scene({ instanceId: 'i' }).joined()
  scene.sent()
  await scene.leave()
  assert.deepEqual(scene.sent(), [])
})

test('it leaves within the deadline whatever hangs: the join, the listener, the coordinator', async () => {
  const joining = new Scene()
  joining.cluster.on(joinGroupRequest, () => new Promise(() => {}))
  joining.member.start()
  await joining.cluster.clock.advance(100)
  await joining.leave()

  const revoking = await new Scene().joined()
  let signal: AbortSignal | undefined
  revoking.listener.whenRevoked = (_, given) => {
    signal = given
    return new Promise(() => {})
  }
  await revoking.leave()
  assert.equal(signal?.aborted, true)

  const unreachable = await new Scene().joined()
  unreachable.cluster.on(leaveGroupRequest, () => new Promise(() => {}))
  await unreachable.leave()
})

test('what offset commits answer is understood, but not of an older generation', async () => {
  const scene = await new Scene({ assignors: [cooperativeStickyAssignor] }).joined()
  const old = scene.member.identity()!
  scene.member.onOffsetError(ErrorCode.REBALANCE_IN_PROGRESS, old)
  await scene.until(() => scene.generation === 2)
  await scene.until(() => scene.member.identity() !== null)
  scene.member.onOffsetError(ErrorCode.ILLEGAL_GENERATION, old)
  await scene.cluster.clock.advance(1000)
  assert.equal(scene.generation, 2)
  scene.listener.take()
  scene.member.onOffsetError(ErrorCode.UNKNOWN_MEMBER_ID, scene.member.identity()!)
  await scene.until(() => scene.listener.events.length === 2)
  assert.deepEqual(scene.listener.take(), ['lost a-0 a-1', 'assigned a-0 a-1'])
})

test('a listener that throws ends the membership, with what it threw', async () => {
  const scene = await new Scene().joined()
  scene.listener.whenRevoked = () => {
    throw new RangeError('mine')
  }
  scene.member.rejoin('test')
  await scene.until(() => scene.listener.errors.length > 0)
  const [error] = scene.listener.errors
  assert.equal(error!.code, 'USER_CODE_FAILED')
  assert.ok(error!.cause instanceof RangeError)
})

test('it counts', async () => {
  const scene = await new Scene().joined()
  await scene.cluster.clock.advance(6000)
  const { stats } = scene.member
  assert.equal(stats.heartbeatTotal, 2)
  assert.equal(stats.heartbeatResponseTotal, 2)
  assert.equal(stats.joinTotal, 1)
  assert.equal(stats.syncTotal, 1)
  assert.equal(stats.rebalanceTotal, 1)
  assert.equal(stats.failedRebalanceTotal, 0)
  assert.equal(stats.assignedPartitions, 2)
  assert.ok(stats.lastRebalanceMs > 0 && stats.lastHeartbeatMs > stats.lastRebalanceMs)
})

test('heartbeats go on with the date set back', async () => {
  const scene = await new Scene().joined()
  const { clock } = scene.cluster
  clock.dateOffMs = -3_600_000
  await clock.advance(10_000)
  const before = scene.cluster.sent(heartbeatRequest).length
  for (let i = 0; i < 6; i++) await clock.advance(10_000)
  assert.ok(scene.cluster.sent(heartbeatRequest).length >= before + 10)
  await scene.leave()
})
