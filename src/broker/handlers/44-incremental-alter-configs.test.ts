/** Configs changed while the node runs: they take effect, are described, and outlive a crash. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ErrorCode } from '../../protocol/errors.ts'
import { listOffsetsRequest, listOffsetsResponse } from '../../protocol/messages/02-list-offsets.ts'
import {
  describeConfigsRequest,
  describeConfigsResponse,
} from '../../protocol/messages/32-describe-configs.ts'
import {
  alterConfigsRequest,
  alterConfigsResponse,
} from '../../protocol/messages/33-alter-configs.ts'
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from '../../protocol/messages/44-incremental-alter-configs.ts'
import { batchOf, CONTROLLER_PORT, type TestClient, TestNode } from '../node.test-support.ts'

const TOPIC = 2
const BROKER = 4
const BROKER_LOGGER = 8
const CLIENT_METRICS = 16
const SET = 0
const DELETE = 1
const APPEND = 2
const SUBTRACT = 3
/** Where a value comes from. */
const DYNAMIC_TOPIC = 1
const DYNAMIC_BROKER = 2
const DYNAMIC_DEFAULT_BROKER = 3
const DEFAULT = 5
const BROKER_LOGGER_SOURCE = 6

type Change = readonly [name: string, value: string | null, operation?: number]

async function alter(client: TestClient, type: number, resource: string, ...changes: Change[]) {
  const configs = changes.map(([name, value, configOperation = SET]) => ({
    name,
    value,
    configOperation,
  }))
  const resources = [{ resourceType: type, resourceName: resource, configs }]
  const answer = await client.call(
    incrementalAlterConfigsRequest,
    incrementalAlterConfigsResponse,
    1,
    { resources, validateOnly: false },
  )
  return answer.responses[0]!.errorCode
}

/** Value and source of a config. */
async function show(client: TestClient, type: number, resource: string, name: string) {
  const resources = [{ resourceType: type, resourceName: resource, configurationKeys: [name] }]
  const answer = await client.call(describeConfigsRequest, describeConfigsResponse, 4, {
    resources,
  })
  const config = answer.results[0]!.configs[0]
  return [config?.value, config?.configSource]
}

async function earliest(client: TestClient): Promise<number> {
  const partitions = [{ partitionIndex: 0, timestamp: -2 }]
  const body = { replicaId: -1, topics: [{ name: 't', partitions }] }
  const answer = await client.call(listOffsetsRequest, listOffsetsResponse, 5, body)
  return answer.topics[0]!.partitions[0]!.offset
}

async function withTopic(configs: Readonly<Record<string, string>> = {}) {
  const node = await TestNode.start()
  const client = await node.connect()
  await client.createTopic('t', 1, configs)
  const produce = async (bytes: number) =>
    (await client.produce('t', 0, batchOf(['x'.repeat(bytes)], node.nowMs))).errorCode
  return { node, client, produce }
}

