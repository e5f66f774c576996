/**
 * All client connections of a node: accepts them within their limits, ends the idle ones, turns
 * frames into requests, and writes what was answered at the end of a turn.
 *
 * Limits: `max.connections`, of all or of one listener, and `max.connections.per.ip`
 * (connection-quotas.ts), `connections.max.idle.ms`, `socket.request.max.bytes`.
 */
import { BoundsError } from '../base/bounds-error.ts'
import { ByteReader } from '../base/bytes.ts'
import type { Connection } from '../io/io.ts'
import { decode, ProtocolError } from '../protocol/codec.ts'
import { ErrorCode } from '../protocol/errors.ts'
import { FrameMemory } from '../rpc/frame-memory.ts'
import { decodeRequestHeader, peekRequest, type RequestHeader } from '../rpc/header.ts'
import type { Broker } from './broker.ts'
import { ClientConnection, type CloseCause, type ConnectionOwner } from './connection.ts'
import { ConnectionQuotas, WaitingConnection } from './connection-quotas.ts'
import { GATHER_MS } from './gathering.ts'
import { versionsOf } from './handlers/18-api-versions.ts'
import type { Loop } from './loop.ts'
import { RefusalLog } from './refusal-log.ts'
import { type ListenerEndpoint, RequestContext } from './request-context.ts'
import type { ServedApi } from './served-api.ts'

const API_VERSIONS_KEY = 18
/** Frames of one connection handled before the next connection has its turn. */
const FRAMES_PER_TURN_MAX = 256
/** Bytes of answers in memory that clients have not taken, of all; then fetches get little. */
const UNSENT_BYTES_MAX = 256 * 1024 * 1024
/** What a fetch may have even then, so that every client goes on. */
const FETCH_BYTES_MIN = 1024 * 1024
/** Memory of answered requests that is kept for the next ones. */
const FREE_FRAME_BYTES_MAX = 8 * 1024 * 1024
/** How often idle connections are looked for. */
const IDLE_CHECK_INTERVAL_MS = 1000

export class Connections implements ConnectionOwner {
  readonly #broker: Broker
  readonly #loop: Pick<Loop, 'wake' | 'wakeWithin'>
  readonly #refusals: RefusalLog
  readonly #all = new Set<ClientConnection>()
  readonly #quotas: Readonly<Record<ListenerEndpoint['kind'], ConnectionQuotas>>
  #ready = new Set<ClientConnection>()
  #writable: ClientConnection[] = []
  /** Connections whose clients had not taken all when they were last looked at. */
  readonly #unsent = new Set<ClientConnection>()
  #reservedBytes = 0
  readonly #frameMemory = new FrameMemory(FREE_FRAME_BYTES_MAX)
  #nextId = 0
  #idleCheckMs = 0

