/**
 * What goes over the connections of a client, all in all and by broker. Producers, consumers and
 * admins of one `Kafka` share its connections, so the same numbers stand in the group of each.
 */
import type { Clock } from '../../io/io.ts'
import { diagnosticChannels } from '../diagnostics.ts'
import type { KafkaError } from '../kafka-error.ts'
import { type ClientMetric, collect, type MetricFamily, Rows } from './metric-family.ts'
import { Sensor } from './sensor.ts'

/** Whose group it is. */
export type ClientKind = 'producer' | 'consumer' | 'admin-client'

/** Brokers that are told apart; the first of more are forgotten. */
const NODES_MAX = 10_000

/** Requests and answers of one broker, or of all. */
export class TrafficSensors {
  /** By the bytes of each. */
  readonly requests = new Sensor()
  readonly responses = new Sensor()
  readonly latency = new Sensor()
}

export class NetworkSensors extends TrafficSensors {
  readonly created = new Sensor()
  readonly closed = new Sensor()
  readonly authenticated = new Sensor()
  readonly refused = new Sensor()
  readonly reauthenticated = new Sensor()
  readonly reauthenticationRefused = new Sensor()
  readonly nodes = new Map<number, TrafficSensors>()
  /** Called at each connection that was made. */
  onOpened: () => void = () => {}

  node(brokerId: number): TrafficSensors {
    let node = this.nodes.get(brokerId)
    if (node === undefined) {
      node = new TrafficSensors()
      if (this.nodes.size >= NODES_MAX) this.nodes.delete(this.nodes.keys().next().value!)
      this.nodes.set(brokerId, node)
    }
    return node
  }

  collect(
    kind: ClientKind,
    tags: Readonly<Record<string, string>>,
    nowMs: number,
    into: ClientMetric[],
  ): void {
    collect(networkFamily(kind), this, tags, nowMs, into)
    for (const [brokerId, node] of this.nodes) {
      collect(nodeFamily(kind), node, { ...tags, 'node-id': `node-${brokerId}` }, nowMs, into)
    }
  }
}

/** What a connection tells of its requests. */
export interface ConnectionObserver {
  sent(requestBytes: number, nowMs: number): void
  /** `error` is null where it was answered. */
  settled(
    request: {
      readonly api: string
      readonly version: number
      readonly requestBytes: number
      readonly durationMs: number
    },
    responseBytes: number,
    nowMs: number,
    error: KafkaError | null,
  ): void
}

/** Whose connections are observed. */
export interface ObservedLink {
  readonly brokerId: number
  readonly name: string
  readonly channel: string
}

/** Keeps count of what one link does, and tells those who listen. */
export class LinkObserver implements ConnectionObserver {
  readonly #network: NetworkSensors
  readonly #link: ObservedLink
  readonly #clock: Clock
  readonly #clientId: string

  constructor(network: NetworkSensors, link: ObservedLink, clock: Clock, clientId: string) {
    this.#network = network
    this.#link = link
    this.#clock = clock
    this.#clientId = clientId
  }

  opened(isAuthenticated: boolean): void {
    const nowMs = this.#clock.monotonicMs()
    this.#network.created.record(1, nowMs)
    if (isAuthenticated) this.#network.authenticated.record(1, nowMs)
    this.#tell('opened', null)
    this.#network.onOpened()
  }

  failed(error: KafkaError): void {
    if (error.code === 'AUTHENTICATION_FAILED') {
      this.#network.refused.record(1, this.#clock.monotonicMs())
    }
    this.#tell('failed', error)
  }

  closed(error: KafkaError | null): void {
    this.#network.closed.record(1, this.#clock.monotonicMs())
    this.#tell('closed', error)
  }

  reauthenticated(tookMs: number): void {
    this.#network.reauthenticated.record(tookMs, this.#clock.monotonicMs())
  }

  reauthenticationFailed(): void {
    this.#network.reauthenticationRefused.record(1, this.#clock.monotonicMs())
  }

