/** CreateTopics, CreatePartitions, DeleteTopics: what is made, what is refused in Kafka's words. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ZERO_UUID } from '../../base/uuid.ts'
import { nodeIo } from '../../io/node.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { CreateTopicsRequest } from '../../protocol/messages/19-create-topics.ts'
import { directoryOf, failure, TestCluster, uuidOf } from './test-cluster.test-support.ts'

test('a topic gets an id, its configs, and partitions on live brokers', () => {
  const cluster = new TestCluster().start(1)
  const result = cluster.createTopic('alpha', { partitions: 3, configs: { 'retention.ms': '1' } })
  assert.equal(result.errorCode, ErrorCode.NONE)
  assert.equal(result.numPartitions, 3)
  assert.equal(result.replicationFactor, 1)
  const retention = result.configs?.find(({ name }) => name === 'retention.ms')
  assert.deepEqual(retention, {
    name: 'retention.ms',
    value: '1',
    readOnly: false,
    configSource: 1,
    isSensitive: false,
  })
  const topic = cluster.image.topics.byName.get('alpha')!
  assert.equal(topic.id, result.topicId)
  assert.equal(cluster.image.topics.byId.get(topic.id), topic)
  assert.deepEqual(topic.partitions[2], {
    replicas: [1],
    directories: [directoryOf(1)],
    isr: [1],
    removingReplicas: [],
    addingReplicas: [],
    elr: [],
    lastKnownElr: [],
    leader: 1,
    leaderRecoveryState: 0,
    leaderEpoch: 0,
    partitionEpoch: 0,
  })
  assert.deepEqual([...cluster.image.configs.topic('alpha')], [['retention.ms', '1']])
})

test('validateOnly answers the same and makes nothing', () => {
  const cluster = new TestCluster().start(1)
  const result = cluster.createTopic('alpha', { partitions: 2, validateOnly: true })
  assert.equal(result.errorCode, ErrorCode.NONE)
  assert.equal(result.numPartitions, 2)
  assert.equal(cluster.image.topics.byName.size, 0)
})

test('replicas are spread over racks and brokers, and never twice on one', () => {
  const cluster = new TestCluster()
  for (const id of [1, 2, 3, 4, 5, 6]) {
    cluster.registerBroker(id, { rack: `rack${id % 3}` })
    cluster.heartbeat(id)
  }
  cluster.createTopic('wide', { partitions: 60, factor: 3 })
  const leads = new Map<number, number>()
  for (const { replicas, leader } of cluster.image.topics.byName.get('wide')!.partitions) {
    assert.equal(new Set(replicas.map((id) => id % 3)).size, 3)
    leads.set(leader, (leads.get(leader) ?? 0) + 1)
  }
  assert.deepEqual([...leads.keys()].sort(), [1, 2, 3, 4, 5, 6])
  assert.ok([...leads.values()].every((count) => count >= 5 && count <= 15))
})

const REFUSED: readonly [string, Parameters<TestCluster['createTopic']>, number, string][] = [
  ['empty name', [''], 17, 'Topic name is invalid: the empty string is not allowed'],
  ['dot', ['.'], 17, "Topic name is invalid: '.' is not allowed"],
  ['dots', ['..'], 17, "Topic name is invalid: '..' is not allowed"],
  [
    'long name',
    ['x'.repeat(250)],
    17,
    `Topic name is invalid: the length of '${'x'.repeat(250)}' is longer than the max allowed ` +
      'length 249',
  ],
  [
    'characters',
    ['a/b'],
    17,
    "Topic name is invalid: 'a/b' contains one or more characters other than ASCII " +
      "alphanumerics, '.', '_' and '-'",
  ],
  ['existing', ['old.topic'], 36, "Topic 'old.topic' already exists."],
  ['collision', ['old_topic'], 17, "Topic 'old_topic' collides with existing topic: old.topic"],
  [
    'internal',
    ['__cluster_metadata'],
    42,
    'Creation of internal topic __cluster_metadata is prohibited.',
  ],
  [
    'no partitions',
    ['a', { partitions: 0 }],
    37,
    'Number of partitions was set to an invalid non-positive value.',
  ],
  [
    'no replicas',
    ['a', { partitions: 1, factor: 0 }],
    38,
    'Replication factor must be larger than 0, or -1 to use the default value.',
  ],
  [
    'too many replicas',
    ['a', { partitions: 1, factor: 3 }],
    38,
    'Unable to replicate the partition 3 time(s): The target replication factor of 3 cannot be ' +
      'reached because only 1 broker(s) are registered or some brokers have all their log ' +
      'directories cordoned.',
  ],
  [
    'unknown broker',
    ['a', { assignments: [[1, 9]] }],
    39,
    'The manual partition assignment includes broker 9, but no such broker is registered.',
  ],
  [
    'broker twice',
    ['a', { assignments: [[1, 1]] }],
    39,
    'The manual partition assignment includes the broker 1 more than once.',
  ],
  [
    'no broker',
    ['a', { assignments: [[]] }],
    39,
    'The manual partition assignment includes an empty replica list.',
  ],
  ['config', ['a', { configs: { nope: '1' } }], 40, 'Unknown topic config name: nope'],
  [
    'null config',
    ['a', { configs: { 'retention.ms': null } }],
    40,
    'Null value not supported for topic configs: retention.ms',
  ],
]

for (const [what, args, errorCode, message] of REFUSED) {
  test(`a topic is refused: ${what}`, () => {
    const cluster = new TestCluster().start(1)
    cluster.createTopic('old.topic')
    assert.deepEqual(failure(cluster.createTopic(...args)), [errorCode, message])
    assert.equal(cluster.image.topics.byName.size, 1)
  })
}

test('without a live broker there is no topic', () => {
  const cluster = new TestCluster()
  cluster.registerBroker(1)
  assert.deepEqual(failure(cluster.createTopic('a')), [
    ErrorCode.INVALID_REPLICATION_FACTOR,
    'Unable to replicate the partition 1 time(s): All brokers are currently fenced, or have all ' +
      'their log directories cordoned.',
  ])
  assert.deepEqual(failure(cluster.createTopic('a', { assignments: [[1]] })), [
    ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    'All brokers specified in the manual partition assignment for partition 0 are fenced or in ' +
      'controlled shutdown.',
  ])
})

type CreatableTopic = CreateTopicsRequest['topics'][number]

function creatable(name: string, fields: Partial<CreatableTopic> = {}): CreatableTopic {
  return {
    name,
    numPartitions: -1,
    replicationFactor: -1,
    assignments: [],
    configs: [],
    ...fields,
  }
}

function create(cluster: TestCluster, ...topics: CreatableTopic[]) {
  const request = { topics, timeoutMs: 1000, validateOnly: false }
  return cluster.take(cluster.controller.createTopics(request, 7, cluster.nowMs)).topics
}

test('a name that is twice in a request is made not even once; others are', () => {
  const cluster = new TestCluster().start(1)
  const results = create(cluster, creatable('a'), creatable('b'), creatable('a'))
  assert.deepEqual(
    results.map((result) => [result.name, ...failure(result)]),
    [
      ['b', ErrorCode.NONE, null],
      ['a', ErrorCode.INVALID_REQUEST, 'Duplicate topic name.'],
    ],
  )
  assert.deepEqual([...cluster.image.topics.byName.keys()], ['b'])
})

test('manual assignments leave counts at -1, are consecutive, and of one size', () => {
  const cluster = new TestCluster().start(1, 2)
  const assignment = (partitionIndex: number, ...brokerIds: number[]) => ({
    partitionIndex,
    brokerIds,
  })
  const refusals = create(
    cluster,
    creatable('a', { numPartitions: 1, assignments: [assignment(0, 1)] }),
    creatable('b', { replicationFactor: 1, assignments: [assignment(0, 1)] }),
    creatable('c', { assignments: [assignment(0, 1), assignment(2, 1)] }),
    creatable('d', { assignments: [assignment(0, 1), assignment(0, 2)] }),
    creatable('e', { assignments: [assignment(0, 1), assignment(1, 1, 2)] }),
  ).map(failure)
  assert.deepEqual(refusals, [
    [42, 'A manual partition assignment was specified, but numPartitions was not set to -1.'],
    [42, 'A manual partition assignment was specified, but replication factor was not set to -1.'],
    [39, 'partitions should be a consecutive 0-based integer sequence'],
    [39, 'Found multiple manual partition assignments for partition 0'],
    [
      39,
      'The manual partition assignment includes a partition with 2 replica(s), but this is not ' +
        'consistent with previous partitions, which have 1 replica(s).',
    ],
  ])
})

test('a request has a limit of partitions and of records', () => {
  const cluster = new TestCluster().start(1)
  const many = create(
    cluster,
    creatable('a', { numPartitions: 6000 }),
    creatable('b', { numPartitions: 4001 }),
  )
  assert.deepEqual(many.map(failure), [
    [44, 'Excessively large number of partitions per request.'],
    [44, 'Excessively large number of partitions per request.'],
  ])
  const [large] = create(cluster, creatable('a', { numPartitions: 10_000 }))
  assert.deepEqual(failure(large!), [44, 'Unable to perform excessively large batch operation.'])
  assert.equal(cluster.image.topics.byName.size, 0)
})

test('ten thousand partitions are made and replayed well within a second', () => {
  const cluster = new TestCluster().start(1)
  const { clock } = nodeIo()
  const start = clock.monotonicMs()
  for (const name of ['a', 'b']) cluster.createTopic(name, { partitions: 5000 })
  assert.ok(clock.monotonicMs() - start < 1000)
  assert.equal([...cluster.image.topics.partitions()].length, 10_000)
})

function morePartitions(cluster: TestCluster, name: string, count: number, lists?: number[][]) {
  const assignments = lists?.map((brokerIds) => ({ brokerIds })) ?? null
  const request = {
    topics: [{ name, count, assignments }],
    timeoutMs: 1000,
    validateOnly: false,
  }
  const { response, records } = cluster.controller.createPartitions(request, 3, cluster.nowMs)
  cluster.replay(records)
  return failure({ errorMessage: null, ...response.results[0]! })
}

test('partitions are added, with as many replicas as the others have', () => {
  const cluster = new TestCluster().start(1, 2)
  cluster.createTopic('a', { partitions: 1, factor: 2 })
  assert.deepEqual(morePartitions(cluster, 'a', 3), [ErrorCode.NONE, null])
  assert.deepEqual(morePartitions(cluster, 'a', 4, [[2, 1]]), [ErrorCode.NONE, null])
  const { partitions } = cluster.image.topics.byName.get('a')!
  assert.equal(partitions.length, 4)
  assert.deepEqual(partitions[3]!.replicas, [2, 1])
  assert.ok(partitions.every(({ replicas }) => replicas.length === 2))
})

test('partitions are not added where that makes no sense', () => {
  const cluster = new TestCluster().start(1)
  cluster.createTopic('a', { partitions: 2 })
  assert.deepEqual(morePartitions(cluster, 'nope', 3), [3, null])
  assert.deepEqual(morePartitions(cluster, 'a', 2), [37, 'Topic already has 2 partition(s).'])
  assert.deepEqual(morePartitions(cluster, 'a', 1), [
    37,
    'The topic a currently has 2 partition(s); 1 would not be an increase.',
  ])
  assert.deepEqual(morePartitions(cluster, 'a', 4, [[1]]), [
    39,
    'Attempted to add 2 additional partition(s), but only 1 assignment(s) were specified.',
  ])
  assert.deepEqual(morePartitions(cluster, 'a', 3, [[1, 1]]).slice(0, 1), [39])
})

interface Reference {
  readonly name: string | null
  readonly topicId: string
}

function remove(cluster: TestCluster, topics: Reference[], version = 6) {
  const request =
    version >= 6
      ? { topics, topicNames: [], timeoutMs: 1000 }
      : { topics: [], topicNames: topics.map(({ name }) => name!), timeoutMs: 1000 }
  const { responses } = cluster.take(
    cluster.controller.deleteTopics(request, version, cluster.nowMs),
  )
  return responses.map(({ name, topicId, ...rest }) => [name, topicId, ...failure(rest)])
}

const byName = (name: string): Reference => ({ name, topicId: ZERO_UUID })
const byId = (topicId: string): Reference => ({ name: null, topicId })

test('topics are deleted by name and by id, with their configs', () => {
  const cluster = new TestCluster().start(1)
  const a = cluster.createTopic('a', { configs: { 'retention.ms': '1' } }).topicId!
  const b = cluster.createTopic('b').topicId!
  const unknown = uuidOf('none', 1)
  assert.deepEqual(remove(cluster, [byName('a'), byId(b), byName('c'), byId(unknown)]), [
    [null, unknown, 100, 'This server does not host this topic ID.'],
    ['c', ZERO_UUID, 3, 'This server does not host this topic-partition.'],
    ['b', b, ErrorCode.NONE, null],
    ['a', a, ErrorCode.NONE, null],
  ])
  assert.equal(cluster.image.topics.byName.size, 0)
  assert.equal(cluster.image.configs.topic('a').size, 0)
  // The name, and those that would collide with it, are free again.
  assert.equal(cluster.createTopic('a').errorCode, ErrorCode.NONE)
})

test('a topic that is named twice in any way is not deleted', () => {
  const cluster = new TestCluster().start(1)
  const id = cluster.createTopic('a').topicId!
  const both = 'You may not specify both topic name and topic id.'
  assert.deepEqual(remove(cluster, [byName('a'), byName('a')]), [
    ['a', ZERO_UUID, 42, 'Duplicate topic name.'],
  ])
  assert.deepEqual(remove(cluster, [byId(id), byId(id)]), [[null, id, 42, 'Duplicate topic id.']])
  assert.deepEqual(remove(cluster, [byId(id), byName('a')]), [
    ['a', id, 42, 'The provided topic name maps to an ID that was already supplied.'],
  ])
  assert.deepEqual(remove(cluster, [{ name: 'a', topicId: id }]), [['a', id, 42, both]])
  assert.deepEqual(remove(cluster, [byId(ZERO_UUID)]), [
    [null, ZERO_UUID, 42, 'Neither topic name nor id were specified.'],
  ])
  assert.equal(cluster.image.topics.byName.size, 1)
})

test('delete.topic.enable=false refuses, in the way that the version knows', () => {
  const cluster = new TestCluster({ deleteTopicEnable: false }).start(1)
  cluster.createTopic('a')
  assert.deepEqual(remove(cluster, [byName('a')])[0]?.[2], ErrorCode.TOPIC_DELETION_DISABLED)
  assert.deepEqual(remove(cluster, [byName('a')], 2)[0]?.[2], ErrorCode.INVALID_REQUEST)
  assert.equal(cluster.image.topics.byName.size, 1)
})
