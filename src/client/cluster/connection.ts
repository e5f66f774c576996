/**
 * One open connection to a broker: requests go out one after another, and answers come back in the
 * same order, each with the correlation id of its request.
 *
 * Invariant: each request that was taken is settled once: by its answer, or by what ended the
 * connection. The connection ends at the first thing that is not as it must be, since what follows
 * can't be told apart: an answer that nobody asked for or out of order, one that can't be read, one
 * that is larger than allowed, one that does not come in time.
 */
import { ByteReader } from '../../base/bytes.ts'
import type { Clock, Connection } from '../../io/io.ts'
import { decode } from '../../protocol/codec.ts'
import { apiName, type Infer, type Input, type Message } from '../../protocol/schema.ts'
import { FrameReader } from '../../rpc/frame-reader.ts'
import { decodeResponseHeader, encodeRequest } from '../../rpc/header.ts'
import { type ClientErrorCode, KafkaError } from '../kafka-error.ts'
import type { ConnectionObserver } from '../metrics/network-metrics.ts'
import type { Call } from './cluster.ts'
import { foreignProtocol } from './foreign-protocol.ts'

/** How long a connection that is closed may take to get rid of what was written. */
const CLOSE_MAX_MS = 5000

const CORRELATION_ID_MAX = 0x7fffffff

/** The length that is before each frame. */
const FRAME_HEAD_BYTES = 4

export interface ConnectionOptions {
  readonly clock: Clock
  readonly clientId: string
  readonly maxResponseBytes: number
  /** What the broker is called in errors. */
  readonly broker: () => string
  /** Told of each request and what came of it. */
  readonly observer?: ConnectionObserver | undefined
}

export interface SendOptions {
  /** How long the answer may take before the connection ends. */
  readonly timeoutMs: number
  /** The broker may wait before it answers, and looks at nothing else of this connection. */
  readonly isLongPoll?: boolean | undefined
  /** Nothing comes back; it is settled with undefined when the bytes were handed over. */
  readonly isOneWay?: boolean | undefined
  /** Other than the version of the answer's layout: ApiVersions falls back by itself. */
  readonly decode?: (reader: ByteReader) => unknown
}

interface Pending {
  readonly correlationId: number
  readonly api: string
  readonly version: number
  readonly response: Message
  readonly timeoutMs: number
  readonly expiresMs: number
  readonly startMs: number
  readonly requestBytes: number
  readonly isLongPoll: boolean
  readonly decode: ((reader: ByteReader) => unknown) | undefined
  readonly resolve: (body: unknown) => void
  readonly reject: (error: KafkaError) => void
}

/** Why a connection ended: the code and the text of the error of everything that waited. */
export interface Ending {
  readonly code: ClientErrorCode
  readonly text: string
  readonly cause?: unknown
}

export class BrokerConnection {
  /** Called once, after everything that waited was rejected. */
  onEnd: (ending: Ending) => void = () => {}
  /** Called when there is room for another request. */
  onRoom: () => void = () => {}
  /** What it may mean, at the moment, when the broker ends the connection. */
  lossHint = ' before it answered anything; is it a TLS listener that is spoken to without TLS?'
  /** Answers that came, ApiVersions and SASL among them. */
  answers = 0
  readonly #connection: Connection
  readonly #options: ConnectionOptions
  readonly #frames: FrameReader
  readonly #pending: Pending[] = []
  /** Requests without an answer whose bytes are not handed over yet. */
  readonly #unsent = new Set<Pick<Pending, 'reject' | 'api' | 'version' | 'expiresMs'>>()
  #cancelUnsent: (() => void) | null = null
  #firstBytes: number[] | null = []
  #nextCorrelationId = 0
  #cancelTimer: (() => void) | null = null
  #timerMs = Infinity
  #ending: Ending | null = null
  #isClosed = false
  #onClosed: (() => void)[] = []

