/** Packages are found beside this file, and what is missing is told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { loadPackage, packageProblem } from './native-package.ts'

test('a package is loaded once, and one that is missing is said by name', () => {
  const codec = loadPackage('snappy')
  assert.equal(typeof (codec as { compressSync: unknown }).compressSync, 'function')
  assert.equal(loadPackage('snappy'), codec)
  assert.equal(packageProblem('snappy'), null)
  assert.throws(() => loadPackage('no-such-package'), /no-such-package/)
  assert.match(
    packageProblem('no-such-package')!,
    /^the package no-such-package can't be loaded: Cannot find module 'no-such-package'$/,
  )
})
