/**
 * How a call of Admin begins and how it sends one request: with the deadline of the call, and an
 * error that says whether the same may be tried again.
 *
 * Invariant: what `send` rejects with is retriable exactly when another attempt could do better
 * before the deadline.
 */
import type { Input, Message } from '../../protocol/schema.ts'
import type { CallOptions, Deadline } from '../call.ts'
import type { Answer, Call, Cluster, RequestOptions, Target } from '../cluster/cluster.ts'
import { KafkaError } from '../kafka-error.ts'
import { retrying } from '../retry.ts'

/** What the families of calls need of Admin. */
export interface Caller {
  readonly cluster: Cluster
  /** The deadline of a call that begins now; `what` names it in errors. */
  begin(what: string, options: CallOptions): Deadline
}

/** Sends one request. A request that was not answered in its own time may be tried again. */
export async function send<Q extends Message, R extends Message>(
  { cluster }: Caller,
  target: Target,
  call: Call<Q, R>,
  body: Input<Q> | ((version: number) => Input<Q>),
  options: RequestOptions,
): Promise<Answer<R>> {
  try {
    return await cluster.request(target, call, body, options)
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    if (error.code !== 'TIMED_OUT' || options.deadline.leftMs() === 0) throw error
    throw new KafkaError('TIMED_OUT', error.message, { cause: error, retriable: true })
  }
}

/**
 * Asks one question until it is answered: `attempt` sends requests and throws what went wrong, and
 * is called again while that is retriable and the deadline is not over.
 */
export function asking<T>(
  caller: Caller,
  deadline: Deadline,
  attempt: () => Promise<T>,
): Promise<T> {
  let last: KafkaError | undefined
  return retrying(caller.cluster, deadline, async () => {
    if (last !== undefined) await refreshAfter(caller, deadline, last)
    try {
      return await attempt()
    } catch (error) {
      if (error instanceof KafkaError) last = error
      throw error
    }
  })
}

/**
 * Learns anew who is who where `error` says that we were wrong: a controller that is none, a broker
 * that is gone or has another address. Nobody else may be there to ask for metadata.
 */
export async function refreshAfter(
  { cluster }: Caller,
  deadline: Deadline,
  error: KafkaError,
): Promise<void> {
  if (error.code !== 'NETWORK_ERROR' && error.code !== 'NOT_CONTROLLER') return
  try {
    await cluster.metadata.refresh(deadline)
  } catch (failed) {
    if (!(failed instanceof KafkaError)) throw failed
    if (failed.code === 'ABORTED' || failed.code === 'CLOSED') throw failed
    // Else the next attempt fails by itself, and says why.
  }
}

/** How long a broker may work on a request before it answers: no longer than we wait for it. */
export function brokerTimeoutMs({ cluster }: Caller, deadline: Deadline): number {
  return Math.max(1, Math.floor(Math.min(cluster.requestTimeoutMs, deadline.leftMs())))
}

/** Throws the error that a response carries, if it does. */
export function throwIfFailed(errorCode: number, text: string | null, api: string): void {
  if (errorCode !== 0) throw KafkaError.ofCode(errorCode, text, { api })
}
