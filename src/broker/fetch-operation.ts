/**
 * One Fetch from its first read to its answer. Hot bytes are read at once; cold ones come back as
 * promises, and the answer waits for them. A fetch that finds too little waits in the purgatory and
 * then reads anew.
 */
import { ZERO_UUID } from '../base/uuid.ts'
import type { ReadResult } from '../log/unified-log.ts'
import { ErrorCode } from '../protocol/errors.ts'
import type { FetchRequest, FetchResponse } from '../protocol/messages/01-fetch.ts'
import type { Broker } from './broker.ts'
import { FetchWaiter } from './fetch-purgatory.ts'
import type { FetchPartition, FetchScope } from './fetch-session.ts'
import type { Partition } from './partition.ts'
import type { RequestContext } from './request-context.ts'

const READ_COMMITTED = 1
/** First version that names topics by their ids (KIP-516). */
const TOPIC_IDS_VERSION = 13
/** First version that tells who leads instead (KIP-951). */
const LEADERS_VERSION = 16

type TopicAnswer = FetchResponse['responses'][number]
type PartitionAnswer = TopicAnswer['partitions'][number]
/** A topic's answer while partitions are added to it. */
type OpenTopicAnswer = Omit<TopicAnswer, 'partitions'> & { readonly partitions: PartitionAnswer[] }
type AbortedTransactions = NonNullable<PartitionAnswer['abortedTransactions']>

/** One Fetch from its first read to its answer. */
export class FetchOperation {
  readonly #broker: Broker
  readonly #request: FetchRequest
  readonly #context: RequestContext<FetchResponse>
  readonly #scope: FetchScope
  readonly #deadlineMs: number
  /** What the last reading asked for, in order, and who could be read. */
  #asked: FetchPartition[] = []
  #readable: Partition[] = []
  /** Each returns memory that the answer refers to, once that is sent. */
  #giveBack: (() => void)[] = []
  /** Bytes found, and what cold reads under way may yet find. */
  #foundBytes = 0
  #expectedBytes = 0
  /** What the answer may hold: the request's limit, the broker's, and what memory allows now. */
  #maxBytes = 0
  #mustAnswer = false

  constructor(
    broker: Broker,
    request: FetchRequest,
    context: RequestContext<FetchResponse>,
    scope: FetchScope,
  ) {
    this.#broker = broker
    this.#request = request
    this.#context = context
    this.#scope = scope
    this.#deadlineMs = broker.nowMs + request.maxWaitMs
  }

  start(): void {
    this.#attempt(true)
  }

