/** Listeners by Kafka's rules. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ListenerSettings, resolveListeners } from './listeners.ts'

const SETTINGS: ListenerSettings = {
  listeners: ['PLAINTEXT://127.0.0.1:9092', 'CONTROLLER://:9093'],
  advertised: null,
  protocolMap: 'PLAINTEXT:PLAINTEXT,SSL:SSL',
  protocolMapIsSet: false,
  controllerNames: ['CONTROLLER'],
}
const resolve = (settings: Partial<ListenerSettings>) =>
  resolveListeners({ ...SETTINGS, ...settings })
const reasons = (settings: Partial<ListenerSettings>) =>
  resolve(settings).issues.map(({ message }) => message.replace(/^Error .*\]': /, ''))

test('a controller speaks PLAINTEXT unless something is secured', () => {
  const { listeners, issues } = resolve({})
  assert.deepEqual(issues, [])
  assert.deepEqual(
    listeners.map(({ name, kind, protocol, host, port }) => [name, kind, protocol, host, port]),
    [
      ['PLAINTEXT', 'broker', 'PLAINTEXT', '127.0.0.1', 9092],
      ['CONTROLLER', 'controller', 'PLAINTEXT', '', 9093],
    ],
  )
  assert.deepEqual(reasons({ listeners: ['SSL://:9092', 'CONTROLLER://:9093'] }), [
    'No security protocol defined for listener CONTROLLER',
  ])
})

test('names are the same in upper and lower case, IPv6 stands in brackets', () => {
  const { listeners, issues } = resolve({
    listeners: ['plaintext://[::1]:9092', 'CONTROLLER://:0'],
    advertised: ['PlainText://example.org:29092'],
  })
  assert.deepEqual(issues, [])
  const { name, host, advertisedHost, advertisedPort } = listeners[0]!
  assert.deepEqual(
    [name, host, advertisedHost, advertisedPort],
    ['PLAINTEXT', '::1', 'example.org', 29092],
  )
})

test('what cannot be is said', () => {
  assert.deepEqual(reasons({ listeners: ['9092'] }), ['Unable to parse 9092 to a broker endpoint'])
  assert.deepEqual(reasons({ listeners: ['EXTERNAL://:9092'] }), [
    'No security protocol defined for listener EXTERNAL',
  ])
  assert.deepEqual(reasons({ listeners: ['PLAINTEXT://:99999'] }), [
    'the port of PLAINTEXT://:99999 is not within 0 to 65535',
  ])
  assert.deepEqual(reasons({ protocolMap: 'PLAINTEXT:NONE', listeners: [] }), [
    'Invalid security protocol `NONE` defined in listener.security.protocol.map',
  ])
  assert.deepEqual(reasons({ advertised: ['PLAINTEXT://0.0.0.0:9092'] }), [
    'advertised.listeners cannot use the nonroutable meta-address 0.0.0.0. ' +
      'Use a routable IP address.',
  ])
  assert.deepEqual(reasons({ advertised: ['SSL://localhost:9094'] }), [
    'advertised.listeners listener names must be equal to or a subset of the ones defined in ' +
      'listeners. Found SSL. The valid options based on the current configuration are ' +
      'PLAINTEXT,CONTROLLER',
  ])
})

test('two listeners share a port only as IPv4 and IPv6', () => {
  const shared = (first: string, second: string) =>
    reasons({ listeners: [`PLAINTEXT://${first}:9092`, `CONTROLLER://${second}:9092`] })
  assert.deepEqual(shared('127.0.0.1', '[::1]'), [])
  assert.match(shared('', '')[0] ?? '', /^Each listener must have a different port/)
  assert.match(shared('127.0.0.1', '127.0.0.2')[0] ?? '', /one needs to be IPv4 and the other/)
  assert.match(
    reasons({ listeners: ['PLAINTEXT://:1', 'plaintext://:2'] })[0] ?? '',
    /^Each listener must have a different name/,
  )
})
