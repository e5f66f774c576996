/** A flood of refusals is told in some lines and a count. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '../base/logger.ts'
import { RefusalLog } from './refusal-log.ts'

test('some lines an interval, then how many more', () => {
  const lines: string[] = []
  const logger = { ...silentLogger, warn: (line: string) => lines.push(line) }
  const log = new RefusalLog(logger, 'connections were refused or closed')
  for (let i = 0; i < 100; i++) log.warn(`line ${i}`, 1000 + i)
  assert.equal(lines.length, 20)
  log.catchUp(5000)
  assert.equal(lines.length, 20)
  log.catchUp(11_001)
  assert.equal(lines[20], '80 more connections were refused or closed')
  log.warn('later', 12_000)
  assert.equal(lines[21], 'later')
})
