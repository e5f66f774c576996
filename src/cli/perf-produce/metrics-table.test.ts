/** Metrics as Kafka's tools list them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { metricLines } from './metrics-table.ts'

test('metrics stand in the order of their names, in columns', () => {
  const metric = { description: '', kind: 'gauge' as const, tags: { 'client-id': 'c' } }
  const lines = metricLines([
    { ...metric, group: 'producer-metrics', name: 'waiting-threads', value: 0 },
    { ...metric, group: 'app-info', name: 'start-time-ms', value: Number.NaN },
  ])
  assert.deepEqual(lines, [
    '',
    'Metric Name                                      Value',
    'app-info:start-time-ms:{client-id=c}           : NaN',
    'producer-metrics:waiting-threads:{client-id=c} : 0.000',
  ])
  assert.deepEqual(metricLines([]), [])
})
