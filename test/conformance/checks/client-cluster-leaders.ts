/**
 * Our producer and a group of our consumers while partitions change their leaders, on three nodes
 * of Apache Kafka: leaders are moved, the one that leads is killed and comes back, or answers
 * nothing for a while and then what it was asked long ago. The log is read back by kcat. The server
 * under test plays no part.
 */
import assert from 'node:assert/strict'
import type { Kafka } from '../../../src/client/index.ts'
import type { Check, CheckContext } from '../check.ts'
import { Account, readByKcat, Traffic } from '../cluster-traffic.ts'
import { CLUSTER_CHECK_MS, KafkaCluster } from '../kafka-cluster.ts'

const PARTITIONS = 3

async function leaders(context: CheckContext): Promise<void> {
  const { topic } = context
  const cluster = await KafkaCluster.start(context)
  const [writing, reading] = [cluster.client(), cluster.client()]
  const told = [leadersTold(writing), leadersTold(reading)]
  await cluster.createTopic(topic, [
    [2, 3, 1],
    [3, 2, 1],
    [2, 1, 3],
  ])
  const traffic = new Traffic(context, writing, topic, PARTITIONS)
  const account = new Account(PARTITIONS)
  // Its coordinator stays: what is read twice would be a fault of the fetches.
  const groupId = topic
  await cluster.moveCoordinator('group', groupId, 1)
  const consumers = [0, 1].map(() =>
    reading.consumer({ groupId, topics: [topic], autoOffsetReset: 'earliest' }),
  )
  for (const consumer of consumers) account.follow(consumer)
  await traffic.goesOn()
  await account.catchesUp(traffic.sent.map(() => 1))

  await cluster.moveLeader(topic, 0, 3)
  await cluster.moveLeader(topic, 1, 2)
  await cluster.moveLeader(topic, 2, 1)
  await traffic.goesOn()
  await account.catchesUp([...traffic.sent])
  for (const leaders of told) assert.ok(leaders.size > 0, 'answers tell of new leaders (KIP-951)')
  await cluster.kill(3)
  await traffic.goesOn()
  await cluster.startAgain(3)
  await cluster.untilInSync(topic, PARTITIONS)
  for (let partition = 0; partition < PARTITIONS; partition++) {
    await cluster.moveLeader(topic, partition, 3)
  }
  await traffic.goesOn()
  await traffic.stop()
  await account.catchesUp(traffic.sent)
  const log = await readByKcat(context, cluster.bootstrap, topic, PARTITIONS)
  log.isExact(traffic.sent, 'the log')
  account.isExact(traffic.sent, 'the group')
  context.note(`${traffic.sent.reduce((sum, count) => sum + count)} records`)
}

/** Leaders, with where they are, that answers to a client told before its metadata did. */
function leadersTold({ cluster: { metadata } }: Kafka): ReadonlySet<string> {
  const told = new Set<string>()
  const learn = metadata.learnLeader.bind(metadata)
  metadata.learnLeader = (topic, partition, leader, leaderEpoch, endpoint) => {
    const known = metadata.topic(topic)?.partitions[partition]?.leaderEpoch ?? -1
    if (endpoint !== undefined && leaderEpoch > known) told.add(`${partition}: ${leader}`)
    learn(topic, partition, leader, leaderEpoch, endpoint)
  }
  return told
}

/** So long a request waits for a broker that hangs. */
const REQUEST_TIMEOUT_MS = 3000

async function hanging(context: CheckContext): Promise<void> {
  const { topic } = context
  const cluster = await KafkaCluster.start(context)
  const kafka = cluster.client({ requestTimeoutMs: REQUEST_TIMEOUT_MS })
  await cluster.createTopic(topic, [
    [3, 2, 1],
    [2, 3, 1],
    [3, 1, 2],
  ])
  const account = new Account(PARTITIONS)
  await cluster.moveCoordinator('group', topic, 3)
  const consumers = [0, 1].map(() =>
    kafka.consumer({ groupId: topic, topics: [topic], autoOffsetReset: 'earliest' }),
  )
  for (const consumer of consumers) account.follow(consumer)
  const traffic = new Traffic(context, kafka, topic, PARTITIONS)
  await traffic.goesOn()
  await account.catchesUp([...traffic.sent])

  cluster.node(3).hang()
  await traffic.goesOn()
  const sent = [...traffic.sent]
  await account.catchesUp(sent)
  await Promise.all(consumers.map((consumer) => consumer.commit()))
  cluster.node(3).wake()
  await traffic.goesOn()
  await cluster.untilInSync(topic, PARTITIONS)
  for (const partition of [0, 2]) await cluster.moveLeader(topic, partition, 3)
  await traffic.goesOn()
  await traffic.stop()
  await account.catchesUp(traffic.sent)
  const log = await readByKcat(context, cluster.bootstrap, topic, PARTITIONS)
  log.isExact(traffic.sent, 'the log')
  account.isExact(traffic.sent, 'the group')
}

export const clientClusterLeaders: readonly Check[] = [
  {
    name: 'client-cluster-kafka-leaders',
    needs: ['java', 'kcat'],
    timeoutMs: CLUSTER_CHECK_MS,
    run: leaders,
  },
  {
    name: 'client-cluster-kafka-hanging',
    needs: ['java', 'kcat'],
    timeoutMs: CLUSTER_CHECK_MS,
    run: hanging,
  },
]
