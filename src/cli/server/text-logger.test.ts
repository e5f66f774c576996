/** Lines of the log. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseLogLevel, textLogger } from './text-logger.ts'

test('an event is a line with its fields, quoted where they need it', () => {
  let written = ''
  const logger = textLogger(
    'warn',
    () => 'NOW',
    (line) => (written += line),
  )
  logger.info('not shown')
  logger.warn('disk is slow', { path: '/a b', ms: 12, note: '' })
  assert.equal(written, 'NOW WARN disk is slow path="/a b" ms=12 note=""\n')
})

test('the threshold moves', () => {
  const written: string[] = []
  const logger = textLogger(
    'warn',
    () => 'NOW',
    (line) => written.push(line),
  )
  logger.threshold!.level = 'debug'
  logger.debug('shown')
  logger.threshold!.level = 'error'
  logger.warn('not shown')
  assert.deepEqual(written, ['NOW DEBUG shown\n'])
})

test('levels', () => {
  assert.equal(parseLogLevel('INFO'), 'info')
  assert.equal(parseLogLevel('loud'), null)
})
