/**
 * Programs of a user of kafkajs, after the pages of its documentation (getting started, producing,
 * consuming, transactions, admin, instrumentation events). Each says what it saw, a line each, and
 * nothing that another run would not see, so that a run with kafkajs and one with the drop-in must
 * print the same.
 *
 *     node moving.mjs MODULE BOOTSTRAP TOPIC [PROGRAM TO LEAVE OUT]
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect } from 'node:util'
import { eventually, expect } from './checks.mjs'

const [module, bootstrap, prefix] = process.argv.slice(2)
const kafkajs = (await import(module)).default
const {
  AssignerProtocol,
  CompressionCodecs,
  CompressionTypes,
  ConfigResourceTypes,
  Kafka,
  KafkaJSError,
  KafkaJSNonRetriableError,
  KafkaJSNumberOfRetriesExceeded,
  KafkaJSProtocolError,
  logLevel,
  PartitionAssigners,
  Partitioners,
} = kafkajs

function say(what, value) {
  console.log(`${what}: ${inspect(value, { depth: 8, breakLength: 100, sorted: true })}`)
}

const kafka = new Kafka({
  clientId: 'moving',
  brokers: async () => [bootstrap],
  connectionTimeout: 3000,
  retry: { initialRetryTime: 100, retries: 8 },
  logLevel: logLevel.ERROR,
  logCreator: () => () => {},
})
const admin = kafka.admin()
let count = 0

/** A new topic. */
async function newTopic(numPartitions = 1) {
  const topic = `${prefix}-${++count}`
  // Some records have times that no retention would keep.
  const configEntries = [{ name: 'retention.ms', value: '-1' }]
  const topics = [{ topic, numPartitions, configEntries }]
  await admin.createTopics({ topics, waitForLeaders: true })
  return topic
}

async function produce(topic, values, partition = 0) {
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic, messages: values.map((value) => ({ value, partition })) })
  await producer.disconnect()
}

/** kafkajs says partitions as text in places where its types say numbers. */
const numbered = (entry) => ({ ...entry, partition: Number(entry.partition) })

const texts = (messages) => messages.map(({ value }) => value?.toString() ?? null)

/** What an error looks like to a program; those of retries wrap another. */
function seen(error) {
  const { cause } = error
  return {
    isOurs: error instanceof KafkaJSError || error.name === 'KafkaJSAggregateError',
    type: error.type ?? cause?.type ?? error.errors?.map(({ type }) => type),
  }
}

async function failing(what, call) {
  try {
    await call()
    say(what, 'no error')
  } catch (error) {
    say(what, seen(error))
  }
}

async function admins() {
  say('created', await admin.createTopics({ topics: [{ topic: `${prefix}-a`, numPartitions: 2 }] }))
  say('created again', await admin.createTopics({ topics: [{ topic: `${prefix}-a` }] }))
  const configEntries = [{ name: 'retention.ms', value: '123456' }]
  const made = { topic: `${prefix}-b`, numPartitions: 1, replicationFactor: 1, configEntries }
  say('with configs', await admin.createTopics({ topics: [made], timeout: 5000 }))
  const wrong = { topic: `${prefix}-c`, configEntries: [{ name: 'no.such', value: 'x' }] }
  await failing('wrong config', () => admin.createTopics({ topics: [wrong] }))
  await failing('no list', () => admin.createTopics({}))
  const names = await admin.listTopics()
  say('listed', names.filter((name) => /-[abc]$/.test(name) && name.startsWith(prefix)).sort())
  const resource = { type: ConfigResourceTypes.TOPIC, name: `${prefix}-b` }
  const query = { ...resource, configNames: ['retention.ms', 'cleanup.policy'] }
  const configs = await admin.describeConfigs({ resources: [query], includeSynonyms: false })
  configs.resources[0].configEntries.sort((a, b) => (a.configName < b.configName ? -1 : 1))
  say('configs', configs.resources)
  const changed = { ...resource, configEntries: [{ name: 'cleanup.policy', value: 'compact' }] }
  const altered = await admin.alterConfigs({ validateOnly: false, resources: [changed] })
  say('altered', altered.resources.length)
  await eventually(async () => {
    const again = await admin.describeConfigs({ resources: [query], includeSynonyms: false })
    const values = again.resources[0].configEntries
      .sort((a, b) => (a.configName < b.configName ? -1 : 1))
      .map(({ configValue }) => configValue)
    expect('changed', values, ['compact', '604800000'])
  })
  await admin.createPartitions({ topicPartitions: [{ topic: `${prefix}-a`, count: 4 }] })
  await eventually(async () => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [`${prefix}-a`] })
    expect('partitions', topics[0].partitions.length, 4)
  })
  const { topics } = await admin.fetchTopicMetadata({ topics: [`${prefix}-a`] })
  topics[0].partitions.sort((a, b) => a.partitionId - b.partitionId)
  say('metadata', topics)
  await failing('partitions below', () =>
    admin.createPartitions({ topicPartitions: [{ topic: `${prefix}-a`, count: 1 }] }),
  )
  const cluster = await admin.describeCluster()
  say('cluster', { ...cluster, brokers: cluster.brokers.map(({ nodeId }) => nodeId) })
  await admin.deleteTopics({ topics: [`${prefix}-a`, `${prefix}-b`], timeout: 5000 })
  await eventually(async () => {
    const left = await admin.listTopics()
    expect('left', [left.includes(`${prefix}-a`), left.includes(`${prefix}-b`)], [false, false])
  })
}

