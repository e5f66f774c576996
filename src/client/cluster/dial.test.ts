/** A link that is closed at the moment at which its connection is made leaves nothing open. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Connection } from '../../io/io.ts'
import { settingsOf } from '../options.ts'
import { dial } from './dial.ts'
import { FakeClock } from './fake-cluster.test-support.ts'

test('a connection that comes after the end of its link is ended at once', async () => {
  const closing = new AbortController()
  const clock = new FakeClock()
  let isDestroyed = false
  const silent = {
    write: () => {},
    end: () => {},
    destroy: () => {
      isDestroyed = true
    },
  } as unknown as Connection
  const connect = async () => {
    closing.abort(new Error('closed'))
    return silent
  }
  const settings = settingsOf({ brokers: 'a:1' })
  const io = { clock, network: { connect, listen: () => assert.fail() } }
  const address = { host: 'a', port: 1 }
  const dialled = dial({ io, settings, sasl: null }, address, () => 'a:1', closing.signal)
  await assert.rejects(dialled, { code: 'NETWORK_ERROR' })
  assert.ok(isDestroyed)
  assert.equal(clock.pending, 0, 'no timer is left')
})
