/**
 * The part of brokers that a producer sees, for unit tests on a `FakeCluster`: logs that check
 * sequence numbers as Kafka's do, connections that keep the order of requests, and faults at every
 * point where a real one can fail.
 *
 *     const brokers = new FakePartitions(cluster)
 *     brokers.fault = () => 'lost after'     // written, and the answer never came
 *     assert.deepEqual(brokers.values('orders', 0), ['a', 'b'])
 */
import { utf8Text } from '../../base/bytes.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { produceRequest } from '../../protocol/messages/00-produce.ts'
import { initProducerIdRequest } from '../../protocol/messages/22-init-producer-id.ts'
import type { Infer } from '../../protocol/schema.ts'
import * as batch from '../../records/batch.ts'
import { RecordCursor } from '../../records/record-scan.ts'
import type { FakeCluster } from '../cluster/fake-cluster.test-support.ts'
import { KafkaError } from '../kafka-error.ts'

/** What happens to a request: nothing, the connection fails before or after, or an error code. */
export type Fault = 'none' | 'lost before' | 'lost after' | number | { readonly after: number }

interface ProducerState {
  epoch: number
  lastSequence: number
  /** The newest five batches: first and last sequence, and where they are. */
  recent: { first: number; last: number; offset: number }[]
}

export interface StoredRecord {
  readonly key: string | null
  readonly value: string | null
  readonly headers: readonly (readonly [string, string | null])[]
  readonly timestampMs: number
  readonly epoch: number
}

interface PartitionLog {
  readonly records: StoredRecord[]
  readonly producers: Map<number, ProducerState>
}

const RECENT_BATCHES = 5

export class FakePartitions {
  /** How long a request takes to come, and as long again its answer. */
  latencyMs = 1
  /** Asked for each partition of each request. */
  fault: (topic: string, partition: number) => Fault = () => 'none'
  maxBatchBytes = 1_048_576
  /** Who leads by now, where that is not what the metadata say; answers tell it (KIP-951). */
  readonly newLeaders = new Map<
    string,
    { readonly leaderId: number; readonly leaderEpoch: number }
  >()
  /** Partitions of each request, in the order in which they came. */
  readonly requests: { readonly brokerId: number; readonly partitions: string[] }[] = []
  readonly initProducerIds: number[] = []
  /** With which epoch producer ids come. */
  firstEpoch = 0
  readonly #cluster: FakeCluster
  readonly #logs = new Map<string, PartitionLog>()
  /** Requests on the way, by broker: they fail together. */
  readonly #connections = new Map<number, Set<(error: KafkaError) => void>>()
  #lastId = 1000

