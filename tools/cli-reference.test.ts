/** The reference in docs/command-line.md is that of the commands. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { PAGE, withReference } from './cli-reference/page.ts'

test('the reference is up to date', async () => {
  const page = readFileSync(join(import.meta.dirname, '..', PAGE), 'utf8')
  assert.equal(page, await withReference(page), 'run npm run cli-reference')
})

test('a page without the places is refused', async () => {
  await assert.rejects(withReference('# A page\n'), /has no place for commands/)
})
