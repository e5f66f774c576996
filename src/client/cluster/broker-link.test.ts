/** Links to brokers that answer, misbehave, fall silent, and come back. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { metadataRequest, metadataResponse } from '../../protocol/messages/03-metadata.ts'
import { heartbeatRequest, heartbeatResponse } from '../../protocol/messages/12-heartbeat.ts'
import { saslHandshakeRequest } from '../../protocol/messages/17-sasl-handshake.ts'
import { apiVersionsRequest, apiVersionsResponse } from '../../protocol/messages/18-api-versions.ts'
import { saslAuthenticateRequest } from '../../protocol/messages/36-sasl-authenticate.ts'
import { KafkaError } from '../kafka-error.ts'
import type { RequestOptions } from './cluster.ts'
import { type Scripted, SILENCE, scripted, speaks } from './scripted-broker.test-support.ts'

const HEARTBEAT = { request: heartbeatRequest, response: heartbeatResponse }
const METADATA = { request: metadataRequest, response: metadataResponse }
const BODY = { groupId: 'g', generationId: 1, memberId: 'm' }

/** Sends a heartbeat; its promise, and what it was rejected with. */
function beat({ cluster, deadline }: Scripted, options: Partial<RequestOptions> = {}) {
  return cluster.request('any', HEARTBEAT, BODY, { deadline: deadline(), ...options })
}

function failing(promise: Promise<unknown>): Promise<KafkaError> {
  return promise.then(
    () => assert.fail('it resolved'),
    (error) => {
      assert.ok(error instanceof KafkaError, `${error}`)
      return error
    },
  )
}

describe('versions', () => {
  it('are asked for in the newest, and used as both sides speak them', async () => {
    const test = await scripted()
    test.broker.on(heartbeatRequest, () => ({ errorCode: 0 }))
    test.broker.on(apiVersionsRequest, () => speaks({ 12: 2 }))
    const answer = await test.settle(beat(test))
    assert.equal(answer.version, 2)
    const [asked] = test.broker.of(apiVersionsRequest)
    assert.equal(asked!.version, 4)
    assert.equal(asked!.body.clientSoftwareName, 'millrace')
    const range = await test.settle(test.cluster.versionsOf('any', 12, test.deadline()))
    assert.deepEqual(range, { min: 0, max: 2 })
    assert.equal(await test.settle(test.cluster.versionsOf('any', 9999, test.deadline())), null)
  })

  for (const [broker, told, expected] of [
    ['that says up to where it goes (KIP-511)', [{ apiKey: 18, minVersion: 0, maxVersion: 2 }], 2],
    ['of before Kafka 2.4', [], 0],
  ] as const) {
    it(`fall back for a broker ${broker}`, async () => {
      const test = await scripted()
      const asked: number[] = []
      test.broker.on(heartbeatRequest, () => ({ errorCode: 0 }))
      test.broker.on(apiVersionsRequest, (_, seen) => {
        asked.push(seen.version)
        if (seen.version <= expected) return speaks()
        const answer = { errorCode: 35, apiKeys: told }
        test.broker.answer({ ...seen, version: 0 }, apiVersionsResponse, answer)
        return SILENCE
      })
      await test.settle(beat(test))
      assert.deepEqual(asked, [4, expected])
    })
  }

  it('that a broker does not have are named', async () => {
    const test = await scripted()
    test.broker.on(apiVersionsRequest, () => speaks({ 12: 2 }))
    const error = await test.settle(failing(beat(test, { minVersion: 3 })))
    assert.equal(error.code, 'UNSUPPORTED_BY_BROKER')
    assert.match(error.message, /Heartbeat is needed in version 3 to 4; .*b1:9092.* speaks 0 to 2/)
    assert.equal(error.retriable, false)
  })
})

