/**
 * The metrics of one `Kafka`: of its connections, and of its producers and consumers while they
 * are open.
 *
 * Invariant: no two parts have the same tags at a time. The first producer has the client id that
 * the brokers know, the second one that with `-2` behind it, and so on; so do consumers. A number
 * is free again when its part has closed, so that a program which opens and closes many does not
 * make many names.
 */
import type { Clock } from '../../io/io.ts'
import type { PartMetrics } from '../telemetry/telemetry-metrics.ts'
import type { ClientMetric } from './metric-family.ts'
import { NetworkSensors } from './network-metrics.ts'

export type PartKind = 'producer' | 'consumer'

/** Appends what a part has to tell, with its client id as one of the tags. */
export type CollectPart = (clientId: string, nowMs: number, into: ClientMetric[]) => void

/** A part that has a name and is asked for its metrics. */
export interface RegisteredPart {
  /** With the connections, under the name of its group. */
  metrics(): ClientMetric[]
  leave(): void
}

interface Part {
  readonly kind: PartKind
  readonly number: number
  readonly collect: CollectPart
  readonly labels: Labels
}

/** What is told of a part beside its metrics: `group_id`. Asked for each time. */
export type Labels = () => Readonly<Record<string, string>>

export class ClientMetrics {
  readonly network = new NetworkSensors()
  readonly clock: Clock
  readonly clientId: string
  readonly #parts = new Set<Part>()

  constructor(clock: Clock, clientId: string) {
    this.clock = clock
    this.clientId = clientId
  }

  register(kind: PartKind, collect: CollectPart, labels: Labels = () => ({})): RegisteredPart {
    const used = new Set([...this.#parts].filter((part) => part.kind === kind).map(numberOf))
    let number = 1
    while (used.has(number)) number++
    const part = { kind, number, collect, labels }
    this.#parts.add(part)
    return {
      metrics: () => {
        const metrics: ClientMetric[] = []
        this.#collect(part, this.clock.monotonicMs(), metrics)
        return metrics
      },
      leave: () => this.#parts.delete(part),
    }
  }

  /** Of the connections, as an admin's, and of all parts. */
  all(): ClientMetric[] {
    const nowMs = this.clock.monotonicMs()
    const metrics: ClientMetric[] = []
    this.network.collect('admin-client', { 'client-id': this.clientId }, nowMs, metrics)
    for (const part of this.#parts) this.#collect(part, nowMs, metrics)
    return metrics
  }

  /** The same by part, to be pushed. */
  byPart(): PartMetrics[] {
    const nowMs = this.clock.monotonicMs()
    const ofAdmin: ClientMetric[] = []
    this.network.collect('admin-client', { 'client-id': this.clientId }, nowMs, ofAdmin)
    const parts: PartMetrics[] = [{ labels: {}, isNumbered: false, metrics: ofAdmin }]
    for (const part of this.#parts) {
      const metrics: ClientMetric[] = []
      this.#collect(part, nowMs, metrics)
      parts.push({ labels: part.labels(), isNumbered: part.number > 1, metrics })
    }
    return parts
  }

  #collect({ kind, number, collect }: Part, nowMs: number, into: ClientMetric[]): void {
    const clientId = number === 1 ? this.clientId : `${this.clientId}-${number}`
    this.network.collect(kind, { 'client-id': clientId }, nowMs, into)
    collect(clientId, nowMs, into)
  }
}

function numberOf({ number }: Part): number {
  return number
}
