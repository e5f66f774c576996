/**
 * A call about several things, each of which is for some broker to answer: finds out which, asks
 * the brokers at the same time, and asks again about what is not settled, until the deadline.
 *
 * Invariant: each key is settled once. What a broker says of keys that it was not asked about, or
 * that are settled, is ignored; what it should have told of and did not, fails.
 */
import { ErrorCode, isRetriable, isStaleMetadata } from '../../protocol/errors.ts'
import type { Deadline } from '../call.ts'
import type { Target } from '../cluster/cluster.ts'
import { KafkaError } from '../kafka-error.ts'
import { backoffMs } from '../retry.ts'
import { type Caller, refreshAfter } from './caller.ts'
import { failure, type Outcome, type ResultEntry, Results, success } from './results.ts'

/** Whom to ask about which keys. */
export interface Lookup<K> {
  /**
   * Says the broker of each key by `found`, or that there is none by `fail`. Keys of which it says
   * neither, and all where it rejects with a retriable error, are looked up again later.
   */
  find(keys: readonly K[], located: Located<K>, deadline: Deadline): Promise<void>
  /** What was found for this key was wrong. */
  forget?(key: K): void
}

/** Takes what a lookup found. */
export interface Located<K> {
  found(key: K, target: Target): void
  fail(key: K, error: KafkaError): void
  /** It will be looked up again; `error` is what to say should the time be up before. */
  later(key: K, error: KafkaError): void
}

/** Takes what a broker answered. */
export interface Answers<K, V> {
  succeed(key: K, value: V): void
  fail(key: K, error: KafkaError): void
  /** The same broker is asked again. */
  retry(key: K, error: KafkaError): void
  /** Another broker may know better: it is looked up again. */
  move(key: K, error: KafkaError): void
  /** No request before that much time has passed. */
  pause(pauseMs: number): void
}

export interface PerKey<K, V> {
  readonly keys: readonly K[]
  /** Equal texts for keys that mean the same. */
  readonly textOf: (key: K) => string
  readonly lookup: Lookup<K>
  /** Sends what is to be asked of one broker about some keys, and says what came of each. */
  ask(target: Target, keys: readonly K[], answers: Answers<K, V>): Promise<void>
}

interface Pending<K> {
  readonly key: K
  /** Null until it is looked up. */
  target: Target | null
  error: KafkaError | undefined
  /** Whether the answer of this round told of it. */
  isHeard: boolean
}

/** Runs the call. Rejects only when it was aborted or the client was closed. */
export async function perKey<K, V>(
  caller: Caller,
  deadline: Deadline,
  call: PerKey<K, V>,
): Promise<Results<K, V>> {
  const run = new Run(caller, deadline, call)
  for (let attempt = 1; ; attempt++) {
    await run.locate()
    await run.ask()
    if (run.isDone) return run.results()
    await run.wait(attempt)
  }
}

/** Throws INVALID_ARGUMENT where two of `keys` mean the same. */
export function checkDistinct<K>(keys: readonly K[], textOf: (key: K) => string): void {
  const seen = new Set<string>()
  for (const key of keys) {
    const text = textOf(key)
    if (seen.has(text)) throw new KafkaError('INVALID_ARGUMENT', `${text} is given twice`)
    seen.add(text)
  }
}

class Run<K, V> implements Located<K>, Answers<K, V> {
  readonly #caller: Caller
  readonly #deadline: Deadline
  readonly #call: PerKey<K, V>
  readonly #pending = new Map<string, Pending<K>>()
  readonly #outcomes = new Map<string, Outcome<V>>()
  /** In the order in which they were given, each once. */
  readonly #keys = new Map<string, K>()
  #pauseMs = 0

