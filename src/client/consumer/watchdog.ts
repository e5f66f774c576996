/**
 * Notices when a consumer has come to a halt without having been told to, and says so once each
 * time: silence is the one failure that nobody else reports.
 */
import type { Cluster } from '../cluster/cluster.ts'
import type { AssignedPartition } from './assigned-partition.ts'
import type { Delivery } from './delivery.ts'
import type { Fetcher } from './fetcher.ts'
import type { Stall } from './options.ts'

export class Watchdog {
  readonly #cluster: Cluster
  readonly #afterMs: number
  readonly #fetcher: Fetcher
  readonly #delivery: Delivery
  readonly #onStalled: (stall: Stall) => void
  /** What was said, until it is over. */
  readonly #told = new Set<AssignedPartition | 'handler'>()

  constructor(
    cluster: Cluster,
    afterMs: number,
    fetcher: Fetcher,
    delivery: Delivery,
    onStalled: (stall: Stall) => void,
  ) {
    this.#cluster = cluster
    this.#afterMs = afterMs
    this.#fetcher = fetcher
    this.#delivery = delivery
    this.#onStalled = onStalled
  }

  /** Looks at all partitions; `askedAtMs` is when the program last asked for records. */
  check(partitions: Iterable<AssignedPartition>, isWaiting: boolean, askedAtMs: number): void {
    if (this.#afterMs === 0) return
    const nowMs = this.#cluster.clock.nowMs()
    for (const partition of partitions) {
      const reason = this.#reason(partition)
      const forMs = nowMs - partition.sinceMs
      if (reason === null || forMs < this.#afterMs) this.#told.delete(partition)
      else if (!this.#told.has(partition)) this.#tell(partition, reason, forMs)
    }
    const idleMs = nowMs - askedAtMs
    const isLate = !isWaiting && idleMs >= this.#afterMs && this.#delivery.hasRecords
    if (!isLate) this.#told.delete('handler')
    else if (!this.#told.has('handler')) {
      this.#told.add('handler')
      this.#report('handler', [], idleMs, `the program asked for nothing for ${idleMs} ms`)
    }
  }

  /** Why nothing comes of a partition though it should; null where all is well. */
  #reason(partition: AssignedPartition): Stall['reason'] | null {
    const { phase, isPaused, isEnding, isStarting, isInFlight, failure } = partition
    if (isPaused || isEnding || isStarting || isInFlight || failure !== null) return null
    const { metadata } = this.#cluster
    const info = metadata.topic(partition.topic)?.partitions[partition.partition]
    if (phase !== 'active') return 'no-position'
    if (!this.#fetcher.wants(partition)) return null
    return info === undefined || info.leader < 0 ? 'no-leader' : 'no-fetch'
  }

  #tell(partition: AssignedPartition, reason: Stall['reason'], forMs: number): void {
    this.#told.add(partition)
    const heard = partition.lastProblem === '' ? '' : `; last heard: ${partition.lastProblem}`
    const text = `${partition.name} has come to a halt for ${forMs} ms (${reason})${heard}`
    this.#report(reason, [partition], forMs, text)
  }

  #report(
    reason: Stall['reason'],
    partitions: readonly AssignedPartition[],
    forMs: number,
    message: string,
  ): void {
    this.#cluster.logger.warn(message)
    const named = partitions.map(({ topic, partition }) => ({ topic, partition }))
    this.#onStalled({ reason, partitions: named, forMs, message })
  }
}
