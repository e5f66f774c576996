/** One run of a SASL mechanism, as a client: what it says first, and what to each answer. */
import type { SaslOptions } from '../../options.ts'

export interface SaslExchange {
  readonly mechanism: SaslOptions['mechanism']
  /** The first message. Rejects where there are no credentials to be had. */
  first(signal: AbortSignal): Promise<Uint8Array>
  /**
   * What to say to what the broker said; null when there is nothing more to say. Throws a
   * KafkaError where the broker is not who it should be.
   */
  next(challenge: Uint8Array): Uint8Array | null
  /** What the broker said on the way to refusing, where it said more than the refusal does. */
  readonly said?: string
}
