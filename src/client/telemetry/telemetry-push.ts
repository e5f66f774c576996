/**
 * Pushes the client's metrics to its brokers, as those subscribe to them (KIP-714): asks for the
 * subscription once there is a connection, pushes at its interval, and once more when the client
 * is closed. Where no broker has a receiver of metrics, ApiVersions says so and nothing is sent.
 *
 * Invariant: one request at a time, and none before the broker's interval is over: the first push
 * comes after half of it to one and a half, so that clients started together do not push together.
 */
import { ZERO_UUID } from '../../base/uuid.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import {
  getTelemetrySubscriptionsRequest,
  getTelemetrySubscriptionsResponse,
} from '../../protocol/messages/71-get-telemetry-subscriptions.ts'
import {
  pushTelemetryRequest,
  pushTelemetryResponse,
} from '../../protocol/messages/72-push-telemetry.ts'
import type { Infer } from '../../protocol/schema.ts'
import {
  type CompressionType,
  compress,
  compressionId,
  compressionTypeOf,
} from '../../records/compression/compression.ts'
import { Deadline } from '../call.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { KafkaError } from '../kafka-error.ts'
import { SOFTWARE } from '../software.ts'
import { encodeMetricsData } from './otlp.ts'
import { DETAIL_LEVELS, type PartMetrics, TelemetryMetrics } from './telemetry-metrics.ts'

const GET = {
  request: getTelemetrySubscriptionsRequest,
  response: getTelemetrySubscriptionsResponse,
}
const PUSH = { request: pushTelemetryRequest, response: pushTelemetryResponse }

/** The pause where a broker does not tell one. */
const DEFAULT_INTERVAL_MS = 300_000
/** The longest that closing a client waits for its last push. */
const LAST_PUSH_MAX_MS = 2000
const JITTER_FROM = 0.5
const JITTER_STEPS = 1000

type Subscription = Infer<typeof getTelemetrySubscriptionsResponse>

/** What is to be done next, and not before when. */
type Step = { readonly next: 'subscribe' | 'push' | 'nothing'; readonly afterMs: number }

/** Never again: the brokers do not want it, or can't have it. */
const OVER: Step = { next: 'nothing', afterMs: 0 }

/** These pass; other errors are for good. */
const LATER: ReadonlySet<number> = new Set([
  ErrorCode.TELEMETRY_TOO_LARGE,
  ErrorCode.THROTTLING_QUOTA_EXCEEDED,
])
const AGAIN: ReadonlySet<number> = new Set([
  ErrorCode.UNKNOWN_SUBSCRIPTION_ID,
  ErrorCode.UNSUPPORTED_COMPRESSION_TYPE,
])

export class TelemetryPush {
  readonly #cluster: Cluster
  readonly #collect: () => PartMetrics[]
  readonly #metrics: TelemetryMetrics
  #state: 'idle' | 'running' | 'over' | 'closed' = 'idle'
  #subscription: Subscription | null = null
  /** The broker that knows this client; any while that is not known. */
  #brokerId = -1
  #isBusy = false
  #cancelTimer: (() => void) | null = null
  #waiters: (() => void)[] = []

  constructor(cluster: Cluster, collect: () => PartMetrics[]) {
    this.#cluster = cluster
    this.#collect = collect
    this.#metrics = new TelemetryMetrics(cluster.clock.nowMs())
  }

