/**
 * The way to one broker over one channel: a connection that is made when a request wants it, made
 * again with growing pauses when it fails (KIP-144, KIP-601), authenticated anew in time (KIP-368),
 * held back when the broker asks for that (KIP-219), and closed when nobody uses it.
 *
 * Invariant: requests leave in the order in which they came; no more than `maxInFlightRequests`
 * wait for their answer; a request is sent once at most. When the connection fails, everything that
 * was handed in before fails with it, in order: nothing overtakes what its caller may send again.
 */
import type { Random } from '../../io/io.ts'
import type { Message } from '../../protocol/schema.ts'
import { KafkaError } from '../kafka-error.ts'
import { LinkObserver, type NetworkSensors } from '../metrics/network-metrics.ts'
import { backoffMs } from '../retry.ts'
import { type Address, formatAddress } from './address.ts'
import type { ApiVersions } from './api-versions.ts'
import type { Call, Channel, RequestOptions } from './cluster.ts'
import { type BrokerConnection, type Ending, endingError } from './connection.ts'
import { type DialContext, dial, type OpenConnection, within } from './dial.ts'
import { authenticate } from './sasl/authenticate.ts'

/** Requests that may wait for a connection or for room on it. */
const QUEUED_REQUESTS_MAX = 10_000
/** When in the life of a session it is renewed: between these parts of it. */
const RENEW_FROM = 0.85
const RENEW_SPREAD = 0.1
/** A broker takes a second authentication one second after the first at the earliest. */
const RENEW_MIN_MS = 1100

export const CLOSED: Ending = { code: 'CLOSED', text: 'is left: the client was closed' }

interface Entry {
  readonly call: Call<Message, Message>
  readonly body: unknown
  readonly options: RequestOptions
  readonly resolve: (answer: LinkAnswer) => void
  readonly reject: (error: unknown) => void
  /** Nobody waits for it any more: it is not sent. */
  isAbandoned: boolean
}

export interface LinkAnswer {
  readonly body: unknown
  readonly version: number
  readonly brokerId: number
}

export interface LinkContext extends DialContext {
  readonly random: Random
  /** Where it counts what goes over its connections. */
  readonly network: NetworkSensors
  /** A connection failed, or could not be made. */
  readonly onFailure: (link: BrokerLink, error: KafkaError) => void
}

type State =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open'; readonly open: OpenConnection }
  | { readonly kind: 'closed' }

export class BrokerLink {
  readonly address: Address
  readonly channel: Channel
  /** -1 while it is not known which broker is at the address. */
  brokerId = -1
  readonly #context: LinkContext
  readonly #observer: LinkObserver
  /** Aborted by `close`. */
  readonly #closing = new AbortController()
  readonly #nameOf = () => this.name
  #state: State = { kind: 'idle' }
  /** Why it was closed, once it is. */
  #ending: Ending = CLOSED
  #versions: ApiVersions | null = null
  #queue: Entry[] = []
  #waiters: { resolve: () => void; reject: (error: KafkaError) => void }[] = []
  #failures = 0
  #nextAttemptMs = 0
  #throttledUntilMs = 0
  #renewAtMs = Infinity
  /** The session is being renewed: nothing else may be sent. */
  #isRenewing = false
  /** The broker has answered something besides what makes a connection. */
  #hasServed = false
  #lastUsedMs = 0
  #cancelIdle: () => void = () => {}
  #cancelPause: (() => void) | null = null

  constructor(context: LinkContext, address: Address, channel: Channel) {
    this.#context = context
    this.address = address
    this.channel = channel
    const { network, io, settings } = context
    this.#observer = new LinkObserver(network, this, io.clock, settings.clientId)
  }

  /** `1 (host:port)`, or `host:port`. */
  get name(): string {
    const address = formatAddress(this.address)
    return this.brokerId < 0 ? address : `${this.brokerId} (${address})`
  }

  get isOpen(): boolean {
    return this.#state.kind === 'open'
  }

  /** Failed lately, and waits before it tries again. */
  get isBackingOff(): boolean {
    return this.#state.kind !== 'open' && this.#nextAttemptMs > this.#nowMs()
  }

  /** Requests that are under way or wait. */
  get load(): number {
    const inFlight = this.#state.kind === 'open' ? this.#state.open.connection.inFlight : 0
    return inFlight + this.#queue.length
  }

  /** What the broker speaks, as of the newest connection; null before the first. */
  get versions(): ApiVersions | null {
    return this.#versions
  }

