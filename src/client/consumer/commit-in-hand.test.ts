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
