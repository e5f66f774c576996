/**
 * Names for the connections that consumers of one client fetch over: one each, since a fetch that
 * waits at a broker holds up what comes behind it. Names that are free again are given out again.
 */
import type { Channel } from '../cluster/cluster.ts'

export class FetchChannels {
  readonly #taken = new Set<number>()

  /** A channel that no other consumer has, until it is given back. */
  take(): { readonly channel: Channel; readonly giveBack: () => void } {
    let number = 1
    while (this.#taken.has(number)) number++
    this.#taken.add(number)
    const channel = number === 1 ? 'fetch' : `fetch-${number}`
    return { channel, giveBack: () => this.#taken.delete(number) }
  }
}
