/** A consumer on fake logs and in virtual time, with a membership that the test moves. */
import type { FakeCluster } from '../cluster/fake-cluster.test-support.ts'
import type { ConsumerRecord } from '../record.ts'
import type { TopicPartition } from '../topic.ts'
import { Consumer } from './consumer.ts'
import type { RecordSink } from './dead-letters.ts'
import { type FakeLogs, fakeLogs } from './fake-logs.test-support.ts'
import { FakeMembership } from './fake-membership.test-support.ts'
import type { ConsumerOptions } from './options.ts'

export interface Scene {
  readonly cluster: FakeCluster
  readonly logs: FakeLogs
  readonly consumer: Consumer
  /** Made when the consumer of a group is first asked for records. */
  readonly member: () => FakeMembership
  /** Dead letters, as they were sent. */
  readonly letters: { topic: string; record: Parameters<RecordSink['send']>[1] }[]
}

/** Topics by their numbers of partitions; the consumer reads `t`, of group `g` where asked to. */
export function scene(
  options: Partial<ConsumerOptions> & { readonly assigned?: boolean } = {},
  topics: Readonly<Record<string, number>> = { t: 1 },
): Scene {
  const { cluster, logs } = fakeLogs(topics)
  let member: FakeMembership | null = null
  const letters: Scene['letters'] = []
  const sink: RecordSink = {
    send: async (topic, record) => letters.push({ topic, record }),
    close: async () => {},
  }
  const { assigned = false, ...others } = options
  const consumer = new Consumer(
    {
      cluster,
      channel: 'fetch',
      membership: (listener) => (member = new FakeMembership(listener)),
      sink: () => sink,
      onClosed: () => {},
    },
    { autoOffsetReset: 'earliest', ...(assigned ? {} : { topics: ['t'] }), ...others },
  )
  return { cluster, logs, consumer, member: () => member!, letters }
}

/** Lets virtual time pass until the promise settles. */
export async function settle<T>(
  cluster: FakeCluster,
  promise: Promise<T>,
  withinMs = 600_000,
): Promise<T> {
  let isSettled = false
  const done = promise.finally(() => {
    isSettled = true
  })
  done.catch(() => {}) // the caller hears of it
  await cluster.clock.until(() => isSettled, withinMs)
  return done
}

export function partitionsOf(topic: string, count: number): TopicPartition[] {
  return Array.from({ length: count }, (_, partition) => ({ topic, partition }))
}

export function textOf(record: Pick<ConsumerRecord, 'value'>): string {
  return Buffer.from(record.value!).toString()
}

/** `count` numbered values. */
export function values(count: number, from = 0): string[] {
  return Array.from({ length: count }, (_, at) => `v${from + at}`)
}
