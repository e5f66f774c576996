/** Our consumer as a member of groups: assignors, bytes, and groups shared with foreign clients. */
import assert from 'node:assert/strict'
import { compareAssignments } from '../assignments.ts'
import type { Check, CheckContext } from '../check.ts'
import { MEMBER_PROGRAM } from '../client-member.ts'
import { eventually } from '../process.ts'
import { MIXED_TIMEOUT_MS, mixedGroup } from './mixed-group.ts'

/** Fewer means that Kafka's assignors were not asked. */
const FEWEST_ASSIGNMENTS = 9000
/** Cases in which Kafka's own answer breaks its rules; more means that something else differs. */
const MOST_EXCUSED = 40

/** Thousands of groups, assigned by our assignors and by Kafka's, with the bytes of each. */
async function assignors(context: CheckContext): Promise<void> {
  const classPath = await context.toolbox.prepare('java')
  const { checked, excused, differences } = await compareAssignments(classPath)
  assert.equal(differences.length, 0, differences.slice(0, 3).join('; '))
  assert.ok(checked > FEWEST_ASSIGNMENTS, `only ${checked} assignments compared`)
  assert.ok(excused < MOST_EXCUSED, `${excused} of Kafka's answers were not compared`)
  context.note(`${checked} assignments are Kafka's, ${excused} excused`)
}

const JOIN_TIMEOUT_MS = 30_000

type Libraries = Parameters<typeof mixedGroup>[0]
type Strategy = Parameters<typeof mixedGroup>[1]

/** A group that our client shares with two others. */
function mixed(name: string, run: (context: CheckContext) => Promise<void>): Check {
  const needs = ['java', 'python', 'go', 'kcat'] as const
  return { name: `client-groups-${name}`, needs, timeoutMs: MIXED_TIMEOUT_MS, run }
}

function classic(strategy: Strategy, libraries: Libraries): Check {
  return mixed(strategy, (context) => mixedGroup(libraries, strategy, context))
}

/** Our client takes the protocol of KIP-848 where there is one, and else one that others know. */
async function auto(context: CheckContext): Promise<void> {
  const strategy = context.kind === 'kafka' ? 'consumer' : 'range'
  await mixedGroup(['java', 'millrace', 'confluent-kafka'], strategy, context, true)
}

/** What the coordinator says of a group that has only our member, which chose by itself. */
async function chosenProtocol(context: CheckContext): Promise<void> {
  const { jvm, kind, server, topic } = context
  const create = ['--create', '--topic', topic, '--partitions', '2']
  await jvm.output('kafka-topics', [...create, '--bootstrap-server', server.bootstrap])
  const args = [MEMBER_PROGRAM, server.bootstrap, topic, topic, 'auto']
  const member = context.start(process.execPath, args, {})
  await eventually(JOIN_TIMEOUT_MS, () => assert.ok(member.lines.includes('owns 0 1')))
  const listed = await jvm.output('kafka-groups', [
    '--list',
    '--bootstrap-server',
    server.bootstrap,
  ])
  const line = listed.split('\n').find((each) => each.startsWith(topic))
  assert.match(line ?? listed, kind === 'kafka' ? /\bConsumer\b/ : /\bClassic\b/)
}

export const clientGroups: readonly Check[] = [
  { name: 'client-assignors', needs: ['java'], run: assignors },
  classic('range', ['java', 'millrace', 'sarama']),
  classic('roundrobin', ['millrace', 'confluent-kafka', 'franz']),
  classic('sticky', ['java', 'sarama', 'millrace']),
  classic('cooperative-sticky', ['millrace', 'java', 'confluent-kafka']),
  mixed('auto', auto),
  { name: 'client-groups-protocol', needs: ['java'], run: chosenProtocol },
]
