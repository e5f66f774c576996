/**
 * What producers, consumers and admins count on in a `Cluster`, asked of the fake that their unit
 * tests run on and of the real one before a broker that answers the same: where they differ, the
 * unit tests prove nothing.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { metadataRequest } from '../../protocol/messages/03-metadata.ts'
import { findCoordinatorRequest } from '../../protocol/messages/10-find-coordinator.ts'
import { heartbeatRequest, heartbeatResponse } from '../../protocol/messages/12-heartbeat.ts'
import { apiVersionsRequest } from '../../protocol/messages/18-api-versions.ts'
import type { Infer } from '../../protocol/schema.ts'
import { Deadline } from '../call.ts'
import { KafkaError } from '../kafka-error.ts'
import type { Cluster } from './cluster.ts'
import { FakeCluster } from './fake-cluster.test-support.ts'
import { brokersAt, PORT, SILENCE, scripted, speaks } from './scripted-broker.test-support.ts'

const HEARTBEAT = { request: heartbeatRequest, response: heartbeatResponse }
const HEARTBEAT_KEY = heartbeatRequest.apiKey
const BODY = { groupId: 'g', generationId: 7, memberId: 'm' }
const NOT_AVAILABLE = 15

type Answering = (body: Infer<typeof heartbeatRequest>) => object | null

interface Subject {
  readonly cluster: Cluster
  /** How heartbeats are answered; null for never. */
  onHeartbeat(answering: Answering): void
  /** The newest version of Heartbeat that the broker speaks; null for none. */
  speak(max: number | null): void
  /** Broker 1 coordinates, or nobody does. */
  coordinate(id: 1 | -1): void
  settle<T>(promise: Promise<T>): Promise<T>
}

function fakeSubject(): Promise<Subject> {
  const cluster = new FakeCluster()
  cluster.metadata.setTopic('t', 2)
  return Promise.resolve({
    cluster,
    onHeartbeat: (answering) => {
      cluster.on(heartbeatRequest, (body) => answering(body) ?? new Promise(() => {}))
    },
    speak: (max) => cluster.setVersions(HEARTBEAT_KEY, max === null ? null : { min: 0, max }),
    coordinate: (id) => {
      cluster.coordinatorId = id
    },
    settle: async (promise) => {
      let isSettled = false
      const note = (): void => {
        isSettled = true
      }
      promise.then(note, note)
      await cluster.clock.until(() => isSettled)
      return promise
    },
  })
}

async function liveSubject(): Promise<Subject> {
  const { broker, cluster, settle } = await scripted()
  const replicas = { replicaNodes: [1], isrNodes: [1], offlineReplicas: [] }
  const partitions = [0, 1].map((partitionIndex) => {
    return { errorCode: 0, partitionIndex, leaderId: 1, leaderEpoch: 0, ...replicas }
  })
  const topics = [{ errorCode: 0, name: 't', topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partitions }]
  broker.on(metadataRequest, ({ topics: asked }) => {
    const unknown = (asked ?? [])
      .filter(({ name }) => name !== 't')
      .map(({ name }) => ({ errorCode: 3, name, partitions: [] }))
    return brokersAt({ 1: 'b1' }, [...topics, ...unknown])
  })
  return {
    cluster,
    onHeartbeat: (answering) => broker.on(heartbeatRequest, (body) => answering(body) ?? SILENCE),
    speak: (max) =>
      broker.on(apiVersionsRequest, () => {
        const spoken = speaks(max === null ? {} : { [HEARTBEAT_KEY]: max })
        const apiKeys = spoken.apiKeys.filter(
          ({ apiKey }) => max !== null || apiKey !== HEARTBEAT_KEY,
        )
        return { ...spoken, apiKeys }
      }),
    coordinate: (id) => {
      const found =
        id < 0 ? { nodeId: -1, host: '', errorCode: NOT_AVAILABLE } : { nodeId: 1, host: 'b1' }
      const coordinator = { key: 'g', port: PORT, errorCode: 0, ...found }
      broker.on(findCoordinatorRequest, () => ({ coordinators: [coordinator] }))
    },
    settle,
  }
}

