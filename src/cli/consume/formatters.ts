/** Which formatter a command line asks for. */
import * as shareGroupRecords from '../../protocol/persisted/share-group-records.ts'
import { type Flags, UsageError } from '../flags.ts'
import { keyValues } from '../java-flags.ts'
import { unescaped } from '../short-flags.ts'
import { coordinatorFormatter } from './coordinator-formatter.ts'
import { defaultFormatter } from './default-formatter.ts'
import { jsonFormatter } from './json-formatter.ts'
import { kcatFormatter } from './kcat-format.ts'
import type { RecordFormatter } from './record-formatter.ts'

const PACKAGE = 'org.apache.kafka.tools.consumer.'
const DEFAULT = `${PACKAGE}DefaultMessageFormatter`
const OFFSET_COMMITS = [0, 1]
const GROUP_METADATA = [2]
const SHARE_GROUPS = [
  ...new Set(Object.values(shareGroupRecords).map(({ apiKey }) => apiKey)),
] as const

/** What a formatter is made of. */
interface Making {
  readonly properties: ReadonlyMap<string, string>
  readonly warn: (line: string) => void
  /** Behind each JSON object of an internal topic; Kafka prints nothing there. */
  readonly jsonEnd: string
}

const BY_CLASS: Readonly<Record<string, (making: Making) => RecordFormatter>> = {
  [DEFAULT]: ({ properties, warn }) => defaultFormatter(properties, warn),
  // It also logs, at a level at which Kafka's tools are silent.
  [`${PACKAGE}LoggingMessageFormatter`]: ({ properties, warn }) => {
    return defaultFormatter(properties, warn)
  },
  [`${PACKAGE}NoOpMessageFormatter`]: () => () => {},
  [`${PACKAGE}OffsetsMessageFormatter`]: ({ jsonEnd }) => {
    return coordinatorFormatter('group', OFFSET_COMMITS, jsonEnd)
  },
  [`${PACKAGE}GroupMetadataMessageFormatter`]: ({ jsonEnd }) => {
    return coordinatorFormatter('group', GROUP_METADATA, jsonEnd)
  },
  [`${PACKAGE}ShareGroupMessageFormatter`]: ({ jsonEnd }) => {
    return coordinatorFormatter('group', SHARE_GROUPS, jsonEnd)
  },
  [`${PACKAGE}TransactionLogMessageFormatter`]: ({ jsonEnd }) => {
    return coordinatorFormatter('transaction', null, jsonEnd)
  },
  [`${PACKAGE}group.share.ShareGroupStateMessageFormatter`]: ({ jsonEnd }) => {
    return coordinatorFormatter('share', null, jsonEnd)
  },
}

/** Refuses flags that each ask for a form of their own. */
export function checkFormatFlags(flags: Flags): void {
  const asking = ['json', 'format', 'key-separator', 'formatter'].filter((flag) => flags.has(flag))
  if (asking.length <= 1) return
  throw new UsageError(`--${asking[0]} and --${asking[1]} cannot be specified together.`)
}

/** The formatter; `file` has the properties of --formatter-config. */
export function formatterOf(
  flags: Flags,
  file: ReadonlyMap<string, string>,
  isAlias: boolean,
  warn: (line: string) => void,
): RecordFormatter {
  if (flags.has('json')) return jsonFormatter
  const format = flags.has('format') ? flags.text('format') : null
  if (format !== null) return kcatFormatter(format)
  const properties = propertiesOf(flags, file)
  const name = flags.text('formatter') ?? DEFAULT
  const making = { properties, warn, jsonEnd: isAlias ? '' : '\n' }
  return classNamed(name, isAlias)(making)
}

function classNamed(name: string, isAlias: boolean): (making: Making) => RecordFormatter {
  if (Object.hasOwn(BY_CLASS, name)) return BY_CLASS[name]!
  const known = Object.keys(BY_CLASS)
  const found = isAlias ? undefined : known.find((each) => each.endsWith(`.${name}`))
  if (found !== undefined) return BY_CLASS[found]!
  throw new UsageError(`${name}\nis no formatter; there are ${known.join(', ')}`)
}

function propertiesOf(flags: Flags, file: ReadonlyMap<string, string>): Map<string, string> {
  const properties = new Map(file)
  for (const part of ['key', 'value']) {
    const name = flags.text(`${part}-deserializer`)
    if (name) properties.set(`${part}.deserializer`, name)
  }
  const separator = flags.has('key-separator') ? flags.text('key-separator') : null
  if (separator !== null) {
    properties.set('print.key', 'true').set('key.separator', unescaped(separator))
    properties.set('null.literal', '')
  }
  const given = flags.has('property') ? 'property' : 'formatter-property'
  return new Map([...properties, ...keyValues(flags.all(given))])
}
