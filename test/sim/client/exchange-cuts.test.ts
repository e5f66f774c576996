/**
 * One Produce, one Fetch and one OffsetCommit of a whole client, with the connection broken at each
 * byte of the request and of the answer: what was sent is written once and in order, what was
 * written is read once and in order, what was committed is committed, and nothing comes to a halt.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { utf8Text } from '../../../src/base/bytes.ts'
import { PORT, TestNode } from '../../../src/broker/node.test-support.ts'
import { Kafka } from '../../../src/client/index.ts'
import { type ArmedIo, armedIo, type Cut } from './cutting-io.ts'

/** What an exchange may take, a broken connection and its backoff included. */
const MAX_MS = 5_000
const TOPIC = 't'

interface Scene {
  readonly node: TestNode
  readonly cutting: ArmedIo
  readonly kafka: Kafka
}

async function scene(): Promise<Scene> {
  const node = await TestNode.start({ seed: 1 })
  await (await node.connect()).createTopic(TOPIC, 1)
  const cutting = armedIo(node.world.node('app'))
  return { node, cutting, kafka: new Kafka({ brokers: `broker:${PORT}`, io: cutting.io }) }
}

/** Values of the topic, in order. */
async function stored(node: TestNode): Promise<string[]> {
  const reader = await node.connect({ host: 'reader' })
  return (await reader.readAll(TOPIC, 0)).map(({ value }) => value!)
}

/**
 * Does `exchange` once whole, then again with the connection broken after 0, 1, 2 … bytes of what
 * it sends and of what it receives. Returns how often.
 */
async function atEveryByte(
  { node, cutting }: Scene,
  exchange: (number: number) => Promise<void>,
): Promise<number> {
  let number = 0
  const once = async (cut: Cut | null): Promise<void> => {
    cutting.arm(cut)
    const startMs = node.world.nowMs
    await node.world.settle(exchange(number++), 60_000)
    const where = `${cut?.way} ${cut?.afterBytes}`
    assert.ok(node.world.nowMs - startMs < MAX_MS, `${where}: ${node.world.nowMs - startMs} ms`)
  }
  await once(null)
  await once(null)
  const { sent, received } = cutting.bytes
  assert.ok(sent > 40 && received > 20, `${sent} bytes sent, ${received} received`)
  let cuts = 0
  for (const [way, bytes] of Object.entries({ sent, received })) {
    for (let afterBytes = 0; afterBytes < bytes; afterBytes++) {
      await once({ way: way as Cut['way'], afterBytes })
      if (cutting.wasCut) cuts++
    }
  }
  cutting.arm(null)
  assert.ok(cuts >= (sent + received) * 0.9, `only ${cuts} of ${sent + received} were cut`)
  return number
}

describe('a connection that breaks at each byte', () => {
  it('of a produce writes every record once, in order', async () => {
    const all = await scene()
    const producer = all.kafka.producer()
    const count = await atEveryByte(all, async (number) => {
      // Two batches in flight, where there is something to get out of order.
      const first = producer.send(TOPIC, { value: `${number} a`, partition: 0 })
      const second = producer.send(TOPIC, { value: `${number} b`, partition: 0 })
      const offsets = (await Promise.all([first, second])).map(({ offset }) => offset)
      assert.deepEqual(offsets, [2 * number, 2 * number + 1])
    })
    const numbers = Array.from({ length: count }, (_, i) => i)
    const expected = numbers.flatMap((number) => [`${number} a`, `${number} b`])
    assert.deepEqual(await stored(all.node), expected)
    await all.node.world.settle(all.kafka.close())
  })

  it('of a fetch reads every record once, in order', async () => {
    const all = await scene()
    const writer = new Kafka({ brokers: `broker:${PORT}`, io: all.node.world.node('writer') })
    const producer = writer.producer()
    const consumer = all.kafka.consumer({ topics: [TOPIC], autoOffsetReset: 'earliest' })
    const records = consumer[Symbol.asyncIterator]()
    await atEveryByte(all, async (number) => {
      await producer.send(TOPIC, { value: `${number}` })
      const { value: record } = await records.next()
      assert.equal(utf8Text(record!.value!), `${number}`)
      assert.equal(record!.offset, number)
    })
    await all.node.world.settle(Promise.all([all.kafka.close(), writer.close()]))
  })

  it('of a commit commits what was seen, and nothing else', async () => {
    const all = await scene()
    const { world } = all.node
    const writer = new Kafka({ brokers: `broker:${PORT}`, io: world.node('writer') })
    const groupId = 'g'
    const options = { topics: [TOPIC], autoOffsetReset: 'earliest', autoCommit: false } as const
    const consumer = all.kafka.consumer({ ...options, groupId })
    const records = consumer[Symbol.asyncIterator]()
    const producer = writer.producer()
    const next = async (value: string): Promise<void> => {
      await producer.send(TOPIC, { value })
      const { value: record } = await records.next()
      assert.equal(utf8Text(record!.value!), value)
    }
    await world.settle(next('first'))
    const count = await atEveryByte(all, async (number) => {
      const offset = number % 2
      await consumer.commit([{ topic: TOPIC, partition: 0, offset, metadata: `${number}` }])
      const groups = await writer.admin().listConsumerGroupOffsets([{ groupId }])
      const committed = groups.get(groupId).get({ topic: TOPIC, partition: 0 })
      assert.deepEqual([committed!.offset, committed!.metadata], [offset, `${number}`])
    })
    assert.ok(count > 100)
    // The member is one that reads on.
    await world.settle(next('last'))
    await world.settle(Promise.all([all.kafka.close(), writer.close()]))
  })
})
