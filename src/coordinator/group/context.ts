/** What the parts of a group shard share: its groups, its timers, and what it was handed. */
import type { Deadlines } from '../../base/deadlines.ts'
import type { Random } from '../../io/io.ts'
import type { Journal } from '../journal.ts'
import type { GroupConfig } from './config.ts'
import type { Group } from './group.ts'
import type { OffsetStore } from './offset-store.ts'
import type { GroupRecord } from './records.ts'
import type { GroupTimer } from './timers.ts'

/** Why a group rebalances. */
export interface RebalanceEvent {
  readonly groupId: string
  /** The generation that ends. */
  readonly generationId: number
  /** One sentence, e.g. `session of consumer-1 expired after 45000 ms`. */
  readonly reason: string
  readonly atMs: number
}

/** What the coordinator needs to know of topics, from the metadata image. */
export interface TopicLookup {
  /** Null where there is no such topic. */
  topicId(name: string): string | null
  /** Null where there is no topic of that id. */
  topicName(id: string): string | null
  /** 0 where there is no such topic. */
  partitionCount(name: string): number
}

/** Who sent a request. */
export interface RequestOrigin {
  readonly clientId: string
  /** The client's address in Java's form, `/127.0.0.1`: DescribeGroups shows it. */
  readonly clientHost: string
  readonly apiVersion: number
}

export interface GroupContext {
  readonly config: GroupConfig
  readonly random: Pick<Random, 'bytes'>
  readonly onRebalance: (event: RebalanceEvent) => void
  readonly journal: Journal<GroupRecord>
  readonly timers: Deadlines<GroupTimer>
  readonly groups: Map<string, Group>
  readonly offsets: OffsetStore
}
