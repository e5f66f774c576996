/**
 * What a run that reads records has read and how long it took, as Kafka's ConsumerPerformance
 * counts it: the time of joining the group apart from that of fetching.
 *
 * Invariant: times are whole milliseconds, as Kafka has them. KIP-177 (rebalances apart).
 */
import type { TopicPartition } from '../../client/topic.ts'

const MIB = 1024 * 1024
const DIGITS = 4

/** The figures of a whole run. */
export interface ConsumeTotals {
  readonly startMs: number
  readonly endMs: number
  readonly mb: number
  readonly mbPerSecond: number
  readonly records: number
  readonly recordsPerSecond: number
  readonly rebalanceMs: number
  readonly fetchMs: number
  readonly fetchMbPerSecond: number
  readonly fetchRecordsPerSecond: number
}

/** Counts of one run. */
export class ConsumeStats {
  records = 0
  bytes = 0
  readonly #startMs: number
  readonly #now: () => number
  readonly #assigned = new Set<string>()
  #joinStartMs: number
  #joinMs = 0
  #joinMsOfRound = 0
  #reportMs: number
  #reported = { records: 0, bytes: 0 }

  constructor(now: () => number) {
    this.#now = now
    this.#startMs = now()
    this.#joinStartMs = this.#startMs
    this.#reportMs = this.#startMs
  }

  /** The group has given it these partitions. */
  onAssigned(partitions: readonly TopicPartition[]): void {
    if (this.#assigned.size === 0) {
      const elapsedMs = this.#now() - this.#joinStartMs
      this.#joinMs += elapsedMs
      this.#joinMsOfRound += elapsedMs
    }
    for (const each of partitions) this.#assigned.add(nameOf(each))
  }

  /** The group takes these partitions. */
  onRevoked(partitions: readonly TopicPartition[]): void {
    for (const each of partitions) this.#assigned.delete(nameOf(each))
    if (this.#assigned.size === 0) this.#joinStartMs = this.#now()
  }

  /** The line of a report, each `intervalMs`; null where it is not yet time. */
  report(nowMs: number, intervalMs: number, format: (timeMs: number) => string): string | null {
    const elapsedMs = nowMs - this.#reportMs
    if (elapsedMs < intervalMs) return null
    const records = this.records - this.#reported.records
    const mb = (this.bytes - this.#reported.bytes) / MIB
    const fetchMs = elapsedMs - this.#joinMsOfRound
    const perSecond = (count: number) => (fetchMs <= 0 ? 0 : (1000 * count) / fetchMs)
    const line = [
      ...[format(nowMs), 0, fixed(this.bytes / MIB), fixed((1000 * mb) / elapsedMs)],
      ...[this.records, fixed((records / elapsedMs) * 1000)],
      ...[this.#joinMsOfRound, fetchMs, fixed(perSecond(mb)), fixed(perSecond(records))],
    ].join(', ')
    this.#joinMsOfRound = 0
    this.#reportMs = nowMs
    this.#reported = { records: this.records, bytes: this.bytes }
    return line
  }

  /** The figures from the start until now. */
  totals(): ConsumeTotals {
    const endMs = this.#now()
    const seconds = (endMs - this.#startMs) / 1000
    const fetchMs = endMs - this.#startMs - this.#joinMs
    const mb = this.bytes / MIB
    return {
      startMs: this.#startMs,
      endMs,
      mb,
      mbPerSecond: mb / seconds,
      records: this.records,
      recordsPerSecond: this.records / seconds,
      rebalanceMs: this.#joinMs,
      fetchMs,
      fetchMbPerSecond: mb / (fetchMs / 1000),
      fetchRecordsPerSecond: this.records / (fetchMs / 1000),
    }
  }
}

/** The figures in the columns of the header. */
export function totalsText(totals: ConsumeTotals, format: (timeMs: number) => string): string {
  return [
    ...[format(totals.startMs), format(totals.endMs), fixed(totals.mb), fixed(totals.mbPerSecond)],
    ...[totals.records, fixed(totals.recordsPerSecond), totals.rebalanceMs, totals.fetchMs],
    ...[fixed(totals.fetchMbPerSecond), fixed(totals.fetchRecordsPerSecond)],
  ].join(', ')
}

const fixed = (value: number) => value.toFixed(DIGITS)

const nameOf = ({ topic, partition }: TopicPartition) => `${topic}-${partition}`
