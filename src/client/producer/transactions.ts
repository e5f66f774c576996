/**
 * The transactions of one producer, one after the other: its producer id and epoch from the
 * coordinator, which partitions and groups belong to the open one, and how it ends.
 *
 * Invariants: a transaction commits only if every record and offset handed in was written; after
 * any of them failed it can only be aborted. What is fenced or not authorised is over for good:
 * `failure` says why. What may have taken effect is asked again, which the coordinator takes for
 * the same, until the call's time is over; then the end may be called again.
 *
 * With transaction.version 2 (KIP-890) brokers add partitions and groups by themselves, and each
 * end raises the epoch; before, the client adds them and raises the epoch after it aborted.
 *
 * KIP-98, KIP-360, KIP-447 (groups fence by generation), KIP-890.
 */
import { ErrorCode } from '../../protocol/errors.ts'
import {
  initProducerIdRequest,
  initProducerIdResponse,
} from '../../protocol/messages/22-init-producer-id.ts'
import {
  addPartitionsToTxnRequest,
  addPartitionsToTxnResponse,
} from '../../protocol/messages/24-add-partitions-to-txn.ts'
import { endTxnRequest, endTxnResponse } from '../../protocol/messages/26-end-txn.ts'
import { Deadline } from '../call.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { KafkaError } from '../kafka-error.ts'
import { retrying } from '../retry.ts'
import type { ProducerIdentity } from './batch.ts'
import { NEWEST_PRODUCE, type Numbering } from './numbering.ts'
import type { PartitionQueue } from './partition-queue.ts'

const INIT = { request: initProducerIdRequest, response: initProducerIdResponse }
const ADD_PARTITIONS = { request: addPartitionsToTxnRequest, response: addPartitionsToTxnResponse }
const END = { request: endTxnRequest, response: endTxnResponse }

const TRANSACTION_VERSION_2 = 2
/** The newest that leaves it to the client to add partitions. */
const NEWEST_PRODUCE_V1 = 11
const NEWEST_ADD_PARTITIONS = 3
const NEWEST_END_V1 = 4
const NEWEST_INIT = 5
/** How long adding partitions may take, as a part of sending them. */
const ADD_TIMEOUT_MS = 60_000

/** After these it is another coordinator's, or the same one's in a moment. */
const COORDINATOR_MOVED: ReadonlySet<number> = new Set([
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
])

/** After these the producer is of no more use. */
const FATAL: ReadonlySet<string> = new Set([
  'PRODUCER_FENCED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'UNSUPPORTED_VERSION',
  'UNSUPPORTED_BY_BROKER',
  'AUTHENTICATION_FAILED',
  'INVALID_TRANSACTION_TIMEOUT',
])

export interface TransactionSettings {
  readonly transactionalId: string
  readonly transactionTimeoutMs: number
}

export class Transactions implements Numbering {
  current: ProducerIdentity | null = null
  failure: KafkaError | null = null
  readonly transactionalId: string
  readonly #cluster: Cluster
  readonly #settings: TransactionSettings
  readonly #onChange: () => void
  #isV2 = false
  #isOpen = false
  /** Something was or may have been written in the open transaction. */
  #isStarted = false
  /** Why the open transaction can only be aborted. */
  #abortable: KafkaError | null = null
  /** A commit was asked for, and it is not known what became of it. */
  #isCommitting = false
  /** The epoch has to go up before the next one. */
  #needsBump = false
  /** Partitions of the open transaction, and those that are to be; before version 2. */
  readonly #added = new Set<string>()
  readonly #toAdd = new Map<string, PartitionQueue>()
  #isAdding = false

