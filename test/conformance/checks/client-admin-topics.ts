/** Topics, their configs and their offsets, by our administrator's client. */
import assert from 'node:assert/strict'
import { BatchBuilder } from '../../../src/records/builder.ts'
import {
  type AdminFixture,
  adminFixture,
  eventually,
  rejectsWith,
  squeezed,
  whereServed,
} from '../admin-fixture.ts'
import type { Check } from '../check.ts'

const NO_SUCH_ID = 'AAAAAAAAAAAAAAAAAAAAZQ'

export const topicAdmins: readonly Check[] = [
  {
    name: 'client-admin-topics',
    needs: ['java'],
    run: async (context) => {
      const fixture = adminFixture(context)
      await createAndDescribe(fixture)
      await growAndDelete(fixture)
    },
  },
  {
    name: 'client-admin-configs',
    needs: ['java'],
    run: async (context) => {
      const fixture = adminFixture(context)
      await topicConfigs(fixture)
      await otherConfigs(fixture)
    },
  },
  {
    name: 'client-admin-offsets',
    needs: ['java'],
    run: async (context) => {
      const fixture = adminFixture(context)
      await places(fixture)
      await deleted(fixture)
    },
  },
]

async function createAndDescribe({ context, admin }: AdminFixture): Promise<void> {
  const { topic } = context
  const checked = await admin.createTopics([{ name: topic, numPartitions: 3 }], {
    validateOnly: true,
  })
  assert.equal(checked.get(topic).numPartitions, 3)
  await rejectsWith('UNKNOWN_TOPIC_OR_PARTITION', () => admin.describeTopics([topic]))

  const created = await admin.createTopics([
    { name: topic, numPartitions: 3, replicationFactor: 1, configs: { 'retention.ms': '3600000' } },
    { name: `${topic}-placed`, assignments: [[1], [1]] },
    { name: `${topic}-default` },
    { name: 'a/b' },
    { name: `${topic}-far`, numPartitions: 1, replicationFactor: 9 },
  ])
  const { topicId, configs, numPartitions, replicationFactor } = created.get(topic)
  assert.deepEqual([numPartitions, replicationFactor], [3, 1])
  const retention = configs.find(({ name }) => name === 'retention.ms')
  assert.deepEqual([retention?.value, retention?.source], ['3600000', 'DYNAMIC_TOPIC_CONFIG'])
  assert.equal(created.get(`${topic}-placed`).numPartitions, 2)
  assert.equal(created.get(`${topic}-default`).numPartitions, 1)
  assert.deepEqual(
    created.failures().map(([key, { code }]) => `${key} ${code}`),
    [`a/b INVALID_TOPIC_EXCEPTION`, `${topic}-far INVALID_REPLICATION_FACTOR`],
  )
  await rejectsWith('TOPIC_ALREADY_EXISTS', () => admin.createTopics([{ name: topic }]))

  const listed = (await admin.listTopics()).find(({ name }) => name === topic)
  assert.deepEqual(listed, { name: topic, topicId, isInternal: false })
  const names = [topic, `${topic}-placed`]
  const paged = await admin.describeTopics([...names, `${topic}-none`], {
    partitionSizeLimitPerResponse: 1,
    includeAuthorizedOperations: true,
  })
  await rejectsWith('UNKNOWN_TOPIC_OR_PARTITION', async () => paged.get(`${topic}-none`))
  const whole = await admin.describeTopics(names)
  for (const name of names) {
    assert.deepEqual(paged.get(name).partitions, whole.get(name).partitions)
    assert.equal(paged.get(name).authorizedOperations?.includes('DESCRIBE_CONFIGS'), true)
    assert.equal(whole.get(name).authorizedOperations, null)
  }
  const byId = await admin.describeTopicsById([topicId, NO_SUCH_ID])
  assert.equal(byId.get(topicId).name, topic)
  assert.equal(byId.get(topicId).partitions.length, 3)
  await rejectsWith('UNKNOWN_TOPIC_ID', async () => byId.get(NO_SUCH_ID))

  // The same words as kafka-topics.
  const ours = whole.get(topic)
  const lines = ours.partitions.map((one) => {
    const at = `Topic: ${topic} Partition: ${one.partition} Leader: ${one.leader}`
    const held = `Replicas: ${one.replicas} Isr: ${one.isr}`
    return `${at} ${held} Elr: ${one.elr} LastKnownElr: ${one.lastKnownElr}`.trim()
  })
  const tool = ['--bootstrap-server', context.server.bootstrap, '--describe', '--topic', topic]
  const theirs = squeezed(await context.jvm.output('kafka-topics', tool))
  const [head, ...rest] = theirs
  assert.deepEqual(rest, lines.flatMap(squeezed))
  assert.match(head!, new RegExp(`TopicId: ${topicId} PartitionCount: 3 ReplicationFactor: 1 `))
}

