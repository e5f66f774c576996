/**
 * Logs behind a FakeCluster, for the consumer's tests: batches that a test appends are fetched, by
 * sessions as a broker keeps them; offsets are listed, committed and fetched. What a test wants to
 * go wrong it puts into `faults`.
 *
 *     const { cluster, logs } = fakeLogs({ t: 2 })
 *     logs.append('t', 0, ['a', 'b'])
 */
import assert from 'node:assert/strict'
import { utf8Bytes } from '../../base/bytes.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { fetchRequest } from '../../protocol/messages/01-fetch.ts'
import { listOffsetsRequest } from '../../protocol/messages/02-list-offsets.ts'
import { offsetCommitRequest } from '../../protocol/messages/08-offset-commit.ts'
import { offsetFetchRequest } from '../../protocol/messages/09-offset-fetch.ts'
import { offsetForLeaderEpochRequest } from '../../protocol/messages/23-offset-for-leader-epoch.ts'
import type { Infer } from '../../protocol/schema.ts'
import { lastOffset } from '../../records/batch.ts'
import { BatchBuilder, type BatchOptions } from '../../records/builder.ts'
import { FakeCluster, type FakeRequest } from '../cluster/fake-cluster.test-support.ts'
import { KafkaError } from '../kafka-error.ts'

type Fetch = Infer<typeof fetchRequest>
type Asked = Fetch['topics'][number]['partitions'][number]

export class FakeLog {
  readonly batches: Uint8Array[] = []
  start = 0
  end = 0
  /** The last stable offset; the end where it is not set. */
  stable: number | null = null
  leaderEpoch = 0
  /** Where epochs end, as OffsetForLeaderEpoch tells; by epoch. */
  readonly epochEnds = new Map<number, number>()
  readonly aborted: { producerId: number; firstOffset: number }[] = []
  /** What is answered once in place of the log, one after another. */
  readonly faults: Partial<PartitionAnswer>[] = []
  preferredReplica = -1

  append(batch: Uint8Array): void {
    this.batches.push(batch)
    this.end = lastOffset(batch, 0) + 1
  }
}

interface PartitionAnswer {
  partitionIndex: number
  errorCode: number
  highWatermark: number
  lastStableOffset: number
  logStartOffset: number
  divergingEpoch: { epoch: number; endOffset: number }
  currentLeader: { leaderId: number; leaderEpoch: number }
  snapshotId: { endOffset: number; epoch: number }
  abortedTransactions: { producerId: number; firstOffset: number }[] | null
  preferredReadReplica: number
  records: Uint8Array | null
}

interface Session {
  epoch: number
  /** By topic id and number. */
  readonly partitions: Map<string, Asked & { topicId: string }>
}

export class FakeLogs {
  readonly cluster: FakeCluster
  readonly logs = new Map<string, FakeLog>()
  readonly committed = new Map<string, { offset: number; leaderEpoch: number; metadata: string }>()
  readonly sessions = new Map<number, Session>()
  /** Answers a whole fetch with this error, once each. */
  readonly fetchErrors: (number | Error)[] = []
  /** Brokers that answer what they are asked as leaders only when this has resolved. */
  readonly hung = new Map<number, Promise<unknown>>()
  /** Whether the last commit or read of offsets named its topics by their ids. */
  askedById = false
  /** Brokers that do not answer fetches. */
  readonly dead = new Set<number>()
  readonly commitErrors: number[] = []
  /** Commits are answered when this has resolved. */
  commitsHeldBy: Promise<unknown> | null = null
  /** Where answers say that new leaders are. */
  nodeEndpoints: { nodeId: number; host: string; port: number; rack: string | null }[] = []
  /** Fetches that wait for records, at most. */
  maxWaiting = 0
  #waiting = 0
  #nextSession = 1
  #changed: (() => void)[] = []

