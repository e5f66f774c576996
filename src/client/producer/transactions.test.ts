/**
 * Transactions on a fake coordinator: what commits, what can only be aborted, what is not known.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode } from '../../protocol/errors.ts'
import { produceRequest } from '../../protocol/messages/00-produce.ts'
import { initProducerIdRequest } from '../../protocol/messages/22-init-producer-id.ts'
import { addPartitionsToTxnRequest } from '../../protocol/messages/24-add-partitions-to-txn.ts'
import { addOffsetsToTxnRequest } from '../../protocol/messages/25-add-offsets-to-txn.ts'
import { endTxnRequest } from '../../protocol/messages/26-end-txn.ts'
import { txnOffsetCommitRequest } from '../../protocol/messages/28-txn-offset-commit.ts'
import { FakeCluster } from '../cluster/fake-cluster.test-support.ts'
import { FakePartitions } from './fake-partitions.test-support.ts'
import { Producer } from './producer.ts'

/** A coordinator that counts epochs, and a producer of transactions. */
function scene(version: 1 | 2) {
  const cluster = new FakeCluster()
  cluster.metadata.setTopic('t', 2)
  cluster.featureLevels.set('transaction.version', version)
  const brokers = new FakePartitions(cluster)
  const coordinator = { epoch: -1, ends: [] as string[], versions: [] as number[], error: 0 }
  cluster.on(initProducerIdRequest, () => {
    coordinator.epoch++
    return { errorCode: 0, producerId: 7, producerEpoch: coordinator.epoch }
  })
  cluster.on(addPartitionsToTxnRequest, ({ v3AndBelowTopics }) => ({
    resultsByTopicV3AndBelow: v3AndBelowTopics.map(({ name, partitions }) => ({
      name,
      resultsByPartition: partitions.map((partitionIndex) => ({
        partitionIndex,
        partitionErrorCode: 0,
      })),
    })),
  }))
  cluster.on(addOffsetsToTxnRequest, () => ({ errorCode: 0 }))
  cluster.on(txnOffsetCommitRequest, ({ topics }) => ({
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: coordinator.error,
      })),
    })),
  }))
  cluster.on(endTxnRequest, ({ committed }, { version: spoken }) => {
    coordinator.ends.push(committed ? 'commit' : 'abort')
    coordinator.versions.push(spoken)
    if (spoken >= 5) coordinator.epoch++
    return { errorCode: 0, producerId: 7, producerEpoch: coordinator.epoch }
  })
  const producer = new Producer(cluster, { transactionalId: 'tx', maxBlockMs: 5000 })
  const settle = async <T>(promise: Promise<T>): Promise<T> => {
    let isSettled = false
    const done = promise.finally(() => {
      isSettled = true
    })
    done.catch(() => {})
    await cluster.clock.until(() => isSettled, 600_000)
    return done
  }
  return { cluster, brokers, coordinator, producer, settle }
}

test('version 2 sends at once, ends with a new epoch, and numbers from 0 again', async () => {
  const { cluster, brokers, coordinator, producer, settle } = scene(2)
  for (let i = 0; i < 3; i++) {
    await settle(
      producer.transaction(async (transaction) => {
        transaction.enqueue('t', { value: `${i}a`, partition: 0 })
        await transaction.sendOffsets({ groupId: 'g' }, [{ topic: 't', partition: 1, offset: i }])
        return transaction.send('t', { value: `${i}b`, partition: 0 })
      }),
    )
  }
  assert.deepEqual(brokers.values('t', 0), ['0a', '0b', '1a', '1b', '2a', '2b'])
  assert.deepEqual(
    brokers.log('t', 0).records.map(({ epoch }) => epoch),
    [0, 0, 1, 1, 2, 2],
  )
  assert.deepEqual(coordinator.ends, ['commit', 'commit', 'commit'])
  assert.equal(cluster.sent(initProducerIdRequest).length, 1)
  assert.equal(cluster.sent(addPartitionsToTxnRequest).length, 0)
  assert.equal(cluster.sent(addOffsetsToTxnRequest).length, 0)
  await settle(producer.close())
})

