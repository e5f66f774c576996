/**
 * One group whose members are of three client libraries: it settles, loses a member without a word,
 * settles again, gets it back, settles, and one leaves politely. Settled means: every partition has
 * exactly one owner by the members' own words, the coordinator says Stable with as many members,
 * and a new record of each partition reaches its owner.
 */
import assert from 'node:assert/strict'
import type { Check, CheckContext } from '../check.ts'
import { eventually, type Running, runOrThrow } from '../process.ts'
import { clientCommand } from './clients.ts'

const PARTITIONS = 6
const SETTLE_TIMEOUT_MS = 60_000
const READ_TIMEOUT_MS = 20_000
const TOOL_TIMEOUT_MS = 30_000

type Strategy = 'range' | 'roundrobin'

/** A consumer process, and what it says it owns and has read. */
class Member {
  readonly library: string
  readonly #running: Running

  constructor(library: string, running: Running) {
    this.library = library
    this.#running = running
  }

  /** By its last words on the matter, sorted. */
  get owned(): number[] {
    const lines = this.#running.lines.map(ownsOf)
    return lines.findLast((owns) => owns !== null) ?? []
  }

  hasRead(partition: number, offset: number): boolean {
    return this.#running.lines.some((line) => {
      if (line === `read ${partition} ${offset}`) return true
      return line.includes('"record_data"') && isRecord(JSON.parse(line), partition, offset)
    })
  }

  kill(signal: 'SIGKILL' | 'SIGTERM'): void {
    this.#running.kill(signal)
  }

  describe(): string {
    return `${this.library} owns [${this.owned}] (${this.#running.describe().slice(-300)})`
  }
}

/** The partitions that a line says are owned, null where it is about something else. */
function ownsOf(line: string): number[] | null {
  if (line.startsWith('{')) {
    const event = JSON.parse(line)
    if (event.name === 'partitions_revoked') return []
    if (event.name !== 'partitions_assigned') return null
    return event.partitions.map((each: { partition: number }) => each.partition).sort()
  }
  const [verb, ...partitions] = line.split(' ')
  return verb === 'owns' ? partitions.map(Number).sort() : null
}

function isRecord(event: Record<string, unknown>, partition: number, offset: number): boolean {
  return event['partition'] === partition && event['offset'] === offset
}

async function join(library: string, strategy: Strategy, context: CheckContext): Promise<Member> {
  const { jvm, server, topic } = context
  if (library === 'java') {
    const assignor = strategy === 'range' ? 'RangeAssignor' : 'RoundRobinAssignor'
    const running = jvm.start('kafka-verifiable-consumer', [
      ...['--bootstrap-server', server.bootstrap, '--topic', topic, '--group-id', topic],
      ...['--reset-policy', 'earliest', '--session-timeout', '6000', '--verbose'],
      ...['--assignment-strategy', `org.apache.kafka.clients.consumer.${assignor}`],
    ])
    return new Member(library, context.keep(running))
  }
  const { command, args, env } = await clientCommand(library, 'member', context)
  const all = [...args, server.bootstrap, topic, topic, strategy]
  return new Member(library, context.start(command, all, env))
}

class Group {
  readonly #context: CheckContext
  #produced = 0

  constructor(context: CheckContext) {
    this.#context = context
  }

  async settles(when: string, members: readonly Member[]): Promise<void> {
    const described = () => members.map((member) => member.describe()).join('; ')
    await eventually(SETTLE_TIMEOUT_MS, async () => {
      const owned = members.flatMap((member) => member.owned).sort()
      const all = Array.from({ length: PARTITIONS }, (_, partition) => partition)
      assert.deepEqual(owned, all, `${when}: ${described()}`)
      assert.equal(await this.#state(), `Stable ${members.length}`, when)
    })
    await this.#everyRecordReachesItsOwner(when, members)
  }

  async #state(): Promise<string> {
    const { jvm, server, topic } = this.#context
    const flags = ['--describe', '--group', topic, '--state']
    const args = [...flags, '--bootstrap-server', server.bootstrap]
    const output = await jvm.output('kafka-consumer-groups', args)
    return /(\w+)\s+(\d+)\s*$/.exec(output)?.slice(1).join(' ') ?? output
  }

  async #everyRecordReachesItsOwner(when: string, members: readonly Member[]): Promise<void> {
    const { server, toolbox, topic } = this.#context
    const kcat = await toolbox.prepare('kcat')
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const args = ['-b', server.bootstrap, '-P', '-t', topic, '-p', String(partition)]
      await runOrThrow(kcat, args, TOOL_TIMEOUT_MS, { input: `${when}\n` })
    }
    const offset = this.#produced++
    await eventually(READ_TIMEOUT_MS, () => {
      for (const member of members) {
        for (const partition of member.owned) {
          const place = `${when}: ${member.library} owns ${partition} and has not read ${offset}`
          assert.ok(member.hasRead(partition, offset), `${place}: ${member.describe()}`)
        }
      }
    })
  }
}

async function mixedGroup(
  libraries: readonly [string, string, string],
  strategy: Strategy,
  context: CheckContext,
): Promise<void> {
  const { jvm, server, topic } = context
  const create = ['--create', '--topic', topic, '--partitions', String(PARTITIONS)]
  await jvm.output('kafka-topics', [...create, '--bootstrap-server', server.bootstrap])
  const group = new Group(context)
  const joining = libraries.map((library) => join(library, strategy, context))
  const [first, second, third] = (await Promise.all(joining)) as [Member, Member, Member]
  await group.settles('three members', [first, second, third])

  third.kill('SIGKILL')
  await group.settles('one was killed', [first, second])

  const again = await join(libraries[2], strategy, context)
  await group.settles('one came back', [first, second, again])

  first.kill('SIGTERM')
  await group.settles('one left', [second, again])
}

const MIXED_TIMEOUT_MS = 180_000

export const mixedGroups: readonly Check[] = [
  {
    name: 'mixed-range',
    needs: ['java', 'python', 'go', 'kcat'],
    timeoutMs: MIXED_TIMEOUT_MS,
    run: (context) => mixedGroup(['java', 'confluent-kafka', 'sarama'], 'range', context),
  },
  {
    name: 'mixed-roundrobin',
    needs: ['java', 'python', 'go', 'node', 'kcat'],
    timeoutMs: MIXED_TIMEOUT_MS,
    run: (context) => mixedGroup(['franz', 'aiokafka', 'platformatic'], 'roundrobin', context),
  },
]
