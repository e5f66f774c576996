/** Attempts with growing, jittered pauses between them, until a deadline (KIP-580). */
import type { Deadline } from './call.ts'
import type { Cluster } from './cluster/cluster.ts'
import { KafkaError } from './kafka-error.ts'

/** The first and the longest pause between attempts, before jitter. */
export interface Backoff {
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
}

const FACTOR = 2
const JITTER = 0.2
const JITTER_STEPS = 1000

/** The pause before attempt `attempt` (the second one is 1): grows twofold, 20 % jitter. */
export function backoffMs(cluster: Pick<Cluster, 'random'> & Backoff, attempt: number): number {
  const { random, retryBackoffMs, retryBackoffMaxMs } = cluster
  const grown = retryBackoffMs * FACTOR ** Math.min(attempt - 1, 30)
  const jitter = 1 - JITTER + (2 * JITTER * random.int(JITTER_STEPS)) / JITTER_STEPS
  return Math.min(retryBackoffMaxMs, grown) * jitter
}

/**
 * Calls `attempt` until it resolves, fails with what is not retriable, or the deadline is over,
 * which rejects with TIMED_OUT and the last failure as its cause.
 */
export async function retrying<T>(
  cluster: Pick<Cluster, 'random' | 'closing'> & Backoff,
  deadline: Deadline,
  attempt: (number: number) => Promise<T>,
): Promise<T> {
  let last: KafkaError | undefined
  for (let number = 0; ; number++) {
    deadline.lastFailure = () => last
    deadline.check()
    try {
      const result = await attempt(number)
      last = undefined
      return result
    } catch (error) {
      if (!(error instanceof KafkaError) || !error.retriable) throw error
      last = error
    }
    const pauseMs = backoffMs(cluster, number + 1)
    const leftMs = deadline.leftMs()
    if (pauseMs < leftMs) await pause(deadline, pauseMs, cluster.closing)
    else await pause(deadline, leftMs, cluster.closing).catch(() => {})
  }
}

/** Waits, but no longer than the cluster is open: the next attempt is told that it is not. */
async function pause(deadline: Deadline, pauseMs: number, closing?: AbortSignal): Promise<void> {
  if (closing?.aborted) return
  let onClosing = (): void => {}
  const closed = new Promise<void>((resolve) => {
    onClosing = resolve
    closing?.addEventListener('abort', onClosing, { once: true })
  })
  try {
    await Promise.race([deadline.sleep(pauseMs), closed])
  } finally {
    closing?.removeEventListener('abort', onClosing)
  }
}