async function offsets() {
  const topic = await newTopic(2)
  const groupId = `${topic}-group`
  const producer = kafka.producer()
  await producer.connect()
  for (const timestamp of ['1000', '2000', '3000']) {
    await producer.send({ topic, messages: [{ value: timestamp, timestamp, partition: 1 }] })
  }
  await producer.disconnect()
  const byPartition = (entries) => entries.sort((a, b) => a.partition - b.partition)
  say('topic offsets', byPartition(await admin.fetchTopicOffsets(topic)))
  for (const time of [1500, 9999]) {
    say(`at ${time}`, byPartition(await admin.fetchTopicOffsetsByTimestamp(topic, time)))
  }
  const fetched = async (options = {}) => {
    const [of] = await admin.fetchOffsets({ groupId, topics: [topic], ...options })
    return { ...of, partitions: byPartition(of.partitions) }
  }
  say('none committed', await fetched())
  await admin.setOffsets({ groupId, topic, partitions: [{ partition: 1, offset: '2' }] })
  say('set', await fetched())
  await admin.resetOffsets({ groupId, topic, earliest: true })
  say('reset', await fetched({ resolveOffsets: true }))
  await admin.deleteTopicRecords({ topic, partitions: [{ partition: 1, offset: '2' }] })
  say('after deletion', byPartition(await admin.fetchTopicOffsets(topic)))
  await failing('offset beyond', () =>
    admin.deleteTopicRecords({ topic, partitions: [{ partition: 1, offset: '999' }] }),
  )
  const { groups } = await admin.listGroups()
  say('listed', groups.filter((group) => group.groupId === groupId).length)
  say('deleted', await admin.deleteGroups([groupId]))
  try {
    await admin.deleteGroups([groupId])
  } catch (error) {
    const of = error.groups.map(({ groupId: id, errorCode, error: why }) => [
      id,
      errorCode,
      why.type,
    ])
    say('deleted again', [error.name, of])
  }
}

