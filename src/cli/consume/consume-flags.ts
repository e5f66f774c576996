/** The flags of `millrace consume`, and the properties that they stand for. */
import { COMMON_FLAGS, type Flag, type Flags, UsageError } from '../flags.ts'
import { javaLong, keyValues } from '../java-flags.ts'
import type { ShortFlags } from '../short-flags.ts'

/** Kafka's own. */
export const KAFKA_FLAGS: readonly Flag[] = [
  { name: 'topic', value: 'name', about: 'The topic to consume.' },
  { name: 'include', value: 'pattern', about: 'Topics, as a regular expression of whole names.' },
  { name: 'partition', value: 'n', about: 'The one partition to read, from its end or --offset.' },
  {
    name: 'offset',
    value: 'where',
    about: 'Where to begin in the partition: a number, earliest or latest.',
  },
  { name: 'from-beginning', about: 'Begin at the earliest record where the group is at none yet.' },
  { name: 'group', value: 'id', about: 'The group to join; its progress is committed.' },
  { name: 'max-messages', value: 'n', about: 'End after so many records.' },
  { name: 'timeout-ms', value: 'ms', about: 'End when there was no record for so long.' },
  { name: 'skip-message-on-error', about: 'Go on behind a record that cannot be printed.' },
  { name: 'isolation-level', value: 'level', about: 'read_uncommitted or read_committed.' },
  {
    name: 'formatter',
    value: 'class',
    about:
      'DefaultMessageFormatter; LoggingMessageFormatter, NoOpMessageFormatter; for the internal ' +
      'topics OffsetsMessageFormatter, GroupMetadataMessageFormatter, ShareGroupMessageFormatter, ' +
      'TransactionLogMessageFormatter, ShareGroupStateMessageFormatter.',
  },
  { name: 'property', value: 'name=value', about: 'Deprecated: --formatter-property.' },
  {
    name: 'formatter-property',
    value: 'name=value',
    about:
      'How records are printed: print.timestamp, print.partition, print.offset, print.epoch, ' +
      'print.headers, print.key, print.value (true or false), key.separator (tab), ' +
      'line.separator, headers.separator (,), null.literal, key.deserializer, ' +
      'value.deserializer, headers.deserializer (classes of Kafka). May be repeated.',
  },
  { name: 'formatter-config', value: 'file', about: 'A file of such properties.' },
  { name: 'key-deserializer', value: 'class', about: 'The same as key.deserializer.' },
  { name: 'value-deserializer', value: 'class', about: 'The same as value.deserializer.' },
  { name: 'consumer-property', value: 'name=value', about: 'Deprecated: --command-property.' },
  {
    name: 'command-property',
    value: 'name=value',
    about: "A property of Kafka's consumer, as fetch.min.bytes=1000; may be repeated.",
  },
  { name: 'consumer.config', value: 'file', about: 'Deprecated: --command-config.' },
  { name: 'enable-systest-events', about: 'Print shutdown_complete at the end.' },
]

/** What Kafka's tool does not have. */
export const OWN_FLAGS: readonly Flag[] = [
  {
    name: 'format',
    value: 'text',
    about:
      "-f: kcat's tokens: %s value, %k key, %h headers, %t topic, %p partition, %o offset, " +
      '%T timestamp, %S and %K lengths, %R length in 4 bytes, %%; and \\n, \\t, \\xNN.',
  },
  { name: 'key-separator', value: 'text', about: '-K: print the key and this before the value.' },
  { name: 'exit-at-end', about: '-e: end when all was read that is there.' },
]

export const SHORT_FLAGS: ShortFlags = {
  b: 'bootstrap-server',
  t: 'topic',
  p: 'partition',
  o: 'offset',
  c: 'max-messages',
  e: 'exit-at-end',
  f: 'format',
  K: 'key-separator',
}

/** All flags that the command line may have. */
export function flagTable(isAlias: boolean): readonly Flag[] {
  return [...KAFKA_FLAGS, ...(isAlias ? [] : OWN_FLAGS), ...COMMON_FLAGS]
}

/** The properties that stand on the command line itself. */
export function givenProperties(flags: Flags): Map<string, string> {
  const given = flags.has('consumer-property') ? 'consumer-property' : 'command-property'
  return keyValues(flags.all(given))
}

/** The id of the group that was named; null for none. Throws where it was named differently. */
export function namedGroup(
  flags: Flags,
  file: ReadonlyMap<string, string>,
  given: ReadonlyMap<string, string>,
): string | null {
  const named = [flags.text('group'), file.get('group.id'), given.get('group.id')]
  const ids = [...new Set(named.filter((id) => id !== null && id !== undefined))]
  if (ids.length > 1) {
    const list = ids.map((id) => `'${id}'`).join(', ')
    throw new UsageError(
      "The group ids provided in different places (directly using '--group', via " +
        "'--consumer-property', or via '--consumer.config') do not match. " +
        `Detected group ids: ${list}`,
    )
  }
  if (ids.length > 0 && flags.has('partition')) {
    throw new UsageError('Options group and partition cannot be specified together.')
  }
  return ids[0] ?? null
}

/** Where to begin in a partition that was named: a number, or one of its ends. */
export function offsetFlag(flags: Flags): number | 'earliest' | 'latest' {
  const text = flags.text('offset')
  if (text === null) return flags.has('from-beginning') ? 'earliest' : 'latest'
  const place = text.toLowerCase()
  if (place === 'earliest' || place === 'latest') return place
  const offset = javaLong(text)
  if (offset !== null && offset >= 0) return offset
  throw new UsageError(
    `The provided offset value '${text}' is incorrect. Valid values are 'earliest', 'latest', ` +
      'or a non-negative long.',
  )
}
