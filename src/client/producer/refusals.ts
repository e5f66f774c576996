/** What a producer says to calls that it does not take. */
import { KafkaError } from '../kafka-error.ts'

/** To all of them, once it is closed. */
export function closed(): KafkaError {
  return new KafkaError('CLOSED', 'the producer was closed')
}

/** To one that would send outside of a transaction. */
export function outside(): KafkaError {
  const text =
    'a producer with a transactionalId sends within transactions: transaction(...), begin()'
  return new KafkaError('INVALID_STATE', text)
}

/** To a time that is none. */
export function checkTimestamp(timestampMs: number): void {
  if (Number.isSafeInteger(timestampMs) && timestampMs >= 0) return
  const text = `timestamp: ${timestampMs} is not an integer of milliseconds from 0 up`
  throw new KafkaError('INVALID_ARGUMENT', text)
}