describe('requests', () => {
  it('go out in order, no more than the window at a time', async () => {
    const test = await scripted({ maxInFlightRequests: 3 })
    test.broker.on(heartbeatRequest, () => SILENCE)
    const done: number[] = []
    const sent = Array.from({ length: 8 }, (_, i) =>
      test.cluster
        .request('any', HEARTBEAT, { ...BODY, generationId: i }, { deadline: test.deadline() })
        .then(() => done.push(i)),
    )
    await test.world.advance(1000)
    const got = () => test.broker.of(heartbeatRequest)
    assert.deepEqual(
      got().map(({ body }) => body.generationId),
      [0, 1, 2],
    )
    for (let i = 0; i < 8; i++) {
      test.broker.answer(got()[i]!, heartbeatResponse, { errorCode: 0 })
      await test.world.advance(1000)
      assert.equal(got().length, Math.min(8, i + 4))
    }
    await test.settle(Promise.all(sent))
    assert.deepEqual(done, [0, 1, 2, 3, 4, 5, 6, 7])
    assert.equal(test.broker.connections.length, 1)
  })

  it('end the connection when answers come out of order', async () => {
    const test = await scripted()
    test.broker.on(heartbeatRequest, () => SILENCE)
    const errors = Promise.all([1, 2, 3].map(() => failing(beat(test))))
    await test.world.advance(1000)
    test.broker.answer(test.broker.of(heartbeatRequest)[1]!, heartbeatResponse, { errorCode: 0 })
    for (const error of await test.settle(errors)) {
      assert.equal(error.code, 'CORRUPT_DATA')
      assert.match(error.message, /answer 2 where answer 1 is due \(Heartbeat v4\)/)
      assert.equal(error.api, 'Heartbeat')
    }
    test.broker.on(heartbeatRequest, () => ({ errorCode: 0 }))
    await test.settle(beat(test))
    assert.equal(test.broker.connections.length, 2)
  })

  for (const [what, bytes, text] of [
    ['an answer that nobody asked for', [0, 0, 0, 5, 0, 0, 0, 99, 0], /nothing asked for/],
    ['an answer larger than allowed', [0x7f, 0xff, 0xff, 0xff], /2147483647 bytes, more than/],
    ['a negative length', [0xff, 0xff, 0xff, 0xff], /a frame of -1 bytes/],
  ] as const) {
    it(`end the connection at ${what}`, async () => {
      const test = await scripted()
      test.broker.on(heartbeatRequest, () => ({ errorCode: 0 }))
      await test.settle(beat(test))
      test.broker.connections[0]!.write([Uint8Array.from(bytes)])
      await test.world.advance(1000)
      assert.equal(test.broker.ended.length, 1)
      assert.match(test.log.join('\n'), text)
      await test.settle(beat(test))
    })
  }

  it('end the connection at a body that can not be read', async () => {
    const test = await scripted()
    test.broker.on(heartbeatRequest, (_, { connection, correlationId }) => {
      connection.write([Uint8Array.of(0, 0, 0, 6, 0, 0, 0, correlationId, 0, 1)])
      return SILENCE
    })
    const error = await test.settle(failing(beat(test)))
    assert.equal(error.code, 'CORRUPT_DATA')
    assert.equal(error.retriable, false)
  })

  it('end the connection when no answer comes in time, longer where the broker may wait', async () => {
    const test = await scripted({ requestTimeoutMs: 5000 })
    test.broker.on(heartbeatRequest, () => SILENCE)
    const startMs = test.world.nowMs
    const error = await test.settle(failing(beat(test)))
    assert.equal(error.code, 'NETWORK_ERROR')
    assert.equal(error.retriable, true)
    assert.match(error.message, /did not answer Heartbeat in 5000 ms/)
    const passedMs = test.world.nowMs - startMs
    assert.ok(passedMs >= 5000 && passedMs < 5100, `${passedMs}`)
    const polled = failing(beat(test, { brokerWaitMs: 20_000 }))
    const pollMs = test.world.nowMs
    await test.settle(polled)
    assert.ok(test.world.nowMs - pollMs >= 25_000)
    // A short one after a long one: the timer is set for what is due next.
    test.broker.on(heartbeatRequest, () => ({ errorCode: 0 }))
    await test.settle(beat(test, { brokerWaitMs: 500_000 }))
    test.broker.on(heartbeatRequest, () => SILENCE)
    const againMs = test.world.nowMs
    await test.settle(failing(beat(test)))
    assert.ok(test.world.nowMs - againMs < 5100)
  })

  it('are given up at their deadline; the connection goes on', async () => {
    const test = await scripted()
    test.broker.on(heartbeatRequest, () => SILENCE)
    const late = failing(beat(test, { deadline: test.deadline(1000) }))
    assert.equal((await test.settle(late)).code, 'TIMED_OUT')
    test.broker.answer(test.broker.of(heartbeatRequest)[0]!, heartbeatResponse, { errorCode: 0 })
    test.broker.on(heartbeatRequest, () => ({ errorCode: 0 }))
    await test.settle(beat(test))
    assert.equal(test.broker.connections.length, 1)
  })

  it('are not sent any more once they were aborted', async () => {
    const test = await scripted({ maxInFlightRequests: 1 })
    test.broker.on(heartbeatRequest, () => SILENCE)
    const abort = new AbortController()
    const first = beat(test)
    const second = failing(beat(test, { deadline: test.deadline(60_000, abort.signal) }))
    await test.world.advance(100)
    abort.abort('enough')
    assert.equal((await test.settle(second)).cause, 'enough')
    test.broker.answer(test.broker.of(heartbeatRequest)[0]!, heartbeatResponse, { errorCode: 0 })
    await test.settle(first)
    await test.world.advance(1000)
    assert.equal(test.broker.of(heartbeatRequest).length, 1)
  })

  it('without an answer resolve when they are handed over', async () => {
    const test = await scripted()
    test.broker.on(heartbeatRequest, () => SILENCE)
    const { body } = await test.settle(beat(test, { isOneWay: true }))
    assert.equal(body, undefined)
    await test.world.advance(100)
    assert.equal(test.broker.of(heartbeatRequest).length, 1)
  })

  it('that can not be encoded are refused, and nothing else is', async () => {
    const test = await scripted()
    test.broker.on(heartbeatRequest, () => ({ errorCode: 0 }))
    const bad = { ...BODY, generationId: 2 ** 40 }
    const options = { deadline: test.deadline() }
    const error = await test.settle(failing(test.cluster.request('any', HEARTBEAT, bad, options)))
    assert.equal(error.code, 'INVALID_ARGUMENT')
    await test.settle(beat(test))
    assert.equal(test.broker.connections.length, 1)
  })

  it('fail together, in order, when the connection is lost', async () => {
    const test = await scripted({ maxInFlightRequests: 2 })
    test.broker.on(heartbeatRequest, () => SILENCE)
    const failed: number[] = []
    const all = [0, 1, 2, 3].map((i) => failing(beat(test)).then(() => failed.push(i)))
    await test.world.advance(1000)
    test.world.network.breakConnections('b1')
    await test.settle(Promise.all(all))
    assert.deepEqual(failed, [0, 1, 2, 3])
    assert.equal(test.broker.of(heartbeatRequest).length, 2)
  })
})

