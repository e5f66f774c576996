/**
 * What was resolved of each partition and what of it is committed, as kafkajs keeps it: resolving
 * an offset means that a consumer goes on behind it.
 *
 * Invariant: what is not resolved is never among the uncommitted offsets.
 */
import type { TopicOffsets } from './events.ts'

interface Entry {
  readonly topic: string
  readonly partition: number
  /** Where the group is, as far as it is known here. */
  committed: number
  /** Where it goes on; -1 before anything was resolved. */
  next: number
}

export class OffsetBook {
  readonly #entries = new Map<string, Entry>()

  /** A batch that begins at `offset` is about to be handled. */
  begin(topic: string, partition: number, offset: number): void {
    const entry = this.#entry(topic, partition)
    if (entry.committed < 0) entry.committed = offset
  }

  /** Everything up to `offset` was handled, and `offset` too. */
  resolve(topic: string, partition: number, offset: number): void {
    this.#entry(topic, partition).next = offset + 1
  }

  committed(topic: string, partition: number, offset: number): void {
    this.#entry(topic, partition).committed = offset
  }

  /** Where the partition goes on; undefined where nothing was resolved. */
  next(topic: string, partition: number): number | undefined {
    const next = this.#entries.get(keyOf(topic, partition))?.next ?? -1
    return next < 0 ? undefined : next
  }

  /** How many offsets were resolved and are not committed. */
  get count(): number {
    let count = 0
    for (const { next, committed } of this.#entries.values()) {
      if (next >= 0) count += next - Math.max(0, committed)
    }
    return count
  }

  /** What a commit would say, of all partitions or of some. */
  uncommitted(
    of?: readonly { readonly topic: string; readonly partition: number }[],
  ): TopicOffsets[] {
    const wanted =
      of === undefined ? null : new Set(of.map((one) => keyOf(one.topic, one.partition)))
    const topics = new Map<string, TopicOffsets>()
    for (const [key, { topic, partition, next, committed }] of this.#entries) {
      if (next < 0 || next === committed) continue
      if (wanted !== null && !wanted.has(key)) continue
      const offsets = topics.get(topic) ?? { topic, partitions: [] }
      offsets.partitions.push({ partition, offset: String(next) })
      topics.set(topic, offsets)
    }
    return [...topics.values()]
  }

  forget(topic: string, partition: number): void {
    this.#entries.delete(keyOf(topic, partition))
  }

  #entry(topic: string, partition: number): Entry {
    const key = keyOf(topic, partition)
    let entry = this.#entries.get(key)
    if (entry === undefined) {
      entry = { topic, partition, committed: -1, next: -1 }
      this.#entries.set(key, entry)
    }
    return entry
  }
}

/** A partition in a word. */
export function keyOf(topic: string, partition: number): string {
  return `${topic}/${partition}`
}