  constructor(cluster: FakeCluster) {
    this.#cluster = cluster
    cluster.on(initProducerIdRequest, () => {
      this.initProducerIds.push(++this.#lastId)
      return { errorCode: 0, producerId: this.#lastId, producerEpoch: this.firstEpoch }
    })
    cluster.on(produceRequest, (body, { brokerId }) => this.#produce(body, brokerId))
  }

  log(topic: string, partition: number): PartitionLog {
    const name = `${topic}-${partition}`
    const log = this.#logs.get(name) ?? { records: [], producers: new Map() }
    this.#logs.set(name, log)
    return log
  }

  values(topic: string, partition: number): (string | null)[] {
    return this.log(topic, partition).records.map(({ value }) => value)
  }

  /** Ends the connection to a broker: all that is on the way fails. */
  disconnect(brokerId: number): void {
    const waiting = [...(this.#connections.get(brokerId) ?? [])]
    this.#connections.delete(brokerId)
    for (const fail of waiting)
      fail(new KafkaError('NETWORK_ERROR', 'the test broke the connection'))
  }

  #produce(body: Infer<typeof produceRequest>, brokerId: number): Promise<unknown> {
    // The memory of batches is used again once they are answered.
    const load = body.topicData.flatMap(({ name, partitionData }) =>
      partitionData.map(({ index, records }) => ({ name, index, bytes: records!.slice() })),
    )
    this.requests.push({ brokerId, partitions: load.map(({ name, index }) => `${name}-${index}`) })
    const { clock } = this.#cluster
    const connection = this.#connections.get(brokerId) ?? new Set()
    this.#connections.set(brokerId, connection)
    return new Promise((resolve, reject) => {
      connection.add(reject)
      clock.after(this.latencyMs, () => {
        if (!connection.has(reject) || this.#connections.get(brokerId) !== connection) return
        const answers = this.#handle(load, brokerId)
        if (answers === null || body.acks === 0) return
        clock.after(this.latencyMs, () => {
          if (!connection.delete(reject)) return
          resolve({ responses: answers, throttleTimeMs: 0, nodeEndpoints: this.#endpoints() })
        })
      })
      if (body.acks === 0) resolve({ responses: [], throttleTimeMs: 0, nodeEndpoints: [] })
    })
  }

  /** Null where the connection ended meanwhile. */
  #handle(load: { name: string; index: number; bytes: Uint8Array }[], brokerId: number) {
    const answers = []
    let isLost = false
    for (const { name, index, bytes } of load) {
      const fault = this.fault(name, index)
      if (fault === 'lost before') {
        isLost = true
        break
      }
      const own = typeof fault === 'number' ? { errorCode: fault, baseOffset: -1 } : null
      const done = own ?? this.#append(name, index, bytes, brokerId)
      if (fault === 'lost after') isLost = true
      const errorCode = typeof fault === 'object' ? fault.after : done.errorCode
      answers.push({
        name,
        partitionResponses: [
          {
            index,
            errorCode,
            baseOffset: errorCode === 0 ? done.baseOffset : -1,
            logAppendTimeMs: -1,
            logStartOffset: 0,
            recordErrors: [],
            errorMessage: null,
            currentLeader: this.#told(name, index, errorCode),
          },
        ],
      })
    }
    if (isLost) this.disconnect(brokerId)
    return isLost ? null : answers
  }

  #told(topic: string, partition: number, errorCode: number) {
    const isNews = errorCode === ErrorCode.NOT_LEADER_OR_FOLLOWER
    const leader = isNews ? this.newLeaders.get(`${topic}-${partition}`) : undefined
    return leader ?? { leaderId: -1, leaderEpoch: -1 }
  }

  #endpoints() {
    return [...this.newLeaders.values()].map(({ leaderId }) => {
      return { nodeId: leaderId, host: `new-${leaderId}`, port: 9092, rack: null }
    })
  }

  #append(topic: string, partition: number, bytes: Uint8Array, brokerId: number) {
    const refuse = (errorCode: number) => ({ errorCode, baseOffset: -1 })
    const leader =
      this.newLeaders.get(`${topic}-${partition}`)?.leaderId ??
      this.#cluster.metadata.topic(topic)?.partitions[partition]?.leader
    if (leader !== brokerId) return refuse(ErrorCode.NOT_LEADER_OR_FOLLOWER)
    if (!batch.isCrcValid(bytes, 0)) return refuse(ErrorCode.CORRUPT_MESSAGE)
    if (bytes.length > this.maxBatchBytes) return refuse(ErrorCode.MESSAGE_TOO_LARGE)
    const log = this.log(topic, partition)
    const baseOffset = log.records.length
    if (batch.hasProducerId(bytes, 0)) {
      const known = this.#checkSequence(log, bytes, baseOffset)
      if (known !== null) return known
    }
    for (const cursor = new RecordCursor(bytes, 0); cursor.next(); ) {
      const text = (content: Uint8Array | null) => content && utf8Text(content)
      log.records.push({
        key: text(cursor.key()),
        value: text(cursor.value()),
        headers: cursor.headers().map(([name, value]) => [name, text(value)]),
        timestampMs: cursor.timestampMs,
        epoch: batch.producerEpoch(bytes, 0),
      })
    }
    return { errorCode: ErrorCode.NONE as number, baseOffset }
  }

  /** Null where the batch is to be appended. */
  #checkSequence(log: PartitionLog, bytes: Uint8Array, offset: number) {
    const refuse = (errorCode: number) => ({ errorCode, baseOffset: -1 })
    const epoch = batch.producerEpoch(bytes, 0)
    const first = batch.baseSequence(bytes, 0)
    const last = batch.lastSequence(bytes, 0)
    const id = batch.producerId(bytes, 0)
    const state = log.producers.get(id)
    if (state === undefined) {
      // Kafka takes any number from a producer that it knows nothing of.
      log.producers.set(id, { epoch, lastSequence: last, recent: [{ first, last, offset }] })
      return null
    }
    if (epoch < state.epoch) return refuse(ErrorCode.INVALID_PRODUCER_EPOCH)
    if (epoch > state.epoch) {
      if (first !== 0) return refuse(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
      state.epoch = epoch
      state.recent = []
    } else {
      const same = state.recent.find((each) => each.first === first && each.last === last)
      if (same !== undefined)
        return { errorCode: ErrorCode.NONE as number, baseOffset: same.offset }
      if (first !== batch.incrementSequence(state.lastSequence, 1)) {
        return refuse(ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER)
      }
    }
    state.lastSequence = last
    state.recent = [...state.recent, { first, last, offset }].slice(-RECENT_BATCHES)
    return null
  }
}
