/** @platformatic/kafka: its quick start unchanged, admin, produce, consume in a group; a member of a mixed group. */
import {
  Admin,
  Consumer,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka'
import { eventually, expect, main } from './checks.mjs'

function openAdmin(bootstrap) {
  return new Admin({ clientId: 'my-admin', bootstrapBrokers: [bootstrap] })
}

function openProducer(bootstrap, options = {}) {
  return new Producer({
    clientId: 'my-producer',
    bootstrapBrokers: [bootstrap],
    serializers: stringSerializers,
    ...options,
  })
}

function openConsumer(bootstrap, groupId) {
  return new Consumer({
    groupId,
    clientId: 'my-consumer',
    bootstrapBrokers: [bootstrap],
    deserializers: stringDeserializers,
  })
}

/** The readme's programs, word for word, up to the names. */
async function quickstart(bootstrap, topic) {
  const admin = openAdmin(bootstrap)
  await admin.createTopics({ topics: [topic], partitions: 3, replicas: 1 })

  const consumer = openConsumer(bootstrap, topic)
  const stream = await consumer.consume({
    autocommit: true,
    topics: [topic],
    sessionTimeout: 10000,
    heartbeatInterval: 500,
  })
  const received = []
  stream.on('data', (message) => received.push(`${message.key} -> ${message.value}`))

  const producer = openProducer(bootstrap)
  const value = JSON.stringify({ name: 'John', action: 'login' })
  await eventually(async () => {
    await producer.send({
      messages: [{ topic, key: 'user-123', value, headers: { source: 'web-app' } }],
    })
    expect('received', received[0], `user-123 -> ${value}`) // it reads from the end as it joined
  })
  await producer.close()
  await consumer.close(true)
  await admin.close()
}

async function admin(bootstrap, topic) {
  const admin = openAdmin(bootstrap)
  await admin.createTopics({ topics: [topic], partitions: 2, replicas: 1 })
  expect('topic is listed', (await admin.listTopics()).includes(topic), true)
  await admin.createPartitions({ topics: [{ name: topic, count: 3, assignments: null }] })
  await eventually(async () => {
    const metadata = await admin.metadata({ topics: [topic], forceUpdate: true })
    expect('partitions', metadata.topics.get(topic).partitionsCount, 3)
  })
  const resource = { resourceType: 2, resourceName: topic }
  const configs = [{ name: 'retention.ms', configOperation: 0, value: '7777' }]
  await admin.incrementalAlterConfigs({ resources: [{ ...resource, configs }] })
  await eventually(async () => {
    const [described] = await admin.describeConfigs({
      resources: [{ ...resource, configurationKeys: ['retention.ms'] }],
      includeSynonyms: true,
      includeDocumentation: false,
    })
    expect('retention.ms', described.configs[0].value, '7777')
  })
  const [dirs] = await admin.describeLogDirs({ topics: [{ name: topic, partitions: [0] }] })
  expect('broker', dirs.broker, 1)
  await admin.deleteTopics({ topics: [topic] })
  await admin.close()
}

async function send(bootstrap, topic, count, options = {}) {
  const producer = openProducer(bootstrap, options)
  const messages = Array.from({ length: count }, (_, number) => ({
    topic,
    partition: number % 3,
    key: `key-${number}`,
    value: `value ${number}`,
    headers: { number: String(number) },
  }))
  await producer.send({ messages })
  await producer.close()
}

/** A consumer that gathers what it reads and commits it when asked to. */
async function gather(bootstrap, topic, groupId) {
  const consumer = openConsumer(bootstrap, groupId)
  const stream = await consumer.consume({
    autocommit: false,
    topics: [topic],
    mode: 'committed',
    fallbackMode: 'earliest',
  })
  const records = new Map() // by place: this client gives some records twice, from Apache Kafka too
  stream.on('data', (record) => records.set(`${record.partition}:${record.offset}`, record))
  const commit = async () => {
    for (const record of records.values()) await record.commit()
  }
  return { consumer, records, commit }
}

async function produce(bootstrap, topic) {
  const admin = openAdmin(bootstrap)
  await admin.createTopics({ topics: [topic], partitions: 3, replicas: 1 })
  await admin.close()
  const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
  for (const compression of codecs) await send(bootstrap, topic, 9, { compression })
  await send(bootstrap, topic, 9, { idempotent: true })
  const { consumer, records } = await gather(bootstrap, topic, topic)
  await eventually(() => expect('records', records.size, 54))
  for (const { key, value, headers } of records.values()) {
    const number = key.slice('key-'.length)
    expect('value', value, `value ${number}`)
    expect('header', headers.get('number'), number)
  }
  const [offsets] = (await consumer.listOffsets({ topics: [topic] })).values()
  expect('end offsets', offsets, [18n, 18n, 18n])
  await consumer.close(true)
}

async function group(bootstrap, topic) {
  const admin = openAdmin(bootstrap)
  await admin.createTopics({ topics: [topic], partitions: 3, replicas: 1 })
  await send(bootstrap, topic, 30)
  const first = await gather(bootstrap, topic, topic)
  await eventually(() => expect('records', first.records.size, 30))
  await first.commit()
  const second = await gather(bootstrap, topic, topic)
  await eventually(async () => {
    const described = await admin.describeGroups({ groups: [topic] })
    expect('state', described.get(topic).state, 'Stable')
    expect('members', described.get(topic).members.size, 2)
  })
  await first.consumer.close(true)
  await second.consumer.close(true)
  await send(bootstrap, topic, 6)
  const third = await gather(bootstrap, topic, topic)
  await eventually(() => expect('records then', third.records.size, 6))
  await third.commit()
  await third.consumer.close(true)
  const [offsets] = await admin.listConsumerGroupOffsets({ groups: [topic] })
  const committed = offsets.topics[0].partitions.map(({ committedOffset }) => committedOffset)
  expect('committed', committed, [12n, 12n, 12n])
  expect('group is listed', (await admin.listGroups()).has(topic), true)
  await admin.deleteGroups({ groups: [topic] })
  await admin.close()
}

/** Says what it owns after every rebalance, and what it reads, until it is told to end. */
async function member(bootstrap, topic, groupId) {
  const consumer = openConsumer(bootstrap, groupId)
  consumer.on('consumer:group:join', ({ assignments }) => {
    const partitions = assignments?.find((each) => each.topic === topic)?.partitions ?? []
    console.log(['owns', ...partitions].join(' '))
  })
  consumer.on('consumer:group:rebalance', () => console.log('owns'))
  const stream = await consumer.consume({
    topics: [topic],
    mode: 'committed',
    fallbackMode: 'earliest',
    sessionTimeout: 6000,
    heartbeatInterval: 500,
  })
  stream.on('data', ({ partition, offset }) => console.log('read', partition, String(offset)))
  await new Promise((resolve) => process.on('SIGTERM', resolve))
  await consumer.close(true)
}

await main({ quickstart, admin, produce, group, member })
