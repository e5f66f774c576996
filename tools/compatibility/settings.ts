/**
 * The part of the page on settings: which of Kafka's are acted on, and which are known and are not.
 *
 * What a node refuses or warns about is what unbuilt.ts says. Beyond that a setting counts as acted
 * on when the code names it somewhere else than in the tables and rules of settings.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { BROKER_KEYS } from '../../src/broker/config/broker-keys.ts'
import type { ConfigKey, ConfigKeys } from '../../src/broker/config/config-key.ts'
import { CLIENT_METRICS_KEYS } from '../../src/broker/config/keys/client-metrics.ts'
import { GROUP_KEYS } from '../../src/broker/config/keys/group.ts'
import { TOPIC_KEYS } from '../../src/broker/config/keys/topic.ts'
import { isUnbuilt, unbuiltIssues } from '../../src/broker/config/unbuilt.ts'
import { defaultText } from '../../src/broker/config/value-text.ts'
import { codes, table } from './markdown.ts'

/** Files that name settings without acting on them. */
const TABLES_AND_RULES = new RegExp(
  [
    '/config/keys/',
    '/config/(unbuilt|consistency|dynamic-broker-config|topic-synonyms)\\.ts$',
    'development-profile\\.ts$',
    '\\.test(-support)?\\.ts$',
  ].join('|'),
)
const SYNONYMS = join('src', 'broker', 'config', 'topic-synonyms.ts')
/** A value that no setting has by default. */
const SOME_VALUE = '?'
const LONGEST_NUMBER = '9223372036854775807'

/** What becomes of a setting. */
type Fate = 'acted on' | 'refused' | 'without effect' | 'not read'

export function settingsSection(root: string): string[] {
  const named = namedSettings(root)
  const ofTopics = (name: string) => topicFate(name, named)
  const fates = new Map(Object.keys(BROKER_KEYS).map((name) => [name, nodeFate(name, named)]))
  const ofNode = (fate: Fate) =>
    [...fates].filter(([, each]) => each === fate).map(([name]) => name)
  const topics = Object.keys(TOPIC_KEYS)
  const others = [...Object.keys(GROUP_KEYS), ...Object.keys(CLIENT_METRICS_KEYS)]
  return [
    '## Settings of a node',
    '',
    `All ${fates.size} of Kafka 4.3 are known, with their types, defaults and rules: a wrong value stops the`,
    'start, and DescribeConfigs shows each. A name that is not among them gets a warning.',
    '',
    `### Acted on (${ofNode('acted on').length})`,
    '',
    ...settingsTable(BROKER_KEYS, ofNode('acted on')),
    '',
    ...withoutEffect(ofNode('without effect')),
    ...refused(ofNode('refused')),
    ...notRead(ofNode('not read')),
    '## Settings of topics',
    '',
    ...settingsTable(TOPIC_KEYS, topics.filter(ofTopics)),
    '',
    `Kept and described, without effect: ${codes(topics.filter((name) => !ofTopics(name)))}.`,
    '',
    '## Settings of groups and of client metrics',
    '',
    'They can be set and described, and come to life with what they are for:',
    `${codes(others)}.`,
    '',
  ]
}

function nodeFate(name: string, named: ReadonlySet<string>): Fate {
  if (!isUnbuilt(name)) return named.has(name) ? 'acted on' : 'not read'
  const { errors } = unbuiltIssues(new Map([[name, SOME_VALUE]]))
  return errors.length > 0 ? 'refused' : 'without effect'
}

function topicFate(name: string, named: ReadonlySet<string>): boolean {
  return !isUnbuilt(name) && named.has(name)
}

function settingsTable(keys: ConfigKeys, names: readonly string[]): string[] {
  const rows = [...names].sort().map((name) => {
    const key = keys[name] as ConfigKey
    return [`\`${name}\``, shownDefault(key), key.updateMode === 'read-only' ? '' : key.updateMode]
  })
  return keys === BROKER_KEYS
    ? table(['setting', 'default', 'may change while it runs'], rows)
    : table(
        ['setting', 'default'],
        rows.map((row) => row.slice(0, 2)),
      )
}

function shownDefault(key: ConfigKey): string {
  if (key.required) return '_must be set_'
  const text = defaultText(key)
  if (text === LONGEST_NUMBER) return '_no limit_'
  return text === null || text === '' ? '' : `\`${text}\``
}

function withoutEffect(names: readonly string[]): string[] {
  const byReason = new Map<string, string[]>()
  for (const name of names) {
    const [warning] = unbuiltIssues(new Map([[name, SOME_VALUE]])).warnings
    const reason =
      warning?.split(`: ${name}=`)[0] ??
      'sizes of topics that are not there yet (no warning: every quick start sets them)'
    byReason.set(reason, [...(byReason.get(reason) ?? []), name])
  }
  return [
    `### Without effect (${names.length})`,
    '',
    'The start says so when one of them is set to something else than its default.',
    '',
    ...[...byReason].map(([reason, settings]) => `- ${reason}: ${codes(settings.sort())}`),
    '',
  ]
}

function refused(names: readonly string[]): string[] {
  return [
    `### Refused (${names.length})`,
    '',
    `The node does not start with ${codes(names)}: it would be less safe than its owner believes.`,
    '',
  ]
}

function notRead(names: readonly string[]): string[] {
  if (names.length === 0) return []
  return [
    `### Accepted, and read by nothing yet (${names.length})`,
    '',
    `No warning tells of these: ${codes(names)}.`,
    '',
  ]
}

/** Settings that the code names outside of tables and rules, or as the default of a topic's. */
function namedSettings(root: string): ReadonlySet<string> {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .map((file) => join('src', file))
    .filter((file) => file.endsWith('.ts') && !TABLES_AND_RULES.test(file))
  const named = new Set<string>()
  for (const file of [...files, SYNONYMS]) {
    const code = readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '')
    for (const [, text = ''] of code.matchAll(/'([\w.]+)'/g)) {
      const isSetting = Object.hasOwn(BROKER_KEYS, text) || Object.hasOwn(TOPIC_KEYS, text)
      // There a topic's setting only stands beside the node's that is its default.
      const isListed = file === SYNONYMS && Object.hasOwn(TOPIC_KEYS, text)
      if (isSetting && !isListed) named.add(text)
    }
  }
  return named
}
