/** Options are checked before anything is done with them, and errors say what is accepted. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatAddress, parseAddresses } from './cluster/address.ts'
import type { KafkaError } from './kafka-error.ts'
import { type KafkaOptions, settingsOf } from './options.ts'

const brokers = 'localhost:9092'

describe('options', () => {
  it('have defaults', () => {
    const settings = settingsOf({ brokers })
    assert.equal(settings.clientId, 'millrace')
    assert.equal(settings.requestTimeoutMs, 30_000)
    assert.equal(settingsOf({ brokers, requestTimeoutMs: 1.5 }).requestTimeoutMs, 2)
    const endless = settingsOf({ brokers, requestTimeoutMs: Infinity })
    assert.equal(endless.requestTimeoutMs, 2_147_483_647)
    assert.equal(settings.tls, null)
    assert.equal(settings.sasl, null)
    assert.deepEqual(settingsOf({ brokers, tls: true }).tls, {})
    assert.equal(settings.brokers(), brokers)
  })

  it('that are wrong are named, with what is accepted, and without secrets', () => {
    const password = 'secret'
    const cases: readonly (readonly [object, RegExp])[] = [
      [{}, /brokers: undefined is no list of host:port/],
      [{ brokers: [] }, /no address/],
      [{ brokers: ['localhost'] }, /"localhost" is not host:port/],
      [{ brokers: ['localhost:0'] }, /is not host:port/],
      [{ brokers: ['::1:9092'] }, /is not host:port/],
      [{ brokers, clientId: 7 }, /clientId: 7 is not a string/],
      [{ brokers, requestTimeoutMs: 0 }, /requestTimeoutMs: 0 is not a number from 1 up/],
      [{ brokers, requestTimeoutMs: Number.NaN }, /requestTimeoutMs: NaN/],
      [{ brokers, maxInFlightRequests: '5' }, /maxInFlightRequests: 5 is not a number/],
      [{ brokers, maxResponseBytes: 10 }, /maxResponseBytes: 10 is not a number from 1024 up/],
      [{ brokers, tls: 'yes' }, /tls: yes is not true, false or an object/],
      [{ brokers, sasl: { mechanism: 'GSSAPI', password } }, /GSSAPI is not one of PLAIN, SCRAM/],
      [{ brokers, sasl: { mechanism: 'PLAIN', password } }, /sasl.username: undefined/],
      [
        { brokers, sasl: { mechanism: 'PLAIN', username: 'a' } },
        /sasl.password: \? is not a string/,
      ],
      [{ brokers, sasl: { mechanism: 'OAUTHBEARER', token: 'secret' } }, /sasl.token: \?/],
      [{ brokers, sasl: { mechanism: 'OAUTHBEARER' } }, /tokenEndpoint: undefined/],
    ]
    for (const [options, text] of cases) {
      assert.throws(
        () => settingsOf(options as KafkaOptions),
        ({ code, message }: KafkaError) => {
          assert.equal(code, 'INVALID_ARGUMENT')
          assert.match(message, text)
          assert.doesNotMatch(message, /secret/)
          return true
        },
      )
    }
  })

  it('take addresses in every form in use', () => {
    const text = ['a:1, b.c:2', 'SASL_SSL://d-e:3', '[::1]:4', 'PLAINTEXT://[fe80::1%eth0]:5', '']
    const expected = [
      ['a', 1],
      ['b.c', 2],
      ['d-e', 3],
      ['::1', 4],
      ['fe80::1%eth0', 5],
    ].map(([host, port]) => ({ host, port }))
    assert.deepEqual(parseAddresses(text), expected)
    assert.deepEqual(parseAddresses(parseAddresses(text).map(formatAddress)), expected)
  })
})
