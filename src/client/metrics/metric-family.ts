/**
 * Metrics as tables: each group (named as in Java's clients) lists its metrics with what they mean
 * and how they are read, and docs/client-metrics.md is written from the same tables.
 */
import type { Sensor } from './sensor.ts'

/** One metric as it was at one moment. */
export interface ClientMetric {
  /** As in Java: `record-send-rate`. */
  readonly name: string
  /** As in Java: `producer-metrics`. */
  readonly group: string
  readonly tags: Readonly<Record<string, string>>
  readonly description: string
  /** A counter only grows; a gauge goes up and down. */
  readonly kind: MetricKind
  /** NaN where there is nothing to tell: an average of nothing. */
  readonly value: number
}

/** What a metric's value means. */
export type MetricKind = 'counter' | 'gauge'

/** One row of a table; `S` is what it is read from. */
export interface MetricOf<S> {
  readonly name: string
  readonly kind: MetricKind
  readonly description: string
  readonly read: (source: S, nowMs: number) => number
}

export interface MetricFamily<S> {
  readonly group: string
  /** The keys of its tags. */
  readonly tags: readonly string[]
  readonly metrics: readonly MetricOf<S>[]
}

/** Appends what a family tells of one source. */
export function collect<S>(
  { group, metrics }: MetricFamily<S>,
  source: S,
  tags: Readonly<Record<string, string>>,
  nowMs: number,
  into: ClientMetric[],
): void {
  for (const { name, kind, description, read } of metrics) {
    into.push({ name, group, tags, description, kind, value: read(source, nowMs) })
  }
}

/** Rows of a table whose metrics are read from an `S`. */
export class Rows<S> {
  gauge(name: string, description: string, read: MetricOf<S>['read']): MetricOf<S> {
    return { name, kind: 'gauge', description, read }
  }

  counter(name: string, description: string, read: MetricOf<S>['read']): MetricOf<S> {
    return { name, kind: 'counter', description, read }
  }

  /** `…-rate` and `…-total` of what a sensor adds up; `what` goes on with "per second". */
  meter(name: string, what: string, of: (source: S) => Sensor): MetricOf<S>[] {
    return [
      this.gauge(`${name}-rate`, `${what}, per second`, (from, nowMs) => of(from).rate(nowMs)),
      this.counter(`${name}-total`, `${what}, since the start`, (from) => of(from).total),
    ]
  }

  /** The same of how often it was recorded. */
  frequency(name: string, what: string, of: (source: S) => Sensor): MetricOf<S>[] {
    return [
      this.gauge(`${name}-rate`, `${what}, per second`, (from, nowMs) => of(from).frequency(nowMs)),
      this.counter(`${name}-total`, `${what}, since the start`, (from) => of(from).count),
    ]
  }

  average(name: string, what: string, of: (source: S) => Sensor): MetricOf<S> {
    return this.gauge(`${name}-avg`, `${what}, on average`, (from, nowMs) =>
      of(from).average(nowMs),
    )
  }

  maximum(name: string, what: string, of: (source: S) => Sensor): MetricOf<S> {
    return this.gauge(`${name}-max`, `${what}, at most`, (from, nowMs) => of(from).max(nowMs))
  }

  /** `…-avg` and `…-max`. */
  spread(name: string, what: string, of: (source: S) => Sensor): MetricOf<S>[] {
    return [this.average(name, what, of), this.maximum(name, what, of)]
  }
}
