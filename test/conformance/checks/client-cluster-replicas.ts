/**
 * Whom our consumer reads from on three nodes of Apache Kafka: a replica in its own rack for as
 * long as that lives, the leader meanwhile; and what it does when an unclean election takes records
 * back that it has read. The server under test plays no part.
 */
import assert from 'node:assert/strict'
import {
  type Consumer,
  diagnosticChannels,
  type Kafka,
  type KafkaError,
} from '../../../src/client/index.ts'
import type { Check, CheckContext } from '../check.ts'
import { Account, Traffic } from '../cluster-traffic.ts'
import { CLUSTER_CHECK_MS, KafkaCluster } from '../kafka-cluster.ts'
import { eventually } from '../process.ts'

const WAIT_MS = 30_000
/** More than what an answer without records has. */
const SOME_BYTES = 3000

/** Bytes that answers to fetches brought to a client, by broker. */
class FetchedBytes {
  readonly #bytes = new Map<number, number>()

  constructor(context: CheckContext, clientId: string) {
    const count = (event: { clientId: string; api: string; brokerId: number }) => {
      if (event.clientId !== clientId || event.api !== 'Fetch') return
      const { brokerId, responseBytes } = event as typeof event & { responseBytes: number }
      this.#bytes.set(brokerId, this.from(brokerId) + responseBytes)
    }
    diagnosticChannels.request.subscribe(count)
    context.defer(() => void diagnosticChannels.request.unsubscribe(count))
  }

  from(brokerId: number): number {
    return this.#bytes.get(brokerId) ?? 0
  }

  /** Waits until records have come from a broker, from now on. */
  async comeFrom(brokerId: number): Promise<void> {
    const before = this.from(brokerId)
    await eventually(WAIT_MS, () => {
      const more = this.from(brokerId) - before
      assert.ok(more > SOME_BYTES, `${more} bytes of fetches came from broker ${brokerId}`)
    })
  }
}

async function nearest(context: CheckContext): Promise<void> {
  const { topic } = context
  const selector = 'org.apache.kafka.common.replica.RackAwareReplicaSelector'
  const properties = { 'replica.selector.class': selector }
  const cluster = await KafkaCluster.start(context, { properties })
  await cluster.createTopic(topic, [[2, 3, 1]])
  const traffic = new Traffic(context, cluster.client(), topic, 1)
  const fetched = new FetchedBytes(context, 'reader')
  const kafka = cluster.client({ clientId: 'reader' })
  const consumer = kafka.consumer({ topics: [topic], autoOffsetReset: 'earliest', rack: 'rack-3' })
  const account = new Account(1)
  account.follow(consumer)

  await fetched.comeFrom(3)
  const fromLeader = fetched.from(2)
  await fetched.comeFrom(3)
  assert.ok(fetched.from(2) - fromLeader < SOME_BYTES, 'the leader is left in peace')
  await cluster.kill(3)
  await fetched.comeFrom(2)
  await cluster.startAgain(3)
  await cluster.untilInSync(topic, 1)
  await fetched.comeFrom(3)
  await traffic.stop()
  await account.catchesUp(traffic.sent)
  account.isExact(traffic.sent, 'what was read')
}

async function truncation(context: CheckContext): Promise<void> {
  const { topic } = context
  const cluster = await KafkaCluster.start(context)
  await cluster.createTopic(topic, [[2, 3]], { 'min.insync.replicas': '1' })
  const kafka = cluster.client()
  const producer = kafka.producer()
  const send = (values: readonly number[]) =>
    Promise.all(values.map((value) => producer.send(topic, { partition: 0, value: `${value}` })))
  await send(numbers(0, 100))
  const [lenient, strict] = [reading(kafka, topic, 'earliest'), reading(kafka, topic, 'none')]
  await lenient.has(100)
  await strict.has(100)

  await cluster.kill(3)
  await cluster.untilLeader(topic, 0, 2)
  await send(numbers(100, 200))
  await lenient.has(200)
  await strict.has(200)
  await cluster.kill(2)
  await cluster.startAgain(3, 2)
  await cluster.electUnclean(topic, 0, 3)
  await send(numbers(1000, 1300))
  await lenient.has(500)
  const expected = [...numbers(0, 200), ...numbers(1000, 1300)]
  assert.deepEqual(lenient.values, expected, 'goes on where the logs part')
  await eventually(WAIT_MS, () => assert.equal(strict.failure?.code, 'LOG_TRUNCATED'))
  assert.deepEqual(strict.values, numbers(0, 200))
}

interface Reading {
  readonly values: number[]
  failure: KafkaError | null
  has(count: number): Promise<void>
}

/** Reads from the beginning, and says why it ended. */
function reading(kafka: Kafka, topic: string, autoOffsetReset: 'earliest' | 'none'): Reading {
  const consumer = kafka.consumer({ autoOffsetReset })
  consumer.assign([{ topic, partition: 0, offset: 0 }])
  const values: number[] = []
  const state: Reading = {
    values,
    failure: null,
    has: (count) =>
      eventually(WAIT_MS, () => {
        assert.equal(state.failure, null)
        assert.ok(values.length >= count, `${values.length} of ${count} records`)
      }),
  }
  const read = async (from: Consumer) => {
    for await (const { value } of from) values.push(Number(Buffer.from(value ?? []).toString()))
  }
  read(consumer).catch((error: KafkaError) => {
    state.failure = error
  })
  return state
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, at) => from + at)
}

export const clientClusterReplicas: readonly Check[] = [
  {
    name: 'client-cluster-kafka-replicas',
    needs: ['java'],
    timeoutMs: CLUSTER_CHECK_MS,
    run: nearest,
  },
  {
    name: 'client-cluster-kafka-truncation',
    needs: ['java'],
    timeoutMs: CLUSTER_CHECK_MS,
    run: truncation,
  },
]
