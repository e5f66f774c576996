/**
 * The first of several brokers that gives a connection. The next one is tried when one has failed,
 * or has kept us waiting for `STAGGER_MS`: an address that swallows packets costs that at most.
 */
import type { Clock } from '../../io/io.ts'
import type { KafkaError } from '../kafka-error.ts'
import type { BrokerLink } from './broker-link.ts'

const STAGGER_MS = 1000

/** Resolves with the first open link; rejects with the last failure when all have failed. */
export function firstOpen(clock: Clock, links: readonly BrokerLink[]): Promise<BrokerLink> {
  return new Promise((resolve, reject) => {
    let started = 0
    let failed = 0
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
          if (++failed === links.length) reject(error)
          else next()
        },
      )
      if (started < links.length) cancel = clock.after(STAGGER_MS, next)
    }
    next()
  })
}