for (const [name, make] of [
  ['the fake cluster', fakeSubject],
  ['the live cluster', liveSubject],
] as const) {
  describe(`${name}, as its users see it`, () => {
    const deadline = ({ cluster }: Subject, timeoutMs = 20_000, signal?: AbortSignal) =>
      new Deadline(cluster.clock, 'the call', timeoutMs, { signal })

    const beat = (subject: Subject, options: object = {}, until = deadline(subject)) =>
      subject.settle(subject.cluster.request(1, HEARTBEAT, BODY, { deadline: until, ...options }))

    it('gives the answer with its version and its broker, whatever code it carries', async () => {
      const subject = await make()
      const seen: unknown[] = []
      subject.onHeartbeat((body) => {
        seen.push(body.groupId, body.generationId)
        return { errorCode: 25 }
      })
      const { body, version, brokerId } = await beat(subject)
      assert.deepEqual([body.errorCode, version, brokerId], [25, 4, 1])
      assert.deepEqual(seen, ['g', 7])
    })

    it('agrees on the newest version that both and the caller know', async () => {
      const subject = await make()
      subject.speak(3)
      subject.onHeartbeat(() => ({ errorCode: 0 }))
      assert.equal((await beat(subject)).version, 3)
      assert.equal((await beat(subject, { maxVersion: 1 })).version, 1)
      await assert.rejects(beat(subject, { minVersion: 4 }), { code: 'UNSUPPORTED_BY_BROKER' })
      const versions = subject.cluster.versionsOf(1, HEARTBEAT_KEY, deadline(subject))
      assert.deepEqual(await subject.settle(versions), { min: 0, max: 3 })
    })

    it('says that an API is missing', async () => {
      const subject = await make()
      subject.speak(null)
      subject.onHeartbeat(() => ({ errorCode: 0 }))
      const versions = subject.cluster.versionsOf(1, HEARTBEAT_KEY, deadline(subject))
      assert.equal(await subject.settle(versions), null)
      await assert.rejects(beat(subject), { code: 'UNSUPPORTED_BY_BROKER' })
    })

    it('keeps the deadline and the signal of the call', async () => {
      const subject = await make()
      subject.onHeartbeat(() => null)
      await assert.rejects(beat(subject, {}, deadline(subject, 500)), { code: 'TIMED_OUT' })
      const aborting = new AbortController()
      const waiting = beat(subject, {}, deadline(subject, 20_000, aborting.signal))
      subject.cluster.clock.after(300, () => aborting.abort(new Error('enough')))
      await assert.rejects(waiting, { code: 'ABORTED' })
    })

    it('knows topics that there are, and refuses those that there are not', async () => {
      const subject = await make()
      const { metadata } = subject.cluster
      const { partitions, id } = await subject.settle(metadata.ensure('t', deadline(subject)))
      assert.deepEqual(
        partitions.map(({ partition, leader }) => [partition, leader]),
        [
          [0, 1],
          [1, 1],
        ],
      )
      assert.equal(metadata.topic('t')?.id, id)
      assert.equal(metadata.topicById(id)?.name, 't')
      const unknown = subject.settle(metadata.ensure('u', deadline(subject)))
      await assert.rejects(unknown, { code: 'UNKNOWN_TOPIC_OR_PARTITION', topic: 'u' })
    })

    it('finds the coordinator', async () => {
      const subject = await make()
      subject.coordinate(1)
      const find = () => subject.cluster.coordinator('group', 'g', deadline(subject, 400))
      assert.equal(await subject.settle(find()), 1)
      subject.coordinate(-1)
      subject.cluster.forgetCoordinator('group', 'g')
      const error = await subject.settle(find()).then(
        () => assert.fail('nobody coordinates'),
        (error) => error,
      )
      assert.ok(error instanceof KafkaError, `${error}`)
    })
  })
}