describe('IncrementalAlterConfigs', () => {
  it('changes what a broker takes, for one broker and for all', async () => {
    const { client, produce } = await withTopic()
    const tooLarge = ErrorCode.MESSAGE_TOO_LARGE
    assert.equal(await alter(client, BROKER, '', ['message.max.bytes', '1000']), 0)
    assert.equal(await produce(1000), tooLarge)
    assert.deepEqual(await show(client, BROKER, '1', 'message.max.bytes'), [
      '1000',
      DYNAMIC_DEFAULT_BROKER,
    ])
    assert.equal(await alter(client, BROKER, '1', ['message.max.bytes', '5000']), 0)
    assert.equal(await produce(1000), 0)
    assert.equal(await produce(5000), tooLarge)
    assert.deepEqual(await show(client, BROKER, '1', 'message.max.bytes'), ['5000', DYNAMIC_BROKER])
    assert.deepEqual(await show(client, TOPIC, 't', 'max.message.bytes'), ['5000', DYNAMIC_BROKER])
    assert.equal(await alter(client, TOPIC, 't', ['max.message.bytes', '9000']), 0)
    assert.equal(await produce(5000), 0)
    assert.deepEqual(await show(client, TOPIC, 't', 'max.message.bytes'), ['9000', DYNAMIC_TOPIC])
    assert.equal(await alter(client, TOPIC, 't', ['max.message.bytes', null, DELETE]), 0)
    assert.equal(await produce(5000), tooLarge)
    for (const name of ['', '1']) {
      assert.equal(await alter(client, BROKER, name, ['message.max.bytes', null, DELETE]), 0)
    }
    assert.equal(await produce(5000), 0)
    assert.deepEqual(await show(client, TOPIC, 't', 'max.message.bytes'), ['1048588', DEFAULT])
  })

  it('changes what is kept', async () => {
    const { node, client, produce } = await withTopic()
    for (let i = 0; i < 3; i++) await produce(10)
    await node.world.advance(400_000)
    assert.equal(await earliest(client), 0)
    assert.equal(await alter(client, BROKER, '', ['log.retention.ms', '60000']), 0)
    await node.world.advance(310_000)
    assert.equal(await earliest(client), 3, 'by the default of brokers')
    await produce(10)
    assert.equal(await alter(client, TOPIC, 't', ['retention.ms', '-1']), 0)
    await node.world.advance(310_000)
    assert.equal(await earliest(client), 3, 'the topic keeps all')
  })

  it('changes when records are flushed', async () => {
    const { node, client, produce } = await withTopic()
    assert.equal(await alter(client, TOPIC, 't', ['flush.ms', '500']), 0)
    await produce(10)
    await node.world.advance(1200)
    node.crash('lose')
    await node.restart()
    assert.equal((await (await node.connect()).readAll('t', 0)).length, 1)
  })

  it('appends to lists and takes from them', async () => {
    const { client } = await withTopic()
    const policy = async () => (await show(client, TOPIC, 't', 'cleanup.policy'))[0]
    assert.equal(await alter(client, TOPIC, 't', ['cleanup.policy', 'compact', APPEND]), 0)
    assert.equal(await policy(), 'delete,compact')
    assert.equal(await alter(client, TOPIC, 't', ['cleanup.policy', 'delete', SUBTRACT]), 0)
    assert.equal(await policy(), 'compact')
  })

  it('refuses unknown resources, bad values, and what can not change', async () => {
    const { client } = await withTopic()
    const { INVALID_CONFIG, INVALID_REQUEST, UNKNOWN_TOPIC_OR_PARTITION } = ErrorCode
    assert.equal(
      await alter(client, TOPIC, 'nowhere', ['retention.ms', '1']),
      UNKNOWN_TOPIC_OR_PARTITION,
    )
    assert.equal(await alter(client, TOPIC, 't', ['retention.ms', 'soon']), INVALID_CONFIG)
    assert.equal(await alter(client, TOPIC, 't', ['no.such.key', '1']), INVALID_CONFIG)
    assert.equal(await alter(client, TOPIC, 't', ['retention.ms', '1', APPEND]), INVALID_CONFIG)
    assert.equal(await alter(client, BROKER, '1', ['log.dirs', '/elsewhere']), INVALID_REQUEST)
    assert.equal(await alter(client, BROKER, '', ['node.id', '4']), INVALID_REQUEST)
    assert.deepEqual((await show(client, TOPIC, 't', 'retention.ms'))[1], DEFAULT)
  })

  it('refuses by itself what no controller need see, in the order of Kafka', async () => {
    const { client } = await withTopic()
    const why = async (type: number, resource: string, ...changes: Change[]) => {
      const configs = changes.map(([name, value, configOperation = SET]) => {
        return { name, value, configOperation }
      })
      const asked = { resourceType: type, resourceName: resource, configs }
      const body = { resources: [asked], validateOnly: true }
      const [request, response] = [incrementalAlterConfigsRequest, incrementalAlterConfigsResponse]
      const answer = (await client.call(request, response, 1, body)).responses[0]
      return [answer?.errorCode, answer?.errorMessage]
    }
    const empty = [42, 'Null value not supported for : a, b']
    assert.deepEqual(await why(99, 'x', ['a', null], ['b', null]), empty)
    assert.deepEqual(await why(BROKER, 'x', ['a', null], ['b', null]), empty)
    const twice = [42, 'Error due to duplicate config keys']
    assert.deepEqual(await why(TOPIC, 't', ['a', null], ['a', null]), twice)
    assert.deepEqual(await why(99, 'x'), [42, 'Unknown resource type 99'])
    const notAnId = [42, 'Node id must be an integer, but it is: x']
    assert.deepEqual(await why(BROKER, 'x', ['a', '1']), notAnId)
    const other = [42, 'Unexpected broker id, expected 1, but received 2']
    assert.deepEqual(await why(BROKER, '2', ['a', '1']), other)
    const noList = [40, 'Config value append is not allowed for config key: num.io.threads']
    assert.deepEqual(await why(BROKER, '1', ['num.io.threads', '1', APPEND]), noList)
    const unknown = [40, 'Unknown config name: nope']
    assert.deepEqual(await why(BROKER, '1', ['nope', '1', SUBTRACT]), unknown)
    const operation = [42, 'Unknown operations type 9']
    assert.deepEqual(await why(BROKER, '1', ['num.io.threads', '1', 9]), operation)
  })

  it('leaves the values for a broker to brokers, and is not held up by those that they refuse', async () => {
    const { node, client } = await withTopic()
    const controller = await node.connect({ port: CONTROLLER_PORT })
    assert.equal(await alter(client, BROKER, '1', ['node.id', '2']), ErrorCode.INVALID_REQUEST)
    assert.equal(await alter(controller, BROKER, '1', ['node.id', '2']), ErrorCode.NONE)
    const unregistered = ErrorCode.BROKER_ID_NOT_REGISTERED
    assert.equal(await alter(controller, BROKER, '2', ['node.id', '2']), unregistered)
    assert.equal(await alter(client, BROKER, '1', ['message.max.bytes', '5000']), ErrorCode.NONE)
    assert.equal((await show(client, BROKER, '1', 'message.max.bytes'))[0], '5000')
  })

  it('says of each resource of a request what comes of it', async () => {
    const { client } = await withTopic()
    const asked = (resourceType: number, resourceName: string) => {
      return { resourceType, resourceName, configs: [{ name: 'retention.ms', value: '5' }] }
    }
    const resources = [asked(99, 'x'), asked(TOPIC, 't'), asked(TOPIC, 'u'), asked(TOPIC, 'u')]
    const body = { resources, validateOnly: false }
    const { responses } = await client.call(alterConfigsRequest, alterConfigsResponse, 2, body)
    const found = responses.map(({ resourceName, errorCode }) => `${resourceName} ${errorCode}`)
    assert.deepEqual(found, ['x 42', 't 0', 'u 42', 'u 42'])
    assert.equal((await show(client, TOPIC, 't', 'retention.ms'))[0], '5')
  })

  it('looks at the values for a broker first, and appends to no list but of a topic or broker', async () => {
    const { client } = await withTopic()
    const { INVALID_CONFIG, INVALID_REQUEST } = ErrorCode
    const isr = (value: string) => alter(client, BROKER, '1', ['min.insync.replicas', value])
    assert.equal(await isr('0'), INVALID_REQUEST)
    assert.equal(await isr('2'), INVALID_CONFIG)
    assert.equal(await alter(client, CLIENT_METRICS, 'm', ['metrics', 'a', APPEND]), INVALID_CONFIG)
  })

  it('moves the level of what is logged', async () => {
    const node = await TestNode.start()
    const client = await node.connect()
    const level = () => show(client, BROKER_LOGGER, '1', 'root')
    assert.deepEqual(await level(), ['INFO', BROKER_LOGGER_SOURCE])
    const set = (...change: Change) => alter(client, BROKER_LOGGER, '1', change)
    assert.equal(await set('root', 'DEBUG'), ErrorCode.NONE)
    assert.deepEqual(await level(), ['DEBUG', BROKER_LOGGER_SOURCE])
    assert.equal(await set('root', 'LOUD'), ErrorCode.INVALID_CONFIG)
    assert.equal(await set('kafka.server.KafkaApis', 'INFO'), ErrorCode.INVALID_CONFIG)
    assert.equal(await set('root', null, DELETE), ErrorCode.INVALID_REQUEST)
    assert.equal(await set('root', 'INFO', APPEND), ErrorCode.INVALID_REQUEST)
    assert.equal(await alter(client, BROKER_LOGGER, '9', ['root', 'INFO']), 42)
    const both = await alter(client, BROKER_LOGGER, '1', ['root', 'WARN'], ['other', 'WARN'])
    assert.equal(both, ErrorCode.INVALID_CONFIG)
    assert.deepEqual(await level(), ['DEBUG', BROKER_LOGGER_SOURCE], 'all of it or nothing')
    await node.stop()
    await node.restart()
    const again = await node.connect()
    assert.equal((await show(again, BROKER_LOGGER, '1', 'root'))[0], 'INFO', 'until it ends')
  })

  it('is remembered across a power cut', async () => {
    const { node, client } = await withTopic()
    await alter(client, TOPIC, 't', ['max.message.bytes', '200'])
    await alter(client, BROKER, '', ['log.retention.ms', '5000'])
    node.crash('lose')
    await node.restart()
    const again = await node.connect()
    assert.deepEqual(await show(again, BROKER, '1', 'log.retention.ms'), [
      '5000',
      DYNAMIC_DEFAULT_BROKER,
    ])
    assert.deepEqual(await show(again, TOPIC, 't', 'retention.ms'), [
      '5000',
      DYNAMIC_DEFAULT_BROKER,
    ])
    const answer = await again.produce('t', 0, batchOf(['x'.repeat(200)], node.nowMs))
    assert.equal(answer.errorCode, ErrorCode.MESSAGE_TOO_LARGE)
  })
})