  constructor(cluster: FakeCluster) {
    this.cluster = cluster
    cluster.on(fetchRequest, (body, request) => this.#fetch(body, request))
    cluster.on(listOffsetsRequest, async (body, { brokerId }) => {
      await this.hung.get(brokerId)
      return this.#listOffsets(body)
    })
    cluster.on(offsetForLeaderEpochRequest, async (body, { brokerId }) => {
      await this.hung.get(brokerId)
      return this.#epochEnds(body)
    })
    cluster.on(offsetCommitRequest, async (body, { version }) => {
      await this.commitsHeldBy
      return this.#commit(body, version)
    })
    cluster.on(offsetFetchRequest, (body, { version }) => this.#committedOffsets(body, version))
  }

  log(topic: string, partition: number): FakeLog {
    const key = `${topic}/${partition}`
    let log = this.logs.get(key)
    if (log === undefined) this.logs.set(key, (log = new FakeLog()))
    return log
  }

  /** One batch with these values; keys where they are given as `key=value`. */
  append(topic: string, partition: number, values: readonly string[], options: BatchOptions = {}) {
    const log = this.log(topic, partition)
    const { leaderEpoch: partitionLeaderEpoch } = log
    const builder = new BatchBuilder({ baseOffset: log.end, partitionLeaderEpoch, ...options })
    values.forEach((text, at) => {
      const [key, value] = text.includes('=') ? text.split('=') : [null, text]
      const keyBytes = key === null ? null : utf8Bytes(key!)
      builder.append(1000 + log.end + at, keyBytes, utf8Bytes(value!))
    })
    log.append(builder.build())
    this.wake()
  }

  /** Answers fetches that wait. */
  wake(): void {
    for (const resolve of this.#changed.splice(0)) resolve()
  }

  async #fetch(body: Fetch, { options, brokerId }: FakeRequest) {
    assert.equal(options.channel, 'fetch', 'fetches have a connection of their own')
    await this.hung.get(brokerId)
    if (this.dead.has(brokerId)) throw new KafkaError('NETWORK_ERROR', 'nobody answers')
    const error = this.fetchErrors.shift()
    if (error instanceof Error) throw error
    if (error !== undefined) return { errorCode: error, sessionId: 0, responses: [] }
    const session = this.#session(body)
    if (typeof session === 'number') return { errorCode: session, sessionId: 0, responses: [] }
    this.#waiting++
    this.maxWaiting = Math.max(this.maxWaiting, this.#waiting)
    assert.ok(this.#waiting <= this.cluster.metadata.brokers.size, 'one fetch a broker at a time')
    const [id, { partitions }] = session
    const isFull = body.sessionEpoch === 0
    const untilMs = this.cluster.clock.nowMs() + body.maxWaitMs
    for (;;) {
      const answers = this.#read(partitions, body, isFull, brokerId)
      const isDue = this.cluster.clock.nowMs() >= untilMs
      const hasNews = answers.some(({ partitions: of }) => of.some(isNews))
      if (hasNews || isDue) {
        this.#waiting--
        return {
          errorCode: 0,
          sessionId: id,
          responses: answers,
          nodeEndpoints: this.nodeEndpoints,
        }
      }
      await this.#change(untilMs)
    }
  }

  #change(untilMs: number): Promise<void> {
    return new Promise((resolve) => {
      const { clock } = this.cluster
      const cancel = clock.after(untilMs - clock.nowMs(), resolve)
      this.#changed.push(() => {
        cancel()
        resolve()
      })
    })
  }

  /** As a broker does, and strict about it: the session's id with itself, or an error. */
  #session(body: Fetch): [number, Session] | number {
    const { sessionId, sessionEpoch } = body
    if (sessionEpoch === -1) {
      this.sessions.delete(sessionId)
      return [0, { epoch: 0, partitions: new Map() }]
    }
    if (sessionEpoch === 0) {
      this.sessions.delete(sessionId)
      const id = this.#nextSession++
      const session: Session = { epoch: 1, partitions: new Map() }
      this.#update(session, body)
      this.sessions.set(id, session)
      return [id, session]
    }
    const session = this.sessions.get(sessionId)
    if (session === undefined) return 70
    if (session.epoch !== sessionEpoch) return 71
    session.epoch++
    this.#update(session, body)
    return [sessionId, session]
  }

