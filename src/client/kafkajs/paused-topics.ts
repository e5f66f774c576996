/**
 * Which partitions a program has paused: whole topics, with those that come later, or some of their
 * partitions. It outlives rebalances.
 */
interface Paused {
  all: boolean
  readonly paused: Set<number>
  readonly resumed: Set<number>
}

export interface TopicSelection {
  readonly topic: string
  readonly partitions?: readonly number[]
}

export class PausedTopics {
  readonly #topics = new Map<string, Paused>()

  pause(selections: readonly TopicSelection[]): void {
    for (const { topic, partitions } of selections) {
      const state = this.#state(topic)
      if (partitions === undefined) {
        state.paused.clear()
        state.resumed.clear()
        state.all = true
        continue
      }
      for (const partition of partitions) {
        state.paused.add(partition)
        state.resumed.delete(partition)
      }
    }
  }

  resume(selections: readonly TopicSelection[]): void {
    for (const { topic, partitions } of selections) {
      const state = this.#state(topic)
      if (partitions === undefined) {
        this.#topics.delete(topic)
        continue
      }
      for (const partition of partitions) {
        state.paused.delete(partition)
        if (state.all) state.resumed.add(partition)
      }
    }
  }

  has(topic: string, partition: number): boolean {
    const state = this.#topics.get(topic)
    if (state === undefined) return false
    return state.paused.has(partition) || (state.all && !state.resumed.has(partition))
  }

  #state(topic: string): Paused {
    let state = this.#topics.get(topic)
    if (state === undefined) {
      state = { all: false, paused: new Set(), resumed: new Set() }
      this.#topics.set(topic, state)
    }
    return state
  }
}