  /** There is a connection: the first call asks the broker what it wants. */
  start(): void {
    if (this.#state !== 'idle') return
    this.#state = 'running'
    void this.#step('subscribe')
  }

  /** The id by which brokers tell this client from others; waits until it has one. */
  async clientInstanceId(deadline: Deadline): Promise<string> {
    if (this.#subscription === null) {
      // Makes a connection where there is none.
      const { apiKey } = getTelemetrySubscriptionsRequest
      if ((await this.#cluster.versionsOf('any', apiKey, deadline)) !== null) this.start()
    }
    while (this.#subscription === null) {
      if (this.#state !== 'running') {
        const text = 'the brokers give no client instance id: they receive no metrics (KIP-714)'
        throw new KafkaError('UNSUPPORTED_BY_BROKER', text)
      }
      await deadline.race(new Promise<void>((resolve) => this.#waiters.push(resolve)))
    }
    return this.#subscription.clientInstanceId
  }

  /** Pushes for the last time, where it has pushed or would have, and ends. */
  async close(deadline: Deadline): Promise<void> {
    const isWanted = this.#state === 'running' && isPushed(this.#subscription)
    this.#state = 'closed'
    this.#cancelTimer?.()
    this.#wake()
    if (!isWanted) return
    const timeoutMs = Math.min(deadline.leftMs(), LAST_PUSH_MAX_MS)
    // What it failed with is of no use to a program that ends.
    await this.#push(this.#subscription!, timeoutMs, true).catch(() => {})
  }

  #after({ next, afterMs }: Step): void {
    this.#wake()
    if (this.#state !== 'running') return
    if (next === 'nothing') {
      this.#state = 'over'
      this.#wake()
      return
    }
    this.#cancelTimer = this.#cluster.clock.after(afterMs, () => void this.#step(next))
  }

  async #step(what: 'subscribe' | 'push'): Promise<void> {
    if (this.#isBusy) return
    this.#isBusy = true
    let step: Step
    try {
      step = what === 'subscribe' ? await this.#subscribe() : await this.#pushAndSee()
    } catch (error) {
      step = this.#failed(error)
    }
    this.#isBusy = false
    this.#after(step)
  }

  async #subscribe(): Promise<Step> {
    const { clock, requestTimeoutMs, random } = this.#cluster
    const deadline = new Deadline(clock, 'GetTelemetrySubscriptions', requestTimeoutMs)
    const known = await this.#cluster.versionsOf(this.#target, GET.request.apiKey, deadline)
    if (known === null) return OVER
    const clientInstanceId = this.#subscription?.clientInstanceId ?? ZERO_UUID
    const asked = await this.#cluster.request(this.#target, GET, { clientInstanceId }, { deadline })
    const { body: subscription, brokerId } = asked
    if (subscription.errorCode !== 0) return this.#refused(subscription.errorCode)
    if (subscription.clientInstanceId === ZERO_UUID) return OVER
    this.#brokerId = brokerId
    const before = this.#subscription
    if (before !== null && before.deltaTemporality !== subscription.deltaTemporality) {
      this.#metrics.reset()
    }
    this.#subscription = subscription
    const intervalMs = intervalOf(subscription)
    if (!isPushed(subscription)) return { next: 'subscribe', afterMs: intervalMs }
    const part = JITTER_FROM + random.int(JITTER_STEPS) / JITTER_STEPS
    return { next: 'push', afterMs: Math.round(intervalMs * part) }
  }

  async #pushAndSee(): Promise<Step> {
    const subscription = this.#subscription!
    const errorCode = await this.#push(subscription, this.#cluster.requestTimeoutMs, false)
    if (errorCode !== 0) return this.#refused(errorCode)
    return { next: 'push', afterMs: intervalOf(subscription) }
  }

  /** Resolves with the broker's error code. */
  async #push(
    subscription: Subscription,
    timeoutMs: number,
    terminating: boolean,
  ): Promise<number> {
    const { clientInstanceId, subscriptionId } = subscription
    const { metrics, compression } = this.#payload(subscription)
    const compressionType = compressionId(compression)
    const { clock } = this.#cluster
    const { body } = await this.#cluster.request(
      this.#target,
      PUSH,
      { clientInstanceId, subscriptionId, terminating, compressionType, metrics },
      { deadline: new Deadline(clock, 'PushTelemetry', timeoutMs) },
    )
    if (body.errorCode === 0) this.#metrics.confirm()
    return body.errorCode
  }

  /** As much as the broker takes: details are left out where all is too large. */
  #payload(subscription: Subscription): { metrics: Uint8Array; compression: CompressionType } {
    const { requestedMetrics, deltaTemporality: isDelta, telemetryMaxBytes } = subscription
    const { clientSoftwareName: name, clientSoftwareVersion: version } = SOFTWARE
    const nowMs = this.#cluster.clock.nowMs()
    const parts = this.#collect()
    const compression = compressionOf(subscription)
    let metrics = new Uint8Array(0)
    for (let level = 0; level < DETAIL_LEVELS; level++) {
      const selected = this.#metrics.select(parts, requestedMetrics, { isDelta, nowMs, level })
      metrics = new Uint8Array(
        compress(compression, encodeMetricsData(selected, { name, version })),
      )
      if (metrics.length <= telemetryMaxBytes) break
    }
    return { metrics, compression }
  }

  get #target(): number | 'any' {
    return this.#brokerId < 0 ? 'any' : this.#brokerId
  }

  #refused(errorCode: number): Step {
    const error = KafkaError.ofCode(errorCode, null, {})
    this.#cluster.logger.debug(`metrics are not pushed: ${error.message}`)
    if (AGAIN.has(errorCode)) return { next: 'subscribe', afterMs: 0 }
    if (!LATER.has(errorCode)) return OVER
    return { next: 'subscribe', afterMs: intervalOf(this.#subscription) }
  }

  #failed(error: unknown): Step {
    const { code, retriable, message } = KafkaError.of(error, 'INVALID_STATE', 'telemetry')
    this.#cluster.logger.debug(`metrics are not pushed: ${message}`)
    this.#brokerId = -1
    if (!retriable && code !== 'TIMED_OUT') return OVER
    return { next: 'subscribe', afterMs: DEFAULT_INTERVAL_MS }
  }

  #wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve()
  }
}

function isPushed(subscription: Subscription | null): boolean {
  return subscription !== null && subscription.requestedMetrics.length > 0
}

function intervalOf(subscription: Subscription | null): number {
  const intervalMs = subscription?.pushIntervalMs ?? 0
  return intervalMs > 0 ? intervalMs : DEFAULT_INTERVAL_MS
}

/** The one that the broker likes best and that we know. */
function compressionOf({ acceptedCompressionTypes }: Subscription): CompressionType {
  for (const id of acceptedCompressionTypes) {
    const type = compressionTypeOf(id)
    if (type !== null) return type
  }
  return 'none'
}
