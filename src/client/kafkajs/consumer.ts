/**
 * kafkajs's consumer: `subscribe`, `run`, and what can be done while it runs. What runs is a
 * `ConsumerRun`; it is made anew after a crash.
 *
 * Invariant: `stop` and `disconnect` leave nothing running, also when a restart was under way.
 */
import { Deadline } from '../call.ts'
import type { SeekTarget } from '../consumer/assigned-partition.ts'
import type { Assignor } from '../consumer/assignors/assignor.ts'
import type { ConsumerOptions } from '../consumer/options.ts'
import { Kafka as NativeKafka } from '../kafka.ts'
import { assignorsOf } from './assigners.ts'
import { type ClientConfig, refuseOther, refuseUnknown } from './config.ts'
import { ConsumerRun } from './consumer-run.ts'
import type {
  Consumer,
  ConsumerConfig,
  ConsumerRunConfig,
  ConsumerSubscribeTopic,
  ConsumerSubscribeTopics,
  GroupDescription,
  TopicPartitionOffset,
  TopicPartitionOffsetAndMetadata,
  TopicPartitions,
} from './consumer-types.ts'
import { describeGroup } from './describe-group.ts'
import { KafkaJSNonRetriableError, KafkaJSNumberOfRetriesExceeded } from './errors.ts'
import { consumerEvents, Emitter, type EventOf } from './events.ts'
import type { Logger } from './logger.ts'
import { anyOffsetOf, offsetOf } from './offset-text.ts'
import { PausedTopics, type TopicSelection } from './paused-topics.ts'
import type { RetryBudget } from './retry-budget.ts'
import { translating } from './translated.ts'

const KNOWN = [
  ...['groupId', 'partitionAssigners', 'metadataMaxAge', 'sessionTimeout', 'rebalanceTimeout'],
  ...['heartbeatInterval', 'maxBytesPerPartition', 'minBytes', 'maxBytes', 'maxWaitTimeInMs'],
  ...['retry', 'allowAutoTopicCreation', 'maxInFlightRequests', 'readUncommitted', 'rackId'],
]
const KNOWN_OF_RUN = [
  ...['autoCommit', 'autoCommitInterval', 'autoCommitThreshold', 'eachBatchAutoResolve'],
  ...['partitionsConsumedConcurrently', 'eachBatch', 'eachMessage'],
]
const NOT_RUNNING = 'Consumer group was not initialized, consumer#run must be called first'

export class KafkaJSConsumer implements Consumer {
  readonly events = consumerEvents
  readonly #config: ClientConfig
  readonly #options: ConsumerConfig
  readonly #budget: RetryBudget
  readonly #emitter: Emitter
  readonly #logger: Logger
  readonly #assignors: readonly Assignor[]
  readonly #fromBeginning = new Map<string, boolean>()
  readonly #paused = new PausedTopics()
  #kafka: NativeKafka | null = null
  #run: ConsumerRun | null = null
  #runConfig: ConsumerRunConfig | null = null
  #stopping: Promise<void> | null = null
  #cancelRestart: () => void = () => {}
  /** Counts up with every stop, so that what began before one notices. */
  #stops = 0
  /** This member has dealt out partitions since it was last asked. */
  #hasLed = false

