/**
 * Who of the brokers is alive: soft state of the active controller, from heartbeats. A session
 * belongs to one registration (id and epoch), so that a broker that came back starts a new one.
 *
 * Invariant: a controlled shutdown has an offset exactly while it lasts.
 */

interface BrokerSession {
  readonly epoch: number
  lastHeartbeatMs: number
  /** Offset up to which the broker has read the metadata log. */
  metadataOffset: number
  /** Offset that all others must have read before the broker may go; -1 where it stays. */
  controlledShutdownOffset: number
}

export class BrokerSessions {
  readonly #sessions = new Map<number, BrokerSession>()
  readonly #timeoutMs: number

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  /** Whether this registration of the broker was heard of lately. */
  isValid(brokerId: number, epoch: number, nowMs: number): boolean {
    const session = this.#sessions.get(brokerId)
    return (
      session !== undefined &&
      session.epoch === epoch &&
      nowMs - session.lastHeartbeatMs < this.#timeoutMs
    )
  }

  /** Notes a sign of life. */
  touch(brokerId: number, epoch: number, metadataOffset: number, nowMs: number): void {
    const session = this.#sessions.get(brokerId)
    if (session === undefined || session.epoch !== epoch) {
      const fresh = { epoch, lastHeartbeatMs: nowMs, metadataOffset, controlledShutdownOffset: -1 }
      this.#sessions.set(brokerId, fresh)
      return
    }
    session.lastHeartbeatMs = nowMs
    session.metadataOffset = metadataOffset
  }

  /** Takes for alive who is known to be: a broker in the controller's own process. */
  renew(brokerId: number, nowMs: number): void {
    const session = this.#sessions.get(brokerId)
    if (session !== undefined) session.lastHeartbeatMs = nowMs
  }

  remove(brokerId: number): void {
    this.#sessions.delete(brokerId)
  }

  isShuttingDown(brokerId: number): boolean {
    return this.controlledShutdownOffset(brokerId) >= 0
  }

  controlledShutdownOffset(brokerId: number): number {
    return this.#sessions.get(brokerId)?.controlledShutdownOffset ?? -1
  }

  /** The broker leaves once all others have read up to `offset`; -1 takes that back. */
  setControlledShutdownOffset(brokerId: number, offset: number): void {
    const session = this.#sessions.get(brokerId)
    if (session !== undefined) session.controlledShutdownOffset = offset
  }

  /** How far the slowest of these brokers has read the metadata log. */
  lowestMetadataOffset(brokerIds: Iterable<number>): number {
    let lowest = Number.POSITIVE_INFINITY
    for (const id of brokerIds) {
      lowest = Math.min(lowest, this.#sessions.get(id)?.metadataOffset ?? -1)
    }
    return lowest
  }

  /** When the next session ends; infinity where there is none. */
  nextDeadlineMs(): number {
    let next = Number.POSITIVE_INFINITY
    for (const session of this.#sessions.values()) {
      next = Math.min(next, session.lastHeartbeatMs + this.#timeoutMs)
    }
    return next
  }

  /** Takes out a broker whose session has ended, if there is one. */
  popExpired(nowMs: number): { readonly brokerId: number; readonly epoch: number } | null {
    for (const [brokerId, session] of this.#sessions) {
      if (nowMs - session.lastHeartbeatMs < this.#timeoutMs) continue
      this.#sessions.delete(brokerId)
      return { brokerId, epoch: session.epoch }
    }
    return null
  }
}