async function growAndDelete({ context, admin }: AdminFixture): Promise<void> {
  const { topic } = context
  const grown = await admin.createPartitions([
    { topic, totalCount: 5, assignments: [[1], [1]] },
    { topic: `${topic}-placed`, totalCount: 1 },
    { topic: `${topic}-none`, totalCount: 2 },
  ])
  assert.deepEqual(
    grown.failures().map(([key, { code }]) => `${key} ${code}`),
    [`${topic}-placed INVALID_PARTITIONS`, `${topic}-none UNKNOWN_TOPIC_OR_PARTITION`],
  )
  const described = await eventually(async () => {
    const one = (await admin.describeTopics([topic])).get(topic)
    assert.equal(one.partitions.length, 5)
    return one
  })
  const deleted = await admin.deleteTopics([`${topic}-placed`, `${topic}-none`, `${topic}-default`])
  assert.deepEqual(
    deleted.failures().map(([key, { code }]) => `${key} ${code}`),
    [`${topic}-none UNKNOWN_TOPIC_OR_PARTITION`],
  )
  const byId = await admin.deleteTopicsById([described.topicId, NO_SUCH_ID])
  assert.equal(byId.outcome(described.topicId)?.ok, true)
  await rejectsWith('UNKNOWN_TOPIC_ID', async () => byId.get(NO_SUCH_ID))
  await eventually(async () => {
    const left = (await admin.listTopics()).filter(({ name }) => name.startsWith(topic))
    assert.deepEqual(left, [])
  })
}

async function topicConfigs({ context, admin }: AdminFixture): Promise<void> {
  const { topic } = context
  const resource = { type: 'TOPIC', name: topic } as const
  await admin.createTopics([{ name: topic, numPartitions: 1 }])
  const altered = await admin.incrementalAlterConfigs([
    {
      ...resource,
      changes: [
        { name: 'retention.ms', op: 'set', value: '1000000' },
        { name: 'cleanup.policy', op: 'append', value: 'compact' },
      ],
    },
    { type: 'TOPIC', name: `${topic}-none`, changes: [] },
  ])
  assert.equal(altered.outcome(resource)?.ok, true)
  assert.equal(altered.failures()[0]?.[1].code, 'UNKNOWN_TOPIC_OR_PARTITION')
  const some = { names: ['retention.ms', 'cleanup.policy', 'segment.bytes'] }
  const rich = { ...some, includeSynonyms: true, includeDocumentation: true }
  const configs = await eventually(async () => {
    const found = (await admin.describeConfigs([resource], rich)).get(resource)
    assert.equal(found.get('retention.ms')?.value, '1000000')
    return found
  })
  assert.deepEqual([...configs.keys()].sort(), [...some.names].sort())
  const retention = configs.get('retention.ms')!
  assert.equal(retention.source, 'DYNAMIC_TOPIC_CONFIG')
  assert.equal(retention.type, 'LONG')
  assert.ok((retention.documentation ?? '').length > 20)
  assert.deepEqual(retention.synonyms[0], {
    name: 'retention.ms',
    value: '1000000',
    source: 'DYNAMIC_TOPIC_CONFIG',
  })
  assert.equal(configs.get('segment.bytes')?.isDefault, true)

  // The same values as kafka-configs.
  const tool = ['--bootstrap-server', context.server.bootstrap, '--describe', '--all']
  const all = await context.jvm.output('kafka-configs', [...tool, '--topic', topic])
  const theirs = squeezed(all).flatMap((line) => {
    const found = /^([\w.]+)=(.*) sensitive=(true|false) synonyms=\{(.*)\}$/.exec(line)
    return found === null ? [] : [`${found[1]}=${found[2]} ${found[3]} {${found[4]}}`]
  })
  const every = (await admin.describeConfigs([resource], { includeSynonyms: true })).get(resource)
  const ours = [...every.values()].map(({ name, value, isSensitive, synonyms }) => {
    const from = synonyms.map((one) => `${one.source}:${one.name}=${one.value}`)
    return `${name}=${value} ${isSensitive} {${from.join(', ')}}`
  })
  assert.ok(theirs.length > 20)
  assert.deepEqual(ours.sort(), theirs.sort())

  const back = { ...resource, changes: [{ name: 'retention.ms', op: 'delete' } as const] }
  const subtract = { name: 'cleanup.policy', op: 'subtract', value: 'compact' } as const
  const both = [{ ...back, changes: [...back.changes, subtract] }]
  const dry = await admin.incrementalAlterConfigs(both, { validateOnly: true })
  assert.equal(dry.ok, true)
  assert.equal((await admin.incrementalAlterConfigs(both)).ok, true)
  await eventually(async () => {
    const found = (await admin.describeConfigs([resource])).get(resource)
    assert.equal(found.get('retention.ms')?.source, 'DEFAULT_CONFIG')
    assert.equal(found.get('cleanup.policy')?.value, 'delete')
  })
  await admin.deleteTopics([topic])
}

