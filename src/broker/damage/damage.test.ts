/** Damaged directories are recovered, or refused with the reason; nothing is lost in silence. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { damageRun } from './damage.test-support.ts'
import { makeSpecimen, SPECIMEN_ENDS } from './specimen.test-support.ts'

const CASES = 60

test('a damaged directory is recovered, or refused with the reason', async () => {
  for (const end of SPECIMEN_ENDS) {
    const specimen = await makeSpecimen(1, end)
    assert.ok(specimen.files.size > 60, `${specimen.files.size} files`)
    for (let seed = 1; seed <= CASES; seed++) await damageRun(specimen, seed)
  }
})
