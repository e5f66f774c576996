/**
 * kill -9 in a loop under load. Kafka's own verifiable producer (acks=all, idempotent, repeating
 * what was not answered) and a group that commits go on through all of it.
 *
 * What must hold after every round: each acknowledged record is there, at its offset; no record is
 * there twice, and none is missing between two others; within a partition they are in the order in
 * which they were sent; no committed offset is below one that the broker had acknowledged before;
 * the group skips nothing. Some of the kills strike while the node starts.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Check, CheckContext } from '../conformance/check.ts'
import { eventually, type Running, runOrThrow, sleep } from '../conformance/process.ts'
import type { Server } from '../conformance/server.ts'

const PARTITIONS = 3
const RECORDS_PER_SECOND = 1_000
const RECORDS_BETWEEN_KILLS_MIN = 200
const RECORDS_BETWEEN_KILLS_MAX = 1_500
/** One kill in so many is followed by another while the node starts. */
const KILLS_PER_KILLED_START = 3
const KILLED_START_MS = 400
const STEP_TIMEOUT_MS = 60_000
/** What the tool says of a record that it was handing in while it was asked to end. */
const ENDED_BY_ITSELF = 'Producer closed while send in progress'
const ROUND_TIMEOUT_MS = 30_000

/** Small segments, so that rolls are struck too. */
const TOPIC_CONFIGS = ['--config', 'segment.bytes=1048576', '--config', 'index.interval.bytes=256']

/** The tool itself asks for no retries, which would switch idempotence off. */
const PRODUCER_PROPERTIES = 'enable.idempotence=true\nretries=2147483647\nlinger.ms=2\n'

/** An event of Kafka's verifiable clients. */
interface Event {
  readonly name: string
  readonly value: string
  readonly partition: number
  readonly offset: number
  readonly success: boolean
  readonly exception?: string
  readonly message?: string
  readonly offsets: readonly { readonly partition: number; readonly offset: number }[]
  readonly partitions: readonly {
    readonly partition: number
    readonly minOffset: number
    readonly maxOffset: number
  }[]
}

/** Takes the events of one name from a client's lines, each line once. */
class Events {
  readonly all: Event[] = []
  readonly #running: Running
  readonly #name: string
  #read = 0

  constructor(running: Running, name: string) {
    this.#running = running
    this.#name = name
  }

  update(): readonly Event[] {
    const { lines } = this.#running
    for (; this.#read < lines.length; this.#read++) {
      const line = lines[this.#read]!
      if (line.includes(`"${this.#name}"`)) this.all.push(JSON.parse(line) as Event)
    }
    return this.all
  }
}

interface StoredRecord {
  readonly partition: number
  readonly offset: number
  readonly value: string
}

/** Every record of the topic, by a client that checks each batch's checksum. */
async function readAll(context: CheckContext, server: Server): Promise<StoredRecord[]> {
  const kcat = await context.toolbox.prepare('kcat')
  const format = ['-f', '%p %o %s\n', '-e', '-q', '-X', 'check.crcs=true']
  const args = ['-b', server.bootstrap, '-C', '-t', context.topic, ...format]
  const output = await runOrThrow(kcat, args, STEP_TIMEOUT_MS)
  const rows = output.split('\n').filter((line) => line !== '')
  return rows.map((line) => {
    const [partition, offset, value] = line.split(' ')
    return { partition: Number(partition), offset: Number(offset), value: value! }
  })
}

async function committedOffsets(context: CheckContext, server: Server) {
  const args = ['--describe', '--group', context.topic, '--bootstrap-server', server.bootstrap]
  const output = await context.jvm.output('kafka-consumer-groups', args)
  const rows = output.matchAll(/^\S+\s+\S+\s+(\d+)\s+(\d+)\s/gm)
  return new Map([...rows].map(([, partition, offset]) => [Number(partition), Number(offset)]))
}

/** One run: the server, the two clients, and what they said. */
class KillRun {
  kills = 0
  killedStarts = 0
  readonly #context: CheckContext
  readonly #server: Server
  readonly #producer: Running
  readonly #consumer: Running
  readonly #acknowledged: Events
  readonly #refused: Events
  readonly #committed: Events
  readonly #consumed: Events
  #checkedConsumed = 0
  #checkedCommitted = 0
  readonly #highestCommitted = new Map<number, number>()
  readonly #nextConsumed = new Map<number, number>()

  private constructor(context: CheckContext, server: Server) {
    this.#context = context
    this.#server = server
    const { jvm, topic } = context
    const config = join(context.directory, 'producer.properties')
    writeFileSync(config, PRODUCER_PROPERTIES)
    const common = ['--bootstrap-server', server.bootstrap, '--topic', topic]
    const pace = ['--acks', '-1', '--throughput', String(RECORDS_PER_SECOND)]
    this.#producer = context.keep(
      jvm.start('kafka-verifiable-producer', [...common, ...pace, '--command-config', config]),
    )
    const group = ['--group-id', topic, '--reset-policy', 'earliest']
    this.#consumer = context.keep(jvm.start('kafka-verifiable-consumer', [...common, ...group]))
    this.#acknowledged = new Events(this.#producer, 'producer_send_success')
    this.#refused = new Events(this.#producer, 'producer_send_error')
    this.#committed = new Events(this.#consumer, 'offsets_committed')
    this.#consumed = new Events(this.#consumer, 'records_consumed')
  }

  static async start(context: CheckContext): Promise<KillRun> {
    const server = await context.startServer('server')
    const address = ['--bootstrap-server', server.bootstrap]
    const create = ['--create', '--topic', context.topic, '--partitions', String(PARTITIONS)]
    await context.jvm.output('kafka-topics', [...create, ...TOPIC_CONFIGS, ...address])
    return new KillRun(context, server)
  }

