/** That docs/compatibility.md is what the code says, and that handlers say what they serve. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { servedApis } from '../src/broker/handlers/index.ts'
import { handlerHeads, notDoneIn } from './compatibility/handler-heads.ts'
import { compatibilityPage, PAGE } from './compatibility/page.ts'

const root = join(import.meta.dirname, '..')

test('docs/compatibility.md is up to date', () => {
  const committed = readFileSync(join(root, PAGE), 'utf8')
  const isSame = committed === compatibilityPage(root)
  assert.ok(isSame, `${PAGE} is old: run \`npm run compatibility\` and commit what it writes`)
})

test('the head of each handler names its API, key and versions', () => {
  const heads = handlerHeads(root)
  for (const { key, name, minVersion, maxVersion } of servedApis) {
    const one = minVersion === maxVersion
    const versions = one ? `version ${minVersion}` : `versions ${minVersion}-${maxVersion}`
    const wanted = `${name} (${key}), ${versions}`
    assert.ok(heads.get(key)?.startsWith(wanted), `${wanted} is not how its handler's head begins`)
  }
})

test('what is not done is the rest of its paragraph', () => {
  assert.equal(
    notDoneIn('Does this.\nNot done here: that (KIP-1), and that.'),
    'that (KIP-1), and that',
  )
  assert.equal(notDoneIn('Does this.'), '')
})
