/**
 * kafkajs's producer on the native one. Acks and compression are said with each `send` there and
 * with each producer here, so there is a native producer for each pair that was asked for.
 *
 * Invariant: between `connect` and `disconnect` it has one native client, whose end closes all.
 */
import { Kafka as NativeKafka } from '../kafka.ts'
import type { ProducerOptions } from '../producer/options.ts'
import type { Producer as NativeProducer } from '../producer/producer.ts'
import type { Transaction as NativeTransaction } from '../producer/transaction.ts'
import { type ClientConfig, refuseOther, refuseUnknown } from './config.ts'
import { type CompressionTypes, codecOf } from './constants.ts'
import { KafkaJSError, KafkaJSNonRetriableError } from './errors.ts'
import { Emitter, type EventOf, producerEvents } from './events.ts'
import type { Logger } from './logger.ts'
import { checkMessages, nativePartitioner, outgoing, resultsOf } from './outgoing.ts'
import { type ICustomPartitioner, Partitioners } from './partitioners.ts'
import type {
  Producer,
  ProducerBatch,
  ProducerConfig,
  ProducerRecord,
  RecordMetadata,
  TopicMessages,
  Transaction,
} from './producer-types.ts'
import type { RetryBudget } from './retry-budget.ts'
import { openTransaction } from './transaction.ts'
import { translated, translating } from './translated.ts'

const KNOWN = [
  ...['createPartitioner', 'retry', 'metadataMaxAge', 'allowAutoTopicCreation', 'idempotent'],
  ...['transactionalId', 'transactionTimeout', 'maxInFlightRequests'],
]
const MAX_IDEMPOTENT_IN_FLIGHT = 5

/** What sends: a native producer, or an open transaction of one. */
export type NativeSender = Pick<NativeProducer | NativeTransaction, 'sendMany'>

export class KafkaJSProducer implements Producer {
  readonly events = producerEvents
  readonly #config: ClientConfig
  readonly #options: ProducerConfig
  readonly #budget: RetryBudget
  readonly #emitter: Emitter
  readonly #logger: Logger
  readonly #createPartitioner: ICustomPartitioner
  readonly #natives = new Map<string, NativeProducer>()
  #kafka: NativeKafka | null = null
  #isDisconnecting = false
  #open: NativeTransaction | null = null

  constructor(config: ClientConfig, options: ProducerConfig) {
    refuseUnknown('producer', options, KNOWN)
    const why = 'topics are made where the broker makes them by itself'
    refuseOther('producer: allowAutoTopicCreation', options.allowAutoTopicCreation, true, why)
    this.#config = config
    this.#options = options
    const own = options.retry ?? (options.idempotent ? { retries: Infinity } : undefined)
    this.#budget = config.budget(own)
    if (options.idempotent && this.#budget.retries < 1) {
      throw new KafkaJSNonRetriableError(
        'Idempotent producer must allow retries to protect against transient errors',
      )
    }
    this.#logger = config.logger.namespace('Producer')
    this.#emitter = new Emitter(config.io.clock, this.#logger, producerEvents)
    this.#createPartitioner = options.createPartitioner ?? Partitioners.DefaultPartitioner
  }

  readonly on = <Name extends string>(name: Name, listener: (event: EventOf<Name>) => void) => {
    return this.#emitter.on(name, listener)
  }

  readonly isIdempotent = (): boolean => this.#options.idempotent ?? false

  readonly logger = (): Logger => this.#logger

