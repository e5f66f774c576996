/** A producer on fake brokers in virtual time, as the tests of this folder begin with it. */
import { FakeCluster } from '../cluster/fake-cluster.test-support.ts'
import { FakePartitions } from './fake-partitions.test-support.ts'
import type { ProducerOptions } from './options.ts'
import { Producer } from './producer.ts'

export interface Scene {
  readonly cluster: FakeCluster
  readonly brokers: FakePartitions
  readonly producer: Producer
}

/** A producer of a topic `t` on fake brokers. */
export function scene(options: ProducerOptions = {}, partitions = 1): Scene {
  const cluster = new FakeCluster()
  cluster.metadata.setTopic('t', partitions)
  return { cluster, brokers: new FakePartitions(cluster), producer: new Producer(cluster, options) }
}

/** Lets virtual time pass until the promise settles. */
export async function settle<T>(cluster: FakeCluster, promise: Promise<T>): Promise<T> {
  let isSettled = false
  const done = promise.finally(() => {
    isSettled = true
  })
  done.catch(() => {})
  await cluster.clock.until(() => isSettled, 600_000)
  return done
}
