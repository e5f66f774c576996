/** FindCoordinator: makes `__consumer_offsets` on first use, and says where groups are. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ErrorCode } from '../../protocol/errors.ts'
import { metadataRequest, metadataResponse } from '../../protocol/messages/03-metadata.ts'
import {
  findCoordinatorRequest,
  findCoordinatorResponse,
} from '../../protocol/messages/10-find-coordinator.ts'
import {
  describeConfigsRequest,
  describeConfigsResponse,
} from '../../protocol/messages/32-describe-configs.ts'
import { TestNode } from '../node.test-support.ts'

const GROUP = 0
const TRANSACTION = 1

describe('FindCoordinator', () => {
  it('creates the topic of offsets, and answers when it is there', async () => {
    const node = await TestNode.start()
    const client = await node.connect()
    for (let version = 0; version <= 6; version++) {
      const body =
        version === 0
          ? { key: 'g' }
          : version < 4
            ? { key: 'g', keyType: GROUP }
            : { keyType: GROUP, coordinatorKeys: ['g', 'h'] }
      const answer = await client.call(
        findCoordinatorRequest,
        findCoordinatorResponse,
        version,
        body,
      )
      const found = version < 4 ? [answer] : answer.coordinators
      assert.equal(found.length, version < 4 ? 1 : 2)
      const noError = version === 0 || version >= 4 ? '' : 'NONE'
      for (const { errorCode, errorMessage, nodeId, host, port } of found) {
        assert.deepEqual([errorCode, nodeId, host, port], [0, 1, '10.0.0.1', 9092])
        assert.equal(errorMessage, noError)
      }
    }
    const topics = [{ name: '__consumer_offsets' }]
    const known = await client.call(metadataRequest, metadataResponse, 12, { topics })
    assert.equal(known.topics[0]?.partitions.length, 3)
    const configurationKeys = ['cleanup.policy', 'compression.type', 'segment.bytes']
    const resources = [{ resourceType: 2, resourceName: '__consumer_offsets', configurationKeys }]
    const configs = await client.call(describeConfigsRequest, describeConfigsResponse, 4, {
      resources,
    })
    assert.deepEqual(configs.results[0]?.configs.map(({ name, value }) => [name, value]).sort(), [
      ['cleanup.policy', 'compact'],
      ['compression.type', 'producer'],
      ['segment.bytes', '104857600'],
    ])
  })

  it('creates it once for many that ask in one turn', async () => {
    const node = await TestNode.start()
    const { world } = node
    const clients = await world.settle(Promise.all([1, 2, 3, 4].map(() => node.dial())))
    const body = { key: 'g', keyType: GROUP }
    const asked = clients.map((client) =>
      client.send(findCoordinatorRequest, findCoordinatorResponse, 3, body),
    )
    const answers = await world.settle(Promise.all(asked))
    assert.deepEqual(
      answers.map(({ errorCode, nodeId }) => [errorCode, nodeId]),
      clients.map(() => [0, 1]),
    )
  })

  it('has none while the topic can not be made', async () => {
    const properties = { 'offsets.topic.replication.factor': '3' }
    const node = await TestNode.start({ properties })
    const client = await node.connect()
    const body = { key: 'g', keyType: GROUP }
    const answer = await client.call(findCoordinatorRequest, findCoordinatorResponse, 3, body)
    assert.equal(answer.errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE)
    assert.equal(answer.nodeId, -1)
    assert.match(
      node.log.join('\n'),
      /warn: could not create topic __consumer_offsets: .*factor of 3/,
    )
  })

  it('refuses kinds of coordinators that are not here', async () => {
    const client = await (await TestNode.start()).connect()
    const body = { keyType: TRANSACTION, coordinatorKeys: ['id'] }
    const answer = await client.call(findCoordinatorRequest, findCoordinatorResponse, 4, body)
    assert.equal(answer.coordinators[0]?.errorCode, ErrorCode.INVALID_REQUEST)
  })
})
