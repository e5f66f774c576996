/**
 * Fetches ahead of the program, over the connections that are kept for it. Each broker has one
 * fetch in flight at most; each partition has room for a little more than it is asked for at once,
 * so that a partition whose records nobody takes does not stand in the way of the others.
 *
 * Invariant: what is buffered, with what the fetches in flight may bring, is at most `bufferBytes`,
 * one batch for each broker aside (a broker sends a batch whole, however large).
 *
 * KIP-227 (sessions), KIP-516 (topic ids); fetch-sources.ts says from whom.
 */
import { ZERO_UUID } from '../../base/uuid.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { fetchRequest, fetchResponse } from '../../protocol/messages/01-fetch.ts'
import type { Infer, Input } from '../../protocol/schema.ts'
import { Deadline } from '../call.ts'
import type { Channel, Cluster } from '../cluster/cluster.ts'
import { KafkaError } from '../kafka-error.ts'
import { ConsumerSensors } from '../metrics/consumer-metrics.ts'
import { backoffMs } from '../retry.ts'
import type { AssignedPartition } from './assigned-partition.ts'
import { type AskedPartition, FetchSession } from './fetch-session.ts'
import { FetchSources, type SourceListener } from './fetch-sources.ts'
import { FetchedData } from './fetched-data.ts'
import type { ConsumerSettings } from './options.ts'

/** What the fetcher tells of. */
export interface FetchListener extends SourceListener {
  /** Records have come, or an end of its log has moved. */
  onFetched(partition: AssignedPartition): void
}

type Response = Infer<typeof fetchResponse>
type PartitionResponse = Response['responses'][number]['partitions'][number]

/** What was asked for, to be held against the answer. */
interface Sent {
  readonly assigned: AssignedPartition
  readonly asked: AskedPartition
  readonly round: number
}

interface BrokerState {
  readonly id: number
  readonly session: FetchSession
  isInFlight: boolean
  reservedBytes: number
  attempts: number
  retryAtMs: number
}

const FETCH = { request: fetchRequest, response: fetchResponse }
/** From 13 on topics go by their ids. */
const LAST_VERSION_WITH_NAMES = 12
/** Below this a fetch is not worth its request. */
const MIN_FETCH_BYTES = 1024
/**
 * A partition may hold so many times what one fetch brings of it, and so many answers however small
 * they are: what trickles in while the program is slow comes together, in one fetch, later.
 */
const PARTITION_DEPTH = 2
/** But so often it is fetched in any case, so that its end is known while there is memory. */
const TRICKLE_MS = 1000
/** The shortest wait at a broker while a partition that has no room may have some soon. */
const MIN_WAIT_MS = 5

const SESSION_ERRORS: ReadonlySet<number> = new Set([
  ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
  ErrorCode.INVALID_FETCH_SESSION_EPOCH,
  ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR,
  ErrorCode.INCONSISTENT_TOPIC_ID,
])

export class Fetcher {
  readonly #cluster: Cluster
  readonly #settings: ConsumerSettings
  readonly #partitions: ReadonlyMap<string, AssignedPartition>
  readonly #listener: FetchListener
  readonly #sources: FetchSources
  /** Of its own: what comes behind a fetch that waits at the broker would wait too. */
  readonly #channel: Channel
  readonly #brokers = new Map<number, BrokerState>()
  readonly #closing = new AbortController()
  #cancelRetry: (() => void) | null = null
  /** Bytes of all partitions that are fetched and not done with. */
  bufferedBytes = 0
  #reservedBytes = 0
  readonly sensors = new ConsumerSensors()
  fetches = 0
  fetchedBytes = 0

  constructor(
    cluster: Cluster,
    settings: ConsumerSettings,
    partitions: ReadonlyMap<string, AssignedPartition>,
    listener: FetchListener,
    channel: Channel,
  ) {
    this.#cluster = cluster
    this.#channel = channel
    this.#settings = settings
    this.#partitions = partitions
    this.#listener = listener
    this.#sources = new FetchSources(cluster, listener)
  }

  /** Whether a partition is to be fetched as soon as its broker and the buffer allow. */
  wants(partition: AssignedPartition): boolean {
    const nowMs = this.#cluster.clock.monotonicMs()
    return this.#isFetchable(partition) && this.#roomAtMs(partition) <= nowMs
  }

