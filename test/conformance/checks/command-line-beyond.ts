/**
 * What the command line has beyond Kafka's, against real servers: `doctor` on clusters that are
 * well and on those that are not, `wait-ready`, and `plan` for a group at work.
 */
import assert from 'node:assert/strict'
import { doctorTool } from '../../../src/cli/doctor/doctor.ts'
import { planSessionTimeout, planThroughput } from '../../../src/cli/plan/plan.ts'
import type { Tool } from '../../../src/cli/tool.ts'
import { captured } from '../../../src/cli/tool-run.test-support.ts'
import { waitReadyTool } from '../../../src/cli/wait-ready/wait-ready.ts'
import { Kafka } from '../../../src/client/kafka.ts'
import type { Check, CheckContext } from '../check.ts'
import { CLUSTER_CHECK_MS, KafkaCluster } from '../kafka-cluster.ts'
import { eventually } from '../process.ts'
import { PASSWORD, securedKafka } from '../secured-kafka.ts'

interface Found {
  readonly status: string
  readonly check: string
  readonly found: string
  readonly next: string | null
}

/** Records after which a member is at work, and has committed. */
const WARM_RECORDS = 50

async function doctor(...args: string[]): Promise<{ status: number; findings: Found[] }> {
  const { status, out, err } = await captured(doctorTool, [...args, '--json'])
  assert.equal(err, '')
  const { ok, findings } = JSON.parse(out) as { ok: boolean; findings: Found[] }
  assert.equal(status, ok ? 0 : 1)
  return { status, findings }
}

/** The failures, of which each has to say what to do. */
function failures(findings: readonly Found[]): string[] {
  const failed = findings.filter(({ status }) => status === 'failure')
  for (const { next } of failed) assert.ok(next)
  return failed.map(({ check, found }) => `${check}: ${found}`)
}

async function examines(context: CheckContext): Promise<void> {
  const { server } = context
  const well = await doctor('--bootstrap-server', server.bootstrap)
  assert.deepEqual(failures(well.findings), [])
  const checks = new Set(well.findings.map(({ check }) => check))
  for (const each of ['name', 'tcp', 'kafka', 'advertised', 'features', 'permissions', 'clock']) {
    assert.ok(checks.has(each), each)
  }
  const astray = await context.startServer('astray', context.kind, {
    properties: { 'advertised.listeners': 'PLAINTEXT://nowhere.invalid:9092' },
  })
  const { status, findings } = await doctor('--bootstrap-server', astray.bootstrap)
  assert.equal(status, 1)
  assert.deepEqual(failures(findings), [
    'advertised name: broker 1 at nowhere.invalid:9092: nowhere.invalid: no such name',
  ])
  assert.match(findings.at(-1)!.next!, /set advertised\.listeners of broker 1/)
}

/** Always on Apache Kafka, since Millrace's listeners speak neither TLS nor SASL yet. */
async function examinesSecurity(context: CheckContext): Promise<void> {
  const { server, address, sasl, trust, write } = await securedKafka(context)
  const examined = (settings: string, at = address) => {
    const file = write('client.properties', settings)
    return doctor('--bootstrap-server', at, '--command-config', file)
  }
  const right = await examined(sasl(PASSWORD) + trust)
  assert.deepEqual(failures(right.findings), [])
  assert.ok(right.findings.some(({ check, found }) => check === 'sasl' && found.includes('let in')))
  const wrong = await examined(sasl('hush') + trust)
  assert.match(failures(wrong.findings).join('\n'), /^sasl: PLAIN: .*[Aa]uthentication failed/)
  assert.equal(JSON.stringify(wrong).includes('hush'), false)
  const untrusted = await examined(sasl(PASSWORD))
  assert.match(failures(untrusted.findings).join('\n'), /^tls: .*authority is not trusted \(\w+\)$/)
  const plain = await examined('security.protocol=PLAINTEXT\n')
  assert.match(failures(plain.findings).join('\n'), /^kafka: /)
  const noTls = await examined(sasl(PASSWORD) + trust, server.bootstrap)
  assert.match(failures(noTls.findings).join('\n'), /^tls: .*no TLS is spoken there$/)
}

async function waits(context: CheckContext): Promise<void> {
  const { server, topic } = context
  const at = ['--bootstrap-server', server.bootstrap]
  const ready = await captured(waitReadyTool, at)
  assert.deepEqual(ready, { status: 0, out: '', err: '' })
  const missing = await captured(waitReadyTool, [...at, '--topics', topic, '--timeout', '1s'])
  assert.equal(missing.status, 1)
  assert.match(missing.err, new RegExp(`is not ready after 1 s: topic ${topic}: `))
  const waiting = captured(waitReadyTool, [...at, '--topics', topic, '--timeout', '30s'])
  await using kafka = new Kafka({ brokers: server.bootstrap })
  ;(await kafka.admin().createTopics([{ name: topic, numPartitions: 3 }])).orThrow()
  assert.equal((await waiting).status, 0)
  const few = await captured(waitReadyTool, [...at, '--brokers', '9', '--timeout', '500ms'])
  assert.match(few.err, /1 of 9 brokers are there/)
}

