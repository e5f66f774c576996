/** Reading: what is taken for seen, however it ends. The consumer is a list that keeps book. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Consumer } from '../../client/consumer/consumer.ts'
import { Output } from './output.ts'
import { type Limits, Reading } from './reading.ts'
import type { BytesRecord, RecordFormatter } from './record-formatter.ts'

const FOREVER: Limits = { maxMessages: Infinity, timeoutMs: Infinity, isToEnd: false }

/** Partition 0 of a topic with records 0 to `end`; what was polled is seen at the next poll. */
class FakeConsumer {
  readonly end: number
  position = 0
  seen = 0

  constructor(end: number) {
    this.end = end
  }

  async poll({
    maxRecords,
    timeoutMs,
    signal,
  }: {
    maxRecords: number
    timeoutMs: number
    signal: AbortSignal
  }) {
    this.seen = this.position
    if (signal.aborted) return []
    const from = this.position
    if (from === this.end) {
      await new Promise<void>((resolve) => {
        if (timeoutMs < 1000) setTimeout(resolve, timeoutMs)
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
      return []
    }
    const to = Math.min(from + maxRecords, this.end)
    this.position = to
    const records = Array.from({ length: to - from }, (_, at) => ({
      offset: from + at,
      value: Buffer.from(`${from + at}`),
    }))
    const place = { topic: 't', partition: 0, firstOffset: from, nextOffset: to }
    return [{ ...place, [Symbol.iterator]: () => records[Symbol.iterator]() }]
  }

  async seek(_partition: object, offset: number): Promise<void> {
    this.position = offset
    this.seen = offset
  }

  lag() {
    return [{ lag: this.end - this.position }]
  }
}

const print: RecordFormatter = ({ value }, output) => {
  output.put(value!)
  output.endLine()
}

interface Case {
  readonly format?: RecordFormatter
  readonly onUnprintable?: (error: unknown) => void
  readonly signal?: AbortSignal
  readonly write?: (bytes: Uint8Array) => Promise<void> | undefined
}

function reading(consumer: FakeConsumer, { format = print, signal, write, ...more }: Case = {}) {
  const chunks: string[] = []
  const keep = (bytes: Uint8Array) => void chunks.push(Buffer.from(bytes).toString())
  const one = new Reading(consumer as unknown as Consumer, {
    format,
    output: new Output(write ?? keep),
    onUnprintable: more.onUnprintable ?? ((error) => assert.fail(error as Error)),
    signal: signal ?? new AbortController().signal,
  })
  return { one, lines: () => chunks.join('').split('\n').slice(0, -1) }
}

test('it ends after so many, and no more counts as seen', async () => {
  const consumer = new FakeConsumer(10)
  const { one, lines } = reading(consumer)
  await one.run({ ...FOREVER, maxMessages: 3 })
  assert.deepEqual(lines(), ['0', '1', '2'])
  assert.deepEqual({ count: one.count, seen: consumer.seen }, { count: 3, seen: 3 })
  const none = reading(consumer)
  await none.one.run({ ...FOREVER, maxMessages: -5 })
  assert.equal(none.one.count, 0)
})

test('it ends when nothing comes, or when it is at the end', async () => {
  const consumer = new FakeConsumer(5000)
  await reading(consumer).one.run({ ...FOREVER, timeoutMs: 1 })
  assert.equal(consumer.seen, 5000)
  const other = new FakeConsumer(5000)
  const { one, lines } = reading(other)
  await one.run({ ...FOREVER, isToEnd: true })
  assert.deepEqual({ lines: lines().length, seen: other.seen }, { lines: 5000, seen: 5000 })
})

test('Ctrl-C ends it while it waits for records', async () => {
  const interrupt = new AbortController()
  const consumer = new FakeConsumer(4)
  const { one, lines } = reading(consumer, { signal: interrupt.signal })
  const running = one.run(FOREVER)
  while (lines().length < 4) await new Promise((resolve) => setImmediate(resolve))
  interrupt.abort(130)
  await running
  assert.equal(consumer.seen, 4)
})

test('Ctrl-C ends it while nobody reads, and what was not written is not seen', async () => {
  const interrupt = new AbortController()
  const consumer = new FakeConsumer(100)
  let written = 0
  const write = () => {
    if (++written < 3) return undefined
    interrupt.abort(130)
    return new Promise<void>(() => {})
  }
  const format = (_: BytesRecord, output: Output) => output.put(Buffer.alloc(40_000))
  const { one } = reading(consumer, { signal: interrupt.signal, write, format })
  await one.run(FOREVER)
  // A chunk has one record of this size, and two are written when the second does not fit.
  assert.deepEqual({ written, seen: consumer.seen }, { written: 3, seen: 2 })
})

test('a record that can not be printed ends it behind that record, or is passed over', async () => {
  const format = (record: BytesRecord, output: Output) => {
    if (record.offset === 2) throw new Error('unprintable')
    print(record, output)
  }
  const onUnprintable = (error: unknown) => {
    throw error
  }
  const consumer = new FakeConsumer(10)
  const { one, lines } = reading(consumer, { format, onUnprintable })
  await assert.rejects(one.run(FOREVER), { message: 'unprintable' })
  assert.deepEqual(lines(), ['0', '1'])
  assert.deepEqual({ count: one.count, seen: consumer.seen }, { count: 3, seen: 3 })
  const lax = reading(new FakeConsumer(4), { format, onUnprintable: () => {} })
  await lax.one.run({ ...FOREVER, maxMessages: 4 })
  assert.deepEqual(lax.lines(), ['0', '1', '3'])
})
