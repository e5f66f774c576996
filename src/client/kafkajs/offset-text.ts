/** Offsets are text in kafkajs and safe integers natively. */
import { KafkaJSNonRetriableError } from './errors.ts'

/** The offset that `text` says; one below 0 is refused. */
export function offsetOf(text: string | number): number {
  const offset = anyOffsetOf(text)
  if (offset >= 0) return offset
  throw new KafkaJSNonRetriableError('Offset must not be a negative number')
}

/** The same where -1 and -2 stand for the end and the beginning. */
export function anyOffsetOf(text: string | number): number {
  const offset = text === '' ? Number.NaN : Number(text)
  if (Number.isSafeInteger(offset)) return offset
  throw new KafkaJSNonRetriableError(`Invalid offset, expected a long received ${text}`)
}
