/** Rules for the names of topics, with Kafka's messages. */

const MAX_TOPIC_NAME_CHARS = 249
const LEGAL = /^[a-zA-Z0-9._-]+$/

export const CLUSTER_METADATA_TOPIC = '__cluster_metadata'
export const GROUP_METADATA_TOPIC = '__consumer_offsets'
export const TRANSACTION_STATE_TOPIC = '__transaction_state'
export const SHARE_GROUP_STATE_TOPIC = '__share_group_state'

/** Topics that brokers keep for themselves; clients see them marked as internal. */
const INTERNAL_TOPICS: ReadonlySet<string> = new Set([
  GROUP_METADATA_TOPIC,
  TRANSACTION_STATE_TOPIC,
  SHARE_GROUP_STATE_TOPIC,
])

/** Why `name` can't be a topic, in Kafka's words, or null where it can. */
export function topicNameError(name: string): string | null {
  const reason = reasonInvalid(name)
  return reason === null ? null : `Topic name is invalid: ${reason}`
}

function reasonInvalid(name: string): string | null {
  if (name === '') return 'the empty string is not allowed'
  if (name === '.' || name === '..') return `'${name}' is not allowed`
  if (name.length > MAX_TOPIC_NAME_CHARS) {
    return `the length of '${name}' is longer than the max allowed length ${MAX_TOPIC_NAME_CHARS}`
  }
  if (!LEGAL.test(name)) {
    const legal = "ASCII alphanumerics, '.', '_' and '-'"
    return `'${name}' contains one or more characters other than ${legal}`
  }
  return null
}

export function isInternalTopic(name: string): boolean {
  return INTERNAL_TOPICS.has(name)
}

/** Names that differ in '.' and '_' only would share metric names; this is what they share. */
export function collisionKey(name: string): string {
  return name.replaceAll('.', '_')
}

/** Whether the name could collide with another one at all. */
export function hasCollisionCharacters(name: string): boolean {
  return name.includes('_') || name.includes('.')
}