async function producing() {
  const topic = await newTopic(3)
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await failing('not connected', () => producer.send({ topic, messages: [{ value: 'x' }] }))
  const events = []
  const forget = producer.on(producer.events.CONNECT, ({ type }) => events.push(type))
  producer.on(producer.events.DISCONNECT, ({ type, payload }) =>
    events.push([type, payload ?? null]),
  )
  await producer.connect()
  forget()
  const headers = { one: 'a', many: ['b', Buffer.from('c')], bytes: Buffer.from([0, 255]) }
  const messages = [
    { key: 'key-1', value: 'with a key', headers, timestamp: '1700000000000' },
    { key: Buffer.from('key-2'), value: Buffer.from('bytes') },
    { key: 'key-3', value: null },
    { value: 'for partition 2', partition: 2 },
  ]
  const written = ({ topicName, partition, errorCode, baseOffset, logAppendTime }) => {
    return { topicName, partition, errorCode, baseOffset, logAppendTime }
  }
  const results = await producer.send({ topic, messages, acks: -1, timeout: 30_000 })
  const order = (a, b) => a.partition - b.partition
  say('sent', results.map(written).sort(order))
  const more = { topic, messages: [{ key: 'key-1', value: 'compressed' }] }
  const zipped = await producer.send({ ...more, compression: CompressionTypes.GZIP })
  say('compressed', zipped.map(written))
  say('acks 1', (await producer.send({ ...more, acks: 1 })).map(written))
  say('acks 0', await producer.send({ ...more, acks: 0 }))
  const other = await newTopic(1)
  const batch = {
    topicMessages: [more, { topic: other, messages: [{ value: 'a' }, { value: 'b' }] }],
  }
  const both = (await producer.sendBatch(batch)).map(written)
  say('batch', both.map(({ topicName }) => topicName).sort())
  await failing('no value', () => producer.send({ topic, messages: [{ key: 'k' }] }))
  await failing('no messages', () => producer.send({ topic }))
  await failing('no topic', () => producer.send({ messages: [] }))
  await failing('too large', () =>
    producer.send({ topic, messages: [{ value: Buffer.alloc(2_000_000, 'x') }] }),
  )
  await producer.disconnect()
  await failing('disconnected', () => producer.send({ topic, messages: [{ value: 'x' }] }))
  say('events', events)
  for (const name of ['DefaultPartitioner', 'LegacyPartitioner', 'JavaCompatiblePartitioner']) {
    const choose = Partitioners[name]()
    const partitionMetadata = Array.from({ length: 7 }, (_, partitionId) => ({
      partitionId,
      leader: 1,
    }))
    const keys = ['', 'a', 'ab', 'abc', 'abcd', 'abcde', 'ключ', 'a longer key, of many words']
    say(
      name,
      keys.map((key) => choose({ topic, partitionMetadata, message: { key, value: '' } })),
    )
    const turns = [1, 2, 3].map(() => choose({ topic, partitionMetadata, message: { value: '' } }))
    say('in turn', [(turns[1] - turns[0] + 7) % 7, (turns[2] - turns[1] + 7) % 7])
  }
  const own = kafka.producer({
    createPartitioner:
      () =>
      ({ topic: name, partitionMetadata, message }) => {
        say('asked', [name === topic, partitionMetadata.length, message])
        return 1
      },
  })
  await own.connect()
  say('own', (await own.send({ topic, messages: [{ value: 'x', partition: 0 }] })).length)
  say('idempotent', [own.isIdempotent(), kafka.producer({ idempotent: true }).isIdempotent()])
  await own.disconnect()
  await readAll(topic)
}

/** What a consumer sees of a whole topic, partition by partition. */
async function readAll(topic, options = {}) {
  const ends = await admin.fetchTopicOffsets(topic)
  const total = ends.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0)
  const consumer = kafka.consumer({ groupId: `${topic}-reader`, ...options })
  const messages = []
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ topic: name, partition, message }) => {
      const { key, value, offset, headers, attributes, timestamp } = message
      const time = Number(timestamp) > 1_750_000_000_000 ? 'now' : timestamp
      messages.push({ name, partition, offset, key, value, headers, attributes, time })
    },
  })
  await eventually(() => expect('messages', messages.length >= total - (options.hidden ?? 0), true))
  await consumer.disconnect()
  messages.sort((a, b) => a.partition - b.partition || Number(a.offset) - Number(b.offset))
  say(
    'read',
    messages.map((one) => ({ ...one, name: one.name === topic })),
  )
}

async function quickstart() {
  const topic = await newTopic()
  const producer = kafka.producer()
  const consumer = kafka.consumer({ groupId: `${topic}-group` })
  const values = []
  await producer.connect()
  await producer.send({ topic, messages: [{ value: 'Hello, one' }, { value: 'Hello, two' }] })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => {
      values.push(message.value.toString())
    },
  })
  await eventually(() => expect('values', values.length, 2))
  await consumer.disconnect()
  await producer.disconnect()
  say('values', values)
  const [{ partitions }] = await admin.fetchOffsets({ groupId: `${topic}-group`, topics: [topic] })
  say('committed', partitions)
}

