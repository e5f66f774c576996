/**
 * Reading whole topics without a group: all of their partitions, and those that are added later
 * from their beginning, since all that is in them is new.
 */
import { Deadline } from '../call.ts'
import { KafkaError } from '../kafka-error.ts'
import type { ConsumerCore } from './consumer-core.ts'

export class TopicAssignment {
  readonly #core: ConsumerCore
  readonly #topics: readonly string[]
  readonly #known = new Set<string>()

  constructor(core: ConsumerCore, topics: readonly string[]) {
    this.#core = core
    this.#topics = topics
  }

  /** Assigns the partitions of each topic as soon as it is known. */
  start(): void {
    const { cluster } = this.#core
    cluster.metadata.watch(this, this.#topics)
    this.#core.onMetadata = () => this.#addPartitions()
    this.#core.whyUnassigned = () => {
      const missing = this.#topics.filter((topic) => !this.#known.has(`${topic}/0`))
      return missing.length === 0 ? null : `not found: ${missing.join(', ')}`
    }
    for (const topic of this.#topics) void this.#begin(topic)
  }

  stop(): void {
    this.#core.cluster.metadata.watch(this, [])
  }

  async #begin(topic: string): Promise<void> {
    const { cluster, closing } = this.#core
    const deadline = new Deadline(cluster.clock, `find topic ${topic}`, Infinity, {
      signal: closing.signal,
    })
    try {
      await cluster.metadata.ensure(topic, deadline, true)
      this.#add(topic, false)
    } catch (error) {
      if (closing.signal.aborted) return
      this.#core.onError(KafkaError.of(error, 'NETWORK_ERROR', `find topic ${topic}`))
    }
  }

  #addPartitions(): void {
    for (const topic of this.#topics) if (this.#known.has(`${topic}/0`)) this.#add(topic, true)
  }

  #add(topic: string, isLater: boolean): void {
    const info = this.#core.cluster.metadata.topic(topic)
    const found = (info?.partitions ?? []).filter(
      ({ partition }) => !this.#known.has(`${topic}/${partition}`),
    )
    if (found.length === 0) return
    for (const { partition } of found) this.#known.add(`${topic}/${partition}`)
    const added = this.#core.add(found.map(({ partition }) => ({ topic, partition })))
    if (isLater) for (const partition of added) partition.target = 'beginning'
    this.#core.kick()
  }
}
