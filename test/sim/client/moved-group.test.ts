/**
 * The coordinator of a group moves to another broker under members that have joined, again and
 * again: the old one refuses, is dead, hangs or cuts connections, and for a while nobody
 * coordinates. The members keep their membership and their partitions, the new coordinator hears of
 * them long before their sessions would end, and takes their commits. Whole clients in virtual
 * time, of both protocols; real brokers: the conformance check client-cluster-kafka-groups.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Prng } from '../../../src/base/prng.ts'
import {
  brokersAt,
  PORT,
  type Scripted,
  type ScriptedBroker,
  SILENCE,
  scripted,
} from '../../../src/client/cluster/scripted-broker.test-support.ts'
import { ConsumerGroupModel } from '../../../src/client/consumer/group/consumer-group-model.test-support.ts'
import { encodeAssignment } from '../../../src/client/consumer/group/consumer-protocol.ts'
import { type Consumer, Kafka } from '../../../src/client/index.ts'
import { fetchRequest } from '../../../src/protocol/messages/01-fetch.ts'
import { listOffsetsRequest } from '../../../src/protocol/messages/02-list-offsets.ts'
import { metadataRequest } from '../../../src/protocol/messages/03-metadata.ts'
import { offsetCommitRequest } from '../../../src/protocol/messages/08-offset-commit.ts'
import { offsetFetchRequest } from '../../../src/protocol/messages/09-offset-fetch.ts'
import { findCoordinatorRequest } from '../../../src/protocol/messages/10-find-coordinator.ts'
import { joinGroupRequest } from '../../../src/protocol/messages/11-join-group.ts'
import { heartbeatRequest } from '../../../src/protocol/messages/12-heartbeat.ts'
import { leaveGroupRequest } from '../../../src/protocol/messages/13-leave-group.ts'
import { syncGroupRequest } from '../../../src/protocol/messages/14-sync-group.ts'
import { consumerGroupHeartbeatRequest } from '../../../src/protocol/messages/68-consumer-group-heartbeat.ts'

const HOSTS = { 1: 'b1', 2: 'b2' }
const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'
const PARTITIONS = 4
const COORDINATOR_NOT_AVAILABLE = 15
const NOT_COORDINATOR = 16
/** Less than the 45 s that sessions last, more than the 30 s that a request may take. */
const SOON_MS = 40_000
const MOVES = 12

type Trouble = 'refuses' | 'hangs' | 'cuts'
type Body = Record<string, unknown>

/** Two brokers with the state of one group between them, as the log of its offsets topic is. */
class MovingGroup {
  readonly test: Scripted
  /** 0 while nobody is. */
  coordinator = 1
  /** A broker that takes requests and answers none. */
  hanging = 0
  readonly model: ConsumerGroupModel
  /** When a coordinator last heard of each member. */
  readonly heardMs = new Map<string, number>()
  joins = 0
  /** Offsets that were committed, by whom. */
  readonly commits: { memberId: string; offset: number; broker: number }[] = []

  constructor(test: Scripted) {
    this.test = test
    const partitions = Array.from({ length: PARTITIONS }, (_, partition) => ({ partition }))
    const topic = { id: TOPIC_ID, partitions }
    this.model = new ConsumerGroupModel({
      clock: test.client.clock,
      metadata: { topic: () => topic as never },
    })
    for (const [at, broker] of test.brokers.entries()) this.#serve(broker, at + 1)
  }