describe('a connection', () => {
  it('is made again with growing pauses', async () => {
    const test = await scripted({ reconnectBackoffMs: 50, reconnectBackoffMaxMs: 1000 })
    test.broker.stopListening()
    const attempts: number[] = []
    for (let i = 0; i < 8; i++) {
      await test.settle(failing(beat(test)))
      attempts.push(test.world.nowMs)
    }
    const pauses = attempts.slice(1).map((atMs, i) => atMs - attempts[i]!)
    for (const [i, pauseMs] of pauses.entries()) {
      const expected = Math.min(1000, 50 * 2 ** i)
      assert.ok(pauseMs > expected * 0.79 && pauseMs < expected * 1.21 + 3, `${i}: ${pauseMs}`)
    }
  })

  it('that can not be made is given up in time', async () => {
    const test = await scripted({ connectTimeoutMs: 3000 })
    test.world.network.partition('client', 'b1')
    const startMs = test.world.nowMs
    const error = await test.settle(failing(beat(test)))
    assert.equal(error.code, 'NETWORK_ERROR')
    assert.match(error.message, /b1:9092 made no connection in 3000 ms/)
    assert.ok(test.world.nowMs - startMs < 3100)
  })

  it('is closed when nobody uses it, and made again', async () => {
    const test = await scripted({ connectionsMaxIdleMs: 10_000 })
    test.broker.on(heartbeatRequest, () => ({ errorCode: 0 }))
    await test.settle(beat(test))
    await test.world.advance(9000)
    await test.settle(beat(test))
    await test.world.advance(9000)
    assert.deepEqual(test.broker.ended, [])
    await test.world.advance(3000)
    assert.deepEqual(test.broker.ended, [''])
    assert.equal(test.world.time.nextEventMs(), Infinity, 'no timer is left')
    await test.settle(beat(test))
    assert.equal(test.broker.connections.length, 2)
  })

  it('is left alone as long as the broker asks (KIP-219)', async () => {
    const test = await scripted()
    test.broker.on(heartbeatRequest, () => ({ errorCode: 0, throttleTimeMs: 4000 }))
    await test.settle(beat(test))
    const startMs = test.world.nowMs
    await test.settle(beat(test))
    assert.ok(test.world.nowMs - startMs >= 4000)
  })

  for (const [what, bytes, text] of [
    ['TLS', [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x46], /wants it \(option `tls`\)/],
    ['HTTP', [...Buffer.from('HTTP/1.1 400 Bad Request\r\n')], /not a listener of Kafka/],
  ] as const) {
    it(`tells a listener that answers in ${what}`, async () => {
      const test = await scripted()
      test.broker.on(apiVersionsRequest, (_, { connection }) => {
        connection.write([Uint8Array.from(bytes)])
        return SILENCE
      })
      const error = await test.settle(failing(beat(test)))
      assert.match(error.message, text)
      assert.equal(error.code, 'NETWORK_ERROR')
    })
  }

  it('that ends before it answered anything may be one to a TLS listener', async () => {
    const test = await scripted()
    test.broker.on(apiVersionsRequest, (_, { connection }) => {
      connection.destroy()
      return SILENCE
    })
    const error = await test.settle(failing(beat(test)))
    assert.match(error.message, /is it a TLS listener/)
  })
})