  constructor(connection: Connection, options: ConnectionOptions) {
    this.#connection = connection
    this.#options = options
    this.#frames = new FrameReader(options.maxResponseBytes)
    connection.onData = (chunk) => this.#receive(chunk)
    connection.onClose = (reason) => {
      this.#isClosed = true
      this.#end({ code: 'NETWORK_ERROR', text: this.#lossText(reason) })
      for (const callback of this.#onClosed.splice(0)) callback()
    }
  }

  /** Requests that wait for their answer, or to be handed over. */
  get inFlight(): number {
    return this.#pending.length + this.#unsent.size
  }

  /** Why it ended; null while it has not. */
  get ending(): Ending | null {
    return this.#ending
  }

  /** Sends a request; throws where the body can't be encoded, and nothing was sent then. */
  send<Q extends Message, R extends Message>(
    call: Call<Q, R>,
    version: number,
    body: Input<Q>,
    options: SendOptions,
    resolve: (body: unknown) => void,
    reject: (error: KafkaError) => void,
  ): void {
    const api = apiName(call.request)
    if (this.#ending !== null) {
      reject(this.#error(this.#ending, api, version))
      return
    }
    const correlationId = this.#nextCorrelationId
    const { clientId } = this.#options
    const pieces = encodeRequest(call.request, version, correlationId, clientId, body)
    this.#nextCorrelationId = correlationId === CORRELATION_ID_MAX ? 0 : correlationId + 1
    const startMs = this.#options.clock.monotonicMs()
    let requestBytes = 0
    for (const { length } of pieces) requestBytes += length
    this.#options.observer?.sent(requestBytes, startMs)
    if (options.isOneWay) {
      const expiresMs = startMs + options.timeoutMs
      this.#sendOneWay(pieces, { reject, api, version, expiresMs }, resolve)
      return
    }
    const { timeoutMs, decode, isLongPoll = false } = options
    const { response } = call
    // A broker answers in order, so this answer can't be due before the one ahead of it.
    const ahead = this.#pending.at(-1)?.expiresMs ?? 0
    const expiresMs = Math.max(ahead, startMs + timeoutMs)
    const made = { correlationId, api, version, response, timeoutMs, expiresMs, decode }
    this.#pending.push({ ...made, isLongPoll, startMs, requestBytes, resolve, reject })
    this.#connection.write(pieces)
    this.#watch()
  }

  /** The same as a promise. */
  ask<Q extends Message, R extends Message>(
    call: Call<Q, R>,
    version: number,
    body: Input<Q>,
    options: SendOptions,
  ): Promise<Infer<R>> {
    return new Promise((resolve, reject) => {
      this.send(call, version, body, options, resolve as (body: unknown) => void, reject)
    })
  }

  /** Ends it for a reason of ours; what waits is rejected with it. */
  end(ending: Ending): void {
    this.#connection.destroy()
    this.#end(ending)
  }

  /**
   * Flushes what was written, then ends; resolves when it is closed, soon at the latest. Where a
   * broker waits with an answer it would see our end only after that: there it is cut at once.
   */
  close(ending: Ending): Promise<void> {
    if (this.#pending.some(({ isLongPoll }) => isLongPoll)) this.#connection.destroy()
    else this.#connection.end()
    this.#end(ending)
    if (this.#isClosed) return Promise.resolve()
    return new Promise((resolve) => {
      const cancel = this.#options.clock.after(CLOSE_MAX_MS, () => this.#connection.destroy())
      this.#onClosed.push(() => {
        cancel()
        resolve()
      })
    })
  }

  #sendOneWay(
    pieces: readonly Uint8Array[],
    // `onSent` never comes where the connection ends first; then this is what is told.
    lost: Pick<Pending, 'reject' | 'api' | 'version' | 'expiresMs'>,
    resolve: (body: unknown) => void,
  ): void {
    this.#unsent.add(lost)
    this.#watchUnsent()
    this.#connection.write(pieces, () => {
      if (!this.#unsent.delete(lost)) return
      resolve(undefined)
      this.onRoom()
    })
  }

