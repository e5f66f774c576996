/** KafkaJS: its quick start unchanged, admin, produce, consume in a group, offsets by time. */
import kafkajs from 'kafkajs'
import { eventually, expect, main } from './checks.mjs'

const { CompressionTypes, ConfigResourceTypes, Kafka, logLevel } = kafkajs

function client(bootstrap) {
  return new Kafka({ clientId: 'my-app', brokers: [bootstrap], logLevel: logLevel.NOTHING })
}

async function createTopic(kafka, topic, numPartitions) {
  const admin = kafka.admin()
  await admin.connect()
  // Some records have times that no retention would keep.
  const configEntries = [{ name: 'retention.ms', value: '-1' }]
  const topics = [{ topic, numPartitions, configEntries }]
  await admin.createTopics({ topics, waitForLeaders: true })
  return admin
}

/** A consumer that gathers what it reads. */
async function gather(kafka, topic, options = {}) {
  const consumer = kafka.consumer({ groupId: topic, ...options })
  const records = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      records.push({ partition, ...message })
    },
  })
  return { consumer, records }
}

/** The readme's program, word for word, up to the names. */
async function quickstart(bootstrap, topic) {
  const kafka = new Kafka({ clientId: 'my-app', brokers: [bootstrap] })
  const producer = kafka.producer()
  const consumer = kafka.consumer({ groupId: topic })
  const values = []

  await producer.connect()
  await producer.send({ topic, messages: [{ value: 'Hello KafkaJS user!' }] })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => {
      values.push(message.value.toString())
    },
  })

  await eventually(() => expect('values', values, ['Hello KafkaJS user!']))
  await consumer.disconnect()
  await producer.disconnect()
}

async function admin(bootstrap, topic) {
  const admin = await createTopic(client(bootstrap), topic, 2)
  expect('topic is listed', (await admin.listTopics()).includes(topic), true)
  await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] })
  await eventually(async () => {
    const metadata = await admin.fetchTopicMetadata({ topics: [topic] })
    expect('partitions', metadata.topics[0].partitions.length, 3)
  })
  const resource = { type: ConfigResourceTypes.TOPIC, name: topic }
  const configEntries = [{ name: 'retention.ms', value: '7777' }]
  await admin.alterConfigs({ resources: [{ ...resource, configEntries }], validateOnly: false })
  await eventually(async () => {
    const described = await admin.describeConfigs({ resources: [resource], includeSynonyms: true })
    const entries = described.resources[0].configEntries
    const retention = entries.find((entry) => entry.configName === 'retention.ms')
    expect('retention.ms', retention.configValue, '7777')
  })
  const cluster = await admin.describeCluster()
  expect('brokers', cluster.brokers.length, 1)
  await admin.deleteTopics({ topics: [topic] })
  await admin.disconnect()
}

async function produce(bootstrap, topic) {
  const kafka = client(bootstrap)
  const admin = await createTopic(kafka, topic, 1)
  for (const compression of [CompressionTypes.None, CompressionTypes.GZIP]) {
    for (const idempotent of [false, true]) {
      const producer = kafka.producer({ idempotent })
      await producer.connect()
      const messages = Array.from({ length: 10 }, (_, number) => ({
        key: `key-${number}`,
        value: `value ${number}`,
        headers: { number: String(number) },
      }))
      const [result] = await producer.send({ topic, messages, compression })
      expect('error', result.errorCode, 0)
      await producer.disconnect()
    }
  }
  const { consumer, records } = await gather(kafka, topic)
  await eventually(() => expect('records', records.length, 40))
  const offsets = Array.from({ length: 40 }, (_, offset) => String(offset))
  expect(
    'offsets',
    records.map((record) => record.offset),
    offsets,
  )
  expect('key', records[25].key.toString(), 'key-5')
  expect('value', records[25].value.toString(), 'value 5')
  expect('header', records[25].headers.number.toString(), '5')
  await consumer.disconnect()
  await admin.disconnect()
}

async function send(kafka, topic, count, partitions) {
  const producer = kafka.producer()
  await producer.connect()
  const messages = Array.from({ length: count }, (_, number) => ({
    value: 'value',
    partition: number % partitions,
  }))
  await producer.send({ topic, messages })
  await producer.disconnect()
}

async function group(bootstrap, topic) {
  const kafka = client(bootstrap)
  const admin = await createTopic(kafka, topic, 3)
  await send(kafka, topic, 30, 3)
  const first = await gather(kafka, topic)
  await eventually(() => expect('records', first.records.length, 30))
  const second = await gather(kafka, topic)
  await eventually(async () => {
    const described = await admin.describeGroups([topic])
    expect('state', described.groups[0].state, 'Stable')
    expect('members', described.groups[0].members.length, 2)
  })
  await first.consumer.disconnect() // commits what it has read
  await second.consumer.disconnect()
  await send(kafka, topic, 6, 3)
  const third = await gather(kafka, topic)
  await eventually(() => expect('records then', third.records.length, 6))
  await third.consumer.disconnect()
  const [offsets] = await admin.fetchOffsets({ groupId: topic, topics: [topic] })
  const committed = offsets.partitions.map(({ offset }) => offset)
  expect('committed', committed, ['12', '12', '12'])
  const listed = await admin.listGroups()
  expect(
    'group is listed',
    listed.groups.some(({ groupId }) => groupId === topic),
    true,
  )
  await admin.resetOffsets({ groupId: topic, topic, earliest: true })
  await admin.deleteGroups([topic])
  await admin.disconnect()
}

async function times(bootstrap, topic) {
  const kafka = client(bootstrap)
  const admin = await createTopic(kafka, topic, 1)
  const producer = kafka.producer()
  await producer.connect()
  for (const timestamp of ['1000', '2000', '3000']) {
    await producer.send({ topic, messages: [{ value: 'value', timestamp }] })
  }
  await producer.disconnect()
  const found = []
  for (const timestamp of [1000, 1500, 3000]) {
    const [offset] = await admin.fetchTopicOffsetsByTimestamp(topic, timestamp)
    found.push(offset.offset)
  }
  expect('offsets by time', found, ['0', '1', '2'])
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '2' }] })
  const [ends] = await admin.fetchTopicOffsets(topic)
  expect('low and high', [ends.low, ends.high], ['2', '3'])
  await admin.disconnect()
}

/** Says what it owns after every rebalance until it is told to end. */
async function member(bootstrap, topic, groupId) {
  const timing = { sessionTimeout: 6000, heartbeatInterval: 500, maxWaitTimeInMs: 300 }
  const consumer = client(bootstrap).consumer({ groupId, ...timing })
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    console.log(['owns', ...(payload.memberAssignment[topic] ?? [])].join(' '))
  })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({ eachMessage: async () => {} })
  await new Promise((resolve) => process.on('SIGTERM', resolve))
  await consumer.disconnect()
}

await main({ quickstart, admin, produce, group, times, member })