async function otherConfigs({ context, admin }: AdminFixture): Promise<void> {
  const broker = { type: 'BROKER', name: '1' } as const
  const all = { type: 'BROKER', name: '' } as const
  const logger = { type: 'BROKER_LOGGER', name: '1' } as const
  const set = (name: string, value: string) => [{ name, op: 'set', value } as const]
  const dynamic = set('log.cleaner.threads', '2')
  assert.equal((await admin.incrementalAlterConfigs([{ ...all, changes: dynamic }])).ok, true)
  await eventually(async () => {
    const found = (await admin.describeConfigs([broker], { includeSynonyms: true })).get(broker)
    const threads = found.get('log.cleaner.threads')
    assert.deepEqual([threads?.value, threads?.source], ['2', 'DYNAMIC_DEFAULT_BROKER_CONFIG'])
    assert.equal(found.get('node.id')?.isReadOnly, true)
  })
  const undo = [{ ...all, changes: [{ name: 'log.cleaner.threads', op: 'delete' } as const] }]
  assert.equal((await admin.incrementalAlterConfigs(undo)).ok, true)
  const wrong = [{ ...broker, changes: set('node.id', '7') }]
  await rejectsWith('INVALID_REQUEST', () => admin.incrementalAlterConfigs(wrong))
  const loggers = (await admin.describeConfigs([logger])).get(logger)
  assert.ok(loggers.size > 0)

  // Telemetry subscriptions and groups are configs too.
  const metrics = { type: 'CLIENT_METRICS', name: `${context.topic}-metrics` } as const
  const group = { type: 'GROUP', name: `${context.topic}-group` } as const
  const subscription = set('interval.ms', '10000')
  const session = set('consumer.session.timeout.ms', '50000')
  const made = await admin.incrementalAlterConfigs([
    { ...metrics, changes: subscription },
    { ...group, changes: session },
  ])
  made.orThrow()
  await eventually(async () => {
    const listed = await admin.listConfigResources(['CLIENT_METRICS', 'GROUP'])
    const own = listed.filter(({ name }) => name.startsWith(context.topic))
    assert.deepEqual(
      own.sort((one, other) => (one.type < other.type ? -1 : 1)),
      [metrics, group],
    )
  })
  const described = await admin.describeConfigs([metrics, group])
  const interval = described.get(metrics).get('interval.ms')
  assert.deepEqual([interval?.value, interval?.source], ['10000', 'DYNAMIC_CLIENT_METRICS_CONFIG'])
  const timeout = described.get(group).get('consumer.session.timeout.ms')
  assert.deepEqual([timeout?.value, timeout?.source], ['50000', 'DYNAMIC_GROUP_CONFIG'])
  assert.ok((await admin.listConfigResources([])).some(({ type }) => type === 'BROKER'))
  const removed = await admin.incrementalAlterConfigs([
    { ...metrics, changes: [{ name: 'interval.ms', op: 'delete' }] },
    { ...group, changes: [{ name: 'consumer.session.timeout.ms', op: 'delete' }] },
  ])
  removed.orThrow()
}

