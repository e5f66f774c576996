/** Deleting groups of consumers, and offsets of them. */
import type { Admin } from '../../client/admin/admin.ts'
import { KafkaError } from '../../client/kafka-error.ts'
import type { TopicPartition } from '../../client/topic.ts'
import { hashMapOrder } from '../java-order.ts'
import type { GroupsRun } from './groups.ts'
import { exceptionText } from './java-failure.ts'
import { allGroupIds } from './list-groups.ts'
import { byPlace, partitionName, partitionsInText } from './topic-partitions.ts'

const WHOLE_TOPIC = -1
const MIN_TOPIC = 15
/** Errors of the group, which are told in their own words. */
const OF_GROUP = [
  'INVALID_GROUP_ID',
  'GROUP_ID_NOT_FOUND',
  'GROUP_AUTHORIZATION_FAILED',
  'NON_EMPTY_GROUP',
]
const OF_PARTITIONS = [
  'GROUP_SUBSCRIBED_TO_TOPIC',
  'TOPIC_AUTHORIZATION_FAILED',
  'UNKNOWN_TOPIC_OR_PARTITION',
]

const quoted = (names: readonly string[]) => names.map((name) => `'${name}'`).join(', ')

/** Deletes groups. */
export async function deleteGroups(admin: Admin, run: GroupsRun): Promise<void> {
  const { flags, timeoutMs, isJson, out, fail, hint } = run
  const ids = flags.has('all-groups') ? await allGroupIds(admin, run) : flags.all('group')
  const results = await admin.deleteGroups(ids, { timeoutMs })
  const failures = new Map(results.failures())
  const deleted = hashMapOrder(
    results.successes().map(([groupId]) => groupId),
    null,
  )
  const failed = hashMapOrder([...failures.keys()], null)
  if (isJson) {
    const errors = failed.sort().map((groupId) => {
      const { code, reason } = failures.get(groupId)!
      return { groupId, error: code, message: reason }
    })
    out(JSON.stringify({ deleted: deleted.sort(), failed: errors }))
    for (const { groupId, message } of errors) fail(`${groupId}: ${message}`)
    return
  }
  if (failed.length === 0) {
    out(`Deletion of requested consumer groups (${quoted(deleted)}) was successful.`)
    return
  }
  fail('Deletion of some consumer groups failed:')
  for (const groupId of failed) {
    const text = exceptionText(failures.get(groupId)!)
    out(`* Group '${groupId}' could not be deleted due to: ${text}`)
  }
  if (deleted.length > 0) {
    out('')
    out(`These consumer groups were deleted successfully: ${quoted(deleted)}`)
  }
  const inUse = failed.find((groupId) => failures.get(groupId)!.code === 'NON_EMPTY_GROUP')
  if (inUse !== undefined) {
    hint(`Who is in it says: millrace groups --describe --members --group ${inUse}`)
  }
}

/** What came of a partition, or of a topic that is not there. */
interface Deletion extends TopicPartition {
  /** Null where it worked. */
  readonly error: KafkaError | null
}

/** Deletes offsets of topics. */
export async function deleteOffsets(admin: Admin, run: GroupsRun): Promise<void> {
  const { flags, timeoutMs, isJson, out, fail, hint } = run
  const groupId = flags.text('group')!
  const { partitions, unknown } = await namedPartitions(admin, run)
  const results = await admin.deleteConsumerGroupOffsets(groupId, partitions, { timeoutMs })
  const first = results.failures()[0]?.[1] ?? null
  const error = partitions.length > 0 ? first : await groupProblem(admin, run, groupId)
  const deletions = [...unknown, ...partitions.map((one) => outcomeOf(one, results.outcome(one)!))]
  if (isJson) {
    const offsets = deletions.sort(byPlace).map(({ topic, partition, error: problem }) => ({
      ...{ topic, partition: partition === WHOLE_TOPIC ? null : partition },
      ...{ error: problem?.code ?? null, message: problem?.reason ?? null },
    }))
    out(JSON.stringify({ groupId, offsets }))
    if (error !== null) fail(`${groupId}: ${error.reason}`)
    else for (const { topic, error: problem } of unknown) fail(`${topic}: ${problem!.reason}`)
    return
  }
  if (error === null) out(`Request succeeded for deleting offsets from group ${groupId}.`)
  else fail(textOf(error))
  printDeletions(deletions, out)
  if (error?.code === 'GROUP_SUBSCRIBED_TO_TOPIC') {
    hint(`Who reads it says: millrace groups --describe --group ${groupId}`)
  }
}

function textOf({ code, reason }: KafkaError): string {
  if (OF_GROUP.includes(code)) return reason
  if (OF_PARTITIONS.includes(code)) {
    return 'Encountered some partition-level error, see the follow-up details.'
  }
  return `Encountered some unknown error: ${code === 'TIMED_OUT' ? 'REQUEST_TIMED_OUT' : code}`
}

function outcomeOf(
  { topic, partition }: TopicPartition,
  outcome: { readonly ok: true } | { readonly ok: false; readonly error: KafkaError },
): Deletion {
  return { topic, partition, error: outcome.ok ? null : outcome.error }
}

async function namedPartitions(admin: Admin, { flags, timeoutMs }: GroupsRun) {
  const names = [...new Set(flags.all('topic'))]
  const partitions = names.filter((name) => name.includes(':')).flatMap(partitionsInText)
  const topics = names.filter((name) => !name.includes(':'))
  const described = topics.length === 0 ? null : await admin.describeTopics(topics, { timeoutMs })
  for (const [topic, description] of described?.successes() ?? []) {
    for (const { partition } of description.partitions) partitions.push({ topic, partition })
  }
  const unknown = (described?.failures() ?? []).map(([topic, error]): Deletion => {
    return { topic, partition: WHOLE_TOPIC, error }
  })
  const distinct = new Map(partitions.map((one) => [partitionName(one), one]))
  return { partitions: [...distinct.values()], unknown }
}

/** What is the matter with a group of which nothing is to be deleted. */
async function groupProblem(
  admin: Admin,
  { timeoutMs }: GroupsRun,
  groupId: string,
): Promise<KafkaError | null> {
  const outcome = (await admin.describeConsumerGroups([groupId], { timeoutMs })).outcome(groupId)!
  if (outcome.ok || outcome.error.code === 'INVALID_ARGUMENT') return null
  const { error } = outcome
  if (error.code !== 'GROUP_ID_NOT_FOUND') return error
  return new KafkaError('GROUP_ID_NOT_FOUND', 'The group id does not exist.')
}

function printDeletions(deletions: readonly Deletion[], out: (line: string) => void): void {
  const width = Math.max(MIN_TOPIC, ...deletions.map(({ topic }) => topic.length))
  const print = (topic: string, partition: string, status: string) => {
    out(`${topic.padEnd(width)} ${partition.padEnd(10)} ${status.padEnd(15)}`)
  }
  out('')
  print('TOPIC', 'PARTITION', 'STATUS')
  const keyOf = ({ topic, partition }: TopicPartition) => `${topic}${partition}`
  const sorted = [...deletions].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
  for (const { topic, partition, error } of sorted) {
    const status = error === null ? 'Successful' : `Error: ${exceptionText(error)}`
    print(topic, partition === WHOLE_TOPIC ? '-' : String(partition), status)
  }
}