  constructor(cluster: Cluster, settings: TransactionSettings, onChange: () => void) {
    this.#cluster = cluster
    this.#settings = settings
    this.#onChange = onChange
    this.transactionalId = settings.transactionalId
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  get isV2(): boolean {
    return this.#isV2
  }

  get maxProduceVersion(): number {
    return this.#isV2 ? NEWEST_PRODUCE : NEWEST_PRODUCE_V1
  }

  get refusal(): KafkaError | null {
    return this.failure ?? this.#abortable
  }

  /** `begin` has brought one; the sender has nothing to send before. */
  request(): void {}

  renew(): void {}

  mayProduce(queue: PartitionQueue): boolean {
    if (!this.#isOpen || this.#abortable !== null) return false
    if (this.#isV2) {
      this.#isStarted = true
      return true
    }
    const name = `${queue.topic}-${queue.partition}`
    if (this.#added.has(name)) return true
    this.#toAdd.set(name, queue)
    void this.#addPartitions()
    return false
  }

  onGivenUp(error: KafkaError): void {
    if (FATAL.has(error.code)) this.failure ??= error
    if (this.#isOpen) this.#abortable ??= error
  }

  /** Opens a transaction; the first one takes over from whoever had the id before. */
  async begin(deadline: Deadline): Promise<void> {
    this.throwFatal()
    if (this.#isOpen) throw new KafkaError('INVALID_STATE', 'a transaction is open already')
    if (this.current === null || this.#needsBump) await this.#init(deadline)
    this.#isOpen = true
  }

  /** Throws what makes the transaction unfit to go on or to be committed. */
  throwAbortable(): void {
    this.throwFatal()
    if (this.#abortable === null) return
    const { code, topic, partition, message } = this.#abortable
    throw new KafkaError(code, `the transaction has to be aborted: ${message}`, {
      cause: this.#abortable,
      abortable: true,
      retriable: false,
      topic,
      partition,
    })
  }

  throwFatal(): void {
    if (this.failure !== null) throw this.failure
  }

  /** Gives the producer up where it is not known whether a commit took effect. */
  giveUpIfUnknown(cause: unknown): void {
    if (!this.#isCommitting || this.failure !== null) return
    const text = 'it is not known whether a transaction was committed; a new producer finds out'
    this.failure = new KafkaError('INVALID_STATE', text, { cause, fatal: true })
  }

  /** Says that a part of the transaction failed. */
  spoil(error: KafkaError): void {
    this.onGivenUp(error)
  }

  /** Says that a group's offsets become part of it. */
  start(): void {
    this.#isStarted = true
  }

  /** Ends the transaction, once nothing of it is on its way. */
  async end(isCommit: boolean, deadline: Deadline): Promise<void> {
    if (isCommit) this.throwAbortable()
    else this.throwFatal()
    if (this.#isCommitting && !isCommit) {
      throw new KafkaError(
        'INVALID_STATE',
        'the transaction is being committed, maybe it is by now',
      )
    }
    if (this.#isStarted) await this.#end(isCommit, deadline)
    if (!isCommit && !this.#isV2) this.#needsBump = true
    this.#isOpen = false
    this.#isCommitting = false
    this.#isStarted = false
    this.#abortable = null
    this.#added.clear()
    this.#toAdd.clear()
  }

  async #init(deadline: Deadline): Promise<void> {
    const features = await this.#cluster.features(deadline)
    const body = {
      transactionalId: this.transactionalId,
      transactionTimeoutMs: this.#settings.transactionTimeoutMs,
      producerId: this.current?.producerId ?? -1,
      producerEpoch: this.current?.producerEpoch ?? -1,
    }
    const answer = await this.#ask(deadline, 'InitProducerId', async (coordinator) => {
      const options = { deadline, maxVersion: NEWEST_INIT }
      const { body: answer } = await this.#cluster.request(coordinator, INIT, body, options)
      return { errorCode: answer.errorCode, answer }
    })
    this.#isV2 = (features.get('transaction.version') ?? 0) >= TRANSACTION_VERSION_2
    this.#needsBump = false
    this.current = { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
  }

  async #end(committed: boolean, deadline: Deadline): Promise<void> {
    const { producerId, producerEpoch } = this.current!
    const body = { transactionalId: this.transactionalId, producerId, producerEpoch, committed }
    this.#isCommitting = committed
    const versions = this.#isV2 ? { minVersion: NEWEST_END_V1 + 1 } : { maxVersion: NEWEST_END_V1 }
    const answer = await this.#ask(deadline, 'EndTxn', async (coordinator) => {
      const options = { deadline, ...versions }
      const { body: answer } = await this.#cluster.request(coordinator, END, body, options)
      return { errorCode: answer.errorCode, answer }
    }).catch((error) => {
      if (error instanceof KafkaError && error.code in ErrorCode && !error.retriable) {
        this.#isCommitting = false // refused: nothing was committed
        this.onGivenUp(error)
      }
      throw error
    })
    if (!this.#isV2) return
    this.current = { producerId: answer.producerId, producerEpoch: answer.producerEpoch }
  }

  /** Adds all partitions that wait for it, with one request at a time. */
  async #addPartitions(): Promise<void> {
    if (this.#isAdding) return
    this.#isAdding = true
    await Promise.resolve() // more of the same turn go along
    const { clock } = this.#cluster
    while (this.#toAdd.size > 0 && this.#abortable === null && this.failure === null) {
      const names = [...this.#toAdd.keys()]
      const queues = [...this.#toAdd.values()]
      try {
        const deadline = new Deadline(clock, 'AddPartitionsToTxn', ADD_TIMEOUT_MS)
        this.#isStarted = true
        await this.#add(queues, deadline)
        for (const name of names) {
          this.#added.add(name)
          this.#toAdd.delete(name)
        }
      } catch (error) {
        this.onGivenUp(KafkaError.of(error, 'USER_CODE_FAILED', 'AddPartitionsToTxn'))
      }
    }
    this.#isAdding = false
    this.#onChange()
  }

  #add(queues: readonly PartitionQueue[], deadline: Deadline): Promise<unknown> {
    const topics = new Map<string, number[]>()
    for (const { topic, partition } of queues) {
      topics.set(topic, [...(topics.get(topic) ?? []), partition])
    }
    const { producerId, producerEpoch } = this.current!
    const body = {
      transactions: [],
      v3AndBelowTransactionalId: this.transactionalId,
      v3AndBelowProducerId: producerId,
      v3AndBelowProducerEpoch: producerEpoch,
      v3AndBelowTopics: [...topics].map(([name, partitions]) => ({ name, partitions })),
    }
    return this.#ask(deadline, 'AddPartitionsToTxn', async (coordinator) => {
      const options = { deadline, maxVersion: NEWEST_ADD_PARTITIONS }
      const { body: answer } = await this.#cluster.request(
        coordinator,
        ADD_PARTITIONS,
        body,
        options,
      )
      const codes = answer.resultsByTopicV3AndBelow
        .flatMap(({ resultsByPartition }) => resultsByPartition)
        .map(({ partitionErrorCode }) => partitionErrorCode)
        // All others say that the whole was not attempted because of the one that is told.
        .filter((code) => code !== 0 && code !== ErrorCode.OPERATION_NOT_ATTEMPTED)
      return { errorCode: codes[0] ?? ErrorCode.NONE, answer }
    })
  }

  /**
   * Asks the coordinator until it answers without an error that passes; throws the others, and
   * notes those that end everything.
   */
  async #ask<T>(
    deadline: Deadline,
    api: string,
    attempt: (coordinator: number) => Promise<{ readonly errorCode: number; readonly answer: T }>,
  ): Promise<T> {
    try {
      return await retrying(this.#cluster, deadline, async () => {
        const { transactionalId } = this
        const coordinator = await this.#cluster.coordinator(
          'transaction',
          transactionalId,
          deadline,
        )
        const { errorCode, answer } = await attempt(coordinator).catch((error: KafkaError) => {
          if (error.retriable) this.#cluster.forgetCoordinator('transaction', transactionalId)
          throw error
        })
        if (errorCode === ErrorCode.NONE) return answer
        if (COORDINATOR_MOVED.has(errorCode)) {
          this.#cluster.forgetCoordinator('transaction', transactionalId)
        }
        // Fenced by the name that brokers gave it before KIP-588.
        const isFenced = errorCode === ErrorCode.INVALID_PRODUCER_EPOCH
        throw KafkaError.ofCode(isFenced ? ErrorCode.PRODUCER_FENCED : errorCode, null, { api })
      })
    } catch (error) {
      if (error instanceof KafkaError && FATAL.has(error.code)) this.failure ??= error
      throw error
    }
  }

  close(): void {
    this.failure ??= new KafkaError('CLOSED', 'the producer was closed')
  }
}
