/**
 * Settings that Millrace knows and does not act on. None of them is silently ignored: where one is
 * set to something else than its default, the start says so; where ignoring it would weaken
 * security or lose data, the node does not start.
 *
 * A feature that gets built leaves this table in the same commit.
 */
import { BROKER_KEYS, brokerKey, withoutListener } from './broker-keys.ts'
import { type ConfigIssue, shownValue } from './issue.ts'
import { defaultText, parseValue } from './value-text.ts'

interface Unbuilt {
  /** A sentence's beginning that says why. */
  readonly why: string
  readonly keys: RegExp
}

/** Without these the node would be less guarded than its owner believes. */
const REFUSED: readonly Unbuilt[] = [
  { why: 'access control is not built yet', keys: /^authorizer\.class\.name$/ },
  {
    why: 'policies that refuse requests are not built yet',
    keys: /^(create\.topic|alter\.config)\.policy\.class\.name$/,
  },
  { why: 'config providers are not built yet', keys: /^config\.providers$/ },
]

/** Settings of plug-ins, which the plug-ins read from the node's properties. */
const PLUG_IN = /^(rsm\.config|rlmm\.config|config\.providers|client\.quota\.callback)\..+/
const AUTHORIZER = /^(super\.users|allow\.everyone\.if\.no\.acl\.found)$/

/** Sizes of internal topics, which every quick start sets and which ask for nothing. */
const TOPIC_SIZES = /\.(replication\.factor|min\.isr|num\.partitions)$/

/** Without these the node works as if they were not set. The first that matches counts. */
const WITHOUT_EFFECT: readonly Unbuilt[] = [
  { why: 'access control is not built yet', keys: AUTHORIZER },
  { why: 'plug-ins are not built yet', keys: PLUG_IN },
  {
    why: 'Millrace works on one thread',
    keys: /threads(\.per\.data\.dir)?$|\.purgatory\.purge\.|^queued\.max\.request\.bytes$/,
  },
  {
    why: 'TLS and SASL are not built yet',
    keys: /^(ssl|sasl|security|delegation\.token|principal|connections?\.(max\.reauth|failed))\./,
  },
  { why: 'tiered storage is not built yet', keys: /^(remote|log\.local)\.|\.tiered\./ },
  { why: 'quotas are not built yet', keys: /^(?!quota\.window).*quota/ },
  {
    why: 'transactions are not built yet',
    keys: /^(transaction|transactional\.id|add\.partitions\.to\.txn)\./,
  },
  { why: 'share groups are not built yet', keys: /^(group\.)?share\./ },
  { why: 'streams groups are not built yet', keys: /^group\.streams\./ },
  {
    why: 'the consumer group protocol (KIP-848) is not built yet',
    keys: /^group\.consumer\.|^group\.coordinator\.rebalance\.protocols$/,
  },
  { why: 'reporters of metrics are not built yet', keys: /^(kafka\.)?metrics?\.|^telemetry\./ },
  {
    why: 'a cluster of several nodes is not built yet',
    keys: /^(replica\.(?!high)|num\.replica|auto\.leader|leader\.im|unclean\.|controller\.socket)/,
  },
  {
    why: 'a quorum of one controller has nobody to talk to',
    keys: /^controller\.quorum\.(election\.b|request|retry|auto|fetch\.(snapshot|max))/,
  },
  {
    why: 'a node that is broker and controller starts as one',
    keys: /^(early\.start|initial\.broker|server\.max\.startup|socket\.connection\.setup)/,
  },
  {
    why: 'the controller is not measured yet',
    keys: /^controller\.performance\./,
  },
  {
    why: 'sockets have the buffers that Node and the operating system give them',
    keys: /^socket\.(send|receive)\./,
  },
  {
    why: 'requests wait in their connection, within bounds of its own',
    keys: /^queued\.max\.requests$/,
  },
  {
    why: 'Millrace does this once a turn, or at once',
    keys: /^(group\.coordinator\.(append|cached)|offsets\.load|log\.(dir\.fail|initial))|^controlled\./,
  },
  { why: 'files grow as they are written', keys: /^(log\.)?preallocate$/ },
  { why: 'the LZ4 codec has one level', keys: /^compression\.lz4\.level$/ },
  {
    why: 'it is for tests of Apache Kafka itself',
    keys: /^internal\.metadata\.(max|delete)/,
  },
]

/** Whether a name that is no config of the node means something to a plug-in of Kafka. */
export function isPlugInName(name: string): boolean {
  return PLUG_IN.test(name) || AUTHORIZER.test(name)
}

/** Whether Millrace says that it does not act on this config. */
export function isUnbuilt(name: string): boolean {
  return [...REFUSED, ...WITHOUT_EFFECT].some(({ keys }) => keys.test(name))
}

/** What the properties ask for and Millrace does not do: reasons not to start, and warnings. */
export function unbuiltIssues(properties: ReadonlyMap<string, string>): {
  errors: ConfigIssue[]
  warnings: string[]
} {
  const errors: ConfigIssue[] = []
  const byReason = new Map<string, string[]>()
  for (const [name, value] of properties) {
    const base = withoutListener(name) ?? name
    if (TOPIC_SIZES.test(base) || isDefault(base, value)) continue
    const refused = REFUSED.find(({ keys }) => keys.test(base))
    if (refused !== undefined) {
      const message = `${refused.why}, and going on without would be less safe; remove the setting`
      errors.push({ key: name, value, message })
      continue
    }
    const why = WITHOUT_EFFECT.find(({ keys }) => keys.test(base))?.why
    if (why === undefined) continue
    const settings = byReason.get(why) ?? []
    settings.push(`${name}=${shownValue(brokerKey(base), value)}`)
    byReason.set(why, settings)
  }
  const warnings = [...byReason].map(
    ([why, settings]) => `${why}: ${settings.join(', ')} ${has(settings.length)} no effect`,
  )
  return { errors, warnings }
}

function has(count: number): string {
  return count === 1 ? 'has' : 'have'
}

function isDefault(name: string, value: string): boolean {
  const key = brokerKey(name)
  if (key === null) return false
  const parsed = parseValue(name, key, value)
  return parsed.error === null && parsed.text === (defaultText(key) ?? '')
}

/** Names that a mistyped one may have meant. */
export function knownNames(): string[] {
  return [...Object.keys(BROKER_KEYS), 'super.users', 'allow.everyone.if.no.acl.found']
}
