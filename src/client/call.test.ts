/** The end of a call: in time, at once when it is aborted, and without a timer left behind. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Prng } from '../base/prng.ts'
import { Deadline } from './call.ts'
import { FakeClock } from './cluster/fake-cluster.test-support.ts'
import { KafkaError } from './kafka-error.ts'
import { retrying } from './retry.ts'

function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'done',
    ({ code }) => code,
  )
}

test('a race ends with the promise, the time or the signal, and leaves no timer', async () => {
  const clock = new FakeClock()
  const abort = new AbortController()
  const deadline = new Deadline(clock, 'call', 1000, { signal: abort.signal })
  assert.equal(await deadline.race(Promise.resolve(7)), 7)
  assert.equal(clock.pending, 0)
  const never = new Promise<never>(() => {})
  const late = codeOf(deadline.race(never))
  await clock.advance(1000)
  assert.equal(await late, 'TIMED_OUT')
  const second = new Deadline(clock, 'call', 1000, { signal: abort.signal })
  const aborted = codeOf(second.race(never))
  abort.abort()
  assert.equal(await aborted, 'ABORTED')
  assert.equal(await codeOf(second.race(never)), 'ABORTED')
  assert.equal(clock.pending, 0)
})

test('a sleep that ends early leaves no timer', async () => {
  const clock = new FakeClock()
  const abort = new AbortController()
  const deadline = new Deadline(clock, 'call', 1000, { signal: abort.signal })
  const slept = codeOf(deadline.sleep(400))
  await clock.advance(400)
  assert.equal(await slept, 'done')
  const late = codeOf(deadline.sleep(5000))
  await clock.advance(600)
  assert.equal(await late, 'TIMED_OUT')
  assert.equal(clock.pending, 0)
  const second = new Deadline(clock, 'call', 1000, { signal: abort.signal })
  const aborted = codeOf(second.sleep(500))
  abort.abort()
  assert.equal(await aborted, 'ABORTED')
  assert.equal(clock.pending, 0)
  assert.equal(await codeOf(second.sleep(500)), 'ABORTED')
  assert.equal(clock.pending, 0)
})

test('what is over says so, with what went wrong last', () => {
  const clock = new FakeClock()
  const last = new KafkaError('NETWORK_ERROR', 'gone')
  const deadline = new Deadline(clock, 'send to orders', 1000, { timeoutMs: 0 })
  deadline.lastFailure = () => last
  assert.throws(
    () => deadline.check(),
    ({ code, message, cause }) => {
      assert.deepEqual([code, cause], ['TIMED_OUT', last])
      assert.match(message, /^send to orders did not end in time; .*gone$/)
      return true
    },
  )
  const wrong = { timeoutMs: Number.NaN }
  assert.throws(() => new Deadline(clock, 'call', 1, wrong), { code: 'INVALID_ARGUMENT' })
})

test('who waits for an attempt is told what the one before failed with', async () => {
  const clock = new FakeClock()
  const deadline = new Deadline(clock, 'listTopics', 1000)
  const gone = new KafkaError('NETWORK_ERROR', 'gone', { retriable: true })
  const caller = { random: new Prng(1), retryBackoffMs: 10, retryBackoffMaxMs: 10 }
  const call = retrying(caller, deadline, (number) => {
    return number === 0 ? Promise.reject(gone) : deadline.race(new Promise(() => {}))
  })
  const rejected = assert.rejects(call, {
    code: 'TIMED_OUT',
    message: 'listTopics did not end in time; the last attempt failed with: gone',
    cause: gone,
  })
  await clock.advance(1002) // fractions are rounded up
  await rejected
})

test('setting the date moves no deadline', async () => {
  const clock = new FakeClock()
  const deadline = new Deadline(clock, 'call', 1000)
  clock.dateOffMs = 3_600_000
  deadline.check()
  clock.dateOffMs = -3_600_000
  await clock.advance(1000)
  assert.equal(deadline.leftMs(), 0)
  assert.throws(() => deadline.check(), { code: 'TIMED_OUT' })
})

test('what is left is whole milliseconds, whatever fraction the clock is at', () => {
  let nowMs = 0.3
  const clock = { nowMs: () => 7, monotonicMs: () => nowMs, after: () => () => {}, nextTurn() {} }
  const deadline = new Deadline(clock, 'call', 1000)
  nowMs = 0.7
  assert.equal(deadline.leftMs(), 1000)
  nowMs = 1000.1
  assert.equal(deadline.leftMs(), 1)
  nowMs = 1000.3
  assert.equal(deadline.leftMs(), 0)
  assert.equal(new Deadline(clock, 'call', Infinity).leftMs(), Infinity)
})

test('who races is told that it is over, and not where the promise was first', async () => {
  const clock = new FakeClock()
  const told: string[] = []
  const never = new Promise<void>(() => {})
  const late = new Deadline(clock, 'call', 100)
  const timed = late.race(never, () => told.push('time'))
  assert.equal(await late.race(Promise.resolve(1), () => told.push('settled')), 1)
  await assert.rejects(late.race(Promise.reject(new Error('no')), () => told.push('failed')))
  const aborting = new AbortController()
  const { signal } = aborting
  const aborted = new Deadline(clock, 'call', 100, { signal }).race(never, () => told.push('abort'))
  const expectations = [
    assert.rejects(timed, { code: 'TIMED_OUT' }),
    assert.rejects(aborted, { code: 'ABORTED' }),
  ]
  aborting.abort()
  await clock.advance(200)
  await Promise.all(expectations)
  assert.deepEqual(told, ['abort', 'time'])
  assert.equal(clock.pending, 0)
})
