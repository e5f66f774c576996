/**
 * What becomes of records that were enqueued, for which nobody holds a promise.
 *
 * Invariant: no failure is lost. It goes to `onDelivery` where the program gave one, else the next
 * `ready`, `flush` or `close` rejects with the first and says how many there were.
 */
import { KafkaError } from '../kafka-error.ts'
import type { DeliveryListener, ProducerBatch } from './batch.ts'
import type { DeliveryReport } from './options.ts'

export class Deliveries implements DeliveryListener {
  readonly #onDelivery: ((report: DeliveryReport) => void) | undefined
  #failure: KafkaError | null = null
  #failedCount = 0

  constructor(onDelivery: ((report: DeliveryReport) => void) | undefined) {
    this.#onDelivery = onDelivery
  }

  get hasFailed(): boolean {
    return this.#failure !== null
  }

  onSettled({ topic, partition, baseOffset, error }: ProducerBatch, count: number): void {
    if (this.#onDelivery !== undefined) {
      this.#report({ topic, partition, count, baseOffset, error })
    } else if (error !== null) this.#note(error, count)
  }

  /** A record failed before it came into a batch. */
  onFailed(topic: string, error: KafkaError): void {
    const partition = error.partition ?? -1
    if (this.#onDelivery === undefined) this.#note(error, 1)
    else this.#report({ topic, partition, count: 1, baseOffset: -1, error })
  }

  #report(report: DeliveryReport): void {
    try {
      this.#onDelivery!(report)
    } catch (error) {
      this.#note(KafkaError.of(error, 'USER_CODE_FAILED', 'onDelivery'), 0)
    }
  }

  #note(error: KafkaError, count: number): void {
    this.#failure ??= error
    this.#failedCount += count
  }

  /** The end of a transaction has told it. */
  forget(): void {
    this.#failure = null
    this.#failedCount = 0
  }

  /** Throws what has failed since it was called last. */
  throwFailure(): void {
    const failure = this.#failure
    const count = this.#failedCount
    this.#failure = null
    this.#failedCount = 0
    if (failure === null) return
    if (count < 2) throw failure
    const { code, topic, partition, retriable, fatal, abortable } = failure
    const text = `${count} enqueued records failed; the first of them with: ${failure.message}`
    const context = { topic, partition, retriable, fatal, abortable }
    throw new KafkaError(code, text, { ...context, cause: failure })
  }
}
