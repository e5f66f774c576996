/**
 * A log that can't be opened without losing data that was flushed, and so acknowledged for good. It
 * is refused, with a message for the operator, and the other partitions go on. (Kafka cuts the log
 * at that place and says so in a warning.)
 */
export class CorruptLogError extends Error {
  override readonly name = 'CorruptLogError'
}