/** Three brokers of Apache Kafka, of which one goes away and comes back. */
async function examinesCluster(context: CheckContext): Promise<void> {
  const cluster = await KafkaCluster.start(context)
  const { topic } = context
  await cluster.createTopic(topic, [
    [1, 2, 3],
    [3, 1, 2],
  ])
  await cluster.createTopic(`${topic}-alone`, [[3]])
  const at = ['--bootstrap-server', cluster.node(1).address]
  const well = await doctor(...at)
  assert.deepEqual(failures(well.findings), [])
  const advertised = well.findings.filter(({ check }) => check === 'advertised')
  assert.equal(advertised.length, 3, 'each broker, though one was dialled')
  const last = cluster.node(3)
  await last.kill()
  await eventually(30_000, async () => {
    const { status, findings } = await doctor(...at)
    const of = (wanted: string) =>
      findings
        .filter(({ status: each, check }) => each === wanted && check === 'partitions')
        .map(({ found }) => found)
        .join()
    assert.equal(status, 1)
    assert.match(of('failure'), new RegExp(`^1 have no leader: ${topic}-alone-0$`))
    assert.match(of('warning'), /have a replica that is behind: /)
  })
  const few = await captured(waitReadyTool, [...at, '--brokers', '3', '--timeout', '1s'])
  assert.match(few.err, /2 of 3 brokers are there/)
  const waiting = captured(waitReadyTool, [...at, '--brokers', '3', '--timeout', '90s'])
  last.launch()
  assert.deepEqual(await waiting, { status: 0, out: '', err: '' })
  const ready = await captured(waitReadyTool, [...at, '--topics', topic, '--timeout', '60s'])
  assert.equal(ready.status, 0, ready.err)
}

interface Planned {
  readonly inputs: Record<string, { value: number; from: string }>
  readonly recommended: { name: string; value: number; now: number | null }[]
}

async function planned(tool: Tool, args: string[]): Promise<Planned> {
  const { status, out, err } = await captured(tool, [...args, '--measure', '3s', '--json'])
  assert.equal(status, 0, err)
  return JSON.parse(out) as Planned
}

/** Two members that take 10 ms for a record, and more records than they can read. */
async function plans(context: CheckContext, protocol: 'classic' | 'consumer'): Promise<void> {
  const server =
    protocol === 'classic' ? context.server : await context.startServer('modern', 'kafka')
  const { topic } = context
  const kafka = new Kafka({ brokers: server.bootstrap })
  context.defer(() => kafka.close({ timeoutMs: 5000 }))
  ;(await kafka.admin().createTopics([{ name: topic, numPartitions: 4 }])).orThrow()
  const values = Array.from({ length: 4000 }, (_, at) => ({ key: String(at), value: 'x' }))
  await kafka.producer().sendMany(topic, values)
  const working = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  for (const { resolve } of working) {
    const consumer = kafka.consumer({
      groupId: topic,
      topics: [topic],
      protocol,
      autoOffsetReset: 'earliest',
      autoCommit: { intervalMs: 200 },
    })
    const read = async () => {
      let count = 0
      for await (const _ of consumer) {
        await new Promise((done) => setTimeout(done, 10))
        if (++count === WARM_RECORDS) resolve()
      }
    }
    read().catch(() => {}) // ended with the client
  }
  await Promise.all(working.map(({ promise }) => promise))
  const at = ['--group', topic, '--bootstrap-server', server.bootstrap]
  const session = await planned(planSessionTimeout, at)
  const { inputs } = session
  assert.deepEqual(
    ['consumers', 'partitions'].map((name) => inputs[name]),
    [2, 4].map((value) => ({ value, from: 'group' })),
  )
  assert.equal(inputs['processingTime']?.from, 'group')
  // 500 records at 10 ms or more each; what is committed comes in steps.
  assert.ok(inputs['processingTime'].value >= 3000, String(inputs['processingTime'].value))
  const prefix = protocol === 'consumer' ? 'consumer.' : ''
  const timeout = session.recommended.find(({ name }) => name === `${prefix}session.timeout.ms`)
  assert.equal(timeout?.now, protocol === 'consumer' ? 45_000 : null)
  const throughput = await planned(planThroughput, [...at, '--rate', '1000'])
  assert.equal(throughput.inputs['eventsPerSecond']?.from, 'flag')
  const consumers = throughput.recommended.find(({ name }) => name === 'consumers')
  assert.ok(consumers!.value >= 6 && consumers!.now === 2, JSON.stringify(consumers))
  context.note(`${protocol}: ${JSON.stringify(throughput.inputs)}`)
}

export const commandLineBeyond: readonly Check[] = [
  { name: 'cli-doctor', needs: ['java'], run: examines },
  { name: 'cli-doctor-security', needs: ['java'], run: examinesSecurity },
  {
    name: 'cli-doctor-cluster',
    needs: ['java'],
    timeoutMs: CLUSTER_CHECK_MS,
    run: examinesCluster,
  },
  { name: 'cli-wait-ready', needs: [], run: waits },
  { name: 'cli-plan-classic', needs: [], run: (context) => plans(context, 'classic') },
  { name: 'cli-plan-consumer', needs: ['java'], run: (context) => plans(context, 'consumer') },
]
