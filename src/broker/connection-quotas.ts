/**
 * How many connections there may be: of all listeners, of each listener and from each address. The
 * listeners of a controller are counted by themselves, as those of another server.
 *
 * A connection that finds no room waits, unheard, behind those that came to its listener before it,
 * and so does one that comes too soon after others; one that is too many from its address is
 * closed. Where there is more than one listener, that of the brokers is not held up by what others
 * have taken: the least recently used of those goes.
 *
 * KIP-402 (limits of listeners, protected listener), KIP-612 (rates).
 */
import type { Connection } from '../io/io.ts'
import { ConnectionRate, type RateWindows } from './connection-rate.ts'
import type { ListenerEndpoint } from './request-context.ts'

export interface ConnectionLimits {
  readonly connectionsMax: number
  /** By the names of listeners, where one has a limit of its own. */
  readonly listenerConnectionsMax: ReadonlyMap<string, number>
  /** Connections that may come in a second, in all and by the names of listeners. */
  readonly connectionsPerSecondMax: number
  readonly listenerConnectionsPerSecondMax: ReadonlyMap<string, number>
  readonly rateWindows: RateWindows
  readonly connectionsPerHostMax: number
  readonly connectionsPerHostOverrides: ReadonlyMap<string, number>
  /** The listener that brokers use among themselves, where clients have others. */
  readonly protectedListener: string | null
  /** Connections of one listener that may wait for room. */
  readonly waitingMax: number
  readonly idleMs: number
  readonly frameBytesMax: number
}

export class WaitingConnection {
  readonly socket: Connection
  readonly listener: ListenerEndpoint
  /** Before then it is too soon after others; -1 until it is the first of those that wait. */
  dueMs = -1
  isHeard = true

  constructor(socket: Connection, listener: ListenerEndpoint) {
    this.socket = socket
    this.listener = listener
  }
}

export class ConnectionQuotas {
  readonly #limits: () => ConnectionLimits
  readonly #perHost = new Map<string, number>()
  readonly #perListener = new Map<string, number>()
  readonly #waiting = new Map<string, WaitingConnection[]>()
  readonly #rate: ConnectionRate
  readonly #listenerRates = new Map<string, ConnectionRate>()
  #count = 0

  /** `limits` tells those of now. */
  constructor(limits: () => ConnectionLimits) {
    this.#limits = limits
    this.#rate = new ConnectionRate(limits().rateWindows)
  }

  /** Puts a connection behind those that wait; false where these are too many. */
  wait(waiting: WaitingConnection): boolean {
    const { name } = waiting.listener
    const queue = this.#waiting.get(name) ?? []
    if (queue.length >= this.#limits().waitingMax) return false
    queue.push(waiting)
    this.#waiting.set(name, queue)
    return true
  }

  /** The next connection that need not wait any more, or null. */
  takeWaiting(nowMs: number): WaitingConnection | null {
    for (const [listener, queue] of this.#waiting) {
      const next = queue[0]!
      if (next.dueMs < 0) next.dueMs = nowMs + this.#delayMs(listener, nowMs)
      if (nowMs < next.dueMs || !this.#hasSlot(listener)) continue
      queue.shift()
      if (queue.length === 0) this.#waiting.delete(listener)
      return next
    }
    return null
  }

  /** When the first of those that only came too soon may come in; Infinity for none. */
  nextDueMs(): number {
    let dueMs = Infinity
    for (const [listener, queue] of this.#waiting) {
      if (this.#hasSlot(listener)) dueMs = Math.min(dueMs, queue[0]!.dueMs)
    }
    return dueMs
  }

  #delayMs(listener: string, nowMs: number): number {
    const limits = this.#limits()
    const all = limits.connectionsPerSecondMax
    const rate = this.#listenerRates.get(listener) ?? new ConnectionRate(limits.rateWindows)
    this.#listenerRates.set(listener, rate)
    const own = limits.listenerConnectionsPerSecondMax.get(listener) ?? all
    const delayMs = rate.delayMs(nowMs, own)
    if (listener === limits.protectedListener) return delayMs
    return Math.max(delayMs, this.#rate.delayMs(nowMs, all))
  }

  /** Everyone who waits, to be sent away. */
  takeAll(): WaitingConnection[] {
    const all = [...this.#waiting.values()].flat()
    this.#waiting.clear()
    return all
  }

  /** The limit that an address has reached, or -1. */
  hostLimit(host: string): number {
    const { connectionsPerHostOverrides, connectionsPerHostMax } = this.#limits()
    const max = connectionsPerHostOverrides.get(host) ?? connectionsPerHostMax
    return (this.#perHost.get(host) ?? 0) >= max ? max : -1
  }

  add(listener: string, host: string): void {
    this.#count += 1
    this.#perHost.set(host, (this.#perHost.get(host) ?? 0) + 1)
    this.#perListener.set(listener, (this.#perListener.get(listener) ?? 0) + 1)
  }

  remove(listener: string, host: string): void {
    this.#count -= 1
    const left = (this.#perHost.get(host) ?? 1) - 1
    if (left <= 0) this.#perHost.delete(host)
    else this.#perHost.set(host, left)
    this.#perListener.set(listener, (this.#perListener.get(listener) ?? 1) - 1)
  }

  /** Whether nobody waits and nobody has to go, as nearly always. */
  get isQuiet(): boolean {
    return this.#waiting.size === 0 && this.#count <= this.#limits().connectionsMax
  }

  /** Whether one connection of that listener has to go, since there are more than there may be. */
  isSurplus(listener: string): boolean {
    const isOver = this.#count > this.#limits().connectionsMax
    return isOver && listener !== this.#limits().protectedListener
  }

  #hasSlot(listener: string): boolean {
    const { connectionsMax, listenerConnectionsMax, protectedListener } = this.#limits()
    const count = this.#perListener.get(listener) ?? 0
    if (count >= (listenerConnectionsMax.get(listener) ?? connectionsMax)) return false
    return listener === protectedListener || this.#count < connectionsMax
  }
}