  #serve(broker: ScriptedBroker, id: number): void {
    broker.on(metadataRequest, () => brokersAt(HOSTS, [topicLedBy(1)]))
    broker.on(fetchRequest, () => SILENCE)
    broker.on(listOffsetsRequest, () => SILENCE)
    broker.on(findCoordinatorRequest, () => ({ coordinators: [this.#found()] }))
    const coordinates =
      (answer: (body: never) => Body, empty: Body = {}) =>
      (body: unknown) => {
        if (this.hanging === id) return SILENCE
        const errorCode = this.coordinator === id ? 0 : NOT_COORDINATOR
        return { ...empty, errorCode, ...(errorCode === 0 ? answer(body as never) : {}) }
      }
    broker.on(joinGroupRequest, coordinates(this.#join, NOT_JOINED))
    broker.on(
      syncGroupRequest,
      coordinates(() => SYNCED, SYNCED),
    )
    broker.on(heartbeatRequest, coordinates(this.#beat))
    broker.on(consumerGroupHeartbeatRequest, coordinates(this.#modernBeat, NOT_HEARD))
    broker.on(leaveGroupRequest, () => ({ errorCode: 0, members: [] }))
    broker.on(offsetFetchRequest, () => ({
      groups: [{ groupId: 'g', errorCode: 0, topics: [OFFSETS] }],
    }))
    broker.on(offsetCommitRequest, (body) => {
      if (this.hanging === id) return SILENCE
      const errorCode = this.coordinator === id ? 0 : NOT_COORDINATOR
      const topics = body.topics.map(({ name, topicId, partitions }) => ({
        name,
        topicId,
        partitions: partitions.map(({ partitionIndex, committedOffset: offset }) => {
          if (errorCode === 0) this.commits.push({ memberId: body.memberId, offset, broker: id })
          return { partitionIndex, errorCode }
        }),
      }))
      return { topics }
    })
  }

  #found() {
    const { coordinator: nodeId } = this
    const [errorCode, host] = nodeId === 0 ? [COORDINATOR_NOT_AVAILABLE, ''] : [0, `b${nodeId}`]
    return { key: 'g', errorCode, nodeId: nodeId || -1, host, port: PORT }
  }

  #join = ({ memberId }: { memberId: string }): Body => {
    this.joins++
    const id = memberId === '' ? 'member' : memberId
    this.#hear(id)
    return { generationId: this.joins, leader: 'another', memberId: id }
  }

  #beat = ({ memberId }: { memberId: string }): Body => {
    this.#hear(memberId)
    return {}
  }

  #modernBeat = (body: { memberId: string; memberEpoch: number }): Body => {
    if (body.memberEpoch === 0) this.joins++
    this.#hear(body.memberId)
    return { ...NOT_HEARD, ...this.model.heartbeat(body as never) }
  }

  #hear(memberId: string): void {
    this.heardMs.set(memberId, this.test.world.nowMs)
  }

  /** Moves to the other broker, after a while in which there is none. */
  async move(trouble: Trouble, gapMs: number): Promise<void> {
    const old = this.coordinator
    this.coordinator = 0
    if (trouble === 'hangs') this.hanging = old
    if (trouble === 'cuts') {
      for (const connection of this.test.brokers[old - 1]!.connections) connection.destroy()
    }
    await this.passes(gapMs)
    this.coordinator = 3 - old
    await this.passes(SOON_MS)
    this.hanging = 0
  }

  passes(durationMs: number): Promise<void> {
    const { client, settle } = this.test
    return settle(new Promise<void>((resolve) => client.clock.after(durationMs, resolve)))
  }
}

const KIND = { protocolType: 'consumer', protocolName: 'cooperative-sticky' }
const NOT_JOINED = { ...KIND, generationId: -1, leader: '', memberId: '', members: [] }
const NOT_HEARD = { memberEpoch: 0, heartbeatIntervalMs: 0 }
const SYNCED = {
  ...KIND,
  assignment: encodeAssignment(
    Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: 't', partition })),
  ),
}

const OFFSETS = {
  topicId: TOPIC_ID,
  partitions: Array.from({ length: PARTITIONS }, (_, partitionIndex) => {
    return { partitionIndex, committedOffset: 0, metadata: null, errorCode: 0 }
  }),
}

function topicLedBy(leaderId: number) {
  const nodes = { replicaNodes: [1, 2], isrNodes: [1, 2], offlineReplicas: [] }
  const partitions = Array.from({ length: PARTITIONS }, (_, partitionIndex) => {
    return { errorCode: 0, partitionIndex, leaderId, leaderEpoch: 0, ...nodes }
  })
  return { errorCode: 0, name: 't', topicId: TOPIC_ID, partitions }
}

/** A program that reads, and notes what becomes of its partitions. */
function program(group: MovingGroup, kafka: Kafka, protocol: 'classic' | 'consumer') {
  const events: string[] = []
  const note = (what: string) => (partitions: readonly unknown[]) => {
    events.push(`${what} ${partitions.length}`)
  }
  const consumer = kafka.consumer({
    groupId: 'g',
    topics: ['t'],
    protocol,
    autoCommit: false,
    onAssigned: note('assigned'),
    onRevoked: note('revoked'),
    onLost: note('lost'),
  })
  const failures: unknown[] = []
  const read = async () => {
    for await (const _ of consumer) group.test.log.push('a record')
  }
  read().catch((error: unknown) => void failures.push(error))
  return { consumer, events, failures }
}

async function movesUnder(seed: number, protocol: 'classic' | 'consumer', members: number) {
  const random = new Prng(seed)
  const test = await scripted({ hosts: 2, seed })
  const group = new MovingGroup(test)
  const open = (at: number) => {
    const io = test.world.node(`app-${at}`)
    return new Kafka({ brokers: `b1:${PORT}`, io, metricsPush: false })
  }
  const kafkas = Array.from({ length: members }, (_, at) => open(at))
  const programs = kafkas.map((kafka) => program(group, kafka, protocol))
  await group.passes(30_000)
  const joins = group.joins
  for (const { events } of programs) assert.notEqual(events.splice(0).at(-1), undefined)
  for (let move = 1; move <= MOVES; move++) {
    const trouble = (['refuses', 'hangs', 'cuts'] as const)[random.int(3)]!
    const gapMs = random.int(3) * random.int(3000)
    const movedMs = test.world.nowMs + gapMs
    await group.move(trouble, gapMs)
    const where = `seed ${seed}, move ${move}: ${trouble}, ${gapMs} ms`
    assert.equal(group.heardMs.size, members, where)
    for (const [member, atMs] of group.heardMs) {
      assert.ok(atMs >= movedMs, `${where}: nothing heard of ${member}`)
    }
    for (const { consumer } of programs) await commits(group, consumer, move, where)
    await group.passes(random.int(5000))
  }
  assert.equal(group.joins, joins, `seed ${seed}: nobody joins anew`)
  for (const { events, failures } of programs) {
    assert.deepEqual([events, failures], [[], []], `seed ${seed}: partitions stay`)
  }
  await Promise.all(kafkas.map((kafka) => test.settle(kafka.close())))
}

async function commits(
  group: MovingGroup,
  consumer: Consumer,
  offset: number,
  where: string,
): Promise<void> {
  const memberId = consumer.identity?.memberId
  await group.test.settle(consumer.commit([{ topic: 't', partition: 0, offset }]))
  const last = { memberId, offset, broker: group.coordinator }
  assert.deepEqual(group.commits.at(-1), last, where)
}

describe('a coordinator that moves under members', () => {
  it('takes a classic member along', async () => {
    for (let seed = 1; seed <= 8; seed++) await movesUnder(seed, 'classic', 1)
  })

  it('takes members of KIP-848 along', async () => {
    for (let seed = 1; seed <= 8; seed++) await movesUnder(seed, 'consumer', 2)
  })
})
