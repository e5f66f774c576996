/** Classic groups on a whole node: two members settle, go on across a restart, and part. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { utf8Bytes, utf8Text } from '../../base/bytes.ts'
import type { Simulation } from '../../io/sim.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import {
  offsetCommitRequest,
  offsetCommitResponse,
} from '../../protocol/messages/08-offset-commit.ts'
import { offsetFetchRequest, offsetFetchResponse } from '../../protocol/messages/09-offset-fetch.ts'
import {
  findCoordinatorRequest,
  findCoordinatorResponse,
} from '../../protocol/messages/10-find-coordinator.ts'
import { joinGroupRequest, joinGroupResponse } from '../../protocol/messages/11-join-group.ts'
import { heartbeatRequest, heartbeatResponse } from '../../protocol/messages/12-heartbeat.ts'
import { leaveGroupRequest, leaveGroupResponse } from '../../protocol/messages/13-leave-group.ts'
import { syncGroupRequest, syncGroupResponse } from '../../protocol/messages/14-sync-group.ts'
import {
  describeGroupsRequest,
  describeGroupsResponse,
} from '../../protocol/messages/15-describe-groups.ts'
import { listGroupsRequest, listGroupsResponse } from '../../protocol/messages/16-list-groups.ts'
import {
  deleteTopicsRequest,
  deleteTopicsResponse,
} from '../../protocol/messages/20-delete-topics.ts'
import {
  deleteGroupsRequest,
  deleteGroupsResponse,
} from '../../protocol/messages/42-delete-groups.ts'
import type { Infer } from '../../protocol/schema.ts'
import { type TestClient, TestNode } from '../node.test-support.ts'

const SESSION_TIMEOUT_MS = 10_000
/** Between a sync and the first heartbeat. */
const PAUSE_MS = 50

type Joined = Infer<typeof joinGroupResponse>

/** A member of the group `g`, as a consumer would behave. */
class Member {
  client: TestClient
  id = ''
  generation = -1
  readonly #name: string

  constructor(client: TestClient, name: string) {
    this.client = client
    this.#name = name
  }

  #joinOnce(): Promise<Joined> {
    return this.client.send(joinGroupRequest, joinGroupResponse, 9, {
      groupId: 'g',
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      rebalanceTimeoutMs: 20_000,
      memberId: this.id,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: utf8Bytes(this.#name) }],
    })
  }

  /** Joins; the first time the group asks to come again with the id it gives. */
  async #join(): Promise<Joined> {
    let answer = await this.#joinOnce()
    if (answer.errorCode === ErrorCode.MEMBER_ID_REQUIRED) {
      this.id = answer.memberId
      answer = await this.#joinOnce()
    }
    assert.equal(answer.errorCode, ErrorCode.NONE)
    this.id = answer.memberId
    this.generation = answer.generationId
    return answer
  }

  /** Joins until nobody else comes or goes; returns its assignment. */
  async settle(world: Simulation): Promise<string> {
    for (;;) {
      const assignment = await this.#sync(await this.#join())
      await new Promise<void>((resolve) => world.time.settleAfter(PAUSE_MS, resolve))
      if (assignment !== null && (await this.#beat()) === ErrorCode.NONE) return assignment
    }
  }

  /** Syncs; a leader brings everybody's assignment, which here is the name and the generation. */
  async #sync(joined: Joined): Promise<string | null> {
    const assignments = joined.members.map(({ memberId, metadata }) => ({
      memberId,
      assignment: utf8Bytes(`${utf8Text(metadata)} in ${joined.generationId}`),
    }))
    const answer = await this.client.send(syncGroupRequest, syncGroupResponse, 5, {
      groupId: 'g',
      generationId: this.generation,
      memberId: this.id,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments,
    })
    if (answer.errorCode === ErrorCode.REBALANCE_IN_PROGRESS) return null
    assert.equal(answer.errorCode, ErrorCode.NONE)
    return utf8Text(answer.assignment)
  }

  async #beat(): Promise<ErrorCode> {
    const { generation: generationId, id: memberId } = this
    const body = { groupId: 'g', generationId, memberId }
    const answer = await this.client.send(heartbeatRequest, heartbeatResponse, 4, body)
    return answer.errorCode as ErrorCode
  }

  heartbeat(world: Simulation): Promise<ErrorCode> {
    return world.settle(this.#beat())
  }

  async commit(offset: number): Promise<number> {
    const partitions = [{ partitionIndex: 0, committedOffset: offset, committedMetadata: 'note' }]
    const answer = await this.client.call(offsetCommitRequest, offsetCommitResponse, 9, {
      groupId: 'g',
      generationIdOrMemberEpoch: this.generation,
      memberId: this.id,
      topics: [{ name: 't', partitions }],
    })
    return answer.topics[0]!.partitions[0]!.errorCode
  }
}

