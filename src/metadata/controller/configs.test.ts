/** AlterConfigs and IncrementalAlterConfigs, and what features take over from configs. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode } from '../../protocol/errors.ts'
import { clearElrRecord } from '../../protocol/persisted/metadata-records.ts'
import { ConfigResourceType } from '../config-validator.ts'
import { OpType } from './config-operations.ts'
import { failure, TestCluster } from './test-cluster.test-support.ts'

const { TOPIC, BROKER, GROUP, CLIENT_METRICS } = ConfigResourceType
type Change = readonly [key: string, value: string | null, operation?: number]

function incremental(
  cluster: TestCluster,
  resourceType: number,
  resourceName: string,
  ...changes: Change[]
) {
  const configs = changes.map(([name, value, configOperation = OpType.SET]) => ({
    name,
    value,
    configOperation,
  }))
  const request = { resources: [{ resourceType, resourceName, configs }], validateOnly: false }
  const decision = cluster.controller.incrementalAlterConfigs(request, 1, cluster.nowMs)
  cluster.replay(decision.records)
  return failure(decision.response.responses[0]!)
}

function replaceAll(cluster: TestCluster, name: string, values: Record<string, string | null>) {
  const configs = Object.entries(values).map(([key, value]) => ({ name: key, value }))
  const resources = [{ resourceType: TOPIC, resourceName: name, configs }]
  const request = { resources, validateOnly: false }
  return failure(
    cluster.take(cluster.controller.alterConfigs(request, 2, cluster.nowMs)).responses[0]!,
  )
}

const FINE = [ErrorCode.NONE, null]

function withTopic(): TestCluster {
  const cluster = new TestCluster().start(1)
  cluster.createTopic('a')
  return cluster
}

test('single overrides are set and removed', () => {
  const cluster = withTopic()
  assert.deepEqual(incremental(cluster, TOPIC, 'a', ['retention.ms', '5']), FINE)
  assert.equal(cluster.image.configs.topic('a').get('retention.ms'), '5')
  assert.deepEqual(incremental(cluster, TOPIC, 'a', ['retention.ms', null, OpType.DELETE]), FINE)
  assert.equal(cluster.image.configs.topic('a').size, 0)
})

test('lists are extended and shortened, from the default on', () => {
  const cluster = withTopic()
  const policy = () => cluster.image.configs.topic('a').get('cleanup.policy')
  incremental(cluster, TOPIC, 'a', ['cleanup.policy', 'compact', OpType.APPEND])
  assert.equal(policy(), 'delete,compact')
  incremental(cluster, TOPIC, 'a', ['cleanup.policy', 'compact', OpType.APPEND])
  assert.equal(policy(), 'delete,compact')
  incremental(cluster, TOPIC, 'a', ['cleanup.policy', 'delete', OpType.SUBTRACT])
  assert.equal(policy(), 'compact')
  assert.deepEqual(incremental(cluster, TOPIC, 'a', ['retention.ms', '1', OpType.APPEND]), [
    40,
    "Can't APPEND to key retention.ms because its type is not LIST.",
  ])
})

test('of several faults the one is named that Kafka comes to first', () => {
  const cluster = withTopic()
  const subtract = (key: string): Change => [key, '1', OpType.SUBTRACT]
  const keys = ['flush.messages', 'segment.ms', 'retention.ms'].map(subtract)
  const message = "Can't SUBTRACT to key segment.ms because its type is not LIST."
  assert.deepEqual(incremental(cluster, TOPIC, 'a', ...keys), [40, message])
})

test('a resource changes whole or not at all', () => {
  const cluster = withTopic()
  const result = incremental(cluster, TOPIC, 'a', ['retention.ms', '5'], ['nope', '1'])
  assert.deepEqual(result, [40, 'Unknown topic config name: nope'])
  assert.equal(cluster.image.configs.topic('a').size, 0)
})

test('AlterConfigs removes what it does not name', () => {
  const cluster = withTopic()
  replaceAll(cluster, 'a', { 'retention.ms': '5', 'cleanup.policy': 'compact' })
  assert.deepEqual(replaceAll(cluster, 'a', { 'retention.ms': '6' }), FINE)
  assert.deepEqual([...cluster.image.configs.topic('a')], [['retention.ms', '6']])
})

test('an unchanged config of a topic writes nothing; one of a broker is read again', () => {
  const cluster = withTopic()
  const decide = (resourceType: number, resourceName: string) => {
    const configs = [{ name: 'retention.ms', value: '5', configOperation: OpType.SET }]
    const request = { resources: [{ resourceType, resourceName, configs }], validateOnly: false }
    return cluster.controller.incrementalAlterConfigs(request, 1, cluster.nowMs)
  }
  cluster.replay(decide(TOPIC, 'a').records)
  cluster.replay(decide(BROKER, '1').records)
  assert.equal(decide(TOPIC, 'a').records.length, 0)
  assert.equal(decide(BROKER, '1').records.length, 1)
})

test('resources are checked before their keys', () => {
  const cluster = withTopic()
  const key: Change = ['retention.ms', '5']
  const refusals: readonly [number, string, number, string][] = [
    [TOPIC, 'b', 3, "The topic 'b' does not exist."],
    [TOPIC, '', 42, 'Default topic resources are not allowed.'],
    [
      TOPIC,
      'a/b',
      17,
      "Topic name is invalid: 'a/b' contains one or more characters other than ASCII " +
        "alphanumerics, '.', '_' and '-'",
    ],
    [BROKER, 'x', 42, 'Unable to parse broker name as a base 10 number.'],
    [BROKER, '2', 102, 'No node with id 2 found.'],
    [GROUP, '', 42, 'Default group resources are not allowed.'],
    [8, '1', 42, 'Unknown resource type 8'],
    [99, 'a', 35, 'Unknown resource type 99.'],
  ]
  for (const [type, name, code, message] of refusals) {
    assert.deepEqual(incremental(cluster, type, name, key), [code, message])
  }
  assert.deepEqual(incremental(cluster, GROUP, 'g', ['anything', '1']), FINE)
  assert.deepEqual(incremental(cluster, CLIENT_METRICS, 'm', ['anything', '1']), FINE)
  assert.deepEqual(incremental(cluster, BROKER, '', ['anything', '1']), FINE)
})

test('a resource that is twice in a request is refused, and what nobody can do', () => {
  const cluster = withTopic()
  const configs = [{ name: 'retention.ms', value: '5', configOperation: OpType.SET }]
  const resource = { resourceType: TOPIC, resourceName: 'a', configs }
  const request = { resources: [resource, resource], validateOnly: false }
  const { response } = cluster.controller.incrementalAlterConfigs(request, 1, cluster.nowMs)
  assert.deepEqual(response.responses.map(failure), [
    [42, 'Duplicate resource.'],
    [42, 'Duplicate resource.'],
  ])
  assert.deepEqual(incremental(cluster, TOPIC, 'a', ['retention.ms', '5', 9]), [
    -1,
    'Unknown operations type 9',
  ])
  assert.deepEqual(incremental(cluster, TOPIC, 'a', ['retention.ms', 'x'.repeat(32768)]), [
    40,
    'The configuration value cannot be added because it exceeds the maximum value size of 32767 ' +
      'bytes.',
  ])
})

test('validateOnly checks and writes nothing', () => {
  const cluster = withTopic()
  const configs = [{ name: 'retention.ms', value: '5', configOperation: OpType.SET }]
  const resources = [{ resourceType: TOPIC, resourceName: 'a', configs }]
  const request = { resources, validateOnly: true }
  const { records, response } = cluster.controller.incrementalAlterConfigs(request, 1, 0)
  assert.equal(records.length, 0)
  assert.deepEqual(response.responses.map(failure), [FINE])
})

test('with ELR min.insync.replicas belongs to the cluster, and a change forgets the ELR', () => {
  const cluster = withTopic()
  assert.equal(cluster.image.configs.cluster.get('min.insync.replicas'), '1')
  assert.deepEqual(incremental(cluster, BROKER, '1', ['min.insync.replicas', '2']), [
    40,
    'Broker-level min.insync.replicas cannot be altered while ELR is enabled.',
  ])
  assert.deepEqual(incremental(cluster, BROKER, '', ['min.insync.replicas', null, OpType.DELETE]), [
    40,
    'Cluster-level min.insync.replicas cannot be removed while ELR is enabled.',
  ])
  const configs = [{ name: 'min.insync.replicas', value: '1', configOperation: OpType.SET }]
  const resources = [{ resourceType: TOPIC, resourceName: 'a', configs }]
  const { records } = cluster.controller.incrementalAlterConfigs(
    { resources, validateOnly: false },
    1,
    0,
  )
  assert.equal(records[1]?.message, clearElrRecord)
  assert.deepEqual(records[1]?.value, { topicName: 'a' })
})