  /** Sends what can be sent. To be called whenever something has changed; costs little if not. */
  pump(): void {
    if (this.#closing.signal.aborted) return
    const nowMs = this.#cluster.clock.monotonicMs()
    const byBroker = new Map<number, AssignedPartition[]>()
    const full = new Map<number, number>()
    let retryAtMs = Infinity
    for (const partition of this.#partitions.values()) {
      if (!this.#isFetchable(partition)) continue
      if (partition.retryAtMs > nowMs) {
        retryAtMs = Math.min(retryAtMs, partition.retryAtMs)
        continue
      }
      const target = this.#sources.of(partition, nowMs)
      if (target < 0 || partition.phase !== 'active') continue
      const roomAtMs = this.#roomAtMs(partition)
      if (roomAtMs > nowMs) {
        retryAtMs = Math.min(retryAtMs, roomAtMs)
        const sinceMs = nowMs - partition.takenAtMs
        full.set(target, Math.min(full.get(target) ?? Infinity, sinceMs))
        continue
      }
      const others = byBroker.get(target)
      if (others === undefined) byBroker.set(target, [partition])
      else others.push(partition)
    }
    for (const [id, partitions] of byBroker) {
      const broker = this.#broker(id)
      if (broker.isInFlight) continue
      if (broker.retryAtMs > nowMs) retryAtMs = Math.min(retryAtMs, broker.retryAtMs)
      else void this.#fetch(broker, partitions, full.get(id))
    }
    if (retryAtMs < Infinity) this.#pumpAt(retryAtMs - nowMs)
  }

  /** Ends all fetches. What is buffered stays with the partitions. */
  close(): void {
    if (this.#closing.signal.aborted) return
    this.#closing.abort()
    this.#cancelRetry?.()
    for (const broker of this.#brokers.values()) void this.#closeSession(broker)
  }

  /** Bytes that a partition was charged with are free again. */
  release(bytes: number): void {
    this.bufferedBytes -= bytes
  }

  /** What one fetch asks for of each partition: so little that there is room for all of them. */
  get partitionBytes(): number {
    const { bufferBytes, partitionFetchBytes } = this.#settings
    const share = Math.floor(bufferBytes / ((PARTITION_DEPTH + 1) * this.#partitions.size || 1))
    return Math.min(partitionFetchBytes, Math.max(MIN_FETCH_BYTES, share))
  }

  #isFetchable(partition: AssignedPartition): boolean {
    const { phase, isPaused, isEnding, isStarting, failure } = partition
    return phase === 'active' && !isPaused && !isEnding && !isStarting && failure === null
  }

  /** Since when or from when on it may be fetched; Infinity: not before something is taken. */
  #roomAtMs({ bufferedBytes, queue, askedAtMs }: AssignedPartition): number {
    if (bufferedBytes >= PARTITION_DEPTH * this.partitionBytes) return Infinity
    return queue.length < PARTITION_DEPTH ? 0 : askedAtMs + TRICKLE_MS
  }

  #broker(id: number): BrokerState {
    let broker = this.#brokers.get(id)
    if (broker === undefined) {
      const session = new FetchSession()
      broker = { id, session, isInFlight: false, reservedBytes: 0, attempts: 0, retryAtMs: 0 }
      this.#brokers.set(id, broker)
    }
    return broker
  }

  async #fetch(
    broker: BrokerState,
    partitions: readonly AssignedPartition[],
    fullForMs: number | undefined,
  ): Promise<void> {
    const { fetchBytes, fetchMaxWaitMs } = this.#settings
    if (this.#roomBytes() < MIN_FETCH_BYTES) this.#dropPaused()
    const roomBytes = this.#roomBytes()
    // With nothing buffered and nothing on its way there is no one to make room.
    const isIdle = this.bufferedBytes <= 0 && this.#reservedBytes === 0
    if (roomBytes < MIN_FETCH_BYTES && !isIdle) return
    const partitionBytes = this.partitionBytes
    const wantedBytes = Math.min(fetchBytes, partitionBytes * partitions.length)
    const maxBytes = Math.max(1, Math.min(wantedBytes, roomBytes))
    const sent = partitions.map((assigned) => this.#sent(assigned, partitionBytes))
    const usesIds = sent.every(({ asked }) => asked.topicId !== ZERO_UUID)
    // A partition without room may have some before this fetch comes back, and would wait for it.
    const maxWaitMs =
      fullForMs === undefined
        ? fetchMaxWaitMs
        : Math.min(fetchMaxWaitMs, Math.max(MIN_WAIT_MS, Math.ceil(fullForMs)))
    this.#begin(broker, sent, maxBytes)
    const startMs = this.#cluster.clock.monotonicMs()
    let isAnswered = false
    try {
      const body = (version: number) =>
        this.#request(broker, sent, version, { maxBytes, maxWaitMs })
      const timeoutMs = this.#cluster.requestTimeoutMs + maxWaitMs
      const { signal } = this.#closing
      const answer = await this.#cluster.request(broker.id, FETCH, body, {
        deadline: new Deadline(this.#cluster.clock, `fetch from broker ${broker.id}`, timeoutMs, {
          signal,
        }),
        channel: this.#channel,
        brokerWaitMs: maxWaitMs,
        ...(usesIds ? {} : { maxVersion: LAST_VERSION_WITH_NAMES }),
      })
      isAnswered = this.#answered(broker, answer.body, answer.version, sent)
      const nowMs = this.#cluster.clock.monotonicMs()
      this.sensors.fetched(nowMs - startMs, answer.body.throttleTimeMs, nowMs)
    } catch (error) {
      this.#broken(broker, sent, error)
    }
    // Not before all of it is stored: what is asked for next begins behind it.
    this.#end(broker, sent, isAnswered)
    this.pump()
  }

  #roomBytes(): number {
    return this.#settings.bufferBytes - this.bufferedBytes - this.#reservedBytes
  }

