/**
 * The coordinator of a group moves to another broker, which knows before the old one does or after
 * it, or the old one is gone: every commit arrives at the one that coordinates, in order, and none
 * comes to a halt.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  brokersAt,
  PORT,
  type Scripted,
  type ScriptedBroker,
  SILENCE,
  scripted,
} from '../../../src/client/cluster/scripted-broker.test-support.ts'
import { Kafka } from '../../../src/client/index.ts'
import { fetchRequest } from '../../../src/protocol/messages/01-fetch.ts'
import { metadataRequest } from '../../../src/protocol/messages/03-metadata.ts'
import { offsetCommitRequest } from '../../../src/protocol/messages/08-offset-commit.ts'
import { findCoordinatorRequest } from '../../../src/protocol/messages/10-find-coordinator.ts'

const HOSTS = { 1: 'b1', 2: 'b2' }
const COORDINATOR_NOT_AVAILABLE = 15
const NOT_COORDINATOR = 16
const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'
const COMMITS = 20

interface Group {
  readonly test: Scripted
  readonly kafka: Kafka
  /** Offsets in the order in which a coordinator took them. */
  readonly taken: number[]
  /** Who coordinates; 0 while the brokers do not know. */
  coordinator: number
}

/** Two brokers, of which one coordinates: the other refuses what is for a coordinator. */
async function group(): Promise<Group> {
  const test = await scripted({ hosts: 2 })
  const kafka = new Kafka({ brokers: `b1:${PORT}`, io: test.world.node('app'), metricsPush: false })
  const state: Group = { test, kafka, taken: [], coordinator: 1 }
  const partition = { errorCode: 0, partitionIndex: 0, leaderId: 1, leaderEpoch: 0 }
  const replicas = { replicaNodes: [1], isrNodes: [1], offlineReplicas: [] }
  const topic = {
    errorCode: 0,
    name: 't',
    topicId: TOPIC_ID,
    partitions: [{ ...partition, ...replicas }],
  }
  test.brokers.forEach((broker, index) => {
    broker.on(metadataRequest, () => brokersAt(HOSTS, [topic]))
    broker.on(fetchRequest, () => SILENCE)
    broker.on(findCoordinatorRequest, () => ({ coordinators: [found(state.coordinator)] }))
    takeCommits(state, broker, index + 1)
  })
  return state
}

function found(nodeId: number) {
  if (nodeId === 0) return { key: 'g', errorCode: COORDINATOR_NOT_AVAILABLE, nodeId: -1, host: '' }
  return { key: 'g', errorCode: 0, nodeId, host: `b${nodeId}`, port: PORT }
}

function takeCommits(state: Group, broker: ScriptedBroker, id: number): void {
  broker.on(offsetCommitRequest, ({ topics }) => {
    const errorCode = state.coordinator === id ? 0 : NOT_COORDINATOR
    const answers = topics.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex, committedOffset }) => {
        if (errorCode === 0) state.taken.push(committedOffset)
        return { partitionIndex, errorCode }
      }),
    }))
    return { topics: answers }
  })
}

/** Commits offsets one after another while `disturb` is called between them. */
async function commitAll(state: Group, disturb: (offset: number) => void): Promise<void> {
  const { test, kafka } = state
  const consumer = kafka.consumer({ groupId: 'g', autoCommit: false })
  consumer.assign([{ topic: 't', partition: 0, offset: 0 }])
  for (let offset = 1; offset <= COMMITS; offset++) {
    disturb(offset)
    const startMs = test.world.nowMs
    await test.settle(consumer.commit([{ topic: 't', partition: 0, offset }]))
    assert.ok(test.world.nowMs - startMs < 5_000, `${test.world.nowMs - startMs} ms`)
  }
  const offsets = Array.from({ length: COMMITS }, (_, i) => i + 1)
  assert.deepEqual([...new Set(state.taken)], offsets)
  await test.settle(kafka.close())
}

describe('commits while the coordinator moves', () => {
  it('follow it each time, also where nobody coordinates for a while', async () => {
    const state = await group()
    await commitAll(state, (offset) => {
      if (offset % 3 !== 0) return
      const next = 3 - state.coordinator
      state.coordinator = 0
      state.test.world.node('app').clock.after(700, () => {
        state.coordinator = next
      })
    })
    assert.ok(state.test.brokers.every((broker) => broker.of(offsetCommitRequest).length > 5))
    assert.equal(state.taken.length, COMMITS, 'what one has taken is not sent to the other')
  })

  it('leave one that is dead, and one that does not answer', async () => {
    for (const trouble of ['dead', 'connections end'] as const) {
      const state = await group()
      const old = state.test.broker
      await commitAll(state, (offset) => {
        if (offset !== 5) return
        state.coordinator = 2
        if (trouble === 'dead') old.machine.kill()
        else for (const connection of old.connections) connection.destroy()
      })
      assert.ok(state.test.brokers[1]!.of(offsetCommitRequest).length >= COMMITS - 5)
    }
  })
})
