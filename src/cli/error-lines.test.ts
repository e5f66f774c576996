/** How failures are told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CliError } from './cli-error.ts'
import { errorLines } from './error-lines.ts'

test('what a person did is told in a line each', () => {
  assert.deepEqual(errorLines(new CliError('a is wrong\nb is wrong')), [
    'millrace: a is wrong',
    'millrace: b is wrong',
  ])
})

test('what the system refused names the place', () => {
  const denied = Object.assign(new Error('EACCES: permission denied, open'), {
    code: 'EACCES',
    path: '/data/log',
  })
  assert.deepEqual(errorLines(denied), ['millrace: /data/log: no permission (EACCES)'])
  const inUse = Object.assign(new Error('listen EADDRINUSE'), {
    code: 'EADDRINUSE',
    address: '127.0.0.1',
    port: 9092,
  })
  assert.deepEqual(errorLines(inUse), [
    'millrace: 127.0.0.1:9092: the address is in use by another process (EADDRINUSE)',
  ])
})

test('a fault of its own comes with its stack', () => {
  const [line] = errorLines(new TypeError('x is undefined'))
  assert.match(line ?? '', /^millrace: internal error: TypeError: x is undefined\n {4}at /)
})
