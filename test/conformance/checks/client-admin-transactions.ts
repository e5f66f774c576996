/** Producers and transactions, by our administrator's client. */
import assert from 'node:assert/strict'
import {
  type AdminFixture,
  adminFixture,
  eventually,
  rejectsWith,
  whereServed,
} from '../admin-fixture.ts'
import type { Check } from '../check.ts'

export const transactionAdmins: readonly Check[] = [
  {
    name: 'client-admin-transactions',
    needs: [],
    run: async (context) => {
      const fixture = adminFixture(context)
      const { admin } = fixture
      await admin.createTopics([{ name: context.topic, numPartitions: 1 }])
      const transaction = { producerId: 1, producerEpoch: 0, coordinatorEpoch: -1 }
      const abort = () => {
        return admin.abortTransaction({ topic: context.topic, partition: 0, ...transaction })
      }
      await whereServed(fixture, [27, 24, 61, 65, 66], abort, async () => {
        const none = `${context.topic}-none`
        await rejectsWith('TRANSACTIONAL_ID_NOT_FOUND', () => admin.describeTransactions([none]))
        await look(fixture)
        await end(fixture)
      })
      await admin.deleteTopics([context.topic])
    },
  },
]

async function look({ context, admin, members }: AdminFixture): Promise<void> {
  const { topic } = context
  const id = `${topic}-open`
  const { producerId, producerEpoch } = await members.openTransaction(id, topic)
  const described = (await admin.describeTransactions([id])).get(id)
  assert.ok(described.transactionStartTimeMs !== null)
  assert.deepEqual(
    { ...described, transactionStartTimeMs: 0 },
    {
      ...{ transactionalId: id, coordinatorId: 1, state: 'Ongoing', producerId, producerEpoch },
      ...{ transactionTimeoutMs: 600_000, transactionStartTimeMs: 0 },
      partitions: [{ topic, partition: 0 }],
    },
  )
  const all = (await admin.listTransactions()).values().flat()
  assert.ok(all.some(({ transactionalId }) => transactionalId === id))
  const filters = [
    { producerIds: [producerId] },
    { states: ['Ongoing'] as const, transactionalIdPattern: `${topic}-o.*` },
  ]
  for (const filter of filters) {
    const some = (await admin.listTransactions(filter)).values().flat()
    assert.deepEqual(some, [{ transactionalId: id, producerId, state: 'Ongoing' }])
  }
  assert.deepEqual((await admin.listTransactions({ durationMs: 500_000 })).values().flat(), [])
  const partition = { topic, partition: 0 }
  for (const options of [{}, { brokerId: 1 }]) {
    const [producer] = (await admin.describeProducers([partition], options)).get(partition)
    assert.deepEqual(
      { ...producer, lastTimestamp: 0 },
      {
        ...{ producerId, producerEpoch, lastSequence: 0, lastTimestamp: 0 },
        ...{ coordinatorEpoch: null, currentTransactionStartOffset: 0 },
      },
    )
  }
  const stable = { isolation: 'read_committed' } as const
  const open = await admin.listOffsets([{ ...partition, at: 'latest' }], stable)
  assert.equal(open.values()[0]?.offset, 0)
}

async function end({ context, admin, members }: AdminFixture): Promise<void> {
  const { topic } = context
  const partition = { topic, partition: 0 }
  const [hanging] = (await admin.describeProducers([partition])).get(partition)
  const { producerId, producerEpoch } = hanging!
  const abort = { ...partition, producerId, producerEpoch, coordinatorEpoch: -1 }
  await admin.abortTransaction(abort)
  await eventually(async () => {
    const [producer] = (await admin.describeProducers([partition])).get(partition)
    assert.equal(producer?.currentTransactionStartOffset, null)
  })
  const id = `${topic}-second`
  const second = await members.openTransaction(id, topic)
  const fenced = (await admin.fenceProducers([id, `${topic}-new`])).orThrow()
  assert.equal(fenced.get(id).producerId, second.producerId)
  assert.ok(fenced.get(id).producerEpoch > second.producerEpoch)
  await eventually(async () => {
    const { state } = (await admin.describeTransactions([id])).get(id)
    assert.ok(['CompleteAbort', 'Empty'].includes(state), state)
  })
  await rejectsWith('INVALID_PRODUCER_EPOCH', () => {
    return admin.abortTransaction({ ...abort, ...second })
  })
  const third = `${topic}-third`
  await members.openTransaction(third, topic)
  await admin.forceTerminateTransaction(third)
  await eventually(async () => {
    const { state } = (await admin.describeTransactions([third])).get(third)
    assert.ok(['CompleteAbort', 'Empty'].includes(state), state)
  })
}
