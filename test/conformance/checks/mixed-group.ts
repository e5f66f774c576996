/**
 * One group whose members are of three client libraries: it settles, loses a member without a word,
 * settles again, gets it back, settles, and one leaves politely. Settled means: every partition has
 * exactly one owner by the members' own words, the coordinator says Stable with as many members,
 * and a new record of each partition reaches its owner. Our own client is the library `millrace`.
 */
import assert from 'node:assert/strict'
import type { Check, CheckContext } from '../check.ts'
import { MEMBER_PROGRAM } from '../client-member.ts'
import { eventually, type Running, runOrThrow } from '../process.ts'
import { clientCommand } from './clients.ts'

const PARTITIONS = 6
const SETTLE_TIMEOUT_MS = 60_000
const READ_TIMEOUT_MS = 20_000
const TOOL_TIMEOUT_MS = 30_000

/** An assignor of the classic protocol, or `consumer` for the protocol of KIP-848. */
type Strategy = 'range' | 'roundrobin' | 'sticky' | 'cooperative-sticky' | 'consumer'

const JAVA_ASSIGNORS: Readonly<Record<Exclude<Strategy, 'consumer'>, string>> = {
  range: 'RangeAssignor',
  roundrobin: 'RoundRobinAssignor',
  sticky: 'StickyAssignor',
  'cooperative-sticky': 'CooperativeStickyAssignor',
}

/** A consumer process, and what it says it owns and has read. */
class Member {
  readonly library: string
  readonly #running: Running

  constructor(library: string, running: Running) {
    this.library = library
    this.#running = running
  }

  /** By its own words, sorted. */
  get owned(): number[] {
    let owned = new Set<number>()
    for (const line of this.#running.lines) owned = ownedAfter(line, owned)
    return [...owned].sort()
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

/** What is owned after a line that says so: Java tells what came and went, the others what is. */
function ownedAfter(line: string, owned: ReadonlySet<number>): Set<number> {
  if (!line.startsWith('{')) {
    const [verb, ...partitions] = line.split(' ')
    return new Set(verb === 'owns' ? partitions.map(Number) : owned)
  }
  const event = JSON.parse(line)
  const partitions = (event.partitions ?? []).map((each: { partition: number }) => each.partition)
  if (event.name === 'partitions_assigned') return new Set([...owned, ...partitions])
  if (event.name !== 'partitions_revoked') return new Set(owned)
  return new Set([...owned].filter((partition) => !partitions.includes(partition)))
}

function isRecord(event: Record<string, unknown>, partition: number, offset: number): boolean {
  return event['partition'] === partition && event['offset'] === offset
}

async function join(
  library: string,
  strategy: Strategy,
  context: CheckContext,
  isAuto: boolean,
): Promise<Member> {
  const { jvm, server, topic } = context
  if (library === 'java') {
    const how =
      strategy === 'consumer'
        ? ['--group-protocol', 'consumer']
        : [
            ...['--session-timeout', '6000', '--assignment-strategy'],
            `org.apache.kafka.clients.consumer.${JAVA_ASSIGNORS[strategy]}`,
          ]
    const running = jvm.start('kafka-verifiable-consumer', [
      ...['--bootstrap-server', server.bootstrap, '--topic', topic, '--group-id', topic],
      ...['--reset-policy', 'earliest', '--verbose', ...how],
    ])
    return new Member(library, context.keep(running))
  }
  if (library === 'millrace') {
    const args = [MEMBER_PROGRAM, server.bootstrap, topic, topic, isAuto ? 'auto' : strategy]
    return new Member(library, context.start(process.execPath, args, {}))
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

/** The whole story with a group of these three; with `isAuto` our client finds out what to do. */
export async function mixedGroup(
  libraries: readonly [string, string, string],
  strategy: Strategy,
  context: CheckContext,
  isAuto = false,
): Promise<void> {
  const { jvm, server, topic } = context
  const create = ['--create', '--topic', topic, '--partitions', String(PARTITIONS)]
  await jvm.output('kafka-topics', [...create, '--bootstrap-server', server.bootstrap])
  const group = new Group(context)
  const joining = libraries.map((library) => join(library, strategy, context, isAuto))
  const [first, second, third] = (await Promise.all(joining)) as [Member, Member, Member]
  await group.settles('three members', [first, second, third])

  third.kill('SIGKILL')
  await group.settles('one was killed', [first, second])

  const again = await join(libraries[2], strategy, context, isAuto)
  await group.settles('one came back', [first, second, again])

  first.kill('SIGTERM')
  await group.settles('one left', [second, again])
}

export const MIXED_TIMEOUT_MS = 180_000

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
