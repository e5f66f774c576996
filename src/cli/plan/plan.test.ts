/** The calculations, with numbers that can be checked by hand, and what is said about them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Tool } from '../tool.ts'
import { captured } from '../tool-run.test-support.ts'
import { planSessionTimeout, planThroughput, planTopic } from './plan.ts'

interface Reckoned {
  inputs: Record<string, { value: number; from: string }>
  recommended: { name: string; value: number; formula: string }[]
  notes: string[]
}

async function reckon(tool: Tool, line: string) {
  const { status, out, err } = await captured(tool, [...line.split(' '), '--json'])
  assert.equal(status, 0, err)
  const plan = JSON.parse(out) as Reckoned
  const values = Object.fromEntries(plan.recommended.map(({ name, value }) => [name, value]))
  return { ...plan, values }
}

test('100,000 events a second at 5,000 a consumer are 20 partitions', async () => {
  for (const rates of [
    '--rate 100000 --rate-per-consumer 5000',
    '--rate 0.1M --rate-per-consumer=5k/s',
  ]) {
    const { values, recommended } = await reckon(planTopic, rates)
    assert.deepEqual(values, { partitions: 20 })
    assert.match(recommended[0]!.formula, /ceil\(100,000\/s × 1 \/ 5,000\/s a consumer\) = 20/)
  }
  const { values } = await reckon(planThroughput, '--rate 100000 --rate-per-consumer 5000')
  assert.deepEqual(values, { consumers: 20, partitions: 20 })
  const spare = await reckon(planTopic, '--rate 100k --rate-per-consumer 5k --margin 50%')
  assert.equal(spare.values['partitions'], 30)
})

test('disk and network of a topic', async () => {
  const { values } = await reckon(
    planTopic,
    '--rate 1000 --record-size 993 --retention 1h --replication 3 --groups 2 --brokers 3 --segment-size 1MB',
  )
  // 1000/s × (993 + 7) B = 1 MB/s: one partition, 3600 MB and a segment, three times.
  assert.deepEqual(values, {
    partitions: 1,
    disk: 3 * (3600e6 + 1e6),
    diskPerBroker: 3601e6,
    networkIn: 3e6,
    networkInPerBroker: 1e6,
    networkOut: 4e6,
    networkOutPerBroker: 4e6 / 3,
  })
  const written = await reckon(planTopic, '--rate 100k --rate-per-consumer 50k --record-size 993')
  assert.equal(written.values['partitions'], 10, 'writing 100 MB/s at 10 MB/s a partition')
})

test('a session outlasts a batch with its margin; a heartbeat is a third of it at most', async () => {
  const { values } = await reckon(
    planSessionTimeout,
    '--processing-time 20s --partitions 12 --consumers 4 --margin 2',
  )
  assert.deepEqual(values, {
    'session.timeout.ms': 40_000,
    'heartbeat.interval.ms': 3000,
    'max.poll.interval.ms': 120_000,
    'max.poll.records': 500,
  })
  const short = await reckon(planSessionTimeout, '--processing-time 100ms')
  assert.deepEqual(short.values, {
    'session.timeout.ms': 10_000,
    'heartbeat.interval.ms': 3000,
    'max.poll.interval.ms': 60_000,
    'max.poll.records': 500,
  })
})

test('work does not lengthen a session where heartbeats do not wait for it', async () => {
  const { values, notes } = await reckon(
    planSessionTimeout,
    '--processing-time 100s --background-heartbeats',
  )
  assert.equal(values['session.timeout.ms'], 45_000)
  assert.equal(values['max.poll.interval.ms'], 150_000)
  assert.deepEqual(notes, [])
})

test('records a poll are fewer where a round takes longer than five minutes', async () => {
  // 100 ms a record, 2 partitions each, half as much again: 1000 records are what fits.
  const { values } = await reckon(
    planSessionTimeout,
    '--processing-time 200s --records-per-poll 2000 --partitions 4 --consumers 2',
  )
  assert.equal(values['max.poll.records'], 1000)
  assert.equal(values['max.poll.interval.ms'], 300_000)
})

test('groups of KIP-848 have names, limits and a command of their own', async () => {
  const { values, notes } = await reckon(
    planSessionTimeout,
    '--processing-time 50s --protocol consumer --margin 1',
  )
  assert.equal(values['consumer.session.timeout.ms'], 50_000)
  assert.equal(values['consumer.heartbeat.interval.ms'], 5000)
  assert.ok(
    notes.some((note) => note.includes('--entity-type groups --entity-name GROUP --add-config')),
  )
  const long = await reckon(planSessionTimeout, '--processing-time 100s --protocol consumer')
  assert.equal(long.values['consumer.session.timeout.ms'], 60_000)
  assert.equal(long.values['max.poll.records'], 200, '60 s / (200 ms × 1.5)')
  assert.ok(long.notes[0]!.includes('group.consumer.max.session.timeout.ms=60000'))
})

test('what waits asks for more consumers, and there are as many as partitions', async () => {
  const { values, notes } = await reckon(
    planThroughput,
    '--rate 1000 --processing-time 1s --records-per-poll 500 --partitions 2 --consumers 3 --lag 3600k --catch-up 1h',
  )
  assert.deepEqual(values, { ratePerConsumer: 500, consumers: 4, partitions: 4, possibleNow: 1000 })
  assert.match(notes.join('\n'), /2 partitions let 2 consumers work/)
  assert.match(notes.join('\n'), /1 of 3 consumers have nothing to read/)
})

test('for people there is a table with where each number is from', async () => {
  const { out } = await captured(planThroughput, ['--rate=10k', '--rate-per-consumer=3k'])
  const lines = out.split('\n')
  assert.match(lines[0]!, /^FROM +VALUE +SOURCE$/)
  assert.match(lines[1]!, /^events per second +10,000 +as given$/)
  assert.match(out, /^consumers +4 +ceil\(10,000\/s × 1 \/ 3,000\/s a consumer\)$/m)
})

test('what is missing or no quantity is said with the flag', async () => {
  const failure = async (tool: Tool, ...args: string[]) => {
    const { status, err } = await captured(tool, args)
    assert.equal(status, 1)
    return err.split('\n')[0]
  }
  assert.equal(
    await failure(planTopic, '--rate', '10k'),
    'Missing required argument "[rate-per-consumer]", or [record-size]',
  )
  assert.equal(
    await failure(planSessionTimeout, '--processing-time', 'long'),
    '--processing-time long: not a quantity above 0, as 250ms, 30s, 12h or 7d',
  )
  assert.match((await failure(planThroughput, '--rate', '-5'))!, /^--rate -5: not a quantity/)
  assert.match(
    (await failure(planSessionTimeout, '--processing-time=1s', '--margin', '0.5'))!,
    /^--margin 0.5: neither/,
  )
})
