/**
 * The client of a cluster: one `Kafka` for a program, whose producers, consumers and admins share
 * its connections.
 *
 *     await using kafka = new Kafka({ brokers: 'localhost:9092' })
 *
 * Invariant: `close` settles within its deadline, whatever the brokers do, and leaves no connection
 * and no timer.
 */
import { nodeIo } from '../io/node.ts'
import { Admin, type AdminOptions } from './admin/admin.ts'
import { type CallOptions, Deadline } from './call.ts'
import type { Cluster } from './cluster/cluster.ts'
import { LiveCluster } from './cluster/live-cluster.ts'
import type { Consumer } from './consumer/consumer.ts'
import { FetchChannels } from './consumer/fetch-channels.ts'
import { openConsumer } from './consumer/open-consumer.ts'
import type { ConsumerOptions } from './consumer/options.ts'
import { KafkaError } from './kafka-error.ts'
import type { ClientMetric } from './metrics/metric-family.ts'
import type { ClientHooks } from './observation.ts'
import { type KafkaOptions, settingsOf } from './options.ts'
import type { ProducerOptions } from './producer/options.ts'
import { Producer } from './producer/producer.ts'
import { TelemetryPush } from './telemetry/telemetry-push.ts'
import type { TopicLike } from './topic.ts'

const CLOSE_TIMEOUT_MS = 30_000

/** A part of the client that ends with it. */
export interface Part {
  close(options?: CallOptions): Promise<void>
}

/** A client of a cluster; its producers, consumers and admins share its connections. */
export class Kafka {
  readonly #cluster: LiveCluster
  readonly #parts = new Set<Part>()
  readonly #fetchChannels = new FetchChannels()
  /** Null where the program does not want its metrics to be pushed. */
  readonly #telemetry: TelemetryPush | null
  readonly #forgetSignal: () => void
  #closing: Promise<void> | null = null

  constructor(options: KafkaOptions) {
    const settings = settingsOf(options)
    const io = options.io ?? nodeIo()
    const fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init))
    this.#cluster = new LiveCluster({ io, settings, fetch })
    const { metrics } = this.#cluster.observation
    this.#telemetry = settings.metricsPush
      ? new TelemetryPush(this.#cluster, () => metrics.byPart())
      : null
    metrics.network.onOpened = () => this.#telemetry?.start()
    const { signal } = options
    const onAbort = () => void this.close({ timeoutMs: 0 })
    signal?.addEventListener('abort', onAbort, { once: true })
    this.#forgetSignal = () => signal?.removeEventListener('abort', onAbort)
    if (signal?.aborted) onAbort()
  }

  /** The administrator's client. It holds nothing that would have to be closed. */
  admin(options: AdminOptions = {}): Admin {
    return new Admin(this.#cluster, options)
  }

  /** A producer of its own buffer and its own producer id. */
  producer(options: ProducerOptions = {}): Producer {
    const producer: Producer = new Producer(this.#cluster, options, () => leave())
    const leave = this.adopt(producer)
    return producer
  }

  /** A consumer: of a group, of whole topics, or of partitions that are assigned to it. */
  consumer<const T extends TopicLike>(options: ConsumerOptions<T>): Consumer<T> {
    const sink = () => this.producer()
    const consumer = openConsumer(this.#cluster, this.#fetchChannels, options, sink, () => forget())
    const forget = this.adopt(consumer)
    return consumer
  }

  /** Java's metrics of the connections, the producers and the consumers, at this moment. */
  metrics(): ClientMetric[] {
    return this.#cluster.observation.metrics.all()
  }

  /**
   * The id by which brokers that receive metrics tell this client from others (KIP-714); rejects
   * with UNSUPPORTED_BY_BROKER where they receive none.
   */
  async clientInstanceId(options: CallOptions = {}): Promise<string> {
    if (this.#telemetry === null) {
      throw new KafkaError('INVALID_STATE', 'a client instance id needs the option metricsPush')
    }
    const { clock, requestTimeoutMs } = this.#cluster
    const deadline = new Deadline(clock, 'clientInstanceId', requestTimeoutMs, options)
    return this.#telemetry.clientInstanceId(deadline)
  }

  /**
   * Has a tracer follow records, as `millrace/otel` does; one at a time. Returns how to stop it.
   */
  observe(hooks: ClientHooks): () => void {
    const { observation } = this.#cluster
    if (observation.hooks !== null) {
      throw new KafkaError('INVALID_STATE', 'this client is observed already')
    }
    observation.hooks = hooks
    return () => {
      if (observation.hooks === hooks) observation.hooks = null
    }
  }

  /** @internal What the parts of the client send their requests through. */
  get cluster(): Cluster {
    return this.#cluster
  }

  /** @internal Has a part closed with the client; it calls the function when it closes itself. */
  adopt(part: Part): () => void {
    this.#parts.add(part)
    return () => this.#parts.delete(part)
  }

  /** Closes all parts, then the connections. */
  close(options: CallOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(options: CallOptions): Promise<void> {
    this.#forgetSignal()
    const deadline = new Deadline(this.#cluster.clock, 'close', CLOSE_TIMEOUT_MS, options)
    const timeoutMs = deadline.leftMs()
    const pushed = this.#telemetry?.close(deadline)
    const parts = [...this.#parts].map((part) => part.close({ ...options, timeoutMs }))
    await deadline.race(Promise.allSettled([...parts, pushed])).catch(() => {})
    await this.#cluster.close(deadline)
  }
}