  /** Resolves when there is a connection; rejects when the attempt at it fails. */
  whenOpen(): Promise<void> {
    if (this.#state.kind === 'open') return Promise.resolve()
    if (this.#state.kind === 'closed') return Promise.reject(endingError(this.#ending, this.name))
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject })
      this.#connect()
    })
  }

  /** Sends one request when its turn comes. */
  request(
    call: Call<Message, Message>,
    body: unknown,
    options: RequestOptions,
  ): Promise<LinkAnswer> {
    let entry: Entry | undefined
    const answered = new Promise<LinkAnswer>((resolve, reject) => {
      entry = { call, body, options, resolve, reject, isAbandoned: false }
      this.#take(entry)
    })
    return options.deadline.race(answered, () => {
      entry!.isAbandoned = true
    })
  }

  /** Ends it for good; resolves when the connection is closed. */
  close(ending: Ending): Promise<void> {
    this.#ending = ending
    const state = this.#state
    this.#state = { kind: 'closed' }
    this.#cancelIdle()
    this.#endPause()
    this.#rejectWaiting(endingError(ending, this.name))
    this.#closing.abort(endingError(ending, this.name))
    if (state.kind !== 'open') return Promise.resolve()
    this.#observer.closed(null)
    return state.open.connection.close(ending)
  }

  #take(entry: Entry): void {
    if (this.#state.kind === 'closed') {
      entry.reject(endingError(this.#ending, this.name))
      return
    }
    if (this.#queue.length >= QUEUED_REQUESTS_MAX) {
      const text = `${QUEUED_REQUESTS_MAX} requests wait for broker ${this.name}`
      entry.reject(new KafkaError('QUEUE_FULL', text, { broker: this.name }))
      return
    }
    this.#queue.push(entry)
    if (this.#state.kind === 'open') this.#pump()
    else this.#connect()
  }

  #connect(): void {
    if (this.#state.kind !== 'idle') return
    this.#state = { kind: 'connecting' }
    const pauseMs = this.#nextAttemptMs - this.#nowMs()
    if (pauseMs <= 0) void this.#dial()
    else this.#pauseFor(pauseMs, () => void this.#dial())
  }

  async #dial(): Promise<void> {
    try {
      const { signal } = this.#closing
      const open = await dial(this.#context, this.address, this.#nameOf, signal, this.#observer)
      const { ending } = open.connection
      if (this.#state.kind === 'closed') void open.connection.close(this.#ending)
      else if (ending !== null) this.#failed(endingError(ending, this.name))
      else this.#opened(open)
    } catch (error) {
      if (this.#state.kind !== 'closed') this.#failed(error)
    }
  }

  #opened(open: OpenConnection): void {
    this.#context.settings.logger.debug('connected', this.#fields())
    this.#state = { kind: 'open', open }
    this.#versions = open.versions
    // A broker that wants SASL does not say so: it ends the connection at the first other request.
    const wantsSasl = this.#context.sasl === null && !this.#hasServed
    open.connection.lossHint = wantsSasl ? '; does the listener ask for SASL?' : ''
    this.#isRenewing = false
    this.#throttledUntilMs = 0
    this.#noteSession(open.sessionLifetimeMs)
    open.connection.onRoom = () => this.#pump()
    open.connection.onEnd = (ending) => this.#ended(ending)
    this.#lastUsedMs = this.#nowMs()
    this.#observer.opened(this.#context.sasl !== null)
    this.#watchIdle(this.#context.settings.connectionsMaxIdleMs)
    for (const { resolve } of this.#waiters.splice(0)) resolve()
    this.#pump()
  }

  /** A connection could not be made. */
  #failed(error: unknown): void {
    const failure = KafkaError.of(error, 'NETWORK_ERROR', `broker ${this.name}`, {
      broker: this.name,
    })
    this.#state = { kind: 'idle' }
    this.#backOff()
    this.#context.settings.logger.warn(failure.message, this.#fields())
    this.#observer.failed(failure)
    this.#rejectWaiting(failure)
    this.#context.onFailure(this, failure)
  }

  /** The open connection ended, for whatever reason but `close`. */
  #ended(ending: Ending): void {
    const state = this.#state
    if (state.kind !== 'open') return
    const wasOfUse = state.open.connection.answers > 0
    this.#leave()
    if (wasOfUse) this.#failures = 0
    this.#backOff()
    const error = endingError(ending, this.name)
    this.#observer.closed(error)
    this.#context.settings.logger.info(error.message, this.#fields())
    this.#rejectWaiting(error)
    this.#context.onFailure(this, error)
  }

  #leave(): void {
    this.#state = { kind: 'idle' }
    this.#cancelIdle()
    this.#endPause()
  }

  #backOff(): void {
    this.#failures++
    const { random, settings } = this.#context
    const pauseMs = backoffMs({ random, ...settings.reconnectBackoff }, this.#failures)
    this.#nextAttemptMs = this.#nowMs() + pauseMs
  }

  #rejectWaiting(error: KafkaError): void {
    for (const { reject } of this.#waiters.splice(0)) reject(error)
    for (const entry of this.#queue.splice(0)) entry.reject(error)
  }

  /** Sends what there is room for. */
  #pump(): void {
    const state = this.#state
    if (state.kind !== 'open' || this.#isRenewing || this.#queue.length === 0) return
    const { connection } = state.open
    const nowMs = this.#nowMs()
    if (nowMs < this.#throttledUntilMs) {
      this.#pauseFor(this.#throttledUntilMs - nowMs, () => this.#pump())
      return
    }
    if (nowMs >= this.#renewAtMs) {
      void this.#renew(state.open)
      return
    }
    const { maxInFlightRequests } = this.#context.settings
    while (this.#queue.length > 0 && connection.inFlight < maxInFlightRequests) {
      const entry = this.#queue.shift()!
      if (!entry.isAbandoned) this.#send(state.open, entry)
      if (this.#state !== state) return
    }
  }

  #send({ connection, versions }: OpenConnection, entry: Entry): void {
    const { call, options } = entry
    this.#lastUsedMs = this.#nowMs()
    try {
      const version = versions.choose(call.request, options, this.#nameOf)
      const body = typeof entry.body === 'function' ? entry.body(version) : entry.body
      const { isOneWay, brokerWaitMs = 0 } = options
      const timeoutMs = this.#context.settings.requestTimeoutMs + brokerWaitMs
      const answered = (answer: unknown) => {
        this.#noteAnswer(answer, connection)
        entry.resolve({ body: answer, version, brokerId: this.brokerId })
      }
      const sending = { timeoutMs, isOneWay, isLongPoll: brokerWaitMs > 0 }
      connection.send(call, version, body, sending, answered, entry.reject)
    } catch (error) {
      entry.reject(KafkaError.of(error, 'INVALID_ARGUMENT', call.request.name))
    }
  }

  /** Takes note of how long the broker wants to be left alone. */
  #noteAnswer(answer: unknown, connection: BrokerConnection): void {
    this.#hasServed = true
    this.#failures = 0
    connection.lossHint = ''
    const throttleMs = (answer as { readonly throttleTimeMs?: number } | undefined)?.throttleTimeMs
    if (throttleMs === undefined || throttleMs <= 0) return
    this.#throttledUntilMs = Math.max(this.#throttledUntilMs, this.#nowMs() + throttleMs)
  }

  #noteSession(lifetimeMs: number): void {
    if (lifetimeMs <= 0) {
      this.#renewAtMs = Infinity
      return
    }
    const part = RENEW_FROM + (RENEW_SPREAD * this.#context.random.int(1000)) / 1000
    this.#renewAtMs = this.#nowMs() + Math.max(RENEW_MIN_MS, lifetimeMs * part)
  }

  /** Authenticates again on the open connection, ahead of everything that waits. */
  async #renew({ connection, versions }: OpenConnection): Promise<void> {
    const { sasl, settings } = this.#context
    const { requestTimeoutMs: timeoutMs } = settings
    const startMs = this.#nowMs()
    this.#isRenewing = true
    try {
      const lifetimeMs = await within(this.#context, timeoutMs, this.#closing.signal, (signal) =>
        authenticate(connection, versions, sasl!(), { broker: this.name, timeoutMs, signal }),
      )
      this.#isRenewing = false
      this.#noteSession(lifetimeMs)
      this.#observer.reauthenticated(this.#nowMs() - startMs)
      settings.logger.debug('authenticated again', this.#fields())
      this.#pump()
    } catch (error) {
      const { code, message } = KafkaError.of(error, 'NETWORK_ERROR', 'authentication')
      const isRefused = code === 'AUTHENTICATION_FAILED'
      if (isRefused) this.#observer.reauthenticationFailed()
      const kind = isRefused ? 'AUTHENTICATION_FAILED' : 'NETWORK_ERROR'
      connection.end({
        code: kind,
        text: `did not authenticate us again: ${message}`,
        cause: error,
      })
    }
  }

  #watchIdle(afterMs: number): void {
    const { clock } = this.#context.io
    this.#cancelIdle = clock.after(afterMs, () => {
      const state = this.#state
      if (state.kind !== 'open') return
      const { connectionsMaxIdleMs } = this.#context.settings
      const idleMs = this.#nowMs() - this.#lastUsedMs
      const isIdle = state.open.connection.inFlight === 0 && this.#queue.length === 0
      if (isIdle && idleMs >= connectionsMaxIdleMs) {
        this.#leave()
        this.#observer.closed(null)
        void state.open.connection.close({ code: 'NETWORK_ERROR', text: 'was idle' })
      } else {
        this.#watchIdle(Math.max(1, isIdle ? connectionsMaxIdleMs - idleMs : connectionsMaxIdleMs))
      }
    })
  }

  /** Comes back later; one such wait at a time is enough. */
  #pauseFor(pauseMs: number, then: () => void): void {
    if (this.#cancelPause !== null) return
    this.#cancelPause = this.#context.io.clock.after(pauseMs, () => {
      this.#cancelPause = null
      then()
    })
  }

  #endPause(): void {
    this.#cancelPause?.()
    this.#cancelPause = null
  }

  #fields() {
    return { broker: this.name, channel: this.channel }
  }

  #nowMs(): number {
    return this.#context.io.clock.monotonicMs()
  }
}
