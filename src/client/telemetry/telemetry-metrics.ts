/**
 * Which metrics are pushed, under which names, and as which values (KIP-714).
 *
 * Invariant: with delta temporality, what the broker was told of a counter adds up to its total:
 * `confirm` is called for what it took, and what it did not take is told again.
 */
import type { ClientMetric } from '../metrics/metric-family.ts'
import type { OtlpPoint, OtlpResource } from './otlp.ts'

/** The metrics of one part of a client. */
export interface PartMetrics {
  /** What the broker can't know by itself: `group_id`, `transactional_id`. */
  readonly labels: Readonly<Record<string, string>>
  /** Whether another part of the kind has the same client id for the broker. */
  readonly isNumbered: boolean
  readonly metrics: readonly ClientMetric[]
}

/** `org.apache.kafka.consumer.fetch.manager.records.lag.max`. */
export function telemetryName({ group, name }: Pick<ClientMetric, 'group' | 'name'>): string {
  const domain = group.replaceAll('-', '.').replaceAll('.metrics', '')
  return `org.apache.kafka.${domain}.${name.replaceAll('-', '.')}`
}

/** What a subscription asks for: prefixes of names, `*` or an empty one for all. */
export function isRequested(requested: readonly string[], name: string): boolean {
  return requested.some((prefix) => prefix === '*' || name.startsWith(prefix))
}

interface Told {
  readonly value: number
  readonly timeMs: number
}

/** Metrics to leave out where all would be too large: by partition, then by topic and broker. */
const DETAILS: readonly (readonly string[])[] = [
  [],
  ['partition'],
  ['partition', 'topic', 'node-id'],
]
export const DETAIL_LEVELS = DETAILS.length

export class TelemetryMetrics {
  readonly #startMs: number
  readonly #told = new Map<string, Told>()
  #telling = new Map<string, Told>()

  /** `startMs` is when the counters began. */
  constructor(startMs: number) {
    this.#startMs = startMs
  }

  /** What to push; `level` counts up what is left out. */
  select(
    parts: readonly PartMetrics[],
    requested: readonly string[],
    how: { readonly isDelta: boolean; readonly nowMs: number; readonly level?: number },
  ): OtlpResource[] {
    const without = DETAILS[how.level ?? 0]!
    this.#telling = new Map()
    const resources: OtlpResource[] = []
    for (const { labels, isNumbered, metrics } of parts) {
      const points: OtlpPoint[] = []
      for (const metric of metrics) {
        const name = telemetryName(metric)
        if (!isRequested(requested, name)) continue
        if (without.some((tag) => tag in metric.tags)) continue
        points.push(this.#point(metric, name, isNumbered, how))
      }
      if (points.length > 0) resources.push({ attributes: labels, points })
    }
    return resources
  }

  /** The broker has what was selected last. */
  confirm(): void {
    for (const [key, told] of this.#telling) this.#told.set(key, told)
    this.#telling.clear()
  }

  /** Begins anew, as when the temporality has changed. */
  reset(): void {
    this.#told.clear()
    this.#telling.clear()
  }

  #point(
    { kind, tags, value }: ClientMetric,
    name: string,
    isNumbered: boolean,
    { isDelta, nowMs: timeMs }: { readonly isDelta: boolean; readonly nowMs: number },
  ): OtlpPoint {
    const attributes: Record<string, string> = {}
    for (const [tag, text] of Object.entries(tags)) {
      // The broker knows the client id, and adds it.
      if (tag !== 'client-id' || isNumbered) attributes[tag.replaceAll('-', '_')] = text
    }
    if (kind === 'gauge') return { name, attributes, value, timeMs, sum: null }
    const startMs = this.#startMs
    if (!isDelta) return { name, attributes, value, timeMs, sum: { startMs, isDelta } }
    const key = `${name} ${JSON.stringify(tags)}`
    const last = this.#told.get(key) ?? { value: 0, timeMs: startMs }
    this.#telling.set(key, { value, timeMs })
    const sum = { startMs: last.timeMs, isDelta }
    // A part that was closed may have left its name to one that counts from 0.
    return { name, attributes, value: value < last.value ? value : value - last.value, timeMs, sum }
  }
}