test('a coordinator that has used up its epochs gives a new id at the end of a transaction', async () => {
  const { cluster, brokers, coordinator, producer, settle } = scene(2)
  coordinator.epoch = 32_765
  cluster.on(endTxnRequest, () => {
    coordinator.epoch++
    const isOver = coordinator.epoch === 32_767
    return { errorCode: 0, producerId: isOver ? 8 : 7, producerEpoch: isOver ? 0 : 32_766 }
  })
  for (const value of ['a', 'b']) {
    await settle(
      producer.transaction((transaction) => transaction.send('t', { value, partition: 0 })),
    )
  }
  const log = brokers.log('t', 0)
  assert.deepEqual(
    log.records.map(({ epoch }) => epoch),
    [32_766, 0],
  )
  assert.deepEqual([...log.producers.keys()], [7, 8])
  assert.equal(cluster.sent(initProducerIdRequest).length, 1)
  await settle(producer.close())
})

test('version 1 adds partitions and groups first, and raises the epoch after an abort', async () => {
  const { cluster, brokers, coordinator, producer, settle } = scene(1)
  await settle(
    producer.transaction(async (transaction) => {
      const sent = [0, 1, 0].map((partition) => transaction.send('t', { value: 'x', partition }))
      await transaction.sendOffsets({ groupId: 'g' }, [{ topic: 't', partition: 0, offset: 1 }])
      await Promise.all(sent)
    }),
  )
  assert.deepEqual(
    cluster.sent(addPartitionsToTxnRequest).map((body) => body.v3AndBelowTopics),
    [[{ name: 't', partitions: [0, 1] }]],
  )
  assert.equal(cluster.sent(addOffsetsToTxnRequest).length, 1)
  assert.deepEqual(coordinator.versions, [4])
  const failed = producer.transaction(async (transaction) => {
    await transaction.send('t', { value: 'y', partition: 0 })
    throw new Error('on purpose')
  })
  await assert.rejects(settle(failed), { message: 'on purpose' })
  await settle(producer.transaction((last) => last.send('t', { value: 'z', partition: 0 })))
  assert.deepEqual(coordinator.ends, ['commit', 'abort', 'commit'])
  assert.equal(coordinator.epoch, 1)
  assert.deepEqual(brokers.values('t', 0), ['x', 'x', 'y', 'z'])
})

test('a record that fails lets nothing be committed, and the next transaction works', async () => {
  for (const version of [1, 2] as const) {
    const { brokers, coordinator, producer, settle } = scene(version)
    const transaction = await settle(producer.begin())
    await settle(transaction.send('t', { value: 'good', partition: 1 }))
    brokers.fault = () => ErrorCode.INVALID_RECORD
    transaction.enqueue('t', { value: 'bad', partition: 0 })
    const committing = transaction.commit()
    await assert.rejects(settle(committing), { code: 'INVALID_RECORD', abortable: true })
    const late = transaction.send('t', { value: 'never sent', partition: 1 })
    late.catch(() => {})
    assert.equal(transaction.isOpen, true)
    await settle(transaction.abort())
    await assert.rejects(late)
    brokers.fault = () => 'none'
    await settle(producer.transaction((next) => next.send('t', { value: 'next', partition: 0 })))
    assert.deepEqual(coordinator.ends, ['abort', 'commit'])
    assert.deepEqual(brokers.values('t', 0), ['next'])
    assert.deepEqual(brokers.values('t', 1), ['good'])
  }
})

test('abort does not send what was not sent, and an empty transaction asks nobody', async () => {
  const { cluster, brokers, coordinator, producer, settle } = scene(2)
  const empty = await settle(producer.begin())
  await settle(empty.commit())
  assert.equal(cluster.sent(endTxnRequest).length, 0)
  const transaction = await settle(producer.begin())
  const unsent = transaction.send('t', { value: 'never' })
  unsent.catch(() => {})
  await settle(transaction.abort())
  await assert.rejects(unsent, { code: 'TRANSACTION_ABORTABLE' })
  assert.deepEqual(brokers.values('t', 0).concat(brokers.values('t', 1)), [])
  assert.deepEqual(coordinator.ends, [])
  await assert.rejects(transaction.commit(), { code: 'INVALID_STATE' })
  assert.throws(() => transaction.enqueue('t', { value: 'x' }), { code: 'INVALID_STATE' })
})

