/**
 * Where an idempotent producer has its producer id from. Its epochs are counted by partition
 * (partition-queue.ts); a new id is needed only when one of them is used up.
 *
 * Invariant: at most one request for an id is on its way; `failure` is set once asking again is of
 * no use, and the producer is of none then.
 *
 * KIP-98.
 */
import { ErrorCode } from '../../protocol/errors.ts'
import {
  initProducerIdRequest,
  initProducerIdResponse,
} from '../../protocol/messages/22-init-producer-id.ts'
import { Deadline } from '../call.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { KafkaError } from '../kafka-error.ts'
import { retrying } from '../retry.ts'
import type { ProducerIdentity } from './batch.ts'
import type { PartitionQueue } from './partition-queue.ts'

/** What the sender asks about numbers and, behind a transactional id, about the transaction. */
export interface Numbering {
  /** Null while there is none: `request` brings it. */
  readonly current: ProducerIdentity | null
  /** Why there will never be one, or no more. */
  readonly failure: KafkaError | null
  /** Why nothing may be sent now: that, or that the transaction has to be aborted. */
  readonly refusal: KafkaError | null
  readonly transactionalId: string | null
  /** The newest version of Produce whose meaning for transactions fits. */
  readonly maxProduceVersion: number
  /** Sees to it that there is one; its owner is told when there is, or when there can't be. */
  request(): void
  /** The epochs of this one are used up, which need not be the current one any more. */
  renew(exhaustedId: number): void
  /** False while the partition is not part of the transaction yet. */
  mayProduce(queue: PartitionQueue): boolean
  /** A batch was given up. */
  onGivenUp(error: KafkaError): void
}

/** How long one round of attempts lasts; rounds follow until there is an id or no hope. */
const ROUND_MS = 30_000
/** The newest version of Produce that we speak. */
export const NEWEST_PRODUCE = 13

export class IdempotentNumbering implements Numbering {
  current: ProducerIdentity | null = null
  failure: KafkaError | null = null
  readonly transactionalId = null
  readonly maxProduceVersion = NEWEST_PRODUCE
  readonly #cluster: Cluster
  readonly #onChange: () => void
  #isAsking = false
  readonly #closed = new AbortController()

  constructor(cluster: Cluster, onChange: () => void) {
    this.#cluster = cluster
    this.#onChange = onChange
  }

  get refusal(): KafkaError | null {
    return this.failure
  }

  request(): void {
    if (this.#isAsking || this.current !== null || this.failure !== null) return
    if (this.#closed.signal.aborted) return
    this.#isAsking = true
    this.#ask().then(
      (identity) => {
        this.#isAsking = false
        this.current = identity
        this.#onChange()
      },
      (error: KafkaError) => {
        this.#isAsking = false
        if (error.code === 'ABORTED') return
        if (error.code !== 'TIMED_OUT' && !error.retriable) this.failure = error
        this.#onChange() // who still needs one asks again
      },
    )
  }

  #ask(): Promise<ProducerIdentity> {
    const cluster = this.#cluster
    const { signal } = this.#closed
    const deadline = new Deadline(cluster.clock, 'getting a producer id', ROUND_MS, { signal })
    return retrying(cluster, deadline, async () => {
      const { body } = await cluster.request(
        'any',
        { request: initProducerIdRequest, response: initProducerIdResponse },
        { transactionalId: null, transactionTimeoutMs: 0x7fffffff },
        { deadline, maxVersion: 5 },
      )
      if (body.errorCode !== ErrorCode.NONE) {
        throw KafkaError.ofCode(body.errorCode, null, { api: 'InitProducerId' })
      }
      return { producerId: body.producerId, producerEpoch: body.producerEpoch }
    })
  }

  renew(exhaustedId: number): void {
    if (this.current?.producerId === exhaustedId) this.current = null
    this.request()
  }

  mayProduce(): boolean {
    return true
  }

  onGivenUp(): void {}

  close(): void {
    this.#closed.abort()
  }
}
