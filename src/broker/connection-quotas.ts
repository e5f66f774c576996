/**
 * How many connections there may be: of all listeners, of each listener and from each address. The
 * listeners of a controller are counted by themselves, as those of another server.
 *
 * A connection that finds no room waits, unheard, behind those that came to its listener before it;
 * one that is too many from its address is closed. Where there is more than one listener, that of
 * the brokers is not held up by what others have taken: the least recently used of those goes.
 *
 * KIP-402 (limits of listeners, protected listener).
 */
import type { Connection } from '../io/io.ts'
import type { ListenerEndpoint } from './request-context.ts'

export interface ConnectionLimits {
  readonly connectionsMax: number
  /** By the names of listeners, where one has a limit of its own. */
  readonly listenerConnectionsMax: ReadonlyMap<string, number>
  readonly connectionsPerHostMax: number
  readonly connectionsPerHostOverrides: ReadonlyMap<string, number>
  /** The listener that brokers use among themselves, where clients have others. */
  readonly protectedListener: string | null
  /** Connections of one listener that may wait for room. */
  readonly waitingMax: number
  readonly idleMs: number
  readonly frameBytesMax: number
}

export interface WaitingConnection {
  readonly socket: Connection
  readonly listener: ListenerEndpoint
}

export class ConnectionQuotas {
  readonly #limits: () => ConnectionLimits
  readonly #perHost = new Map<string, number>()
  readonly #perListener = new Map<string, number>()
  readonly #waiting = new Map<string, WaitingConnection[]>()
  #count = 0

  /** `limits` tells those of now. */
  constructor(limits: () => ConnectionLimits) {
    this.#limits = limits
  }

  /** Whether there is room on a listener, and nobody else has to have it first. */
  hasRoom(listener: string): boolean {
    return !this.#waiting.has(listener) && this.#hasSlot(listener)
  }

  /** Lets a connection wait; false where too many do. */
  wait(waiting: WaitingConnection): boolean {
    const { name } = waiting.listener
    const queue = this.#waiting.get(name) ?? []
    if (queue.length >= this.#limits().waitingMax) return false
    queue.push(waiting)
    this.#waiting.set(name, queue)
    return true
  }

  /** The next connection that has waited long enough, or null. */
  takeWaiting(): WaitingConnection | null {
    for (const [listener, queue] of this.#waiting) {
      if (!this.#hasSlot(listener)) continue
      const next = queue.shift() ?? null
      if (queue.length === 0) this.#waiting.delete(listener)
      return next
    }
    return null
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

  /** Whether there are more connections than there may be. */
  get hasSurplus(): boolean {
    return this.#count > this.#limits().connectionsMax
  }

  /** Whether it is a connection of that listener that then has to go. */
  isSurplus(listener: string): boolean {
    return this.hasSurplus && listener !== this.#limits().protectedListener
  }

  #hasSlot(listener: string): boolean {
    const { connectionsMax, listenerConnectionsMax, protectedListener } = this.#limits()
    const count = this.#perListener.get(listener) ?? 0
    if (count >= (listenerConnectionsMax.get(listener) ?? connectionsMax)) return false
    return listener === protectedListener || this.#count < connectionsMax
  }
}