async function batches() {
  const topic = await newTopic()
  const groupId = `${topic}-group`
  await produce(topic, ['0', '1', '2', '3', '4', '5'])
  const consumer = kafka.consumer({ groupId })
  const handled = []
  const seenBatches = []
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    eachBatchAutoResolve: false,
    autoCommitThreshold: 2,
    eachBatch: async (payload) => {
      const { batch, resolveOffset, heartbeat, commitOffsetsIfNecessary } = payload
      const { isRunning, isStale, uncommittedOffsets } = payload
      if (seenBatches.length === 0) {
        seenBatches.push({
          first: batch.firstOffset(),
          last: batch.lastOffset(),
          high: batch.highWatermark,
          lag: [batch.offsetLag(), batch.offsetLagLow()],
          isEmpty: batch.isEmpty(),
          values: texts(batch.messages),
          partition: batch.partition,
          isTopic: batch.topic === topic,
        })
      }
      for (const message of batch.messages) {
        if (!isRunning() || isStale()) break
        handled.push(message.value.toString())
        resolveOffset(message.offset)
        if (message.offset === '1')
          say('uncommitted', uncommittedOffsets().topics[0].partitions.map(numbered))
        await commitOffsetsIfNecessary()
        await heartbeat()
        // The rest comes again, from here.
        if (message.offset === '3' && handled.length === 4) break
      }
    },
  })
  await eventually(() => expect('handled', handled.length, 6))
  await consumer.disconnect()
  say('batches', seenBatches)
  say('handled', handled)
  const [{ partitions }] = await admin.fetchOffsets({ groupId, topics: [topic] })
  say('committed', partitions)
}

async function manualCommits() {
  const topic = await newTopic()
  const groupId = `${topic}-group`
  await produce(topic, ['0', '1', '2', '3'])
  const read = async (until) => {
    const consumer = kafka.consumer({ groupId })
    const values = []
    await consumer.connect()
    await consumer.subscribe({ topic, fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition, message }) => {
        values.push(message.value.toString())
        if (message.offset !== '1') return
        const offset = String(Number(message.offset) + 1)
        await consumer.commitOffsets([{ topic, partition, offset, metadata: 'of mine' }])
      },
    })
    await eventually(() => expect('values', values.length, until))
    await consumer.disconnect()
    return values
  }
  say('at first', await read(4))
  const [{ partitions }] = await admin.fetchOffsets({ groupId, topics: [topic] })
  say('committed', partitions)
  say('then', await read(2))
}

async function seeking() {
  const topic = await newTopic()
  await produce(topic, ['0', '1', '2', '3', '4'])
  const consumer = kafka.consumer({ groupId: `${topic}-group` })
  await failing('seek before run', async () => consumer.seek({ topic, partition: 0, offset: '0' }))
  const values = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const running = consumer.run({
    eachMessage: async ({ message }) => {
      values.push(message.value.toString())
    },
  })
  consumer.seek({ topic, partition: 0, offset: '3' })
  await running
  await eventually(() => expect('values', values, ['3', '4']))
  consumer.seek({ topic, partition: 0, offset: '1' })
  await eventually(() => expect('values', values, ['3', '4', '1', '2', '3', '4']))
  await failing('wrong offset', async () => consumer.seek({ topic, partition: 0, offset: '-7' }))
  await consumer.disconnect()
  say('values', values)
}

async function pausing() {
  const topic = await newTopic(2)
  const consumer = kafka.consumer({ groupId: `${topic}-group`, maxWaitTimeInMs: 100 })
  const values = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  let resume = null
  await consumer.run({
    eachMessage: async ({ partition, message, pause }) => {
      values.push(`${partition} ${message.value}`)
      if (message.value.toString() === 'stop') resume = pause()
    },
  })
  consumer.pause([{ topic, partitions: [1] }])
  say('paused', consumer.paused())
  await produce(topic, ['a'], 1)
  await produce(topic, ['b', 'stop', 'after'], 0)
  await eventually(() => expect('stopped', resume !== null, true))
  await sleep(500)
  say('while paused', values)
  say('paused then', consumer.paused())
  consumer.resume([{ topic, partitions: [1] }])
  await eventually(() => expect('values', values.length, 3))
  resume()
  await eventually(() => expect('values', values.length, 4))
  say('values', values)
  consumer.pause([{ topic }])
  say('all', consumer.paused())
  consumer.resume([{ topic }])
  say('none', consumer.paused())
  await consumer.disconnect()
}

async function retrying() {
  const topic = await newTopic()
  await produce(topic, ['0', '1', '2'])
  const retry = { initialRetryTime: 50, retries: 3 }
  const consumer = kafka.consumer({ groupId: `${topic}-group`, retry })
  const values = []
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => {
      values.push(message.value.toString())
      if (message.value.toString() === '1' && values.length < 4) throw new Error('not yet')
    },
  })
  await eventually(() => expect('last', values.at(-1), '2'))
  await consumer.disconnect()
  say('values', values)
}

