/** All tables of metrics there are: what docs/client-metrics.md is written from. */
import {
  consumerFamily,
  coordinatorFamily,
  fetchFamily,
  fetchPartitionFamily,
  fetchTopicFamily,
  memberFamily,
} from './consumer-metrics.ts'
import type { MetricFamily } from './metric-family.ts'
import { type ClientKind, networkFamily, nodeFamily } from './network-metrics.ts'
import { producerFamily, producerTopicFamily } from './producer-metrics.ts'

const KINDS: readonly ClientKind[] = ['producer', 'consumer', 'admin-client']

/** A family without what it is read from. */
export type CatalogedFamily = Pick<MetricFamily<never>, 'group' | 'tags' | 'metrics'>

/** Of the connections: the same in three groups. */
export const networkFamilies: readonly CatalogedFamily[] = KINDS.map(networkFamily)
export const nodeFamilies: readonly CatalogedFamily[] = KINDS.map(nodeFamily)

export const ownFamilies: readonly CatalogedFamily[] = [
  producerFamily,
  producerTopicFamily,
  consumerFamily,
  fetchFamily,
  fetchTopicFamily,
  fetchPartitionFamily,
  coordinatorFamily,
  memberFamily,
]