  /** What is kept for partitions that are paused is fetched again when they go on. */
  #dropPaused(): void {
    for (const partition of this.#partitions.values()) {
      if (!partition.isPaused || partition.held > 0 || partition.queue.length === 0) continue
      this.bufferedBytes -= partition.fetchAgain()
    }
  }

  #sent(assigned: AssignedPartition, maxBytes: number): Sent {
    const { topic, topicId, partition, fetchOffset, leaderEpoch, round } = assigned
    const asked = {
      topic,
      topicId: topicId === '' ? ZERO_UUID : topicId,
      partition,
      fetchOffset,
      maxBytes,
      leaderEpoch,
    }
    return { assigned, asked, round }
  }

  #begin(broker: BrokerState, sent: readonly Sent[], maxBytes: number): void {
    this.fetches++
    broker.isInFlight = true
    broker.reservedBytes = maxBytes
    this.#reservedBytes += maxBytes
    const nowMs = this.#cluster.clock.monotonicMs()
    for (const { assigned } of sent) {
      assigned.isInFlight = true
      assigned.askedAtMs = nowMs
    }
  }

  #end(broker: BrokerState, sent: readonly Sent[], isAnswered: boolean): void {
    broker.isInFlight = false
    this.#reservedBytes -= broker.reservedBytes
    broker.reservedBytes = 0
    const nowMs = this.#cluster.clock.monotonicMs()
    for (const { assigned } of sent) {
      assigned.isInFlight = false
      if (!isAnswered || assigned.retryAtMs > nowMs) continue
      assigned.sinceMs = nowMs
      assigned.lastProblem = null
    }
  }

  #request(
    broker: BrokerState,
    sent: readonly Sent[],
    version: number,
    { maxBytes, maxWaitMs }: { readonly maxBytes: number; readonly maxWaitMs: number },
  ): Input<typeof fetchRequest> {
    const { fetchMinBytes, isReadCommitted, rack } = this.#settings
    const mayFollow = this.#sources.mayFollow(sent.map(({ assigned }) => assigned))
    const usesIds = version > LAST_VERSION_WITH_NAMES
    return {
      replicaId: -1,
      maxWaitMs,
      minBytes: fetchMinBytes,
      maxBytes,
      isolationLevel: isReadCommitted ? 1 : 0,
      rackId: mayFollow ? (rack ?? '') : '',
      ...broker.session.next(
        sent.map(({ asked }) => asked),
        usesIds,
      ),
    }
  }

  /** Takes an answer; false where it refuses the whole fetch. */
  #answered(broker: BrokerState, response: Response, version: number, sent: readonly Sent[]) {
    if (this.#closing.signal.aborted) return true
    const { errorCode, sessionId, responses, nodeEndpoints } = response
    if (errorCode !== 0) {
      this.#refused(broker, errorCode)
      return false
    }
    broker.session.answered(sessionId)
    broker.attempts = 0
    const usesIds = version > LAST_VERSION_WITH_NAMES
    const byKey = new Map<string, Sent>()
    for (const one of sent) {
      const { topic, topicId, partition } = one.asked
      byKey.set(`${usesIds ? topicId : topic}/${partition}`, one)
    }
    let filled = 0
    for (const { partitions } of responses) {
      for (const { records } of partitions) if (records !== null && records.length > 0) filled++
    }
    for (const { topic, topicId, partitions } of responses) {
      for (const partition of partitions) {
        const one = byKey.get(`${usesIds ? topicId : topic}/${partition.partitionIndex}`)
        if (one !== undefined) this.#partition(broker, one, partition, nodeEndpoints, filled > 1)
      }
    }
    return true
  }

  #refused(broker: BrokerState, errorCode: number): void {
    const error = KafkaError.ofCode(errorCode, null, { api: 'Fetch', broker: String(broker.id) })
    if (SESSION_ERRORS.has(errorCode) && broker.attempts === 0) {
      // Restarted, or it needed the room for other sessions: a new one is made at once.
      broker.attempts = 1
      if (errorCode === ErrorCode.FETCH_SESSION_ID_NOT_FOUND) broker.session.forget()
      else broker.session.reset()
      return
    }
    this.#broken(broker, [], error)
  }

  /** The whole fetch has failed: it is tried again later, with another session. */
  #broken(broker: BrokerState, sent: readonly Sent[], error: unknown): void {
    broker.session.reset()
    if (this.#closing.signal.aborted) return
    const { clock, logger, metadata } = this.#cluster
    const problem = KafkaError.of(error, 'NETWORK_ERROR', 'fetch')
    broker.attempts++
    broker.retryAtMs = clock.monotonicMs() + backoffMs(this.#cluster, broker.attempts)
    metadata.markStale()
    logger.debug(`fetch from broker ${broker.id}: ${problem.message}`)
    for (const { assigned } of sent) {
      assigned.lastProblem = problem
      this.#sources.lost(assigned)
      if (!problem.retriable && problem.code !== 'TIMED_OUT') {
        this.#listener.onFailed(assigned, problem)
      }
    }
  }

  #pumpAt(delayMs: number): void {
    this.#cancelRetry?.()
    this.#cancelRetry = this.#cluster.clock.after(delayMs, () => {
      this.#cancelRetry = null
      this.pump()
    })
  }

  #partition(
    broker: BrokerState,
    sent: Sent,
    answer: PartitionResponse,
    nodes: Response['nodeEndpoints'],
    isOneOfMany: boolean,
  ): void {
    const { assigned, asked, round } = sent
    // A seek, a revocation or a reset has come in between.
    if (assigned.round !== round || this.#partitions.get(assigned.key) !== assigned) return
    // Another leader: who led before may answer after all, and another broker is asked by now.
    if (assigned.leaderEpoch !== asked.leaderEpoch) return
    // The same of a replica near by, whose time was over.
    if (assigned.fetchOffset !== asked.fetchOffset) return
    if (answer.errorCode !== 0) {
      this.#sources.refused(assigned, broker.id, answer, nodes)
      return
    }
    assigned.lastProblem = null
    assigned.attempts = 0
    if (answer.highWatermark >= 0) assigned.highWatermark = answer.highWatermark
    if (answer.lastStableOffset >= 0) assigned.lastStableOffset = answer.lastStableOffset
    if (answer.logStartOffset >= 0) assigned.logStartOffset = answer.logStartOffset
    if (answer.preferredReadReplica >= 0)
      this.#sources.follow(assigned, answer.preferredReadReplica)
    const { records } = answer
    if (records !== null && records.length > 0) {
      this.#store(assigned, asked, answer, isOneOfMany ? records.slice() : records)
    }
    this.#listener.onFetched(assigned)
  }

  /** `bytes` is memory of its own: one partition that is slow must not keep the others' alive. */
  #store(
    assigned: AssignedPartition,
    asked: AskedPartition,
    answer: PartitionResponse,
    bytes: Uint8Array,
  ): void {
    const { reader, partition } = assigned
    const aborted = answer.abortedTransactions
    const data = new FetchedData(
      reader,
      partition,
      bytes,
      asked.fetchOffset,
      aborted,
      this.#settings,
      answer.highWatermark < 0 ? Infinity : answer.highWatermark,
    )
    // Only the start of a batch: there was no room for it behind another partition's.
    if (data.isExhausted) return
    this.fetchedBytes += bytes.length
    this.sensors.arrived(assigned.topic, bytes.length, data.recordCount)
    this.bufferedBytes += bytes.length
    assigned.bufferedBytes += bytes.length
    assigned.queue.push(data)
    assigned.fetchOffset = data.nextOffset
    if (data.leaderEpoch >= 0) assigned.fetchEpoch = data.leaderEpoch
  }

  /** Frees the broker's memory; nobody waits for it. */
  async #closeSession(broker: BrokerState): Promise<void> {
    const part = broker.session.close()
    if (part === null || broker.isInFlight) return
    const { clock, requestTimeoutMs } = this.#cluster
    const body = { replicaId: -1, maxWaitMs: 0, minBytes: 0, maxBytes: 1, ...part }
    const deadline = new Deadline(clock, 'close a fetch session', requestTimeoutMs)
    await this.#cluster
      .request(broker.id, FETCH, body, { deadline, channel: this.#channel })
      .catch(() => {}) // it goes away by itself
  }
}