  /** Reads everything, then answers; or waits, where it may and found too little. */
  #attempt(mayWait: boolean): void {
    const reads = this.#readAll()
    if (!reads.some((read) => read instanceof Promise)) {
      this.#settle(reads as PartitionAnswer[], mayWait)
      return
    }
    this.#context.waiting = true
    const ends = this.#readable.map(({ log }) => log.highWatermark)
    const reservedBytes = this.#expectedBytes
    this.#broker.connections?.reserve(reservedBytes)
    Promise.all(reads).then(
      (answers) =>
        this.#broker.resume(() => {
          this.#broker.connections?.reserve(-reservedBytes)
          // To wait for what has come during the reading would be in vain.
          const isOld = this.#readable.some(({ log }, at) => log.highWatermark !== ends[at])
          if (isOld && this.#isWaiting(mayWait)) this.#attempt(mayWait)
          else this.#settle(answers, mayWait)
        }),
      (error: unknown) => this.#broker.resume(() => this.#broker.crash(error)),
    )
  }

  #settle(answers: readonly PartitionAnswer[], mayWait: boolean): void {
    if (this.#context.connection.closed) return
    if (this.#isWaiting(mayWait)) this.#wait()
    else this.#answer(answers)
  }

  get #missingBytes(): number {
    return Math.min(this.#request.minBytes, this.#maxBytes) - this.#foundBytes
  }

  #isWaiting(mayWait: boolean): boolean {
    const isWanted = mayWait && this.#request.maxWaitMs > 0 && !this.#mustAnswer
    return isWanted && this.#missingBytes > 0 && this.#readable.length > 0
  }

  #wait(): void {
    this.#context.waiting = true
    const { connection } = this.#context
    const waiter = new FetchWaiter(
      this.#broker.deadlines,
      this.#readable,
      this.#missingBytes,
      this.#deadlineMs,
      () => {
        this.#broker.forgetWaiter(connection, waiter)
        this.#attempt(false)
      },
    )
    this.#broker.rememberWaiter(connection, waiter)
  }

  /** Reads every partition of the scope; cold reads come as promises. */
  #readAll(): (PartitionAnswer | Promise<PartitionAnswer>)[] {
    const { settings, connections } = this.#broker
    const limit = connections?.answerBytesMax ?? settings.fetchMaxBytes
    this.#maxBytes = Math.min(this.#request.maxBytes, settings.fetchMaxBytes, limit)
    this.#foundBytes = 0
    this.#expectedBytes = 0
    this.#mustAnswer = false
    this.#readable = []
    this.#giveBack = []
    this.#asked = [...this.#scope.partitions.values()]
    return this.#asked.map((asked) => this.#readOne(asked))
  }

  #readOne(asked: FetchPartition): PartitionAnswer | Promise<PartitionAnswer> {
    if (asked.topic === '' && this.#context.apiVersion >= TOPIC_IDS_VERSION) {
      return failure(asked.index, ErrorCode.UNKNOWN_TOPIC_ID)
    }
    const partition = this.#broker.partitions.find(asked.topic, asked.index)
    if (partition === null) {
      const error = this.#broker.partitions.missingError(asked.topic, asked.index)
      // An unknown partition is no reason not to wait for the others.
      return error === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        ? failure(asked.index, error)
        : this.#failNow(asked.index, error)
    }
    if (asked.topicId !== ZERO_UUID && asked.topicId !== partition.topicId) {
      return this.#failNow(asked.index, ErrorCode.INCONSISTENT_TOPIC_ID)
    }
    const error = partition.checkLeaderEpoch(asked.currentLeaderEpoch)
    if (error !== ErrorCode.NONE) return this.#failNow(asked.index, error)
    // No other node holds a copy of anything here.
    if (this.#isReplica) return this.#redirect(partition)
    this.#readable.push(partition)
    const { log } = partition
    const diverging = divergence(partition, asked)
    if (diverging !== null) {
      this.#mustAnswer = true
      return diverging
    }
    const committedOnly = this.#request.isolationLevel === READ_COMMITTED
    const upperBound = committedOnly ? log.lastStableOffset : log.highWatermark
    const taken = this.#foundBytes + this.#expectedBytes
    const left = taken === 0 ? this.#maxBytes : Math.max(0, this.#maxBytes - taken)
    const maxBytes = Math.min(asked.maxBytes, left)
    const isInLog = asked.fetchOffset >= log.logStartOffset && asked.fetchOffset < upperBound
    if (maxBytes < 0 && isInLog) return this.#failNow(asked.index, ErrorCode.UNKNOWN_SERVER_ERROR)
    // A batch that does not fit is left out, and with it what was aborted.
    const isCut = isInLog && maxBytes > 0
    const { connection } = this.#context
    const { clock } = this.#broker
    const isNear = connection.readsNear
    const startMs = isNear ? clock.monotonicMs() : 0
    const options = { minOneMessage: taken === 0, upperBound, asFetch: true, isNear }
    const result = log.read(asked.fetchOffset, maxBytes, options)
    if (isNear) connection.noteRead(clock.monotonicMs() - startMs)
    if (result instanceof Promise) {
      // The logs behind this one get what it surely leaves.
      this.#expectedBytes += Math.min(maxBytes, log.sizeBytes)
      return result.then((read) => this.#answerOf(partition, asked, read, committedOnly, isCut))
    }
    return this.#answerOf(partition, asked, result, committedOnly, isCut)
  }

  #answerOf(
    partition: Partition,
    asked: FetchPartition,
    read: ReadResult,
    committedOnly: boolean,
    isCut: boolean,
  ): PartitionAnswer {
    if (read.error !== ErrorCode.NONE) return this.#failNow(asked.index, read.error)
    const abortedTransactions = !committedOnly
      ? null
      : read.sizeBytes === 0
        ? isCut
          ? null
          : []
        : partition.lookUp<AbortedTransactions | undefined>(
            (log) => log.abortedTransactions(asked.fetchOffset, read.nextOffset),
            () => undefined,
          )
    if (abortedTransactions === undefined) {
      return this.#failNow(asked.index, ErrorCode.KAFKA_STORAGE_ERROR)
    }
    const { log } = partition
    const { memory } = read
    if (memory !== undefined) this.#giveBack.push(() => log.home.resources.readBuffers.give(memory))
    this.#foundBytes += read.sizeBytes
    return {
      partitionIndex: asked.index,
      errorCode: ErrorCode.NONE,
      highWatermark: log.highWatermark,
      lastStableOffset: log.lastStableOffset,
      logStartOffset: log.logStartOffset,
      abortedTransactions,
      records: read.rest === undefined ? read.pieces : [...read.pieces, read.rest],
    }
  }

  #redirect({ index, leaderEpoch }: Partition): PartitionAnswer {
    const failed = this.#failNow(index, ErrorCode.NOT_LEADER_OR_FOLLOWER)
    if (this.#context.apiVersion < LEADERS_VERSION) return failed
    return { ...failed, currentLeader: { leaderId: this.#broker.nodeId, leaderEpoch } }
  }

  #failNow(index: number, error: ErrorCode): PartitionAnswer {
    this.#mustAnswer = true
    // Clients of that time do not know that a disk may fail (KIP-112).
    const isUnknown = error === ErrorCode.KAFKA_STORAGE_ERROR && this.#context.apiVersion <= 5
    return failure(index, isUnknown ? ErrorCode.NOT_LEADER_OR_FOLLOWER : error)
  }

  #answer(answers: readonly PartitionAnswer[]): void {
    const topics: OpenTopicAnswer[] = []
    const add = (asked: FetchPartition, answer: PartitionAnswer): void => {
      if (this.#scope.incremental && !isNews(asked, answer)) return
      told(asked, answer)
      // In the order that was asked for, in which a topic may come more than once.
      let topic = topics.at(-1)
      if (topic?.topic !== asked.topic || topic.topicId !== asked.topicId) {
        topic = { topic: asked.topic, topicId: asked.topicId, partitions: [] }
        topics.push(topic)
      }
      topic.partitions.push(answer)
    }
    let hasUnknown = false
    for (const [at, answer] of answers.entries()) {
      if (isUnknown(answer)) hasUnknown = true
      else add(this.#asked[at]!, answer)
    }
    if (hasUnknown) {
      for (const [at, answer] of answers.entries()) {
        if (isUnknown(answer)) add(this.#asked[at]!, answer)
      }
    }
    this.#rotate(topics)
    this.#context.onSent = this.#giveBack
    this.#context.reply({
      errorCode: ErrorCode.NONE,
      sessionId: this.#scope.sessionId,
      responses: topics,
    })
  }

  /** Partitions that had data go to the end, so that a full response starves nobody (KIP-74). */
  #rotate(topics: readonly OpenTopicAnswer[]): void {
    if (!this.#scope.incremental) return
    for (const { topic, topicId, partitions } of topics) {
      for (const answer of partitions) {
        if (answer.records === undefined || answer.records === null) continue
        if (answer.records.length === 0) continue
        const partitionKey = `${topicId === ZERO_UUID ? topic : topicId}:${answer.partitionIndex}`
        const asked = this.#scope.partitions.get(partitionKey)
        if (asked === undefined) continue
        this.#scope.partitions.delete(partitionKey)
        this.#scope.partitions.set(partitionKey, asked)
      }
    }
  }

  /** Whether the request says that it comes from a broker. */
  get #isReplica(): boolean {
    const { replicaId, replicaState } = this.#request
    return (this.#context.apiVersion < 15 ? replicaId : replicaState.replicaId) >= 0
  }
}

