/**
 * Notices when a consumer has come to a halt without having been told to, and says so once each
 * time: silence is the one failure that nobody else reports.
 */
import type { Cluster } from '../cluster/cluster.ts'
import type { AssignedPartition } from './assigned-partition.ts'
import type { Delivery } from './delivery.ts'
import type { Fetcher } from './fetcher.ts'
import type { ConsumerSettings, Stall } from './options.ts'

export class Watchdog {
  readonly #cluster: Cluster
  readonly #afterMs: number
  /** How long a broker may sit on a fetch while all is well. */
  readonly #fetchMs: number
  readonly #fetcher: Fetcher
  readonly #delivery: Delivery
  readonly #onStalled: (stall: Stall) => void
  /** What was said, until it is over. */
  readonly #told = new Set<AssignedPartition | 'handler' | 'assignment'>()
  /** Since when it waits to be assigned anything; null while it does not. */
  #waitingSinceMs: number | null = null

  constructor(
    cluster: Cluster,
    { stalledAfterMs, fetchMaxWaitMs }: Pick<ConsumerSettings, 'stalledAfterMs' | 'fetchMaxWaitMs'>,
    fetcher: Fetcher,
    delivery: Delivery,
    onStalled: (stall: Stall) => void,
  ) {
    this.#cluster = cluster
    this.#afterMs = stalledAfterMs
    this.#fetchMs = fetchMaxWaitMs
    this.#fetcher = fetcher
    this.#delivery = delivery
    this.#onStalled = onStalled
  }

  /** Looks at all partitions; `askedAtMs` is when the program last asked for records. */
  check(partitions: Iterable<AssignedPartition>, isWaiting: boolean, askedAtMs: number): void {
    if (this.#afterMs === 0) return
    const nowMs = this.#cluster.clock.monotonicMs()
    for (const partition of partitions) {
      const reason = this.#reason(partition)
      if (reason === null) partition.sinceMs = nowMs // nothing is due of it
      const forMs = Math.floor(nowMs - partition.sinceMs)
      if (forMs < this.#afterMs + this.#fetchMs) this.#told.delete(partition)
      else if (!this.#told.has(partition)) this.#tell(partition, reason!, forMs)
    }
    const idleMs = Math.floor(nowMs - askedAtMs)
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
    if (isPaused || isEnding || isStarting || failure !== null) return null
    const { metadata } = this.#cluster
    const info = metadata.topic(partition.topic)?.partitions[partition.partition]
    if (phase !== 'active') return 'no-position'
    if (!this.#fetcher.wants(partition)) return null
    if (info === undefined || info.leader < 0) return 'no-leader'
    return isInFlight || partition.lastProblem !== null ? 'no-answer' : 'no-fetch'
  }

  /** `why` says what the consumer has no partitions for; null while it is as it should be. */
  checkAssignment(why: string | null): void {
    if (this.#afterMs === 0) return
    const nowMs = this.#cluster.clock.monotonicMs()
    if (why === null) {
      this.#waitingSinceMs = null
      this.#told.delete('assignment')
      return
    }
    this.#waitingSinceMs ??= nowMs
    const forMs = Math.floor(nowMs - this.#waitingSinceMs)
    if (forMs < this.#afterMs || this.#told.has('assignment')) return
    this.#told.add('assignment')
    this.#report('no-assignment', [], forMs, `nothing to read for ${forMs} ms: ${why}`)
  }

  #tell(partition: AssignedPartition, reason: Stall['reason'], forMs: number): void {
    this.#told.add(partition)
    const problem = partition.lastProblem
    const heard = problem === null ? '' : `; last heard: ${problem.message}`
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
