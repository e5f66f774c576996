/** Sending: pressure, prompts, failures and ends, with a producer that does as it is told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KafkaError } from '../../client/kafka-error.ts'
import type { Producer } from '../../client/producer/producer.ts'
import { lineReader } from './line-reader.ts'
import { Deliveries, type Sending, sendLines } from './sending.ts'

const FULL = 3

/** Takes three records before it asks to pause, and forgets them when it is waited for. */
class FakeProducer {
  readonly values: unknown[] = []
  waits = 0
  held = 0
  /** Values that can't be sent. */
  refused: readonly string[] = []

  enqueue(_topic: string, { value }: { value: string }): boolean {
    if (this.refused.includes(value))
      throw new KafkaError('MESSAGE_TOO_LARGE', `${value}: too large`)
    assert.ok(this.held < FULL, 'asked to pause, and it did not')
    this.values.push(value)
    return ++this.held < FULL
  }

  async ready(): Promise<void> {
    this.waits++
    this.held = 0
  }

  async send(topic: string, record: { value: string }): Promise<void> {
    this.enqueue(topic, record)
    await this.ready()
  }
}

async function* chunksOf(...chunks: string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk)
}

async function sent(
  input: AsyncIterable<Uint8Array>,
  { refused = [], ...more }: Partial<Sending> & { refused?: readonly string[] } = {},
) {
  const producer = Object.assign(new FakeProducer(), { refused })
  const err: string[] = []
  const out: string[] = []
  const deliveries = new Deliveries((line) => void err.push(line))
  const sending: Sending = {
    ...{ topic: 't', inputs: [input], read: lineReader(new Map()), isSync: false, prompt: null },
    ...{ signal: new AbortController().signal, ...more },
  }
  const write = (bytes: Uint8Array) => void out.push(Buffer.from(bytes).toString())
  await sendLines(producer as unknown as Producer, sending, deliveries, write)
  deliveries.sum()
  return { producer, err, out: out.join(''), failed: deliveries.failed }
}

test('it pauses whenever the producer asks for it', async () => {
  const { producer } = await sent(chunksOf('1\n2\n3\n4\n', '5\n6\n7'))
  assert.deepEqual(producer.values, ['1', '2', '3', '4', '5', '6', '7'])
  assert.equal(producer.waits, 2)
  const { producer: waiting } = await sent(chunksOf('1\n2\n'), { isSync: true })
  assert.equal(waiting.waits, 2)
})

test('a prompt stands before each line that is asked for', async () => {
  const { out } = await sent(chunksOf('1\n', '2\n'), { prompt: '>' })
  assert.equal(out, '>>>')
})

test('what can not be sent is told of, and the rest is sent', async () => {
  const { producer, err, failed } = await sent(chunksOf('1\nbig\n2\n'), { refused: ['big'] })
  assert.deepEqual(producer.values, ['1', '2'])
  assert.deepEqual(err, ['a record was not written to t: big: too large'])
  assert.equal(failed, 1)
  const many = Array.from({ length: 25 }, () => 'big\n')
  const told = await sent(chunksOf(...many), { refused: ['big'] })
  assert.equal(told.err.length, 11)
  assert.equal(told.err.at(-1), '25 records were not written in all')
  const sync = sent(chunksOf('1\nbig\n2\n'), { refused: ['big'], isSync: true })
  await assert.rejects(sync, { name: 'CliError', message: 'big: too large' })
})

test('Ctrl-C ends it though input goes on', async () => {
  const interrupt = new AbortController()
  async function* endless(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('1\nhalf')
    interrupt.abort(130)
    await new Promise(() => {})
  }
  const { producer } = await sent(endless(), { signal: interrupt.signal })
  assert.deepEqual(producer.values, ['1'])
})
