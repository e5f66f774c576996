/** What tests of memberships need: options with defaults, and a listener that writes down. */
import type { KafkaError } from '../../kafka-error.ts'
import type { TopicPartition } from '../../topic.ts'
import { cooperativeStickyAssignor, rangeAssignor } from '../assignors/assignors.ts'
import type { GroupOptions, MembershipListener } from './membership.ts'

export function groupOptions(options: Partial<GroupOptions> = {}): GroupOptions {
  return {
    groupId: 'group',
    instanceId: null,
    sessionTimeoutMs: 45_000,
    heartbeatIntervalMs: 3000,
    rebalanceTimeoutMs: 300_000,
    assignors: [rangeAssignor, cooperativeStickyAssignor],
    serverAssignor: null,
    rack: null,
    protocol: 'classic',
    ...options,
  }
}

/** Partitions for reading: `orders-0 orders-1`. */
export function shown(partitions: readonly TopicPartition[]): string {
  return partitions.map(({ topic, partition }) => `${topic}-${partition}`).join(' ')
}

/** Writes each call down; a test may make one wait or fail. */
export class RecordingListener implements MembershipListener {
  readonly events: string[] = []
  readonly errors: KafkaError[] = []
  /** Called in `onRevoked`, with what was revoked. */
  whenRevoked: (partitions: readonly TopicPartition[], signal: AbortSignal) => unknown = () => {}
  whenAssigned: (partitions: readonly TopicPartition[]) => unknown = () => {}

  async onRevoked(partitions: readonly TopicPartition[], signal: AbortSignal): Promise<void> {
    this.events.push(`revoked ${shown(partitions)}`)
    await this.whenRevoked(partitions, signal)
  }

  async onAssigned(partitions: readonly TopicPartition[]): Promise<void> {
    this.events.push(`assigned ${shown(partitions)}`.trim())
    await this.whenAssigned(partitions)
  }

  async onLost(partitions: readonly TopicPartition[]): Promise<void> {
    this.events.push(`lost ${shown(partitions)}`)
  }

  onError(error: KafkaError): void {
    this.events.push(`error ${error.code}`)
    this.errors.push(error)
  }

  onStalled(error: KafkaError): void {
    this.events.push(`stalled ${error.code}`)
  }

  /** What came since the last call. */
  take(): string[] {
    return this.events.splice(0)
  }
}