  /** No answer will be missed of these: that nothing leaves any more is all there is to notice. */
  #watchUnsent(): void {
    const [oldest] = this.#unsent
    if (oldest === undefined || this.#cancelUnsent !== null) return
    const { clock } = this.#options
    this.#cancelUnsent = clock.after(Math.max(0, oldest.expiresMs - clock.monotonicMs()), () => {
      this.#cancelUnsent = null
      const [first] = this.#unsent
      if (first === undefined || first.expiresMs > clock.monotonicMs()) return this.#watchUnsent()
      this.end({ code: 'NETWORK_ERROR', text: `took no more of ${first.api} in time` })
    })
  }

  #receive(chunk: Uint8Array): void {
    if (this.#ending !== null) return
    if (this.#firstBytes !== null && !this.#looksRight(chunk)) return
    const before = this.#pending.length
    const error = this.#frames.push(chunk, (frame) => this.#answer(frame))
    if (error !== null) this.end({ code: 'CORRUPT_DATA', text: `sent ${error}` })
    else if (this.#pending.length < before && this.#ending === null) this.onRoom()
  }

  /** Looks at the first bytes: a listener of another protocol is told by them. */
  #looksRight(chunk: Uint8Array): boolean {
    const first = this.#firstBytes!
    for (let i = 0; i < chunk.length && first.length < 4; i++) first.push(chunk[i]!)
    const foreign = foreignProtocol(first)
    if (first.length === 4) this.#firstBytes = null
    if (foreign === null) return true
    this.end({ code: 'NETWORK_ERROR', text: foreign })
    return false
  }

  #answer(frame: Uint8Array): void {
    if (this.#ending !== null) return
    const pending = this.#pending[0]
    const reader = new ByteReader(frame)
    let body: unknown
    try {
      if (pending === undefined) throw new Error('an answer that nothing asked for')
      const { response, version } = pending
      const got = decodeResponseHeader(response.apiKey, version, reader)
      if (got !== pending.correlationId) {
        throw new Error(`answer ${got} where answer ${pending.correlationId} is due`)
      }
      body = pending.decode?.(reader) ?? decode(response, version, reader)
    } catch (error) {
      const text = `sent what can't be read: ${(error as Error).message}`
      this.end({ code: 'CORRUPT_DATA', text, cause: error })
      return
    }
    this.#pending.shift()
    this.answers++
    this.#tell(pending, frame.length + FRAME_HEAD_BYTES, null)
    pending.resolve(body)
  }

  /** One timer for the answer that is due next, looked at again when it fires. */
  #watch(): void {
    const [due] = this.#pending
    if (due === undefined || due.expiresMs >= this.#timerMs) return
    this.#cancelTimer?.()
    this.#timerMs = due.expiresMs
    const leftMs = Math.max(0, due.expiresMs - this.#options.clock.monotonicMs())
    this.#cancelTimer = this.#options.clock.after(leftMs, () => {
      this.#timerMs = Infinity
      const [first] = this.#pending
      if (first === undefined) return
      if (first.expiresMs > this.#options.clock.monotonicMs()) return this.#watch()
      const text = `did not answer ${first.api} in ${first.timeoutMs} ms`
      this.end({ code: 'NETWORK_ERROR', text })
    })
  }

  #lossText(reason: string): string {
    const ended = reason === '' ? 'ended the connection' : `lost the connection (${reason})`
    return `${ended}${this.lossHint}`
  }

  #end(ending: Ending): void {
    if (this.#ending !== null) return
    this.#ending = ending
    this.#cancelTimer?.()
    this.#cancelTimer = null
    this.#cancelUnsent?.()
    const pending = this.#pending.splice(0)
    const unsent = [...this.#unsent]
    this.#unsent.clear()
    for (const each of pending) {
      const error = this.#error(ending, each.api, each.version)
      this.#tell(each, 0, error)
      each.reject(error)
    }
    for (const { reject, api, version } of unsent) reject(this.#error(ending, api, version))
    this.onEnd(ending)
  }

  #tell(pending: Pending, responseBytes: number, error: KafkaError | null): void {
    const { observer, clock } = this.#options
    if (observer === undefined) return
    const { api, version, requestBytes, startMs } = pending
    const nowMs = clock.monotonicMs()
    const durationMs = nowMs - startMs
    observer.settled({ api, version, requestBytes, durationMs }, responseBytes, nowMs, error)
  }

  #error(ending: Ending, api: string, apiVersion: number): KafkaError {
    return endingError(ending, this.#options.broker(), { api, apiVersion })
  }
}

/** What a request is rejected with when its connection ends. */
export function endingError(
  { code, text, cause }: Ending,
  broker: string,
  where: { readonly api?: string; readonly apiVersion?: number } = {},
): KafkaError {
  const at = where.api === undefined ? '' : ` (${where.api} v${where.apiVersion})`
  return new KafkaError(code, `broker ${broker} ${text}${at}`, { ...where, broker, cause })
}
