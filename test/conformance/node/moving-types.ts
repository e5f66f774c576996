/**
 * A program as a user of kafkajs writes it, in kafkajs's types. It compiles against the drop-in
 * here, and the conformance check `client-kafkajs-types` compiles it against kafkajs itself, and
 * both kinds of parts against each other.
 */
import {
  type Admin,
  AssignerProtocol,
  CompressionTypes,
  ConfigResourceTypes,
  type Consumer,
  type ConsumerGroupJoinEvent,
  type EachBatchPayload,
  type EachMessagePayload,
  Kafka,
  type KafkaConfig,
  KafkaJSError,
  KafkaJSNumberOfRetriesExceeded,
  KafkaJSProtocolError,
  type KafkaMessage,
  type LogEntry,
  logLevel,
  type Message,
  Partitioners,
  type Producer,
  type ProducerRecord,
  type RecordMetadata,
  type Transaction,
} from '../../../src/client/kafkajs/index.ts'

const entries: LogEntry[] = []

const config: KafkaConfig = {
  clientId: 'typed',
  brokers: ['localhost:9092'],
  ssl: { rejectUnauthorized: true, ca: ['certificate'] },
  sasl: { mechanism: 'scram-sha-256', username: 'user', password: 'secret' },
  connectionTimeout: 3000,
  retry: { initialRetryTime: 100, retries: 8 },
  logLevel: logLevel.WARN,
  logCreator: (level) => (entry) => {
    if (entry.level <= level) entries.push(entry)
  },
}

export const kafka = new Kafka(config)
export const producer: Producer = kafka.producer({
  createPartitioner: Partitioners.LegacyPartitioner,
  idempotent: true,
})
export const consumer: Consumer = kafka.consumer({
  groupId: 'group',
  retry: { restartOnFailure: async (error: Error) => error.message !== 'enough' },
})
export const admin: Admin = kafka.admin({ retry: { retries: 2 } })

/** Sends what it is given. */
export async function send(values: readonly string[]): Promise<string[]> {
  const messages: Message[] = values.map((value, i) => ({
    key: String(i),
    value,
    headers: { 'correlation-id': 'one', raw: Buffer.from('two') },
  }))
  const record: ProducerRecord = { topic: 'topic', messages, compression: CompressionTypes.GZIP }
  const results: RecordMetadata[] = await producer.send(record)
  const transaction: Transaction = await producer.transaction()
  await transaction.sendBatch({ topicMessages: [{ topic: 'topic', messages }] })
  await transaction.sendOffsets({
    consumerGroupId: 'group',
    topics: [{ topic: 'topic', partitions: [{ partition: 0, offset: '1' }] }],
  })
  await transaction.commit()
  return results.map(({ baseOffset }) => baseOffset ?? '?')
}

function textOf(message: KafkaMessage): string | null {
  const header = message.headers?.['correlation-id']
  return header === undefined ? null : (message.value?.toString() ?? null)
}

/** Reads by message, or by batch. */
export async function read(isByBatch: boolean): Promise<void> {
  const texts: (string | null)[] = []
  const remove = consumer.on(consumer.events.GROUP_JOIN, (event: ConsumerGroupJoinEvent) => {
    texts.push(event.payload.memberId)
  })
  consumer.on(consumer.events.CRASH, ({ payload }) => texts.push(payload.error.message))
  await consumer.subscribe({ topics: ['topic', /topic-.*/], fromBeginning: true })
  const eachBatch = async ({ batch, resolveOffset, heartbeat, isStale }: EachBatchPayload) => {
    for (const message of batch.messages) {
      if (isStale()) return
      texts.push(textOf(message))
      resolveOffset(message.offset)
      await heartbeat()
    }
  }
  const eachMessage = async ({ topic, message, pause }: EachMessagePayload) => {
    const resume = pause()
    texts.push(topic, textOf(message))
    resume()
  }
  await consumer.run(isByBatch ? { eachBatch, autoCommitThreshold: 10 } : { eachMessage })
  consumer.seek({ topic: 'topic', partition: 0, offset: '5' })
  remove()
  const { members } = await consumer.describeGroup()
  for (const { memberAssignment } of members) {
    const assigned = AssignerProtocol.MemberAssignment.decode(memberAssignment)
    texts.push(...Object.keys(assigned?.assignment ?? {}))
  }
}

/** Asks about topics. */
export async function describe(): Promise<string[]> {
  const isNew: boolean = await admin.createTopics({ topics: [{ topic: 'topic' }] })
  const [first] = await admin.fetchTopicOffsets('topic')
  const configs = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: 'topic', configNames: ['retention.ms'] }],
  })
  const names = configs.resources.flatMap(({ configEntries }) => configEntries)
  return [String(isNew), first?.high ?? '', ...names.map(({ configValue }) => configValue)]
}

/** What an error means to a program. */
export function meaning(error: unknown): string {
  if (error instanceof KafkaJSProtocolError) return `${error.type} ${error.code}`
  if (error instanceof KafkaJSNumberOfRetriesExceeded) return `after ${error.retryCount}`
  return error instanceof KafkaJSError && error.retriable ? 'later' : 'never'
}