async function crashing() {
  const topic = await newTopic()
  await produce(topic, ['0'])
  const restarts = []
  const retry = {
    initialRetryTime: 50,
    retries: 1,
    restartOnFailure: async (error) => {
      restarts.push(error.name)
      return restarts.length < 2
    },
  }
  const consumer = kafka.consumer({ groupId: `${topic}-group`, retry })
  const crashes = []
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    const { error, groupId, restart } = payload
    crashes.push([error.name, error.message, groupId === `${topic}-group`, restart])
  })
  let attempts = 0
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    eachMessage: async () => {
      attempts++
      throw new Error('never')
    },
  })
  await eventually(() => expect('crashes', crashes.length, 2))
  say('crashes', crashes)
  say('restarts', restarts)
  say('attempts', attempts)
  await consumer.disconnect()
  const wrong = kafka.consumer({ groupId: `${topic}-other`, retry })
  const ends = []
  wrong.on(wrong.events.CRASH, ({ payload }) => {
    ends.push([payload.error instanceof KafkaJSNonRetriableError, payload.restart])
  })
  await wrong.connect()
  await wrong.subscribe({ topic, fromBeginning: true })
  await wrong.run({
    eachMessage: async () => {
      throw new TypeError('a fault of the program')
    },
  })
  await eventually(() => expect('ends', ends.length, 1))
  say('ends', ends)
  await wrong.disconnect()
}

async function instrumentation() {
  const topic = await newTopic(2)
  await produce(topic, ['0', '1'], 1)
  const consumer = kafka.consumer({ groupId: `${topic}-group`, heartbeatInterval: 500 })
  const log = []
  const note = (name, pick) => {
    consumer.on(consumer.events[name], ({ type, id, timestamp, payload }) => {
      const isWell = type === consumer.events[name] && id !== undefined && timestamp > 0
      log.push([name, isWell, pick(payload)])
    })
  }
  let heartbeats = 0
  let fetches = 0
  consumer.on(consumer.events.HEARTBEAT, ({ payload }) => {
    if (payload.groupId === `${topic}-group` && payload.memberId !== '') heartbeats++
  })
  consumer.on(consumer.events.FETCH, ({ payload }) => {
    if (payload.duration >= 0) fetches++
  })
  note('CONNECT', (payload) => payload ?? null)
  note(
    'GROUP_JOIN',
    ({ groupId, isLeader, groupProtocol, memberAssignment, memberId, leaderId }) => {
      return [
        groupId === `${topic}-group`,
        isLeader,
        memberId === leaderId,
        groupProtocol,
        memberAssignment[topic],
      ]
    },
  )
  note('START_BATCH_PROCESS', ({ topic: _, ...payload }) => payload)
  note('END_BATCH_PROCESS', ({ topic: _, duration, ...payload }) => [duration >= 0, payload])
  note('COMMIT_OFFSETS', ({ topics }) => topics.map((of) => of.partitions.map(numbered)))
  note('STOP', (payload) => payload ?? null)
  note('DISCONNECT', (payload) => payload ?? null)
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  let isDone = false
  await consumer.run({
    eachMessage: async ({ message }) => {
      if (message.offset === '1') isDone = true
    },
  })
  await eventually(() => expect('done', [isDone, heartbeats > 1, fetches > 0], [true, true, true]))
  const described = await consumer.describeGroup()
  const [member] = described.members
  const { state, protocol, protocolType } = described
  say('group', { state, protocol, protocolType, clientId: member.clientId })
  const assigned = AssignerProtocol.MemberAssignment.decode(member.memberAssignment)
  say('assigned', assigned.assignment[topic])
  say('subscribed', AssignerProtocol.MemberMetadata.decode(member.memberMetadata).topics)
  await failing('set while it runs', () =>
    admin.resetOffsets({ groupId: `${topic}-group`, topic, earliest: true }),
  )
  await consumer.disconnect()
  // Connecting is told by each of kafkajs's parts, so that it comes more than once.
  say(
    'events',
    log.filter(([name], i) => name !== 'CONNECT' || log[i - 1]?.[0] !== 'CONNECT'),
  )
  await failing('no such event', async () => consumer.on('no.such', () => {}))
}

