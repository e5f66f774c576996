/**
 * One of the two servers: connections to one of its listeners, and its answers in a form that can
 * be compared.
 *
 * Connection 0 is for requests that are answered at once. JoinGroup and SyncGroup may wait for
 * other members, so each has a connection of its own while it waits.
 */
import { ByteReader } from '../../src/base/bytes.ts'
import { decode } from '../../src/protocol/codec.ts'
import type { Message } from '../../src/protocol/schema.ts'
import { decodeResponseHeader, encodeRequest } from '../../src/rpc/header.ts'
import type { Server } from '../conformance/server.ts'
import { RawConnection } from '../conformance/wire.ts'
import { Normaliser } from './normaliser.ts'
import { bytesOf, isDrawnRecords } from './random-records.ts'
import type { DrawnRequest } from './random-request.ts'
import { isSymbol, SideSymbols } from './symbols.ts'

const CLIENT_ID = 'differ'
const ANSWER_MS = 4000
/** As long as any sequence. */
const WAITING_MS = 600_000
const NO_ANSWER = 'no answer'

/** What came back: an answer as comparable text, or the end of the connection. */
export type Outcome = string

export class Side {
  readonly #port: number
  readonly symbols = new SideSymbols()
  readonly #normaliser: Normaliser
  #main: RawConnection | null = null
  readonly #others = new Set<RawConnection>()
  #correlationId = 0

  constructor(server: Server, port: number, sequence: string, epochMs: number) {
    this.#port = port
    this.#normaliser = new Normaliser(server, this.symbols, sequence, epochMs)
  }

  /** Sends a request on the connection of all that do not wait, and waits for what comes back. */
  async ask(drawn: DrawnRequest, response: Message): Promise<Outcome> {
    this.#main ??= await RawConnection.open(this.#port)
    const outcome = await this.#ask(this.#main, drawn, response)
    if (outcome === 'closed' || outcome === NO_ANSWER) this.#main = null
    return outcome
  }

  /** The same on a new connection, for what may be answered much later. */
  async askApart(drawn: DrawnRequest, response: Message): Promise<Outcome> {
    const connection = await RawConnection.open(this.#port)
    this.#others.add(connection)
    const outcome = await this.#ask(connection, drawn, response, WAITING_MS)
    connection.close()
    return outcome
  }

  /** Of a request that has no answer only the end of its connection shows. */
  async tell(drawn: DrawnRequest): Promise<Outcome> {
    const connection = await RawConnection.open(this.#port)
    this.#send(connection, drawn)
    const isClosed = await connection.isClosedSilently(300)
    connection.close()
    return isClosed ? 'closed' : 'open'
  }

  close(): void {
    this.#main?.close()
    for (const connection of this.#others) connection.close()
  }

  #send(connection: RawConnection, { message, version, body }: DrawnRequest): void {
    const resolved = this.#resolve(body) as never
    const id = this.#correlationId++
    connection.send(Buffer.concat(encodeRequest(message, version, id, CLIENT_ID, resolved)))
  }

  async #ask(
    connection: RawConnection,
    drawn: DrawnRequest,
    response: Message,
    timeoutMs = ANSWER_MS,
  ): Promise<Outcome> {
    this.#send(connection, drawn)
    const frame = await connection.receive(timeoutMs).catch(() => undefined)
    if (frame === undefined) return NO_ANSWER
    if (frame === null) return 'closed'
    const reader = new ByteReader(frame)
    decodeResponseHeader(drawn.message.apiKey, drawn.version, reader)
    const decoded = decode(response, drawn.version, reader)
    if (reader.remaining() > 0) return `${reader.remaining()} bytes too many`
    return this.#normaliser.textOf(response.name, decoded)
  }

  #resolve(value: unknown): unknown {
    if (isSymbol(value)) return this.symbols.valueOf(value.$)
    if (isDrawnRecords(value)) return bytesOf(value, this.symbols)
    if (value instanceof Uint8Array || typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map((each) => this.#resolve(each))
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [name, this.#resolve(each)]),
    )
  }
}
