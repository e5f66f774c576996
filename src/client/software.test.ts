/** The client tells brokers and tracers the version of its package. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { SOFTWARE } from './software.ts'

test('the client is what the package is', () => {
  const url = new URL('../../package.json', import.meta.url)
  const { name, version } = JSON.parse(readFileSync(url, 'utf8'))
  assert.deepEqual(SOFTWARE, { clientSoftwareName: name, clientSoftwareVersion: version })
})