  sent(requestBytes: number, nowMs: number): void {
    this.#network.requests.record(requestBytes, nowMs)
    this.#network.node(this.#link.brokerId).requests.record(requestBytes, nowMs)
  }

  settled(
    request: Parameters<ConnectionObserver['settled']>[0],
    responseBytes: number,
    nowMs: number,
    error: KafkaError | null,
  ): void {
    const { name: broker, brokerId, channel } = this.#link
    if (error === null) {
      for (const sensors of [this.#network, this.#network.node(brokerId)]) {
        sensors.responses.record(responseBytes, nowMs)
        sensors.latency.record(request.durationMs, nowMs)
      }
    }
    if (!diagnosticChannels.request.hasSubscribers) return
    const { api, version, requestBytes, durationMs } = request
    diagnosticChannels.request.publish({
      clientId: this.#clientId,
      ...{ brokerId, broker, channel, api, version },
      ...{ durationMs, requestBytes, responseBytes, error },
    })
  }

  #tell(event: 'opened' | 'failed' | 'closed', error: KafkaError | null): void {
    if (!diagnosticChannels.connection.hasSubscribers) return
    const { name: broker, brokerId, channel } = this.#link
    const clientId = this.#clientId
    diagnosticChannels.connection.publish({ clientId, brokerId, broker, channel, event, error })
  }
}

const network = new Rows<NetworkSensors>()
const traffic = new Rows<TrafficSensors>()

/** Connections and what goes over them. */
export function networkFamily(kind: ClientKind): MetricFamily<NetworkSensors> {
  return {
    group: `${kind}-metrics`,
    tags: ['client-id'],
    metrics: [
      network.gauge(
        'connection-count',
        'Open connections',
        ({ created, closed }) => created.count - closed.count,
      ),
      ...network.frequency('connection-creation', 'Connections made', ({ created }) => created),
      ...network.frequency(
        'connection-close',
        'Connections that have ended',
        ({ closed }) => closed,
      ),
      ...network.frequency(
        'successful-authentication',
        'Connections that SASL let in',
        ({ authenticated }) => authenticated,
      ),
      ...network.frequency(
        'failed-authentication',
        'Connections that SASL or TLS did not let in',
        ({ refused }) => refused,
      ),
      ...network.frequency(
        'successful-reauthentication',
        'Sessions renewed in time',
        ({ reauthenticated }) => reauthenticated,
      ),
      ...network.frequency(
        'failed-reauthentication',
        'Sessions that were not renewed',
        ({ reauthenticationRefused }) => reauthenticationRefused,
      ),
      ...network.spread(
        'reauthentication-latency',
        'Milliseconds that renewing a session took',
        ({ reauthenticated }) => reauthenticated,
      ),
      network.gauge(
        'network-io-rate',
        'Requests and answers, per second',
        ({ requests, responses }, nowMs) => requests.frequency(nowMs) + responses.frequency(nowMs),
      ),
      network.counter(
        'network-io-total',
        'Requests and answers, since the start',
        ({ requests, responses }) => requests.count + responses.count,
      ),
      ...trafficMetrics,
    ],
  }
}

const trafficMetrics = [
  ...traffic.meter('outgoing-byte', 'Bytes of requests', ({ requests }) => requests),
  ...traffic.frequency('request', 'Requests sent', ({ requests }) => requests),
  ...traffic.spread('request-size', 'Bytes of a request', ({ requests }) => requests),
  ...traffic.meter('incoming-byte', 'Bytes of answers', ({ responses }) => responses),
  ...traffic.frequency('response', 'Answers received', ({ responses }) => responses),
]

/** The same by broker, with latencies. */
export function nodeFamily(kind: ClientKind): MetricFamily<TrafficSensors> {
  return {
    group: `${kind}-node-metrics`,
    tags: ['client-id', 'node-id'],
    metrics: [
      ...trafficMetrics,
      ...traffic.spread(
        'request-latency',
        'Milliseconds from a request to its answer, long polls included',
        ({ latency }) => latency,
      ),
    ],
  }
}