const TIMES = [1_700_000_000_000, 1_700_000_005_000, 1_700_000_001_000]

async function places({ context, admin, members }: AdminFixture): Promise<void> {
  const { topic } = context
  await admin.createTopics([{ name: topic, numPartitions: 2 }])
  await members.produce(topic, 0, new BatchBuilder(), null, TIMES)
  const at = async (where: Parameters<typeof admin.listOffsets>[0][number]['at']) => {
    const found = await admin.listOffsets([{ topic, partition: 0, at: where }])
    return found.get({ topic, partition: 0 })
  }
  assert.equal((await at('earliest')).offset, 0)
  const latest = await at('latest')
  assert.deepEqual([latest.offset, latest.timestamp], [3, -1])
  const max = await at('max-timestamp')
  assert.deepEqual([max.offset, max.timestamp], [1, TIMES[1]])
  const found = await at({ timestamp: TIMES[0]! + 1 })
  assert.deepEqual([found.offset, found.timestamp, found.leaderEpoch], [1, TIMES[1], 0])
  assert.equal((await at({ timestamp: TIMES[1]! + 1 })).offset, -1)
  assert.equal((await at('earliest-local')).offset, 0)
  assert.equal((await at('latest-tiered')).offset, -1)
  assert.equal((await at('earliest-pending-upload')).offset, -1)

  const mixed = await admin.listOffsets(
    [
      { topic, partition: 0, at: 'latest' },
      { topic, partition: 1, at: 'max-timestamp' },
      { topic: `${topic}-none`, partition: 0, at: 'earliest' },
    ],
    { isolation: 'read_committed' },
  )
  assert.equal(mixed.get({ topic, partition: 0 }).offset, 3)
  assert.equal(mixed.get({ topic, partition: 1 }).offset, -1)
  assert.equal(mixed.failures()[0]?.[1].code, 'UNKNOWN_TOPIC_OR_PARTITION')

  for (const [time, where] of [
    ['-1', 'latest'],
    ['-2', 'earliest'],
    ['-3', 'max-timestamp'],
  ] as const) {
    const tool = ['--bootstrap-server', context.server.bootstrap, '--topic', topic, '--time', time]
    const theirs = squeezed(await context.jvm.output('kafka-get-offsets', tool))
    const both = [0, 1].map((partition) => ({ topic, partition, at: where }))
    const ours = [...(await admin.listOffsets(both)).orThrow()].flatMap((entry) => {
      if (!entry.ok || entry.value.offset < 0) return []
      return [`${topic}:${entry.key.partition}:${entry.value.offset}`]
    })
    assert.deepEqual(ours, theirs.map((line) => line.replace(/:$/, '')).filter(isOffset))
  }
}

/** Kafka's tool leaves the number away where there is none. */
function isOffset(line: string): boolean {
  return /:\d+:\d+$/.test(line)
}

async function deleted(fixture: AdminFixture): Promise<void> {
  const { context, admin } = fixture
  const { topic } = context
  const call = () => admin.deleteRecords([{ topic, partition: 0, beforeOffset: 2 }])
  await whereServed(fixture, [21], call, async () => {
    const results = await admin.deleteRecords([
      { topic, partition: 0, beforeOffset: 2 },
      { topic, partition: 1, beforeOffset: 7 },
    ])
    assert.deepEqual(results.get({ topic, partition: 0 }), { lowWatermark: 2 })
    assert.equal(results.failures()[0]?.[1].code, 'OFFSET_OUT_OF_RANGE')
    const begin = await admin.listOffsets([{ topic, partition: 0, at: 'earliest' }])
    assert.equal(begin.values()[0]?.offset, 2)
    const all = await admin.deleteRecords([{ topic, partition: 0, beforeOffset: -1 }])
    assert.equal(all.values()[0]?.lowWatermark, 3)
  })
  await admin.deleteTopics([topic])
}