/** What is not there, or was not when the request came: told behind what could be read. */
function isUnknown({ errorCode }: { readonly errorCode: number }): boolean {
  return (
    errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION || errorCode === ErrorCode.UNKNOWN_TOPIC_ID
  )
}

/** Whether the session has to be told about a partition again. */
function isNews(asked: FetchPartition, answer: PartitionAnswer): boolean {
  if (answer.errorCode !== ErrorCode.NONE || answer.divergingEpoch !== undefined) return true
  if (answer.records !== undefined && answer.records !== null && answer.records.length > 0) {
    return true
  }
  return (
    asked.toldHighWatermark !== answer.highWatermark ||
    asked.toldLogStartOffset !== answer.logStartOffset
  )
}

function told(asked: FetchPartition, answer: PartitionAnswer): void {
  const failed = answer.errorCode !== ErrorCode.NONE
  asked.toldHighWatermark = failed ? -1 : answer.highWatermark
  asked.toldLogStartOffset = answer.logStartOffset ?? -1
}

function failure(index: number, error: ErrorCode): PartitionAnswer {
  return {
    partitionIndex: index,
    errorCode: error,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    abortedTransactions: isUnknown({ errorCode: error }) ? [] : null,
    records: [],
  }
}

/** KIP-595: a reader whose last epoch ends elsewhere is told where, instead of given bytes. */
function divergence(partition: Partition, asked: FetchPartition): PartitionAnswer | null {
  if (asked.lastFetchedEpoch === -1) return null
  const { log } = partition
  const end = log.endOffsetForEpoch(asked.lastFetchedEpoch)
  if (end === null || end.endOffset === -1)
    return failure(asked.index, ErrorCode.OFFSET_OUT_OF_RANGE)
  if (end.epoch >= asked.lastFetchedEpoch && end.endOffset >= asked.fetchOffset) return null
  return {
    partitionIndex: asked.index,
    errorCode: ErrorCode.NONE,
    highWatermark: log.highWatermark,
    lastStableOffset: log.lastStableOffset,
    logStartOffset: log.logStartOffset,
    divergingEpoch: { epoch: end.epoch, endOffset: end.endOffset },
    abortedTransactions: null,
    records: [],
  }
}
