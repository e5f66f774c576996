/** Metrics of a client as Kafka's tools list them. Invariant: in the order of their names. */
import type { ClientMetric } from '../../client/metrics/metric-family.ts'

const DIGITS = 3

/** The lines of a list of metrics, with what stands before it; none where there are none. */
export function metricLines(metrics: readonly ClientMetric[]): string[] {
  const rows = metrics.map(({ group, name, tags, value }) => {
    const labels = Object.entries(tags).map(([tag, text]) => `${tag}=${text}`)
    return [`${group}:${name}:{${labels.join(', ')}}`, value.toFixed(DIGITS)] as const
  })
  if (rows.length === 0) return []
  const width = Math.max(...rows.map(([name]) => name.length))
  rows.sort(([a], [b]) => (a < b ? -1 : 1))
  return [
    '',
    `${'Metric Name'.padEnd(width)}   Value`,
    ...rows.map(([name, value]) => `${name.padEnd(width)} : ${value}`),
  ]
}