  constructor(caller: Caller, deadline: Deadline, call: PerKey<K, V>) {
    this.#caller = caller
    this.#deadline = deadline
    this.#call = call
    for (const key of call.keys) {
      if (key === undefined || key === null) {
        throw new KafkaError('INVALID_ARGUMENT', `a name, id or key is ${key}`)
      }
      const text = call.textOf(key)
      if (this.#keys.has(text)) continue
      this.#keys.set(text, key)
      this.#pending.set(text, { key, target: null, error: undefined, isHeard: false })
    }
  }

  get isDone(): boolean {
    return this.#pending.size === 0
  }

  results(): Results<K, V> {
    const entries: ResultEntry<K, V>[] = []
    for (const [text, key] of this.#keys) entries.push({ key, ...this.#outcomes.get(text)! })
    return new Results(this.#call.textOf, entries)
  }

  async locate(): Promise<void> {
    const keys = [...this.#pending.values()].filter(({ target }) => target === null)
    if (keys.length === 0) return
    const given = keys.map(({ key }) => key)
    await this.#try(given, () => this.#call.lookup.find(given, this, this.#deadline))
  }

  async ask(): Promise<void> {
    const byTarget = new Map<Target, K[]>()
    for (const pending of this.#pending.values()) {
      if (pending.target === null) continue
      pending.isHeard = false
      const keys = byTarget.get(pending.target)
      if (keys === undefined) byTarget.set(pending.target, [pending.key])
      else keys.push(pending.key)
    }
    const asked = [...byTarget].map(([target, keys]) => this.#askOne(target, keys))
    const results = await Promise.allSettled(asked)
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  async #askOne(target: Target, keys: readonly K[]): Promise<void> {
    const isAnswered = await this.#try(keys, () => this.#call.ask(target, keys, this))
    if (!isAnswered) return
    for (const key of keys) {
      const pending = this.#pending.get(this.#call.textOf(key))
      if (pending === undefined || pending.isHeard) continue
      const text = `the answer of broker ${target} does not tell of ${this.#call.textOf(key)}`
      this.fail(key, new KafkaError('CORRUPT_DATA', text))
    }
  }

  /** Fails `keys` where `work` fails for good, has them looked up again where it may do better. */
  async #try(keys: readonly K[], work: () => Promise<void>): Promise<boolean> {
    try {
      await work()
      return true
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error
      if (error.code === 'ABORTED' || error.code === 'CLOSED') throw error
      for (const key of keys) {
        if (error.retriable) this.move(key, error)
        else this.fail(key, error)
      }
      return false
    }
  }

  /** Waits before the next round; settles what is left when the time is up. */
  async wait(attempt: number): Promise<void> {
    const pauseMs = Math.max(this.#pauseMs, backoffMs(this.#caller.cluster, attempt))
    this.#pauseMs = 0
    try {
      if (pauseMs < this.#deadline.leftMs()) {
        await this.#deadline.sleep(pauseMs)
        return await this.#refresh()
      }
      await this.#deadline.sleep(this.#deadline.leftMs())
    } catch (error) {
      if (!(error instanceof KafkaError) || error.code !== 'TIMED_OUT') throw error
    }
    for (const { key, error } of [...this.#pending.values()]) this.fail(key, this.#timedOut(error))
  }

  /** Once where anything that is left says that we are wrong about who is who. */
  async #refresh(): Promise<void> {
    for (const { target, error } of this.#pending.values()) {
      if (target !== null || error === undefined) continue
      if (error.code !== 'NETWORK_ERROR' && error.code !== 'NOT_CONTROLLER') continue
      return await refreshAfter(this.#caller, this.#deadline, error)
    }
  }

  #timedOut(last: KafkaError | undefined): KafkaError {
    return this.#deadline.over(last) ?? last ?? new KafkaError('TIMED_OUT', 'the time was up')
  }

  found(key: K, target: Target): void {
    const pending = this.#pending.get(this.#call.textOf(key))
    if (pending !== undefined) pending.target = target
  }

  later(key: K, error: KafkaError): void {
    const pending = this.#pending.get(this.#call.textOf(key))
    if (pending !== undefined) pending.error = error
  }

  succeed(key: K, value: V): void {
    this.#settle(key, success(value))
  }

  fail(key: K, error: KafkaError): void {
    this.#settle(key, failure(error))
  }

  retry(key: K, error: KafkaError): void {
    const pending = this.#pending.get(this.#call.textOf(key))
    if (pending === undefined) return
    pending.isHeard = true
    pending.error = error
  }

  move(key: K, error: KafkaError): void {
    this.retry(key, error)
    const pending = this.#pending.get(this.#call.textOf(key))
    if (pending === undefined) return
    pending.target = null
    this.#call.lookup.forget?.(pending.key)
  }

  pause(pauseMs: number): void {
    this.#pauseMs = Math.max(this.#pauseMs, pauseMs)
  }

  #settle(key: K, outcome: Outcome<V>): void {
    const text = this.#call.textOf(key)
    if (this.#pending.delete(text)) this.#outcomes.set(text, outcome)
  }
}

/** What an error of a partition's leader means: a newer leader, another time, or no. */
export function settleLeaderError<K>(answers: Answers<K, never>, key: K, error: KafkaError): void {
  if (isStaleMetadata(error.errorCode)) answers.move(key, error)
  else if (isRetriable(error.errorCode)) answers.retry(key, error)
  else answers.fail(key, error)
}

/** What an error of a coordinator means: another time, another coordinator, or no. */
export function settleCoordinatorError<K>(
  answers: Answers<K, never>,
  key: K,
  error: KafkaError,
): void {
  const { errorCode } = error
  if (errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS) answers.retry(key, error)
  else if (
    errorCode === ErrorCode.COORDINATOR_NOT_AVAILABLE ||
    errorCode === ErrorCode.NOT_COORDINATOR
  ) {
    answers.move(key, error)
  } else answers.fail(key, error)
}

/** What an error of the controller means: another controller, after a pause (KIP-599), or no. */
export function settleControllerError<K>(
  answers: Answers<K, never>,
  key: K,
  error: KafkaError,
  { throttleTimeMs, retryOnQuotaViolation = true }: QuotaOptions & { throttleTimeMs: number },
): void {
  if (error.errorCode === ErrorCode.NOT_CONTROLLER) answers.move(key, error)
  else if (error.errorCode === ErrorCode.THROTTLING_QUOTA_EXCEEDED && retryOnQuotaViolation) {
    answers.pause(throttleTimeMs)
    answers.retry(key, error)
  } else answers.fail(key, error)
}

/** How a call meets quotas on changes of the cluster (KIP-599). */
export interface QuotaOptions {
  /** Whether to wait and try again when a quota of the controller is exceeded; true if left out. */
  readonly retryOnQuotaViolation?: boolean | undefined
}
