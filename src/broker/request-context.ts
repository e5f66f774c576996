/**
 * One request on its way through the broker, and the place where its answer is left.
 *
 * A handler calls `reply`, `noReply` or `disconnect` exactly once, at once or later. Answers leave
 * a connection in the order of its requests, whenever they were given (see connection.ts).
 */
import { assert } from '../base/assert.ts'
import type { Piece } from '../base/bytes.ts'
import { ProtocolError } from '../protocol/codec.ts'
import { encodeResponse } from '../rpc/header.ts'
import type { ClientConnection } from './connection.ts'
import type { ServedApi } from './served-api.ts'

/** Where a request came in. */
export interface ListenerEndpoint {
  /** The listener's name, e.g. `PLAINTEXT`. */
  readonly name: string
  readonly kind: 'broker' | 'controller'
  /** What Metadata answers: null means the address that the client dialled. */
  readonly advertisedHost: string | null
  readonly advertisedPort: number | null
}

export class RequestContext<Response = unknown> {
  readonly connection: ClientConnection
  readonly api: ServedApi
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string
  /** Set by the handler while the answer waits for other clients: see ClientConnection.next. */
  waiting = false
  /** True once the handler has answered. */
  done = false
  /** The framed answer; empty where there is none. */
  pieces: readonly Piece[] = []
  /** Called once the answer is sent and nothing refers to its bytes; never if it can't be sent. */
  onSent: readonly (() => void)[] = []
  sizeBytes = 0
  /** Those of them that are in memory; the others are in files. */
  memoryBytes = 0
  /** Called when the handler has answered, and needs the bytes of the request no more. */
  onAnswered: (() => void) | null = null

  constructor(
    connection: ClientConnection,
    api: ServedApi,
    apiVersion: number,
    correlationId: number,
    clientId: string,
  ) {
    this.connection = connection
    this.api = api
    this.apiVersion = apiVersion
    this.correlationId = correlationId
    this.clientId = clientId
  }

  /** The name by which groups and logs know the client's address: Java's `/127.0.0.1`. */
  get clientHost(): string {
    return `/${this.connection.remoteHost}`
  }

  get listener(): ListenerEndpoint {
    return this.connection.listener
  }

  /** Host under which this client reaches the node. */
  get advertisedHost(): string {
    return this.connection.listener.advertisedHost ?? this.connection.localHost
  }

  /** Port under which this client reaches the node. */
  get advertisedPort(): number {
    return this.connection.listener.advertisedPort ?? this.connection.localPort
  }

  /** Encodes the answer now, so that views into the frame may be let go. */
  reply(response: Response): void {
    this.#finish()
    if (this.connection.closed) return
    try {
      this.pieces = encodeResponse(
        this.api.response,
        this.apiVersion,
        this.correlationId,
        response as never,
      )
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      const name = `${this.api.name} version ${this.apiVersion}`
      this.connection.close(`the answer to ${name} could not be written: ${error.message}`, 'error')
      return
    }
    for (const piece of this.pieces) {
      this.sizeBytes += piece.length
      if (piece instanceof Uint8Array) this.memoryBytes += piece.length
    }
    this.connection.answered(this)
  }

  /** Produce with acks=0 has no answer. */
  noReply(): void {
    this.#finish()
    this.connection.answered(this)
  }

  /** Ends the connection: where the protocol has no way to tell what was wrong. */
  disconnect(reason: string): void {
    this.#finish()
    this.connection.close(reason)
  }

  #finish(): void {
    assert(!this.done, `${this.api.name} answered twice`)
    this.done = true
    this.onAnswered?.()
    this.waiting = false
  }
}