describe('SASL', () => {
  const sasl = { mechanism: 'PLAIN', username: 'alice', password: 'secret' } as const

  it('comes before anything else, and again before the session ends (KIP-368)', async () => {
    const test = await scripted({ sasl })
    test.broker.on(saslHandshakeRequest, () => ({ errorCode: 0, mechanisms: ['PLAIN'] }))
    test.broker.on(saslAuthenticateRequest, () => answered({ sessionLifetimeMs: 10_000 }))
    test.broker.on(heartbeatRequest, () => ({ errorCode: 0 }))
    await test.settle(beat(test))
    const shape = () => test.broker.seen.map(({ api }) => api).join(' ')
    assert.equal(shape(), 'ApiVersions SaslHandshake SaslAuthenticate Heartbeat')
    const { body } = test.broker.of(saslAuthenticateRequest)[0]!
    assert.equal(Buffer.from(body.authBytes).toString(), '\0alice\0secret')
    await test.world.advance(8000)
    await test.settle(beat(test))
    assert.doesNotMatch(shape(), /Heartbeat .*Sasl/)
    await test.world.advance(1600) // 96 % of the session
    await test.settle(Promise.all([beat(test), beat(test)]))
    assert.match(shape(), /Heartbeat SaslHandshake SaslAuthenticate Heartbeat Heartbeat$/)
    assert.equal(test.broker.connections.length, 1)
  })

  it('ends the connection when the broker does not take us again', async () => {
    const test = await scripted({ sasl })
    let isTaken = true
    test.broker.on(saslHandshakeRequest, () => ({ errorCode: 0, mechanisms: ['PLAIN'] }))
    test.broker.on(saslAuthenticateRequest, () =>
      answered(isTaken ? { sessionLifetimeMs: 10_000 } : { errorCode: 58, errorMessage: 'gone' }),
    )
    test.broker.on(heartbeatRequest, () => ({ errorCode: 0 }))
    await test.settle(beat(test))
    isTaken = false
    await test.world.advance(11_000)
    const error = await test.settle(failing(beat(test)))
    assert.equal(error.code, 'AUTHENTICATION_FAILED')
    assert.match(error.message, /gone/)
  })

  for (const [what, handshake, authenticate, text] of [
    [
      'a wrong password',
      {},
      { errorCode: 58, errorMessage: 'Invalid credentials' },
      /Invalid cred/,
    ],
    ['another mechanism', { errorCode: 33, mechanisms: ['GSSAPI'] }, {}, /not take PLAIN.* GSSAPI/],
    ['a listener without SASL', { errorCode: 34 }, {}, /does not ask for SASL/],
  ] as const) {
    it(`is refused for ${what}, at once and in words`, async () => {
      const test = await scripted({ sasl })
      test.broker.on(saslHandshakeRequest, () => ({ errorCode: 0, mechanisms: [], ...handshake }))
      test.broker.on(saslAuthenticateRequest, () => answered(authenticate))
      const error = await test.settle(failing(beat(test)))
      assert.equal(error.code, 'AUTHENTICATION_FAILED')
      assert.equal(error.fatal, true)
      assert.equal(error.retriable, false)
      assert.match(error.message, text)
      assert.doesNotMatch(error.message, /secret/)
      const refresh = failing(test.cluster.metadata.refresh(test.deadline()))
      assert.equal((await test.settle(refresh)).code, 'AUTHENTICATION_FAILED')
    })
  }

  it('is asked for where a broker ends the connection at the first request', async () => {
    const test = await scripted()
    test.broker.on(metadataRequest, (_, { connection }) => {
      connection.end()
      return SILENCE
    })
    const options = { deadline: test.deadline() }
    const asked = test.cluster.request('any', METADATA, { topics: [] }, options)
    const error = await test.settle(failing(asked))
    assert.match(error.message, /does the listener ask for SASL\?/)
  })

  it('waits no longer for a token than for a broker', async () => {
    const never = { mechanism: 'OAUTHBEARER', token: () => new Promise<never>(() => {}) } as const
    const test = await scripted({ sasl: never, requestTimeoutMs: 2000 })
    const error = await test.settle(failing(beat(test)))
    assert.equal(error.code, 'NETWORK_ERROR')
  })

  function answered(own: object) {
    return { errorCode: 0, errorMessage: null, authBytes: new Uint8Array(), ...own }
  }
})
