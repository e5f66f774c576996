/**
 * Which topics a member wants: by name, by a regular expression over the names that the brokers
 * tell, or by a pattern that the broker matches.
 */
import type { ClusterMetadata } from '../../cluster/cluster.ts'
import { compareText } from '../assignors/member-order.ts'
import type { ServerPattern } from './membership.ts'

export class TopicSelection {
  readonly #metadata: ClusterMetadata
  #names: readonly string[] = []
  #expression: RegExp | null = null
  /** Null where the broker is not asked to match. */
  serverPattern: string | null = null

  constructor(metadata: ClusterMetadata) {
    this.#metadata = metadata
  }

  /** The topics, by name. */
  get names(): readonly string[] {
    return this.#names
  }

  /** All topics have to be known in order to choose. */
  get needsAllNames(): boolean {
    return this.#expression !== null || this.serverPattern !== null
  }

  get isExpression(): boolean {
    return this.#expression !== null
  }

  set(topics: readonly string[] | RegExp | ServerPattern): void {
    this.#expression = null
    this.serverPattern = null
    if (topics instanceof RegExp) {
      // Without the flags that make an expression remember where it was.
      this.#expression = new RegExp(topics.source, topics.flags.replace(/[gy]/g, ''))
      this.refresh()
    } else if ('pattern' in topics) {
      this.serverPattern = topics.pattern
      this.#names = []
    } else {
      this.#names = [...new Set(topics)].sort(compareText)
    }
  }

  /** Looks at the names that are known now. */
  refresh(): void {
    if (this.#expression === null) return
    const names = this.#metadata.names().filter((name) => this.#matches(name))
    this.#names = [...names].sort(compareText)
  }

  /** Adds what the leader knows to exist and this member does not yet, where it is wanted. */
  learn(topics: readonly string[]): void {
    if (this.#expression === null) return
    const added = topics.filter((topic) => this.#expression!.test(topic))
    this.#names = [...new Set([...this.#names, ...added])].sort(compareText)
  }

  includes(topic: string): boolean {
    if (this.serverPattern !== null) return true
    return this.#expression === null ? this.#names.includes(topic) : this.#expression.test(topic)
  }

  #matches(name: string): boolean {
    return this.#expression!.test(name) && this.#metadata.topic(name)?.isInternal !== true
  }
}
