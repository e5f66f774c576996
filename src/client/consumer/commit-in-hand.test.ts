/** A record that the program commits while it has it in hand. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { partitionsOf, scene, settle, values } from './scene.test-support.ts'

test('it is seen: leaving the loop takes nothing back', async () => {
  const { cluster, logs, consumer, member } = scene(
    { groupId: 'g', autoCommit: { intervalMs: 1000 } },
    { t: 1 },
  )
  const joined = consumer.poll({ timeoutMs: 0 })
  await member().assign(partitionsOf('t', 1))
  await settle(cluster, joined)
  logs.append('t', 0, values(5))
  const read: number[] = []
  const readAndCommit = async (last: number): Promise<void> => {
    for await (const record of consumer) {
      read.push(record.offset)
      if (record.offset < last) continue
      await consumer.commit(record)
      break
    }
  }
  await settle(cluster, readAndCommit(2))
  assert.equal(logs.committed.get('t/0')?.offset, 3)
  await cluster.clock.advance(3000)
  assert.equal(logs.committed.get('t/0')?.offset, 3, 'auto commit does not take it back')
  await settle(cluster, readAndCommit(4))
  assert.deepEqual(read, [0, 1, 2, 3, 4], 'the next loop goes on behind it')
  await settle(cluster, consumer.close())
  assert.equal(logs.committed.get('t/0')?.offset, 5)
})

test('a seek during the commit wins: what is read again is not seen before its time', async () => {
  const { cluster, logs, consumer, member } = scene({ groupId: 'g' }, { t: 1 })
  const joined = consumer.poll({ timeoutMs: 0 })
  await member().assign(partitionsOf('t', 1))
  await settle(cluster, joined)
  logs.append('t', 0, values(5))
  for await (const record of consumer) if (record.offset === 2) break
  const answer = Promise.withResolvers<void>()
  logs.commitsHeldBy = answer.promise
  const partition = { topic: 't', partition: 0 }
  const commit = consumer.commit([{ ...partition, offset: 3 }])
  await settle(cluster, consumer.seek(partition, 0))
  const readAgain = async (): Promise<void> => {
    for await (const batch of consumer.batches()) {
      assert.deepEqual([batch.firstOffset, batch.length], [0, 5])
      answer.resolve()
      await commit
      break
    }
  }
  await settle(cluster, readAgain())
  assert.equal(logs.committed.get('t/0')?.offset, 3)
  assert.equal(consumer.position(partition), 0, 'nothing of the batch in hand was done with')
  logs.commitsHeldBy = null
  await settle(cluster, consumer.close())
})