test('offsets that a group refuses spoil the transaction', async () => {
  const { coordinator, producer, settle } = scene(2)
  coordinator.error = ErrorCode.ILLEGAL_GENERATION
  const failed = producer.transaction((transaction) =>
    transaction.sendOffsets({ groupId: 'g', memberId: 'm', generationOrEpoch: 3 }, [
      { topic: 't', partition: 0, offset: 1 },
    ]),
  )
  await assert.rejects(settle(failed), { code: 'ILLEGAL_GENERATION' })
  assert.deepEqual(coordinator.ends, ['abort'])
})

test('a commit that nobody answers may be called again, and is not undone by an abort', async () => {
  const { cluster, coordinator, producer, settle } = scene(2)
  const transaction = await settle(producer.begin())
  await settle(transaction.send('t', { value: 'a' }))
  let isSilent = true
  cluster.on(endTxnRequest, () => {
    if (isSilent) return new Promise(() => {})
    return { errorCode: 0, producerId: 7, producerEpoch: ++coordinator.epoch }
  })
  await assert.rejects(settle(transaction.commit({ timeoutMs: 1000 })), { code: 'TIMED_OUT' })
  await assert.rejects(settle(transaction.abort()), { code: 'INVALID_STATE' })
  isSilent = false
  await settle(transaction.commit())
  isSilent = true
  const unknown = producer.transaction((next) => next.send('t', { value: 'b' }), {
    timeoutMs: 1000,
  })
  await assert.rejects(settle(unknown), { code: 'TIMED_OUT' })
  await assert.rejects(settle(producer.begin()), { code: 'INVALID_STATE', fatal: true })
})

test('a coordinator that moves, loads or works on is asked again; a fenced producer is over', async () => {
  const { cluster, coordinator, producer, settle } = scene(2)
  const codes: number[] = [
    ErrorCode.NOT_COORDINATOR,
    ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
    ErrorCode.CONCURRENT_TRANSACTIONS,
  ]
  cluster.on(endTxnRequest, () => ({
    errorCode: codes.shift() ?? 0,
    producerId: 7,
    producerEpoch: ++coordinator.epoch,
  }))
  await settle(producer.transaction((transaction) => transaction.send('t', { value: 'a' })))
  assert.equal(cluster.forgotten, 1)
  codes.push(ErrorCode.INVALID_PRODUCER_EPOCH)
  const fenced = producer.transaction((transaction) => transaction.send('t', { value: 'b' }))
  await assert.rejects(settle(fenced), { code: 'PRODUCER_FENCED', fatal: true })
  await assert.rejects(settle(producer.begin()), { code: 'PRODUCER_FENCED', fatal: true })
})

test('such a producer sends within transactions, and no other one has them', async () => {
  const { cluster, producer, settle } = scene(2)
  await assert.rejects(producer.send('t', { value: 'x' }), { code: 'INVALID_STATE' })
  await assert.rejects(producer.sendMany('t', []), { code: 'INVALID_STATE' })
  assert.throws(() => producer.enqueue('t', { value: 'x' }), { code: 'INVALID_STATE' })
  assert.throws(() => producer.writable('t'), { code: 'INVALID_STATE' })
  await settle(producer.begin())
  await assert.rejects(settle(producer.begin()), { code: 'INVALID_STATE' })
  await assert.rejects(new Producer(cluster).begin(), { code: 'INVALID_STATE' })
  assert.throws(() => new Producer(cluster, { transactionalId: 'x', acks: 1 }), {
    code: 'INVALID_ARGUMENT',
  })
  assert.equal(cluster.sent(produceRequest).length, 0)
})