  #update({ partitions }: Session, body: Fetch): void {
    for (const { topicId, partitions: asked } of body.topics) {
      for (const one of asked) partitions.set(`${topicId}/${one.partition}`, { ...one, topicId })
    }
    for (const { topicId, partitions: gone } of body.forgottenTopicsData) {
      for (const partition of gone) {
        assert.ok(partitions.delete(`${topicId}/${partition}`), 'only what it knows is forgotten')
      }
    }
  }

  #read(partitions: Session['partitions'], body: Fetch, isFull: boolean, brokerId: number) {
    const topics = new Map<string, PartitionAnswer[]>()
    let left = body.maxBytes
    let isFirst = true
    for (const [key, { topicId, ...asked }] of [...partitions]) {
      const topic = this.cluster.metadata.topicById(topicId)
      const log = topic === undefined ? undefined : this.log(topic.name, asked.partition)
      const answer =
        log === undefined
          ? { ...EMPTY, partitionIndex: asked.partition, errorCode: 100 }
          : this.#readLog(log, asked, body, Math.min(left, asked.partitionMaxBytes), isFirst)
      // Who says where to read gives nothing itself.
      if (log !== undefined && brokerId === 1 && body.rackId !== '' && log.preferredReplica >= 0) {
        answer.preferredReadReplica = log.preferredReplica
        answer.records = new Uint8Array(0)
      }
      if (answer.records !== null && answer.records.length > 0) {
        isFirst = false
        left = Math.max(0, left - answer.records.length)
        // Those that had records go to the end, so that the others come first next time.
        const known = partitions.get(key)!
        partitions.delete(key)
        partitions.set(key, known)
      }
      if (isFull || isNews(answer)) topics.set(topicId, [...(topics.get(topicId) ?? []), answer])
    }
    return [...topics].map(([topicId, of]) => ({ topic: '', topicId, partitions: of }))
  }

  #readLog(
    log: FakeLog,
    asked: Asked,
    body: Fetch,
    maxBytes: number,
    isFirst: boolean,
  ): PartitionAnswer {
    const end = body.isolationLevel === 1 ? (log.stable ?? log.end) : log.end
    const answer: PartitionAnswer = {
      ...EMPTY,
      partitionIndex: asked.partition,
      highWatermark: log.end,
      lastStableOffset: log.stable ?? log.end,
      logStartOffset: log.start,
    }
    const fault = log.faults.shift()
    if (fault !== undefined) return { ...answer, ...fault }
    if (asked.currentLeaderEpoch > log.leaderEpoch) return { ...answer, errorCode: 76 }
    if (asked.currentLeaderEpoch >= 0 && asked.currentLeaderEpoch < log.leaderEpoch) {
      return { ...answer, errorCode: 74 }
    }
    if (asked.fetchOffset < log.start || asked.fetchOffset > log.end) {
      return { ...answer, errorCode: 1 }
    }
    const pieces: Uint8Array[] = []
    let bytes = 0
    for (const batch of log.batches) {
      const last = lastOffset(batch, 0)
      if (last < asked.fetchOffset) continue
      if (last >= end || (bytes + batch.length > maxBytes && !(isFirst && bytes === 0))) break
      pieces.push(batch)
      bytes += batch.length
    }
    answer.records = new Uint8Array(Buffer.concat(pieces))
    if (body.isolationLevel === 1) answer.abortedTransactions = log.aborted
    return answer
  }

  #listOffsets({ topics, isolationLevel }: Infer<typeof listOffsetsRequest>) {
    return {
      topics: topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, timestamp }) => {
          const log = this.log(name, partitionIndex)
          const end = isolationLevel === 1 ? (log.stable ?? log.end) : log.end
          // Records are stamped with their offset and 1000.
          const byTime = timestamp - 1000 < log.end ? Math.max(log.start, timestamp - 1000) : -1
          const offset = timestamp === -1 ? end : timestamp === -2 ? log.start : byTime
          return { partitionIndex, errorCode: 0, timestamp: -1, offset, leaderEpoch: -1 }
        }),
      })),
    }
  }

  #epochEnds({ topics }: Infer<typeof offsetForLeaderEpochRequest>) {
    return {
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, leaderEpoch }) => ({
          errorCode: 0,
          partition,
          leaderEpoch,
          endOffset: this.log(topic, partition).epochEnds.get(leaderEpoch) ?? -1,
        })),
      })),
    }
  }

  #commit({ topics }: Infer<typeof offsetCommitRequest>, version: number) {
    const errorCode = this.commitErrors.shift() ?? 0
    return {
      topics: topics.map((asked) => ({
        ...this.#named(asked, version),
        partitions: asked.partitions.map((one) => {
          const { committedOffset: offset, committedLeaderEpoch: leaderEpoch } = one
          const metadata = one.committedMetadata ?? ''
          const name = this.#nameOf(asked, version)
          const code = name === undefined ? ErrorCode.UNKNOWN_TOPIC_ID : errorCode
          const key = `${name}/${one.partitionIndex}`
          if (code === 0) this.committed.set(key, { offset, leaderEpoch, metadata })
          return { partitionIndex: one.partitionIndex, errorCode: code }
        }),
      })),
    }
  }

  #committedOffsets({ groups }: Infer<typeof offsetFetchRequest>, version: number) {
    return {
      groups: groups.map(({ groupId, topics }) => ({
        groupId,
        errorCode: 0,
        topics: (topics ?? []).map((asked) => ({
          ...this.#named(asked, version),
          partitions: asked.partitionIndexes.map((partitionIndex) => {
            const name = this.#nameOf(asked, version)
            const found = this.committed.get(`${name}/${partitionIndex}`)
            return {
              partitionIndex,
              committedOffset: found?.offset ?? -1,
              committedLeaderEpoch: found?.leaderEpoch ?? -1,
              metadata: found?.metadata ?? '',
              errorCode: name === undefined ? ErrorCode.UNKNOWN_TOPIC_ID : 0,
            }
          }),
        })),
      })),
    }
  }

  /** As a broker reads a request: by ids alone where the version has them. */
  #nameOf(asked: NamedTopic, version: number): string | undefined {
    this.askedById = version >= FIRST_VERSION_WITH_IDS
    if (!this.askedById) return asked.name
    return this.cluster.metadata.topicById(asked.topicId)?.name
  }

  /** And as it answers. */
  #named({ name, topicId }: NamedTopic, version: number) {
    return version < FIRST_VERSION_WITH_IDS ? { name } : { name: '', topicId }
  }
}

/** Of OffsetCommit and OffsetFetch. */
const FIRST_VERSION_WITH_IDS = 10

interface NamedTopic {
  readonly name: string
  readonly topicId: string
}

const EMPTY: PartitionAnswer = {
  partitionIndex: 0,
  errorCode: 0,
  highWatermark: -1,
  lastStableOffset: -1,
  logStartOffset: -1,
  divergingEpoch: { epoch: -1, endOffset: -1 },
  currentLeader: { leaderId: -1, leaderEpoch: -1 },
  snapshotId: { endOffset: -1, epoch: -1 },
  abortedTransactions: null,
  preferredReadReplica: -1,
  records: null,
}

function isNews({ errorCode, records, preferredReadReplica }: PartitionAnswer): boolean {
  return errorCode !== 0 || preferredReadReplica >= 0 || (records !== null && records.length > 0)
}

/** A cluster with these topics, by their numbers of partitions. */
export function fakeLogs(topics: Readonly<Record<string, number>>, seed = 1) {
  const cluster = new FakeCluster({ seed })
  for (const [name, partitions] of Object.entries(topics))
    cluster.metadata.setTopic(name, partitions)
  return { cluster, logs: new FakeLogs(cluster) }
}
