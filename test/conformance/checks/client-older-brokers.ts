/**
 * Our client against older releases of Apache Kafka, from the oldest that 4.x clients speak with:
 * versions are agreed on, topics made, records written and read by a group. What a broker does not
 * have is said to be so. The server under test plays no part.
 */
import assert from 'node:assert/strict'
import { Deadline } from '../../../src/client/call.ts'
import { Kafka } from '../../../src/client/kafka.ts'
import { KafkaError } from '../../../src/client/kafka-error.ts'
import { describeClusterRequest } from '../../../src/protocol/messages/60-describe-cluster.ts'
import {
  consumerGroupHeartbeatRequest,
  consumerGroupHeartbeatResponse,
} from '../../../src/protocol/messages/68-consumer-group-heartbeat.ts'
import type { Check, CheckContext } from '../check.ts'
import { OLDER_KAFKAS, type OlderKafka, startOlderKafka } from '../older-kafka.ts'

const RECORDS = 1000
const CALL_MS = 30_000
const HEARTBEAT = {
  request: consumerGroupHeartbeatRequest,
  response: consumerGroupHeartbeatResponse,
}

async function speaksWith(context: CheckContext, release: OlderKafka): Promise<void> {
  const brokers = await startOlderKafka(context, release)
  await using kafka = new Kafka({ brokers })
  const { cluster, topic } = { cluster: kafka.cluster, topic: context.topic }
  const deadline = () => new Deadline(cluster.clock, 'a call', CALL_MS)
  const created = await kafka
    .admin()
    .createTopics([{ name: topic, numPartitions: 3, replicationFactor: 1 }])
  created.orThrow()
  const producer = kafka.producer({ compression: 'gzip' })
  const numbers = Array.from({ length: RECORDS }, (_, number) => number)
  await Promise.all(
    numbers.map((number) => producer.send(topic, { key: `k${number % 7}`, value: `${number}` })),
  )
  const groupId = `${topic}-group`
  const consumer = kafka.consumer({ groupId, topics: [topic], autoOffsetReset: 'earliest' })
  const read: number[] = []
  for await (const { value } of consumer) {
    read.push(Number(Buffer.from(value ?? []).toString()))
    if (read.length === RECORDS) break
  }
  assert.deepEqual(
    read.sort((one, other) => one - other),
    numbers,
  )
  await consumer.close()
  await refusesWhatIsNew(kafka, release, deadline)
  const range = await cluster.versionsOf('any', describeClusterRequest.apiKey, deadline())
  assert.equal(range === null, release === '2.1.1')
}

/** KIP-848 came after all of these, but for a first version that 3.9 has and does not serve. */
async function refusesWhatIsNew(kafka: Kafka, release: OlderKafka, deadline: () => Deadline) {
  const body = { groupId: 'g', memberId: 'm', memberEpoch: 0, rebalanceTimeoutMs: 1 }
  const options = { deadline: deadline(), minVersion: 1 }
  const error = await kafka.cluster.request('any', HEARTBEAT, body, options).then(
    () => assert.fail('it was answered'),
    (error) => error,
  )
  assert.ok(error instanceof KafkaError)
  assert.equal(error.code, 'UNSUPPORTED_BY_BROKER')
  const has = release === '3.9.1' ? /speaks 0 to 0/ : /does not have it/
  assert.match(error.message, has)
}

export const clientOlderBrokers: readonly Check[] = OLDER_KAFKAS.map((release) => ({
  name: `client-kafka-${release}`,
  needs: [],
  timeoutMs: 900_000, // the first run brings the release to this machine
  run: (context) => speaksWith(context, release),
}))