async function patterns() {
  const first = await newTopic()
  const second = await newTopic()
  await produce(first, ['of the first'])
  await produce(second, ['of the second'])
  const consumer = kafka.consumer({
    groupId: `${first}-group`,
    partitionAssigners: [PartitionAssigners.roundRobin],
  })
  const values = []
  await consumer.connect()
  await consumer.subscribe({ topics: [new RegExp(`^${first}$`), second], fromBeginning: true })
  await consumer.run({
    partitionsConsumedConcurrently: 2,
    eachMessage: async ({ topic, message }) => {
      values.push([topic === first, message.value.toString()])
    },
  })
  await eventually(() => expect('values', values.length, 2))
  await failing('subscribe while it runs', () => consumer.subscribe({ topic: first }))
  await consumer.stop()
  await consumer.subscribe({ topic: first })
  await consumer.disconnect()
  say('values', values.sort())
  await failing('no topic', () => consumer.subscribe({}))
}

async function transactions() {
  const topic = await newTopic()
  const groupId = `${topic}-group`
  const producer = kafka.producer({
    transactionalId: `${topic}-id`,
    maxInFlightRequests: 1,
    idempotent: true,
  })
  await producer.connect()
  const first = await producer.transaction()
  await first.send({ topic, messages: [{ value: 'committed' }] })
  await first.sendOffsets({
    consumerGroupId: groupId,
    topics: [{ topic, partitions: [{ partition: 0, offset: '7' }] }],
  })
  await failing('another', () => producer.transaction())
  say('active', first.isActive())
  await first.commit()
  say('active then', first.isActive())
  await failing('after the end', () => first.send({ topic, messages: [{ value: 'x' }] }))
  const second = await producer.transaction()
  await second.sendBatch({ topicMessages: [{ topic, messages: [{ value: 'aborted' }] }] })
  await second.abort()
  const third = await producer.transaction()
  await third.send({ topic, messages: [{ value: 'the last' }] })
  await third.commit()
  await producer.disconnect()
  const plain = kafka.producer()
  await failing('without an id', () => plain.transaction())
  const [{ partitions }] = await admin.fetchOffsets({ groupId, topics: [topic] })
  say('offsets', partitions)
  const consumer = kafka.consumer({ groupId: `${topic}-committed` })
  const all = kafka.consumer({ groupId: `${topic}-all`, readUncommitted: true })
  const values = [[], []]
  for (const [i, one] of [consumer, all].entries()) {
    await one.connect()
    await one.subscribe({ topic, fromBeginning: true })
    await one.run({
      eachMessage: async ({ message }) => {
        values[i].push(message.value.toString())
      },
    })
  }
  await eventually(() => expect('values', [values[0].length, values[1].length], [2, 3]))
  await consumer.disconnect()
  await all.disconnect()
  say('values', values)
}

async function limits() {
  await failing('no group id', async () => kafka.consumer({}))
  await failing('heartbeat', async () =>
    kafka.consumer({ groupId: 'g', heartbeatInterval: 9, sessionTimeout: 9 }),
  )
  await failing('broker', async () => {
    const retry = { retries: 1, initialRetryTime: 20 }
    const nowhere = new Kafka({ brokers: ['127.0.0.1:1'], retry, logCreator: () => () => {} })
    await nowhere.producer().connect()
  })
  say('codecs', Object.keys(CompressionCodecs).sort())
  const typed = new KafkaJSProtocolError(
    Object.assign(new Error('text'), { type: 'UNKNOWN_MEMBER_ID', code: 25, retriable: false }),
  )
  say('error', [typed.name, typed.message, typed.type, typed.code, typed.retriable])
  const many = new KafkaJSNumberOfRetriesExceeded(typed, { retryCount: 3, retryTime: 99 })
  say('retries', [many.name, many.retryCount, many.retryTime, many.retriable, many.cause === typed])
}

const programs = [
  ...[quickstart, producing, batches, manualCommits, seeking, pausing, retrying, crashing],
  ...[instrumentation, patterns, transactions, offsets, limits, admins],
]
const [without] = process.argv.slice(5)
await admin.connect()
for (const program of programs) {
  if (program.name === without) continue
  console.log(`-- ${program.name}`)
  await program()
}
await admin.disconnect()
