/**
 * A classic member as leader of its group, and how it follows its topics: what is assigned, what
 * has the group join again, and what other members may not do to it.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { joinGroupRequest } from '../../../protocol/messages/11-join-group.ts'
import { syncGroupRequest } from '../../../protocol/messages/14-sync-group.ts'
import { cooperativeStickyAssignor, rangeAssignor } from '../assignors/assignors.ts'
import { ok, Scene } from './classic-scene.test-support.ts'
import { decodeAssignment, decodeSubscription, encodeAssignment } from './consumer-protocol.ts'
import { shown } from './group.test-support.ts'

test('the leader assigns, sees new partitions, and has the group join again', async () => {
  const scene = new Scene({ assignors: [rangeAssignor] })
  scene.leader = 'self'
  scene.assignment = () => scene.cluster.sent(syncGroupRequest).at(-1)!.assignments[0]!.assignment
  await scene.joined()
  assert.equal(shown(scene.member.assignment), 'a-0 a-1 a-2 a-3')
  scene.cluster.metadata.setTopic('b', 7)
  await scene.cluster.clock.advance(1000)
  assert.equal(scene.generation, 1, 'nobody reads b')
  scene.cluster.metadata.setTopic('a', 5)
  await scene.until(() => shown(scene.member.assignment) === 'a-0 a-1 a-2 a-3 a-4')
  assert.equal(scene.generation, 2)
})

test('a leader with a rack sees replicas come to other racks', async () => {
  for (const [rack, generations] of [
    ['r1', 2],
    [null, 1],
  ] as const) {
    const scene = new Scene({ assignors: [rangeAssignor], rack })
    scene.leader = 'self'
    await scene.joined()
    scene.cluster.metadata.setBroker(1, 'r2')
    await scene.cluster.clock.advance(1000)
    assert.equal(scene.generation, generations)
  }
})

test('a follower leaves new partitions to the leader', async () => {
  const scene = await new Scene().joined()
  scene.cluster.metadata.setTopic('a', 9)
  await scene.cluster.clock.advance(2000)
  assert.equal(scene.generation, 1)
})

test('a leader lives with members that say nonsense', async () => {
  const scene = new Scene({ assignors: [rangeAssignor] })
  scene.cluster.on(joinGroupRequest, ({ memberId, protocols }) => ({
    ...ok,
    generationId: 1,
    protocolType: null,
    protocolName: 'range',
    leader: memberId,
    skipAssignment: false,
    memberId,
    members: [
      { memberId, groupInstanceId: null, metadata: protocols[0]!.metadata },
      { memberId: 'short', groupInstanceId: null, metadata: new Uint8Array([0]) },
      {
        memberId: 'noise',
        groupInstanceId: null,
        metadata: new Uint8Array([0, 3, 127, 255, 255, 255]),
      },
      { memberId: 'twice', groupInstanceId: null, metadata: protocols[0]!.metadata },
      { memberId: 'twice', groupInstanceId: null, metadata: protocols[0]!.metadata },
    ],
  }))
  scene.member.start()
  await scene.until(() => scene.cluster.sent(syncGroupRequest).length > 0)
  const [sync] = scene.cluster.sent(syncGroupRequest)
  const sizes = sync!.assignments.map(({ assignment }) => decodeAssignment(assignment)!.length)
  assert.deepEqual(sizes, [2, 0, 0, 2])
})

test('a leader that is told to skip the assignment sends none, and watches all the same', async () => {
  const scene = new Scene({ instanceId: 'i' })
  scene.leader = 'self'
  scene.cluster.on(joinGroupRequest, ({ memberId, protocols }) => ({
    ...ok,
    generationId: ++scene.generation,
    protocolType: 'consumer',
    protocolName: protocols[0]!.name,
    leader: 'x',
    skipAssignment: true,
    memberId: memberId || 'x',
    members: [{ memberId: 'x', groupInstanceId: 'i', metadata: protocols[0]!.metadata }],
  }))
  await scene.joined()
  assert.deepEqual(scene.cluster.sent(syncGroupRequest)[0]!.assignments, [])
  scene.cluster.metadata.setTopic('a', 6)
  await scene.until(() => scene.generation === 2)
})

test('an assignor of the user that throws or assigns twice ends the membership', async () => {
  const twice = { ...rangeAssignor, name: 'twice' }
  twice.assign = ({ members }) => {
    const everything = [
      { topic: 'a', partition: 0 },
      { topic: 'a', partition: 0 },
    ]
    return new Map([...members.keys()].map((id) => [id, everything]))
  }
  const broken = { ...rangeAssignor, name: 'broken' }
  broken.assign = () => {
    throw new Error('no idea')
  }
  for (const assignor of [twice, broken]) {
    const scene = new Scene({ assignors: [assignor] })
    scene.leader = 'self'
    scene.member.start()
    await scene.until(() => scene.listener.errors.length > 0)
    assert.equal(scene.listener.errors[0]!.code, 'USER_CODE_FAILED')
    assert.match(scene.listener.errors[0]!.message, new RegExp(assignor.name))
  }
})

test('a regular expression follows the topics that there are', async () => {
  const scene = new Scene()
  scene.assigned = []
  scene.cluster.metadata.setTopic('a-b', 1)
  scene.cluster.metadata.setTopic('__a', 1)
  scene.member.subscribe(/^(__)?a/g)
  await scene.joined()
  const said = () => {
    const join = scene.cluster.sent(joinGroupRequest).at(-1)!
    return decodeSubscription(join.protocols[0]!.metadata, null)!.topics
  }
  assert.deepEqual(said(), ['a', 'a-b'])
  assert.deepEqual([...scene.cluster.metadata.watched.values()], ['all'])
  scene.cluster.metadata.setTopic('a-c', 1)
  await scene.until(() => scene.generation === 2)
  assert.deepEqual(said(), ['a', 'a-b', 'a-c'])
  scene.cluster.metadata.setTopic('b', 1)
  await scene.cluster.clock.advance(1000)
  assert.equal(scene.generation, 2)
})

test('a subscription that changes is joined with, and what it no longer names is given up', async () => {
  const scene = await new Scene({ assignors: [cooperativeStickyAssignor] }).joined()
  scene.cluster.metadata.setTopic('b', 1)
  scene.assignment = () => encodeAssignment([{ topic: 'b', partition: 0 }])
  scene.member.subscribe(['b'])
  await scene.until(() => scene.listener.events.length === 2)
  assert.deepEqual(scene.listener.take(), ['revoked a-0 a-1', 'assigned b-0'])
})

test('an assignment of what it does not want is not taken, and asked for again', async () => {
  const scene = await new Scene().joined()
  let wrong = 1
  const right = scene.assignment
  scene.assignment = () =>
    wrong-- > 0 ? encodeAssignment([{ topic: 'b', partition: 0 }]) : right()
  scene.member.rejoin('test')
  await scene.until(() => scene.generation === 3)
  await scene.until(() => scene.listener.events.length === 2)
  assert.deepEqual(scene.listener.take(), ['revoked a-0 a-1', 'assigned a-0 a-1'])
})