describe('DescribeConfigs', () => {
  it('says what is wrong with a resource in the words of Kafka', async () => {
    const { client } = await withTopic()
    const message = async (resourceType: number, resourceName: string) => {
      const resources = [{ resourceType, resourceName, configurationKeys: [] }]
      const body = { resources }
      const answer = await client.call(describeConfigsRequest, describeConfigsResponse, 4, body)
      return answer.results[0]?.errorMessage
    }
    assert.equal(await message(TOPIC, 't'), '')
    assert.equal(await message(TOPIC, 'nowhere'), '')
    const notAnId = 'Broker id must be an integer, but it is: x'
    assert.equal(await message(BROKER, 'x'), notAnId)
    assert.equal(await message(BROKER_LOGGER, 'x'), notAnId)
    assert.equal(await message(BROKER_LOGGER, ''), 'Broker id must not be empty')
    assert.equal(
      await message(BROKER_LOGGER, '9'),
      'Unexpected broker id, expected 1 but received 9',
    )
  })

  it('understands nothing of a request with a type of resource that there is not', async () => {
    const { client } = await withTopic()
    const resources = [TOPIC, 99].map((resourceType) => {
      return { resourceType, resourceName: 't', configurationKeys: null }
    })
    const body = { resources }
    const { results } = await client.call(describeConfigsRequest, describeConfigsResponse, 4, body)
    const errors = results.map(({ errorCode, configs }) => [errorCode, configs.length])
    assert.deepEqual(errors, [
      [ErrorCode.INVALID_REQUEST, 0],
      [ErrorCode.INVALID_REQUEST, 0],
    ])
  })
})

describe('AlterConfigs', () => {
  it('replaces all that was set', async () => {
    const { client } = await withTopic({ 'retention.ms': '1', 'segment.ms': '2000' })
    const configs = [{ name: 'segment.ms', value: '3000' }]
    const resources = [{ resourceType: TOPIC, resourceName: 't', configs }]
    const body = { resources, validateOnly: false }
    const answer = await client.call(alterConfigsRequest, alterConfigsResponse, 2, body)
    assert.equal(answer.responses[0]?.errorCode, ErrorCode.NONE)
    assert.equal((await show(client, TOPIC, 't', 'retention.ms'))[1], DEFAULT)
    assert.deepEqual(await show(client, TOPIC, 't', 'segment.ms'), ['3000', DYNAMIC_TOPIC])
  })
})