  constructor(broker: Broker, loop: Pick<Loop, 'wake' | 'wakeWithin'>) {
    this.#broker = broker
    this.#loop = loop
    this.#refusals = new RefusalLog(broker.logger, 'connections were refused or closed')
    const limits = () => broker.settings.connectionLimits
    this.#quotas = {
      broker: new ConnectionQuotas(limits),
      controller: new ConnectionQuotas(limits),
    }
  }

  get count(): number {
    return this.#all.size
  }

  accept(socket: Connection, listener: ListenerEndpoint): void {
    const quotas = this.#quotas[listener.kind]
    const waiting = new WaitingConnection(socket, listener)
    if (!quotas.wait(waiting)) {
      const host = socket.remoteHost
      this.#refuse(socket, `${host} closed: max.connections reached, and too many wait for room`)
      return
    }
    waiting.isHeard = this.#admitNext(quotas) === waiting
    if (waiting.isHeard) return
    socket.pause()
    this.#loop.wake()
  }

  /** Lets in the first of those that wait, where it need not wait any more. */
  #admitNext(quotas: ConnectionQuotas): WaitingConnection | null {
    const next = quotas.takeWaiting(this.#broker.clock.nowMs())
    if (next === null) return null
    this.#admit(next.socket, next.listener)
    if (!next.isHeard) next.socket.resume()
    return next
  }

  #admit(socket: Connection, listener: ListenerEndpoint): void {
    const quotas = this.#quotas[listener.kind]
    const host = socket.remoteHost
    const hostMax = quotas.hostLimit(host)
    if (hostMax >= 0) {
      this.#refuse(socket, `${host} closed: max.connections.per.ip=${hostMax} reached`)
      return
    }
    quotas.add(listener.name, host)
    const id = `${socket.localHost}:${socket.localPort}-${host}:${socket.remotePort}-${this.#nextId++}`
    const { settings, clock } = this.#broker
    const limits = settings.connectionLimits
    this.#all.add(
      new ClientConnection(id, socket, listener, this, limits, this.#frameMemory, clock),
    )
  }

  #refuse(socket: Connection, why: string): void {
    this.#refusals.warn(`connection from ${why}`, this.#broker.clock.nowMs())
    socket.destroy()
  }

  /**
   * Lets in who may come in now, and ends who has to go: limits may change at any time. Returns
   * when the next may come in.
   */
  #keepLimits(): number {
    const { broker, controller } = this.#quotas
    if (broker.isQuiet && controller.isQuiet) return Infinity
    for (const quotas of [broker, controller]) while (this.#admitNext(quotas) !== null);
    for (let surplus = this.#surplus(); surplus !== null; surplus = this.#surplus()) {
      surplus.close('max.connections exceeded, and it was the least recently used')
    }
    return Math.min(broker.nextDueMs(), controller.nextDueMs())
  }

  /** The least recently used connection that has to go for others, or null. */
  #surplus(): ClientConnection | null {
    let oldest: ClientConnection | null = null
    for (const connection of this.#all) {
      const { name, kind } = connection.listener
      if (!this.#quotas[kind].isSurplus(name)) continue
      if (oldest === null || connection.lastActiveMs < oldest.lastActiveMs) oldest = connection
    }
    return oldest
  }

  ready(connection: ClientConnection): void {
    this.#ready.add(connection)
    this.#loop.wake()
  }

  readySoon(connection: ClientConnection): void {
    this.#ready.add(connection)
    this.#loop.wakeWithin(GATHER_MS)
  }

  writable(connection: ClientConnection): void {
    this.#writable.push(connection)
    this.#loop.wake()
  }

  closed(connection: ClientConnection, reason: string, cause: CloseCause): void {
    if (!this.#all.delete(connection)) return
    this.#ready.delete(connection)
    this.#unsent.delete(connection)
    const { listener, remoteHost } = connection
    this.#quotas[listener.kind].remove(listener.name, remoteHost)
    // Who waits for the room comes in with the next turn.
    this.#loop.wake()
    if (reason !== '') {
      const { logger } = this.#broker
      const line = `connection ${connection.id} closed: ${reason}`
      if (cause === 'error') logger.error(line)
      else if (cause === 'refused') this.#refusals.warn(line, this.#broker.clock.nowMs())
      else logger.info(line)
    }
    this.#broker.connectionClosed(connection)
  }

  /** Phase 1 of a turn: handles the frames that have come, fairly. */
  handleFrames(): void {
    if (this.#ready.size === 0) return
    const ready = this.#ready
    this.#ready = new Set()
    for (const connection of ready) {
      for (let handled = 0; ; handled++) {
        if (handled === FRAMES_PER_TURN_MAX) {
          this.ready(connection)
          break
        }
        const frame = connection.next()
        if (frame === null) break
        this.#handle(connection, frame)
      }
    }
  }

  /** Last phase of a turn: one gathered write per connection. */
  flush(): void {
    const writable = this.#writable
    this.#writable = []
    for (const connection of writable) {
      connection.flush()
      if (connection.unsentBytes > 0) this.#unsent.add(connection)
    }
  }

  /** Counts bytes that are being read for an answer; negative once they are part of it. */
  reserve(bytes: number): void {
    this.#reservedBytes += bytes
  }

  /** How large an answer may be now: for all that is known before, it may be one in memory. */
  get answerBytesMax(): number {
    let unsentBytes = this.#reservedBytes
    for (const connection of this.#writable) unsentBytes += connection.unsentMemoryBytes
    for (const connection of this.#unsent) {
      if (connection.unsentBytes === 0) this.#unsent.delete(connection)
      else unsentBytes += connection.unsentMemoryBytes
    }
    return Math.max(FETCH_BYTES_MIN, UNSENT_BYTES_MAX - unsentBytes)
  }

  /**
   * Keeps the limits of connections and ends those that have been idle for too long. Returns when
   * to look again.
   */
  expireIdle(nowMs: number): number {
    return Math.min(this.#keepLimits(), this.#expireIdle(nowMs))
  }

  #expireIdle(nowMs: number): number {
    if (nowMs < this.#idleCheckMs) return this.#idleCheckMs
    this.#refusals.catchUp(nowMs)
    const { idleMs } = this.#broker.settings.connectionLimits
    for (const connection of this.#all) {
      if (!connection.busy && nowMs - connection.lastActiveMs > idleMs) connection.close('')
    }
    this.#idleCheckMs = nowMs + Math.min(IDLE_CHECK_INTERVAL_MS, Math.max(1, idleMs))
    return this.#all.size === 0 ? Infinity : this.#idleCheckMs
  }

  endAll(): void {
    for (const quotas of Object.values(this.#quotas)) {
      for (const { socket } of quotas.takeAll()) socket.destroy()
    }
    for (const connection of [...this.#all]) connection.end()
  }

  #handle(connection: ClientConnection, frame: Uint8Array): void {
    let context: RequestContext<never> | null = null
    try {
      const reader = new ByteReader(frame)
      // The header of a version that does not exist may have any form: what is asked comes first.
      const asked = peekRequest(reader)
      const api = this.#broker.servedApi(asked.apiKey, connection.listener.kind)
      const refusal = this.#refusalOf(api, asked, connection)
      if (api === null || refusal !== '') {
        connection.refuse(refusal)
        return
      }
      const header = decodeRequestHeader(reader)
      const { apiVersion, correlationId, clientId } = header
      const supported = this.#isSupported(api, apiVersion)
      // Before the request takes its place: what can't be read takes none.
      const request = supported ? (decode(api.request, apiVersion, reader) as never) : null
      const version = supported ? apiVersion : 0
      context = new RequestContext<never>(connection, api, version, correlationId, clientId)
      connection.enter(context)
      if (api.releasesRequest) context.onAnswered = () => this.#frameMemory.give(frame)
      if (request === null) this.#refuseApiVersions(context)
      else this.#dispatch(api, request, context)
    } catch (error) {
      if (!(error instanceof ProtocolError) && !(error instanceof BoundsError)) throw error
      // Bytes within a request, which its handler should have answered with an error.
      if (context !== null) connection.close(`${context.api.name}: ${error.message}`, 'error')
      else connection.refuse(`a request that can't be read: ${error.message}`)
    }
  }

  #dispatch(api: ServedApi, request: never, context: RequestContext<never>): void {
    context.waiting = api.changesMetadata
    if (api.readsMetadata) {
      this.#broker.metadata.whenCommitted(() => api.handle(this.#broker, request, context))
    } else api.handle(this.#broker, request, context)
  }

  /** Why a request can't be looked at, or ''. */
  #refusalOf(
    api: ServedApi | null,
    header: Pick<RequestHeader, 'apiKey' | 'apiVersion'>,
    connection: ClientConnection,
  ): string {
    if (api === null) {
      return `API key ${header.apiKey} is not served on the ${connection.listener.name} listener`
    }
    if (api.key === API_VERSIONS_KEY || this.#isSupported(api, header.apiVersion)) return ''
    const { name, minVersion } = api
    const range = `${minVersion} to ${this.#maxVersion(api)}`
    return `${name} version ${header.apiVersion} is not served: ${range} are`
  }

  #maxVersion(api: ServedApi): number {
    return this.#broker.settings.unstableApiVersions ? api.maxUnstableVersion : api.maxVersion
  }

  #isSupported(api: ServedApi, version: number): boolean {
    return version >= api.minVersion && version <= this.#maxVersion(api)
  }

  /**
   * KIP-35: an ApiVersions of the future is answered in version 0, so that the client can adapt.
   */
  #refuseApiVersions(context: RequestContext): void {
    const versions = versionsOf(this.#broker, context.listener, 0)
    context.reply({
      errorCode: ErrorCode.UNSUPPORTED_VERSION,
      apiKeys: versions.apiKeys.filter(({ apiKey }) => apiKey === API_VERSIONS_KEY),
    })
  }
}
