/**
 * Our transactions, read back by kcat as committed records only: what is committed, what is
 * aborted, who is fenced, and a group's offsets along with it. On the level of features that Kafka
 * 4.3 has by default (KIP-890) and on the one before. Millrace has no transactions yet, and has to
 * say so.
 */
import assert from 'node:assert/strict'
import { Kafka, KafkaError } from '../../../src/client/index.ts'
import type { Check, CheckContext } from '../check.ts'
import { runOrThrow } from '../process.ts'
import type { Server } from '../server.ts'

const KCAT_TIMEOUT_MS = 30_000

async function committed(context: CheckContext, server: Server, topic: string): Promise<string[]> {
  const program = await context.toolbox.prepare('kcat')
  const args = ['-b', server.bootstrap, '-C', '-t', topic, '-p', '0', '-e', '-q']
  const output = await runOrThrow(
    program,
    [...args, '-X', 'isolation.level=read_committed'],
    KCAT_TIMEOUT_MS,
  )
  return output.split('\n')
}

async function transactions(context: CheckContext, server: Server): Promise<void> {
  const { topic } = context
  const kafka = new Kafka({ brokers: server.bootstrap })
  context.defer(() => kafka.close())
  const options = { transactionalId: topic }
  const producer = kafka.producer(options)
  if (context.kind === 'millrace') {
    const begun = kafka.producer({ ...options, maxBlockMs: 3000 }).begin()
    await assert.rejects(begun, (error) => error instanceof KafkaError)
    return
  }
  const created = await kafka
    .admin()
    .createTopics([{ name: topic, numPartitions: 3, replicationFactor: 1 }])
  created.orThrow()
  const expected: string[] = []
  for (let i = 0; i < 10; i++) {
    await producer.transaction(async (transaction) => {
      for (let partition = 0; partition < 3; partition++) {
        transaction.enqueue(topic, { value: `${i} enqueued`, partition })
      }
      await transaction.send(topic, { value: `${i} sent`, partition: 0 })
      const offsets = [{ topic, partition: 0, offset: i + 1, metadata: `after ${i}` }]
      await transaction.sendOffsets({ groupId: topic }, offsets)
    })
    expected.push(`${i} enqueued`, `${i} sent`)
    if (i % 3 > 0) continue
    const aborted = producer.transaction(async (transaction) => {
      transaction.enqueue(topic, { value: 'in flight', partition: 0 })
      if (i > 3) await transaction.send(topic, { value: 'written', partition: 0 })
      transaction.enqueue(topic, { value: 'not sent', partition: 0 })
      if (i > 0)
        await transaction.sendOffsets({ groupId: topic }, [{ topic, partition: 0, offset: 999 }])
      throw new Error('on purpose')
    })
    await assert.rejects(aborted, { message: 'on purpose' })
  }
  const failing = producer.transaction(async (transaction) => {
    transaction.enqueue(topic, { value: 'with a bad one', partition: 0 })
    transaction.enqueue(topic, { value: 'bad', partition: 0, timestamp: 8e15 })
  })
  await assert.rejects(failing, { code: 'INVALID_TIMESTAMP', abortable: true })
  await producer.transaction((last) => last.send(topic, { value: 'last', partition: 0 }))
  expected.push('last')

  const newer = kafka.producer(options)
  const open = await newer.begin()
  await open.send(topic, { value: 'newer', partition: 0 })
  const fenced = producer.transaction((late) => late.send(topic, { value: 'late', partition: 0 }))
  await assert.rejects(fenced, (error) => error instanceof KafkaError)
  await assert.rejects(producer.begin(), { code: 'PRODUCER_FENCED', fatal: true })
  await open.commit()
  await assert.rejects(open.send(topic, { value: 'too late' }), { code: 'INVALID_STATE' })
  expected.push('newer')
  assert.deepEqual(await committed(context, server, topic), expected)

  const described = await context.jvm.output('kafka-consumer-groups', [
    ...['--bootstrap-server', server.bootstrap, '--describe', '--group', topic],
  ])
  assert.match(described, new RegExp(`${topic} +0 +10 `), described)
}

async function before890(context: CheckContext): Promise<void> {
  const features = { 'transaction.version': 1 }
  const server =
    context.kind === 'kafka'
      ? await context.startServer('before-890', 'kafka', { features })
      : context.server
  await transactions(context, server)
}

export const clientTransactions: readonly Check[] = [
  {
    name: 'client-transactions',
    needs: ['java', 'kcat'],
    run: (context) => transactions(context, context.server),
  },
  { name: 'client-transactions-v1', needs: ['java', 'kcat'], run: before890 },
]
