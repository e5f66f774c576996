/** Prometheus' text: names, escapes, one HELP and TYPE for all samples of a name. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClientMetric } from './metric-family.ts'
import { prometheusText } from './prometheus.ts'

function metric(name: string, value: number, tags: Record<string, string> = {}): ClientMetric {
  const kind = name.endsWith('-total') ? 'counter' : 'gauge'
  return { name, group: 'admin-client-metrics', kind, tags, value, description: 'a\\b\nc "d"' }
}

test('metrics as text', () => {
  const text = prometheusText([
    metric('request-total', 3, { 'client-id': 'a"b\\c\nd', topic: 'x.y-z' }),
    metric('request-latency-avg', Number.NaN),
    metric('request-total', 0.5, { 'client-id': 'other' }),
    metric('up', Number.POSITIVE_INFINITY),
    metric('down', Number.NEGATIVE_INFINITY),
  ])
  const prefix = 'kafka_admin_client_admin_client_metrics'
  assert.deepEqual(text.split('\n'), [
    `# HELP ${prefix}_request_total a\\\\b\\nc "d"`,
    `# TYPE ${prefix}_request_total counter`,
    `${prefix}_request_total{client_id="a\\"b\\\\c\\nd",topic="x.y-z"} 3`,
    `${prefix}_request_total{client_id="other"} 0.5`,
    `# HELP ${prefix}_request_latency_avg a\\\\b\\nc "d"`,
    `# TYPE ${prefix}_request_latency_avg gauge`,
    `${prefix}_request_latency_avg NaN`,
    `# HELP ${prefix}_up a\\\\b\\nc "d"`,
    `# TYPE ${prefix}_up gauge`,
    `${prefix}_up +Inf`,
    `# HELP ${prefix}_down a\\\\b\\nc "d"`,
    `# TYPE ${prefix}_down gauge`,
    `${prefix}_down -Inf`,
    '',
  ])
  assert.equal(prometheusText([]), '')
})