async function committed(client: TestClient, topic = 't') {
  const topics = [{ name: topic, partitionIndexes: [0] }]
  const body = { groups: [{ groupId: 'g', topics }], requireStable: true }
  const answer = await client.call(offsetFetchRequest, offsetFetchResponse, 9, body)
  const group = answer.groups[0]!
  assert.equal(group.errorCode, ErrorCode.NONE)
  const { committedOffset, metadata } = group.topics[0]!.partitions[0]!
  return [committedOffset, metadata]
}

async function stateOf(client: TestClient): Promise<[string, number]> {
  const body = { groups: ['g'] }
  const answer = await client.call(describeGroupsRequest, describeGroupsResponse, 6, body)
  const group = answer.groups[0]!
  return [group.groupState, group.members.length]
}

/** A node with the topic `t` and two members that have settled in generation 1 or 2. */
async function settled(seed = 1) {
  const node = await TestNode.start({ seed })
  const client = await node.connect()
  await client.createTopic('t')
  const find = { keyType: 0, coordinatorKeys: ['g'] }
  await client.call(findCoordinatorRequest, findCoordinatorResponse, 4, find)
  const members = [
    new Member(await node.connect(), 'one'),
    new Member(await node.connect(), 'two'),
  ] as const
  await rebalance(node, members)
  return { node, world: node.world, client, members }
}

/** Lets all join and settle; returns their assignments. */
function rebalance(node: TestNode, members: readonly Member[]): Promise<string[]> {
  return node.world.settle(Promise.all(members.map((member) => member.settle(node.world))))
}

