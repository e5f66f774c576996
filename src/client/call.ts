/**
 * How long a call may take and what ends it early: every asynchronous call of the client takes
 * `CallOptions`, and carries them inside as one `Deadline`.
 */
import type { Clock } from '../io/io.ts'
import { KafkaError } from './kafka-error.ts'
import { checkOptionNames, type OptionNames } from './known-options.ts'

/** What every asynchronous call of the client takes. */
export interface CallOptions {
  /** Aborting it rejects the call with `ABORTED`. What was already sent may still take effect. */
  readonly signal?: AbortSignal | undefined
  /** How long the call may take with all its retries, in milliseconds. */
  readonly timeoutMs?: number | undefined
}

/** The names of what every call takes. */
export const CALL_OPTION_NAMES: OptionNames<CallOptions> = { signal: true, timeoutMs: true }

/**
 * The end of one call. It costs a timer only while something waits on it.
 *
 * Invariant: `check` throws and `race` rejects from the first moment on at which the time is up or
 * a signal is aborted; both leave nothing behind.
 */
export class Deadline {
  /** On the monotonic clock: setting the date moves no deadline. */
  readonly atMs: number
  readonly signal: AbortSignal | undefined
  /** What the latest attempt of the call failed with: the cause when the time is up. */
  lastFailure: () => KafkaError | undefined = () => undefined
  readonly #clock: Clock
  readonly #what: string

  /** `what` names the call in its errors, as `send to orders`. */
  constructor(clock: Clock, what: string, defaultTimeoutMs: number, options: CallOptions = {}) {
    checkOptionNames(what, options, CALL_OPTION_NAMES)
    this.#clock = clock
    this.#what = what
    this.signal = options.signal
    const timeoutMs = options.timeoutMs ?? defaultTimeoutMs
    if (!(timeoutMs >= 0)) {
      throw new KafkaError('INVALID_ARGUMENT', `timeoutMs: ${timeoutMs} is not a number from 0 up`)
    }
    this.atMs = clock.monotonicMs() + timeoutMs
  }

  /** Whole milliseconds that are left, as they go into requests; 0 when it is over. */
  leftMs(): number {
    return Math.max(0, Math.ceil(this.atMs - this.#clock.monotonicMs()))
  }

  /** Throws TIMED_OUT or ABORTED when it is over. */
  check(): void {
    const reason = this.over(this.lastFailure())
    if (reason !== null) throw reason
  }

  /** What `check` throws, with `last` as what went wrong last; null while it is not over. */
  over(last: KafkaError | undefined): KafkaError | null {
    if (this.signal?.aborted) return this.#aborted()
    return this.leftMs() === 0 ? this.#timedOut(last) : null
  }

  /**
   * What `promise` gives, unless the deadline comes first, which `onOver` is told of. The promise
   * itself is not stopped.
   */
  race<T>(promise: Promise<T>, onOver: () => void = () => {}): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const { signal } = this
      if (signal?.aborted) {
        promise.catch(() => {}) // nobody waits for it any more
        onOver()
        reject(this.#aborted())
        return
      }
      const over = (error: KafkaError) => {
        end()
        onOver()
        reject(error)
      }
      const cancel =
        this.atMs === Infinity
          ? undefined
          : this.#clock.after(this.leftMs(), () => over(this.#timedOut(this.lastFailure())))
      const onAbort = signal && (() => over(this.#aborted()))
      const end = () => {
        cancel?.()
        if (onAbort !== undefined) signal!.removeEventListener('abort', onAbort)
      }
      if (onAbort !== undefined) signal!.addEventListener('abort', onAbort, { once: true })
      promise.then(
        (value) => {
          end()
          resolve(value)
        },
        (error) => {
          end()
          reject(error)
        },
      )
    })
  }

  /** Waits, but not beyond the end: rejects then. */
  sleep(delayMs: number): Promise<void> {
    let cancel = () => {}
    const waited = new Promise<void>((resolve) => {
      cancel = this.#clock.after(delayMs, resolve)
    })
    return this.race(waited).finally(cancel)
  }

  #aborted(): KafkaError {
    return new KafkaError('ABORTED', `${this.#what} was aborted`, { cause: this.signal?.reason })
  }

  #timedOut(last: KafkaError | undefined): KafkaError {
    return timedOut(`${this.#what} did not end in time`, last)
  }
}

/** A time is up, and that is what the latest attempt failed with, if there was one. */
export function timedOut(what: string, last: KafkaError | undefined): KafkaError {
  const why = last === undefined ? '' : `; the last attempt failed with: ${last.message}`
  return new KafkaError('TIMED_OUT', `${what}${why}`, { cause: last })
}
