/** When a run is ahead of its pace. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Throttle } from './throttle.ts'

test('a run is ahead where more was sent than its time allows', () => {
  const throttle = new Throttle(100, 1000)
  assert.equal(throttle.isAhead(50, 1000), false) // no time has gone by
  assert.equal(throttle.isAhead(50, 1500), false)
  assert.equal(throttle.isAhead(51, 1500), true)
  assert.equal(new Throttle(-1, 0).isAhead(1e9, 1), false)
  assert.equal(new Throttle(0, 0).isAhead(1, 1), true)
})

test('a pace of nothing waits until the signal', async () => {
  const signal = AbortSignal.abort()
  await new Throttle(0, 0).wait(signal)
  await new Throttle(0.001, 0).wait(signal)
})