  readonly connect = async (): Promise<void> => {
    const { retry, metadataMaxAge, maxInFlightRequests } = this.#options
    const part = { retry, metadataMaxAge, maxInFlightRequests }
    const kafka = this.#kafka ?? new NativeKafka(this.#config.nativeOptions(part))
    this.#kafka = kafka
    try {
      await kafka.admin().describeCluster({ timeoutMs: this.#config.connectMs(retry) })
    } catch (error) {
      if (this.#kafka === kafka) this.#kafka = null
      await kafka.close({ timeoutMs: 0 })
      throw translated(error)
    }
    this.#emitter.emit('producer.connect', null)
  }

  readonly disconnect = async (): Promise<void> => {
    const kafka = this.#kafka
    this.#isDisconnecting = true
    try {
      this.#kafka = null
      this.#natives.clear()
      this.#open = null
      await translating(async () => kafka?.close())
    } finally {
      this.#isDisconnecting = false
    }
    this.#emitter.emit('producer.disconnect', null)
  }

  readonly send = (record: ProducerRecord): Promise<RecordMetadata[]> => {
    const { topic, messages, ...rest } = record
    return this.sendBatch({ ...rest, topicMessages: [{ topic, messages }] })
  }

  readonly sendBatch = async (batch: ProducerBatch): Promise<RecordMetadata[]> => {
    const { acks = -1, compression, topicMessages = [] } = batch
    this.#checkBatch(batch, this.isIdempotent())
    const sender = this.#native(acks, compression, null)
    const results = await this.#sendAll(sender, topicMessages, batch.timeout)
    return acks === 0 ? [] : results
  }

  readonly transaction = async (): Promise<Transaction> => {
    const { transactionalId } = this.#options
    if (!transactionalId) {
      throw new KafkaJSNonRetriableError('Must provide transactional id for transactional producer')
    }
    if (this.#open?.isOpen) {
      throw new KafkaJSNonRetriableError(
        'There is already an ongoing transaction for this producer: commit or abort it first',
      )
    }
    const native = this.#native(-1, undefined, transactionalId)
    const call = { timeoutMs: this.#timeoutMs() }
    const open = await translating(() => native.begin(call))
    this.#open = open
    return openTransaction(open, call, async (batch) => {
      this.#checkBatch(batch, true)
      if (batch.compression) {
        const text = 'a transaction compresses as its producer does: compression can not be said'
        throw new KafkaJSNonRetriableError(text)
      }
      return this.#sendAll(open, batch.topicMessages ?? [], batch.timeout)
    })
  }

  #checkBatch({ acks = -1, topicMessages = [] }: ProducerBatch, needsAll: boolean): void {
    checkMessages(topicMessages)
    if (needsAll && acks !== -1) {
      throw new KafkaJSNonRetriableError(
        "Not requiring ack for all messages invalidates the idempotent producer's EoS guarantees",
      )
    }
  }

  /** The native producer for these acks and codec. */
  #native(
    acks: number,
    compression: CompressionTypes | undefined,
    transactionalId: string | null,
  ): NativeProducer {
    const codec = codecOf(compression)
    if (this.#isDisconnecting) {
      throw new KafkaJSNonRetriableError(
        "The producer is disconnecting; therefore, it can't safely accept messages anymore",
      )
    }
    const kafka = this.#kafka
    if (kafka === null) throw new KafkaJSError('The producer is disconnected')
    const key = `${acks} ${codec} ${transactionalId}`
    let native = this.#natives.get(key)
    if (native === undefined) {
      native = kafka.producer({ ...this.#nativeOptions(acks, transactionalId), compression: codec })
      this.#natives.set(key, native)
    }
    return native
  }

  #nativeOptions(acks: number, transactionalId: string | null): ProducerOptions {
    if (acks !== -1 && acks !== 0 && acks !== 1) {
      throw new KafkaJSNonRetriableError(`acks: ${acks} is none of -1, 0 and 1`)
    }
    const { idempotent = false, maxInFlightRequests, transactionTimeout } = this.#options
    const isIdempotent = idempotent || transactionalId !== null
    const maxInFlight = maxInFlightRequests ?? MAX_IDEMPOTENT_IN_FLIGHT
    return {
      acks: acks === -1 ? 'all' : acks,
      idempotent: isIdempotent,
      transactionalId: transactionalId ?? undefined,
      transactionTimeoutMs: transactionTimeout,
      maxInFlight: isIdempotent ? Math.min(maxInFlight, MAX_IDEMPOTENT_IN_FLIGHT) : maxInFlight,
      maxRequestBytes: MAX_REQUEST_BYTES,
      deliveryTimeoutMs: this.#timeoutMs(),
      maxBlockMs: this.#timeoutMs(),
      partitioner: nativePartitioner(this.#createPartitioner),
    }
  }

  async #sendAll(
    sender: NativeSender,
    topicMessages: readonly TopicMessages[],
    timeout: number | undefined,
  ): Promise<RecordMetadata[]> {
    const nowMs = this.#config.io.clock.nowMs()
    const byTopic = new Map<string, ReturnType<typeof outgoing>[]>()
    for (const { topic, messages } of topicMessages) {
      const records = messages.map((message) => outgoing(message, nowMs))
      byTopic.set(topic, [...(byTopic.get(topic) ?? []), ...records])
    }
    const call = timeout === undefined ? undefined : { timeoutMs: this.#timeoutMs(timeout) }
    return translating(async () => {
      const sending = [...byTopic].map(async ([topic, records]) => {
        return resultsOf(records, await sender.sendMany(topic, records, call))
      })
      await Promise.allSettled(sending)
      return (await Promise.all(sending)).flat()
    })
  }

  #timeoutMs(attemptMs: number = this.#config.requestTimeoutMs): number {
    return this.#budget.callMs(Math.max(attemptMs, this.#config.requestTimeoutMs))
  }
}

/** kafkajs sends what it is given, and the broker says what is too large. */
const MAX_REQUEST_BYTES = 100 * 1024 * 1024