  /** Lets both clients work, kills the node, starts it again, and looks at everything. */
  async round(): Promise<void> {
    const share = Math.random()
    const span = RECORDS_BETWEEN_KILLS_MAX - RECORDS_BETWEEN_KILLS_MIN
    const records = RECORDS_BETWEEN_KILLS_MIN + Math.floor(share * span)
    const wanted = this.#acknowledged.update().length + records
    const commits = this.#committed.update().length
    await this.#producer.waitFor(`${wanted} acknowledged records`, STEP_TIMEOUT_MS, () => {
      const hasCommitted = this.#committed.update().length > commits
      return (this.#acknowledged.update().length >= wanted && hasCommitted) || undefined
    })
    await sleep(Math.random() * 50)
    await this.#kill()
    await this.#check()
  }

  async #kill(): Promise<void> {
    await this.#server.kill()
    this.kills++
    if (Math.random() < 1 / KILLS_PER_KILLED_START) {
      const starting = this.#server.start().catch(() => {}) // it does not get there
      await sleep(Math.random() * KILLED_START_MS)
      await this.#server.kill()
      await starting
      this.killedStarts++
    }
    await this.#server.start()
  }

  /** Ends both clients, then kills once more and stops cleanly: nothing changes any more. */
  async end(): Promise<string> {
    this.#producer.kill('SIGTERM')
    this.#consumer.kill('SIGTERM')
    await Promise.all([this.#producer.exited, this.#consumer.exited])
    await this.#server.kill()
    await this.#server.start()
    await this.#check()
    await this.#server.stop()
    await this.#server.start()
    const records = await this.#check()
    const said = this.#server.log()
    assert.doesNotMatch(said, /internal error|ERROR/, said)
    const counts = `${this.kills} kills and ${this.killedStarts} in a start`
    return (
      `${counts}, ${this.#acknowledged.all.length} of ${records} records acknowledged, ` +
      `${this.#committed.all.length} commits`
    )
  }

  async #check(): Promise<number> {
    const acknowledged = [...this.#acknowledged.update()]
    this.#checkCommits()
    const least = new Map(this.#highestCommitted)
    const found = await eventually(STEP_TIMEOUT_MS, () =>
      committedOffsets(this.#context, this.#server),
    )
    for (const [partition, offset] of least) {
      const now = found.get(partition) ?? -1
      assert.ok(now >= offset, `partition ${partition}: committed ${offset}, after restart ${now}`)
    }
    const records = await readAll(this.#context, this.#server)
    checkRecords(records, acknowledged)
    const refused = this.#refused.update().filter(({ message }) => message !== ENDED_BY_ITSELF)
    assert.deepEqual(refused.slice(0, 3), [], 'records that were not acknowledged')
    this.#checkConsumed()
    return records.length
  }

  /** What was acknowledged to the group never goes down. */
  #checkCommits(): void {
    const events = this.#committed.update()
    for (; this.#checkedCommitted < events.length; this.#checkedCommitted++) {
      const { success, offsets } = events[this.#checkedCommitted]!
      if (!success) continue
      for (const { partition, offset } of offsets) {
        const before = this.#highestCommitted.get(partition) ?? 0
        assert.ok(offset >= before, `partition ${partition}: ${offset} committed after ${before}`)
        this.#highestCommitted.set(partition, offset)
      }
    }
  }

  /** The group may read twice, and leaves nothing out. */
  #checkConsumed(): void {
    const events = this.#consumed.update()
    for (; this.#checkedConsumed < events.length; this.#checkedConsumed++) {
      for (const { partition, minOffset, maxOffset } of events[this.#checkedConsumed]!.partitions) {
        const next = this.#nextConsumed.get(partition) ?? 0
        assert.ok(minOffset <= next, `partition ${partition}: ${next} to ${minOffset} were skipped`)
        this.#nextConsumed.set(partition, Math.max(next, maxOffset + 1))
      }
    }
  }
}

function checkRecords(records: readonly StoredRecord[], acknowledged: readonly Event[]): void {
  const values = new Map<string, string>()
  const lastValues = new Map<number, number>()
  const nextOffsets = new Map<number, number>()
  const seen = new Set<string>()
  for (const { partition, offset, value } of records) {
    values.set(`${partition} ${offset}`, value)
    assert.ok(!seen.has(value), `record ${value} is there twice, again at ${partition} ${offset}`)
    seen.add(value)
    const last = lastValues.get(partition) ?? -1
    assert.ok(Number(value) > last, `partition ${partition}: ${value} behind ${last}`)
    lastValues.set(partition, Number(value))
    const next = nextOffsets.get(partition) ?? 0
    assert.equal(offset, next, `partition ${partition} has a gap at ${next}`)
    nextOffsets.set(partition, offset + 1)
  }
  const lost = acknowledged.filter(
    ({ partition, offset, value }) => values.get(`${partition} ${offset}`) !== value,
  )
  const [first] = lost
  if (first === undefined) return
  const counts = `${lost.length} of ${acknowledged.length} acknowledged records`
  assert.fail(`lost ${counts}, the first at ${first.partition} ${first.offset}`)
}

/** The loop, as often as wanted; it stops at the first round that is not as it must be. */
export function killCheck(rounds: number): Check {
  return {
    name: 'fault-kill',
    needs: ['java', 'kcat'],
    timeoutMs: 120_000 + rounds * ROUND_TIMEOUT_MS,
    run: async (context) => {
      const run = await KillRun.start(context)
      for (let round = 1; round <= rounds; round++) {
        await run.round().catch((error: Error) => {
          throw new Error(`round ${round}: ${error.message}`, { cause: error })
        })
      }
      context.note(await run.end())
    },
  }
}
