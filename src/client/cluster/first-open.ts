/**
 * The first of several brokers that gives a connection. The next one is tried when one has failed,
 * or has kept us waiting for `STAGGER_MS`: an address that swallows packets costs that at most.
 */
import type { Clock } from '../../io/io.ts'
import type { KafkaError } from '../kafka-error.ts'
import type { BrokerLink } from './broker-link.ts'

const STAGGER_MS = 1000

/**
 * Resolves with the first open link. When all have failed it rejects with the last failure, or with
 * the one that says that trying again is of no use.
 */
export function firstOpen(clock: Clock, links: readonly BrokerLink[]): Promise<BrokerLink> {
  return new Promise((resolve, reject) => {
    let started = 0
    let failed = 0
    let failure: KafkaError | null = null
    let cancel = () => {}
    const next = (): void => {
      cancel()
      const link = links[started++]
      if (link === undefined) return
      link.whenOpen().then(
        () => {
          cancel()
          started = links.length
          resolve(link)
        },
        (error: KafkaError) => {
          if (failure === null || failure.retriable) failure = error
          if (++failed === links.length) reject(failure)
          else next()
        },
      )
      if (started < links.length) cancel = clock.after(STAGGER_MS, next)
    }
    next()
  })
}
