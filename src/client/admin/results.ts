/**
 * What came of a call about several things: one outcome each, success or failure, so that a failure
 * of one never hides the success of another. Every call of Admin that takes several things gives
 * this; those that ask one question resolve with the answer or reject.
 *
 * Invariant: it has exactly one outcome for each thing that was asked about, in that order.
 */
import { KafkaError } from '../kafka-error.ts'

/** What came of one thing. */
export type Outcome<V> =
  | { readonly ok: true; readonly value: V }
  | { readonly ok: false; readonly error: KafkaError }

/** One thing with what came of it. */
export type ResultEntry<K, V> = { readonly key: K } & Outcome<V>

const MAX_ERRORS_IN_TEXT = 5

/**
 * Outcomes by key, where a key is the name of a topic or group, the id of a broker, or an object as
 * `{ topic, partition }`, of which an equal one will do.
 *
 *     const results = await admin.deleteTopics(['a', 'b'])
 *     results.orThrow()                                  // all or an error that names each failure
 *     for (const { key, ok, ...rest } of results) …      // one by one
 *     results.get('a')                                   // the value of one, or its own error
 */
export class Results<K, V> implements Iterable<ResultEntry<K, V>> {
  readonly #textOf: (key: K) => string
  readonly #entries: ReadonlyMap<string, ResultEntry<K, V>>

  /** `textOf` gives equal texts for keys that mean the same. */
  constructor(textOf: (key: K) => string, entries: Iterable<ResultEntry<K, V>>) {
    this.#textOf = textOf
    const byText = new Map<string, ResultEntry<K, V>>()
    for (const entry of entries) byText.set(textOf(entry.key), entry)
    this.#entries = byText
  }

  get size(): number {
    return this.#entries.size
  }

  /** True where nothing failed. */
  get ok(): boolean {
    return this.failures().length === 0
  }

  /** What came of `key`; undefined where it was not asked about. */
  outcome(key: K): Outcome<V> | undefined {
    return this.#entries.get(this.#textOf(key))
  }

  /** The value of `key`. Throws its own error where it failed. */
  get(key: K): V {
    const outcome = this.outcome(key)
    if (outcome === undefined) {
      throw new KafkaError('INVALID_ARGUMENT', `${this.#textOf(key)} is not among the results`)
    }
    if (!outcome.ok) throw outcome.error
    return outcome.value
  }

  keys(): K[] {
    return [...this].map(({ key }) => key)
  }

  /** All values. Throws as `orThrow` does where anything failed. */
  values(): V[] {
    this.orThrow()
    return this.successes().map(([, value]) => value)
  }

  /** What succeeded, whatever failed. */
  successes(): [key: K, value: V][] {
    const found: [K, V][] = []
    for (const entry of this) if (entry.ok) found.push([entry.key, entry.value])
    return found
  }

  /** What failed. */
  failures(): [key: K, error: KafkaError][] {
    const found: [K, KafkaError][] = []
    for (const entry of this) if (!entry.ok) found.push([entry.key, entry.error])
    return found
  }

  /**
   * Itself where nothing failed. Throws a KafkaError otherwise: that of the one thing that was
   * asked about, or one that names the failures, has the code of the first, and an AggregateError
   * of all of them as its cause.
   */
  orThrow(): this {
    const failures = this.failures()
    const first = failures[0]
    if (first === undefined) return this
    if (this.size === 1) throw first[1]
    const texts = failures
      .slice(0, MAX_ERRORS_IN_TEXT)
      .map(([key, error]) => `${this.#textOf(key)}: ${error.code}: ${error.message}`)
    if (failures.length > texts.length) texts.push(`and ${failures.length - texts.length} more`)
    const message = `${failures.length} of ${this.size} failed: ${texts.join('; ')}`
    const errors = failures.map(([, error]) => error)
    throw new KafkaError(first[1].code, message, {
      cause: new AggregateError(errors, message),
      retriable: errors.every(({ retriable }) => retriable),
      fatal: errors.some(({ fatal }) => fatal),
    })
  }

  [Symbol.iterator](): Iterator<ResultEntry<K, V>> {
    return this.#entries.values()
  }

  /** What `JSON.stringify` shows: the entries, errors by code and message. */
  toJSON(): unknown[] {
    return [...this].map((entry) => {
      if (entry.ok) return entry
      const { code, message } = entry.error
      return { key: entry.key, ok: false, error: { code, message } }
    })
  }

  /** What `console.log` shows. */
  [Symbol.for('nodejs.util.inspect.custom')](): unknown {
    return new Map([...this].map((entry) => [entry.key, entry.ok ? entry.value : entry.error]))
  }
}

/** An outcome of success. */
export function success<V>(value: V): Outcome<V> {
  return { ok: true, value }
}

/** An outcome of failure. */
export function failure<V>(error: KafkaError): Outcome<V> {
  return { ok: false, error }
}
