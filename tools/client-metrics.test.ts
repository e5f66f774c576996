/** The page of the client's metrics is that of the sources, and no name stands there twice. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { networkFamilies, nodeFamilies, ownFamilies } from '../src/client/metrics/catalog.ts'
import { clientMetricsPage, PAGE } from './client-metrics/page.ts'

test('the page is up to date', () => {
  const page = readFileSync(join(import.meta.dirname, '..', PAGE), 'utf8')
  assert.equal(page, clientMetricsPage(), 'run npm run client-metrics')
})

test('names are single among the metrics of a group with the same tags', () => {
  const seen = new Set<string>()
  for (const { group, tags, metrics } of [...networkFamilies, ...nodeFamilies, ...ownFamilies]) {
    for (const { name } of metrics) {
      const key = `${group} ${tags.join(',')} ${name}`
      assert.ok(!seen.has(key), key)
      seen.add(key)
    }
  }
})

test('a name has one type in Prometheus, whatever its tags', () => {
  const kinds = new Map<string, string>()
  for (const { group, metrics } of [...networkFamilies, ...nodeFamilies, ...ownFamilies]) {
    for (const { name, kind } of metrics) {
      assert.equal(kinds.get(`${group} ${name}`) ?? kind, kind, `${group} ${name}`)
      kinds.set(`${group} ${name}`, kind)
      const isTotal = name.endsWith('-total')
      assert.equal(isTotal, kind === 'counter', `${group} ${name} is a ${kind}`)
    }
  }
})