describe('a classic group', () => {
  it('settles, notices who leaves, and settles again', async () => {
    const { node, world, client, members } = await settled()
    const [one, two] = members
    assert.deepEqual(await stateOf(client), ['Stable', 2])
    assert.equal(await one.heartbeat(world), ErrorCode.NONE)
    const leaving = { groupId: 'g', members: [{ memberId: two.id }] }
    const left = await two.client.call(leaveGroupRequest, leaveGroupResponse, 5, leaving)
    assert.equal(left.members[0]?.errorCode, ErrorCode.NONE)
    assert.equal(await one.heartbeat(world), ErrorCode.REBALANCE_IN_PROGRESS)
    const generation = one.generation
    const [assignment] = await rebalance(node, [one])
    assert.equal(assignment, `one in ${generation + 1}`)
    assert.equal(await two.heartbeat(world), ErrorCode.UNKNOWN_MEMBER_ID)
    assert.deepEqual(await stateOf(client), ['Stable', 1])
  })

  it('loses a member that falls silent', async () => {
    const { node, world, client, members } = await settled()
    const [one] = members
    for (let i = 0; i < 4; i++) {
      await node.world.advance(3000)
      if ((await one.heartbeat(world)) !== ErrorCode.NONE) break
    }
    assert.equal(await one.heartbeat(world), ErrorCode.REBALANCE_IN_PROGRESS)
    await rebalance(node, [one])
    assert.deepEqual(await stateOf(client), ['Stable', 1])
    await node.world.advance(30_000)
    assert.deepEqual(await stateOf(client), ['Empty', 0])
  })

  for (const end of ['stop', 'kill'] as const) {
    it(`goes on after ${end} and restart as if nothing had been`, async () => {
      const { node, world, members } = await settled()
      const [one, two] = members
      assert.equal(await one.commit(7), ErrorCode.NONE)
      await node[end]()
      await node.restart()
      for (const member of members) member.client = await node.connect()
      let error = await one.heartbeat(world)
      while (error === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS) error = await one.heartbeat(world)
      assert.equal(error, ErrorCode.NONE)
      assert.equal(await two.heartbeat(world), ErrorCode.NONE)
      assert.deepEqual(await committed(one.client), [7, 'note'])
      assert.equal(await two.commit(9), ErrorCode.NONE)
      assert.deepEqual(await committed(one.client), [9, 'note'])
      await node.world.advance(3 * SESSION_TIMEOUT_MS)
      assert.deepEqual(await stateOf(one.client), ['Empty', 0])
    })
  }

  it('is loaded from a log whose end is empty, as compaction or a power cut leaves it', async () => {
    const { node, world, members } = await settled()
    const [one] = members
    assert.equal(await one.commit(7), ErrorCode.NONE)
    await node.stop()
    for (const index of [0, 1, 2]) {
      const path = `/data/__consumer_offsets-${index}/00000000000000001000`
      for (const ending of ['log', 'index', 'timeindex']) {
        node.machine.disk.open(`${path}.${ending}`, 'create').close()
      }
    }
    await node.restart()
    one.client = await node.connect()
    await world.advance(10)
    assert.equal(await one.heartbeat(world), ErrorCode.NONE)
    assert.deepEqual(await committed(one.client), [7, 'note'])
    assert.equal(await one.commit(8), ErrorCode.NONE)
    assert.deepEqual(
      node.log.filter((line) => line.startsWith('error')),
      [],
    )
  })

  it('is not made up where its log can not be read', async () => {
    const { node, world, members } = await settled()
    const [one] = members
    await one.commit(7)
    await node.stop()
    for (const index of [0, 1, 2]) {
      const path = `/data/__consumer_offsets-${index}/00000000000000000000.log`
      if (node.machine.disk.stat(path) === null) continue
      const file = node.machine.disk.open(path, 'write')
      if (file.size() > 0) file.write([Uint8Array.of(0xff)], 8)
      file.close()
    }
    await node.restart()
    one.client = await node.connect()
    await world.advance(10)
    assert.equal(await one.heartbeat(world), ErrorCode.NOT_COORDINATOR)
    assert.equal(await one.commit(8), ErrorCode.NOT_COORDINATOR)
    assert.match(node.log.join('\n'), /^warn: partition __consumer_offsets-\d stays offline/m)
  })

  it('can be listed, and deleted once it is empty', async () => {
    const { node, client } = await settled()
    const list = async () => {
      const answer = await client.call(listGroupsRequest, listGroupsResponse, 5, {})
      return answer.groups.map(({ groupId, groupState, groupType }) => [
        groupId,
        groupState,
        groupType,
      ])
    }
    const remove = async () => {
      const body = { groupsNames: ['g'] }
      const answer = await client.call(deleteGroupsRequest, deleteGroupsResponse, 2, body)
      return answer.results[0]?.errorCode
    }
    assert.deepEqual(await list(), [['g', 'Stable', 'classic']])
    assert.equal(await remove(), ErrorCode.NON_EMPTY_GROUP)
    await node.world.advance(2 * SESSION_TIMEOUT_MS)
    assert.equal(await remove(), ErrorCode.NONE)
    assert.deepEqual(await list(), [])
    node.kill()
    await node.restart()
    const again = await node.connect()
    assert.deepEqual((await again.call(listGroupsRequest, listGroupsResponse, 5, {})).groups, [])
  })

  it('forgets the offsets of a topic that is deleted', async () => {
    const { client, members } = await settled()
    await members[0].commit(7)
    const body = { topicNames: ['t'], timeoutMs: 1000 }
    await client.call(deleteTopicsRequest, deleteTopicsResponse, 5, body)
    assert.deepEqual(await committed(client), [-1, ''])
  })

  it('goes with its topic, and can be made anew', async () => {
    const { node, world, members } = await settled()
    const [one] = members
    await one.commit(7)
    const body = { topicNames: ['__consumer_offsets'], timeoutMs: 1000 }
    await one.client.call(deleteTopicsRequest, deleteTopicsResponse, 5, body)
    assert.equal(await one.heartbeat(world), ErrorCode.NOT_COORDINATOR)
    const find = { keyType: 0, coordinatorKeys: ['g'] }
    await one.client.call(findCoordinatorRequest, findCoordinatorResponse, 4, find)
    assert.equal(await one.heartbeat(world), ErrorCode.UNKNOWN_MEMBER_ID)
    assert.deepEqual(await committed(one.client), [-1, ''])
    one.id = ''
    await rebalance(node, [one])
    assert.equal(await one.commit(8), ErrorCode.NONE)
  })

  it('answers no group before its topic is there', async () => {
    const node = await TestNode.start()
    const client = await node.connect()
    const member = new Member(client, 'one')
    assert.equal(await member.heartbeat(node.world), ErrorCode.NOT_COORDINATOR)
  })
})
