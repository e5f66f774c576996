/** The flags of `millrace produce`, and the properties that they stand for. */
import { COMMON_FLAGS, type Flag, type Flags } from '../flags.ts'
import { keyValues, longFlag } from '../java-flags.ts'
import { type ShortFlags, unescaped } from '../short-flags.ts'

/** Kafka's own. */
export const KAFKA_FLAGS: readonly Flag[] = [
  { name: 'topic', value: 'name', about: 'The topic to produce to.' },
  { name: 'sync', about: 'Wait for each record to be written before the next.' },
  {
    name: 'compression-codec',
    value: 'codec',
    isOptional: true,
    about: 'none, gzip, snappy, lz4 or zstd; gzip if it stands alone.',
  },
  { name: 'batch-size', value: 'bytes', about: 'How large a batch may grow (batch.size).' },
  { name: 'message-send-max-retries', value: 'n', about: 'Accepted; delivery.timeout.ms decides.' },
  { name: 'retry-backoff-ms', value: 'ms', about: 'The pause before a second try.' },
  { name: 'timeout', value: 'ms', about: 'How long a batch waits for more (linger.ms).' },
  { name: 'request-required-acks', value: 'acks', about: 'all, -1, 0 or 1.' },
  { name: 'request-timeout-ms', value: 'ms', about: 'How long the broker may take to answer.' },
  { name: 'metadata-expiry-ms', value: 'ms', about: 'How old metadata may get.' },
  { name: 'max-block-ms', value: 'ms', about: 'How long a record may wait for metadata or room.' },
  { name: 'max-memory-bytes', value: 'bytes', about: 'Memory for records that wait.' },
  { name: 'max-partition-memory-bytes', value: 'bytes', about: 'Deprecated: --batch-size.' },
  { name: 'line-reader', value: 'class', about: 'org.apache.kafka.tools.LineMessageReader.' },
  { name: 'socket-buffer-size', value: 'bytes', about: 'Accepted; the system decides.' },
  { name: 'property', value: 'name=value', about: 'Deprecated: --reader-property.' },
  {
    name: 'reader-property',
    value: 'name=value',
    about:
      'How lines are read: parse.key, parse.headers, ignore.error (true or false), ' +
      'key.separator (tab), headers.delimiter (tab), headers.separator (,), ' +
      'headers.key.separator (:), null.marker. May be repeated.',
  },
  { name: 'reader-config', value: 'file', about: 'A file of such properties.' },
  { name: 'producer-property', value: 'name=value', about: 'Deprecated: --command-property.' },
  {
    name: 'command-property',
    value: 'name=value',
    about: "A property of Kafka's producer, as linger.ms=5; may be repeated.",
  },
  { name: 'producer.config', value: 'file', about: 'Deprecated: --command-config.' },
]

/** What Kafka's tool does not have. */
export const OWN_FLAGS: readonly Flag[] = [
  {
    name: 'key-separator',
    value: 'text',
    about: '-K: what stands between key and value, as : or \\t; lines without it have no key.',
  },
  { name: 'file', value: 'path', about: 'Read lines from this file; may be repeated.' },
]

export const SHORT_FLAGS: ShortFlags = {
  b: 'bootstrap-server',
  t: 'topic',
  K: 'key-separator',
  z: 'compression-codec',
}

/** All flags that the command line may have. */
export function flagTable(isAlias: boolean): readonly Flag[] {
  return [...KAFKA_FLAGS, ...(isAlias ? [] : OWN_FLAGS), ...COMMON_FLAGS]
}

/** Where a flag of Kafka's goes, and what holds without it and without the property. */
const MERGED: readonly (readonly [string, string, string, 'integer' | 'long' | 'text'])[] = [
  ['timeout', 'linger.ms', '1000', 'long'],
  ['request-required-acks', 'acks', '-1', 'text'],
  ['request-timeout-ms', 'request.timeout.ms', '1500', 'integer'],
  ['message-send-max-retries', 'retries', '3', 'integer'],
  ['retry-backoff-ms', 'retry.backoff.ms', '100', 'long'],
  ['socket-buffer-size', 'send.buffer.bytes', '102400', 'integer'],
  ['max-memory-bytes', 'buffer.memory', '33554432', 'long'],
  ['batch-size', 'batch.size', '16384', 'integer'],
  ['max-partition-memory-bytes', 'batch.size', '16384', 'integer'],
  ['metadata-expiry-ms', 'metadata.max.age.ms', '300000', 'long'],
  ['max-block-ms', 'max.block.ms', '60000', 'long'],
]

/**
 * The producer's properties: flags win over properties, those over `file`. Kafka's defaults are the
 * alias's; under our own name the client's hold, which wait for nothing and batch with the load.
 */
export function producerProperties(
  flags: Flags,
  file: ReadonlyMap<string, string>,
  isAlias: boolean,
): Map<string, string> {
  const given = flags.has('producer-property') ? 'producer-property' : 'command-property'
  const properties = new Map([...file, ...keyValues(flags.all(given))])
  if (flags.has('compression-codec') || isAlias) {
    // Kafka's tool takes no compression.type: its flag, or none.
    const codec = flags.has('compression-codec')
      ? flags.text('compression-codec') || 'gzip'
      : 'none'
    properties.set('compression.type', codec)
  }
  if (!properties.has('client.id')) properties.set('client.id', 'console-producer')
  for (const [flag, property, otherwise, kind] of MERGED) {
    const text = flags.text(flag)
    if (text !== null) {
      if (kind === 'integer') flags.integer(flag)
      if (kind === 'long') longFlag(flags, flag)
      properties.set(property, text)
    } else if (isAlias && !properties.has(property)) properties.set(property, otherwise)
  }
  return properties
}

/** The properties of the reader of lines. */
export function readerProperties(
  flags: Flags,
  file: ReadonlyMap<string, string>,
): Map<string, string> {
  const given = flags.has('property') ? 'property' : 'reader-property'
  const properties = new Map([...file, ...keyValues(flags.all(given))])
  const separator = flags.has('key-separator') ? flags.text('key-separator') : null
  if (separator === null) return properties
  // As kcat: a line without the separator is a value without a key.
  return new Map([
    ...properties,
    ['parse.key', 'true'],
    ['key.separator', unescaped(separator)],
    ['ignore.error', 'true'],
  ])
}