  constructor(config: ClientConfig, options: ConsumerConfig) {
    refuseUnknown('consumer', options, KNOWN)
    if (!options.groupId) {
      throw new KafkaJSNonRetriableError('Consumer groupId must be a non-empty string.')
    }
    const why = 'topics are made where the broker makes them by itself'
    refuseOther('consumer: allowAutoTopicCreation', options.allowAutoTopicCreation, true, why)
    const { heartbeatInterval = 3000, sessionTimeout = 30_000 } = options
    if (heartbeatInterval >= sessionTimeout) {
      throw new KafkaJSNonRetriableError(
        `Consumer heartbeatInterval (${heartbeatInterval}) must be lower than sessionTimeout (${sessionTimeout})`,
      )
    }
    this.#config = config
    this.#options = options
    this.#budget = config.budget(options.retry)
    this.#logger = config.logger.namespace('Consumer')
    this.#emitter = new Emitter(config.io.clock, this.#logger, consumerEvents)
    this.#assignors = assignorsOf(options.partitionAssigners, () => {
      this.#hasLed = true
    })
  }

  readonly on = <Name extends string>(name: Name, listener: (event: EventOf<Name>) => void) => {
    return this.#emitter.on(name, listener)
  }

  readonly logger = (): Logger => this.#logger

  readonly connect = async (): Promise<void> => {
    const kafka = this.#client()
    try {
      const timeoutMs = this.#config.connectMs(this.#options.retry)
      await translating(() => kafka.admin().describeCluster({ timeoutMs }))
    } catch (error) {
      await this.#close({ timeoutMs: 0 })
      throw error
    }
    this.#emitter.emit('consumer.connect', null)
  }

  readonly disconnect = async (): Promise<void> => {
    await this.stop()
    await this.#close({})
    this.#emitter.emit('consumer.disconnect', null)
  }

  readonly stop = (): Promise<void> => {
    this.#stopping ??= this.#stop().finally(() => {
      this.#stopping = null
    })
    return this.#stopping
  }

  async #stop(): Promise<void> {
    this.#stops++
    this.#cancelRestart()
    this.#runConfig = null
    const run = this.#run
    if (run !== null) {
      await run.stop()
      this.#run = null
      this.#emitter.emit('consumer.stop', null)
    }
    this.#logger.info('Stopped', { groupId: this.#options.groupId })
  }

  readonly subscribe = async (
    subscription: ConsumerSubscribeTopics | ConsumerSubscribeTopic,
  ): Promise<void> => {
    const {
      topic,
      topics,
      fromBeginning = false,
    } = subscription as Partial<ConsumerSubscribeTopics & ConsumerSubscribeTopic>
    if (this.#runConfig !== null) {
      throw new KafkaJSNonRetriableError('Cannot subscribe to topic while consumer is running')
    }
    if (!topic && !topics) throw new KafkaJSNonRetriableError('Missing required argument "topics"')
    if (topics !== undefined && topics !== null && !Array.isArray(topics)) {
      throw new KafkaJSNonRetriableError('Argument "topics" must be an array')
    }
    const wanted = topics ?? [topic as string | RegExp]
    for (const one of wanted) {
      if (typeof one === 'string' || one instanceof RegExp) continue
      throw new KafkaJSNonRetriableError(
        `Invalid topic ${one} (${typeof one}), the topic name has to be a String or a RegExp`,
      )
    }
    const names = wanted.filter((one) => typeof one === 'string')
    const patterns = wanted.filter((one) => one instanceof RegExp)
    const known = patterns.length === 0 ? [] : await this.#topicNames()
    const matching = known.filter((name) => patterns.some((pattern) => pattern.test(name)))
    const { cluster } = this.#client()
    for (const name of [...names, ...matching]) {
      this.#fromBeginning.set(name, fromBeginning)
      await translating(() => cluster.metadata.ensure(name, this.#deadline('subscribe'), true))
    }
  }

  async #topicNames(): Promise<string[]> {
    const options = { listInternal: true, timeoutMs: this.#timeoutMs() }
    const topics = await translating(() => this.#client().admin().listTopics(options))
    return topics.map(({ name }) => name)
  }

  readonly run = async (config: ConsumerRunConfig = {}): Promise<void> => {
    const { groupId } = this.#options
    if (this.#runConfig !== null) {
      this.#logger.warn('consumer#run was called, but the consumer is already running', { groupId })
      return
    }
    refuseUnknown('run', config, KNOWN_OF_RUN)
    if (!config.eachMessage && !config.eachBatch) {
      throw new KafkaJSNonRetriableError('run needs eachMessage or eachBatch')
    }
    if (this.#fromBeginning.size === 0) {
      throw new KafkaJSNonRetriableError('nothing is subscribed to, or no topic matches')
    }
    this.#runConfig = config
    await this.#start(config)
  }

  async #start(config: ConsumerRunConfig): Promise<void> {
    const { groupId } = this.#options
    this.#logger.info('Starting', { groupId })
    const { cluster } = this.#client()
    this.#hasLed = false
    const run = new ConsumerRun({
      cluster,
      group: this.#groupOptions(),
      options: this.#nativeOptions(),
      fromBeginning: this.#fromBeginning,
      config,
      budget: this.#budget,
      emitter: this.#emitter,
      logger: this.#logger.namespace('Runner'),
      paused: this.#paused,
      wasLeader: () => {
        const hasLed = this.#hasLed
        this.#hasLed = false
        return hasLed
      },
      onCrash: (error) => void this.#onCrash(error, config),
      onClosed: () => {},
    })
    this.#run = run
    await run.start()
  }

  async #onCrash(error: Error, config: ConsumerRunConfig): Promise<void> {
    const { groupId, retry } = this.#options
    // Whoever stops it hears of the rest.
    if (this.#stopping !== null || this.#runConfig !== config) return
    this.#logger.error(`Crash: ${error.name}: ${error.message}`, { groupId, stack: error.stack })
    await this.disconnect()
    const stops = this.#stops
    const isPassing =
      error instanceof KafkaJSNumberOfRetriesExceeded || originOf(error).retriable === true
    const mayRestart = isPassing && (await this.#mayRestart(error, retry?.restartOnFailure))
    const restart = mayRestart && this.#stops === stops
    if (restart) this.#restart(error, config)
    this.#emitter.emit('consumer.crash', { error, groupId, restart })
  }

  async #mayRestart(
    error: Error,
    restartOnFailure: ((error: Error) => Promise<boolean>) | undefined,
  ): Promise<boolean> {
    if (restartOnFailure === undefined) return true
    try {
      return await restartOnFailure(error)
    } catch {
      this.#logger.error('restartOnFailure failed itself: the consumer is started again')
      return true
    }
  }

  #restart(error: Error, config: ConsumerRunConfig): void {
    const retryMs = (error as { retryTime?: number }).retryTime ?? this.#budget.firstPauseMs
    this.#logger.error(`Restarting the consumer in ${retryMs}ms`)
    this.#runConfig = config
    this.#cancelRestart = this.#config.io.clock.after(retryMs, () => {
      this.#start(config).catch((failure: unknown) => {
        this.#logger.error(`the consumer could not be started again: ${String(failure)}`)
      })
    })
  }

  readonly commitOffsets = async (
    topicPartitions: TopicPartitionOffsetAndMetadata[] = [],
  ): Promise<void> => {
    const offsets = topicPartitions.map(({ topic, partition, offset, metadata = null }) => {
      checkPartition(topic, partition)
      if (metadata !== null && typeof metadata !== 'string') {
        throw new KafkaJSNonRetriableError(
          `Invalid offset metadata, expected string or null, received ${metadata}`,
        )
      }
      return { topic, partition, offset: offsetOf(offset), metadata: metadata ?? '' }
    })
    await this.#running().commitOffsets(offsets)
  }

  readonly seek = ({ topic, partition, offset }: TopicPartitionOffset): void => {
    checkPartition(topic, partition)
    const asked = anyOffsetOf(offset)
    const to: SeekTarget = asked === -1 ? 'end' : asked === -2 ? 'beginning' : offsetOf(offset)
    this.#running().seek(topic, partition, to)
  }

  readonly describeGroup = (): Promise<GroupDescription> => {
    const { cluster } = this.#client()
    const { groupId } = this.#options
    return translating(() => describeGroup(cluster, groupId, this.#deadline('describeGroup')))
  }

  readonly pause = (topics: TopicSelection[] = []): void => {
    checkSelections('pause', topics)
    const run = this.#running()
    this.#paused.pause(topics)
    run.applyPauses(topics)
  }

  readonly resume = (topics: TopicSelection[] = []): void => {
    checkSelections('resume', topics)
    const run = this.#running()
    this.#paused.resume(topics)
    run.applyPauses(topics)
  }

  readonly paused = (): TopicPartitions[] => this.#run?.pausedPartitions() ?? []

  #running(): ConsumerRun {
    if (this.#run === null) throw new KafkaJSNonRetriableError(NOT_RUNNING)
    return this.#run
  }

  #client(): NativeKafka {
    const { retry, metadataMaxAge, maxInFlightRequests } = this.#options
    const part = { retry, metadataMaxAge, maxInFlightRequests }
    this.#kafka ??= new NativeKafka(this.#config.nativeOptions(part))
    return this.#kafka
  }

  async #close(options: { readonly timeoutMs?: number }): Promise<void> {
    const kafka = this.#kafka
    this.#kafka = null
    await kafka?.close(options)
  }

  #groupOptions() {
    const { groupId, sessionTimeout, heartbeatInterval, rebalanceTimeout, rackId } = this.#options
    return {
      groupId,
      instanceId: null,
      sessionTimeoutMs: sessionTimeout ?? 30_000,
      heartbeatIntervalMs: heartbeatInterval ?? 3000,
      rebalanceTimeoutMs: rebalanceTimeout ?? 60_000,
      assignors: this.#assignors,
      serverAssignor: null,
      rack: rackId || null,
      protocol: 'classic',
    } as const
  }

  #nativeOptions(): ConsumerOptions {
    const { groupId, maxBytesPerPartition, minBytes, maxBytes } = this.#options
    const { maxWaitTimeInMs, readUncommitted = false, rackId } = this.#options
    const isFromBeginning = [...this.#fromBeginning.values()].some((each) => each)
    return {
      groupId,
      topics: [...this.#fromBeginning.keys()],
      autoCommit: false,
      autoOffsetReset: isFromBeginning ? 'earliest' : 'latest',
      isolation: readUncommitted ? 'read_uncommitted' : 'read_committed',
      partitionFetchBytes: maxBytesPerPartition,
      fetchBytes: maxBytes ?? 10_485_760,
      fetchMinBytes: minBytes,
      // Not kafkajs's 5 s where it is left out: a seek waits for the fetch that is on its way.
      fetchMaxWaitMs: maxWaitTimeInMs,
      rack: rackId || undefined,
      stalledAfterMs: 0,
    }
  }

  #timeoutMs(): number {
    return this.#budget.callMs(this.#config.requestTimeoutMs)
  }

  #deadline(what: string): Deadline {
    return new Deadline(this.#config.io.clock, what, this.#timeoutMs())
  }
}

/** The innermost cause. */
function originOf(error: Error): { readonly retriable?: boolean } {
  let origin = error
  while (origin.cause instanceof Error) origin = origin.cause
  return origin as { retriable?: boolean }
}

function checkPartition(topic: unknown, partition: unknown): void {
  if (!topic) throw new KafkaJSNonRetriableError(`Invalid topic ${topic}`)
  if (Number.isSafeInteger(partition)) return
  throw new KafkaJSNonRetriableError(`Invalid partition, expected a number received ${partition}`)
}

function checkSelections(what: string, topics: readonly TopicSelection[]): void {
  for (const one of topics) {
    if (!one?.topic) throw new KafkaJSNonRetriableError(`Invalid topic ${one?.topic ?? one}`)
    const { partitions } = one
    if (partitions === undefined) continue
    if (Array.isArray(partitions) && partitions.every((each) => Number.isSafeInteger(each)))
      continue
    throw new KafkaJSNonRetriableError(
      `Array of valid partitions required to ${what} specific partitions instead of ${partitions}`,
    )
  }
}
