/** Where properties come from, and which source wins. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BrokerConfig } from '../../broker/config/broker-config.ts'
import { simIo } from '../../io/sim.ts'
import { environmentProperties } from './environment.ts'
import { nodeProperties } from './node-properties.ts'

const { disk } = simIo(1)
disk.makeDirectory('/etc')
disk.writeFileAtomic('/etc/server.properties', Buffer.from('node.id=7\nlog.dirs=/file\n'))

const properties = (
  file: string | null,
  environment: Readonly<Record<string, string>> = {},
  overrides: readonly string[] = [],
) => nodeProperties({ disk, file, environment, overrides })

test('variables are named as in the images of Kafka', () => {
  assert.deepEqual(
    Object.fromEntries(
      environmentProperties({
        KAFKA_NODE_ID: '5',
        KAFKA_LISTENER_NAME_MY___LISTENER_SSL_KEYSTORE_TYPE: 'PEM',
        MILLRACE_RSM_CONFIG_A__B: 'x',
        KAFKA_HEAP_OPTS: '-Xmx1g',
        KAFKA_BROKERS: 'localhost:9092',
        MILLRACE_NUM_PARTITONS: '3',
        MILLRACE_LOG_LEVEL: 'info',
        MILLRACE_BOOTSTRAP_SERVERS: 'a:1',
        MILLRACE_PROFILE: 'b',
        HOME: '/root',
      }),
    ),
    {
      'node.id': '5',
      'listener.name.my-listener.ssl.keystore.type': 'PEM',
      'rsm.config.a_b': 'x',
      'num.partitons': '3',
    },
  )
})

test('overrides win over the environment, the environment over the file', () => {
  const file = '/etc/server.properties'
  assert.deepEqual(Object.fromEntries(properties(file)), { 'node.id': '7', 'log.dirs': '/file' })
  const environment = { KAFKA_NODE_ID: '8', MILLRACE_LOG_DIRS: '/environment' }
  const all = properties(file, environment, ['log.dirs=/override=x'])
  assert.deepEqual(Object.fromEntries(all), { 'node.id': '8', 'log.dirs': '/override=x' })
})

test('without a file it is one node for development', () => {
  const { config, errors, warnings } = BrokerConfig.parse(properties(null))
  assert.deepEqual(errors, [])
  assert.deepEqual(config?.logDirs, ['./data'])
  assert.equal(config?.get('offsets.topic.num.partitions'), 50)
  assert.equal(config?.get('group.initial.rebalance.delay.ms'), 0)
  assert.deepEqual(warnings, [])
})

test('listeners of the development profile may be set without the one of the controller', () => {
  const listeners = (override: string) =>
    BrokerConfig.parse(properties(null, {}, [`listeners=${override}`])).config?.listeners
  assert.deepEqual(
    listeners('PLAINTEXT://:19092')?.map(({ name, kind, port }) => [name, kind, port]),
    [
      ['PLAINTEXT', 'broker', 19092],
      ['CONTROLLER', 'controller', 0],
    ],
  )
  assert.equal(listeners('PLAINTEXT://:1,CONTROLLER://:2')?.length, 2)
  const secured = BrokerConfig.parse(properties(null, {}, ['listeners=SSL://:19092']))
  assert.deepEqual(
    secured.errors.filter(({ message }) => /CONTROLLER/.test(message)),
    [],
    'the listener of the controller is not what is wrong',
  )
})

test('what cannot be read is one line', () => {
  assert.throws(() => properties('/etc/none'), { message: '/etc/none: no such file' })
  assert.throws(() => properties('/etc'), { message: '/etc: is a directory' })
  assert.throws(() => properties(null, {}, ['num.partitions']), {
    message: '--override num.partitions: give it as name=value',
  })
})
