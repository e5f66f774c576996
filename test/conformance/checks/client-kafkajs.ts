/**
 * `millrace/kafkajs` beside kafkajs 2.2.4: one program (node/moving.mjs) run with each must print
 * the same, members of both share a group, and their types fit each other.
 */
import assert from 'node:assert/strict'
import { readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Kafka, KafkaJSError, KafkaJSNonRetriableError } from '../../../src/client/kafkajs/index.ts'
import { adminFixture, whereServed } from '../admin-fixture.ts'
import type { Check, CheckContext } from '../check.ts'
import { KafkaCluster } from '../kafka-cluster.ts'
import { meaning } from '../node/moving-types.ts'
import { eventually, runToEnd } from '../process.ts'
import { clientCommand, nodeProgram } from './clients.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const DROP_IN = join(ROOT, 'src', 'client', 'kafkajs', 'index.ts')
const PROGRAM_TIMEOUT_MS = 240_000
const ADMIN_TIMEOUT_MS = 90_000
const TYPES_TIMEOUT_MS = 60_000
const SETTLE_MS = 30_000
const PARTITIONS = 4

/** Millrace serves no transactions yet. */
const LEFT_OUT = { millrace: 'transactions', kafka: 'nothing' } as const

/** What the program prints with `module` in the place of kafkajs. */
async function printed(context: CheckContext, name: string, module: string): Promise<string> {
  const program = nodeProgram('moving', await context.toolbox.prepare('node'), context)
  const prefix = `${context.topic}-${name}`
  const args = [program, module, context.server.bootstrap, prefix, LEFT_OUT[context.kind]]
  const finished = await runToEnd(process.execPath, args, PROGRAM_TIMEOUT_MS)
  const errors = finished.stderr.split('\n').slice(-15).join('\n    ')
  assert.equal(finished.status, 0, `with ${name}: ${errors}\n${finished.stdout.slice(-500)}`)
  return finished.stdout.replaceAll(prefix, 'TOPIC')
}

async function sameOutput(context: CheckContext): Promise<void> {
  const theirs = await printed(context, 'theirs', 'kafkajs')
  const ours = await printed(context, 'ours', pathToFileURL(DROP_IN).href)
  assert.ok(theirs.includes('-- admins'), 'the program has run to its end')
  assert.equal(ours, theirs)
  context.note(`${theirs.split('\n').length} lines, the same with both`)
}

/** The same of one part of the other program: `brokers` are where it is run. */
async function sameAdmin(
  context: CheckContext,
  brokers: readonly string[],
  part: 'acls' | 'reassignments',
): Promise<void> {
  const program = nodeProgram('moving-admin', await context.toolbox.prepare('node'), context)
  const outputs: string[] = []
  for (const [name, module] of [
    ['theirs', 'kafkajs'],
    ['ours', pathToFileURL(DROP_IN).href],
  ] as const) {
    const prefix = `${context.topic}-${name}`
    const args = [program, module, brokers.join(','), prefix, part]
    const finished = await runToEnd(process.execPath, args, ADMIN_TIMEOUT_MS)
    const tail = finished.stderr.slice(-1500)
    assert.equal(finished.status, 0, `with ${name}: ${tail}\n${finished.stdout.slice(-500)}`)
    outputs.push(finished.stdout.replaceAll(prefix, 'TOPIC'))
  }
  const [theirs, ours] = outputs as [string, string]
  assert.equal(ours, theirs)
  context.note(`${theirs.split('\n').length} lines, the same with both`)
}

/** Rules of access, on a server that asks for them; whoever comes by this door may do anything. */
async function acls(context: CheckContext): Promise<void> {
  const properties = {
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:ANONYMOUS',
  }
  const fixture = adminFixture(context)
  const describe = () => fixture.admin.describeAcls({})
  await whereServed(fixture, [29, 30, 31], describe, async () => {
    const server = await context.startServer('ruled', context.kind, { properties })
    await sameAdmin(context, [server.bootstrap], 'acls')
  })
}

/** Three brokers of Apache Kafka, of which one is dead, so that what moves there never arrives. */
async function reassignments(context: CheckContext): Promise<void> {
  const cluster = await KafkaCluster.start(context)
  await cluster.kill(3)
  await cluster.node(1).untilReady(2)
  await sameAdmin(context, cluster.bootstrap.slice(0, 2), 'reassignments')
}

/** A member of the drop-in beside one of kafkajs: each may lead, and between them they have all. */
async function sharedGroup(context: CheckContext): Promise<void> {
  const { topic, server } = context
  const kafka = new Kafka({ brokers: [server.bootstrap], logCreator: () => () => {} })
  const admin = kafka.admin()
  context.defer(() => admin.disconnect())
  await admin.createTopics({ topics: [{ topic, numPartitions: PARTITIONS }] })
  for (const first of ['ours', 'theirs'] as const) {
    const groupId = `${topic}-${first}`
    const owned: number[][] = []
    const consumer = kafka.consumer({ groupId, heartbeatInterval: 500, sessionTimeout: 6000 })
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      owned.push(payload.memberAssignment[topic] ?? [])
    })
    const open = async () => {
      await consumer.subscribe({ topic, fromBeginning: true })
      await consumer.run({ eachMessage: async () => {} })
    }
    if (first === 'ours') await open()
    const { command, args, env } = await clientCommand('kafkajs', 'member', context)
    const member = context.start(command, [...args, server.bootstrap, topic, groupId], env)
    const theirs = () => member.lines.findLast((line) => line.startsWith('owns'))?.split(' ') ?? []
    await eventually(SETTLE_MS, () => assert.ok(theirs().length > 1, 'kafkajs owns something'))
    if (first === 'theirs') await open()
    await eventually(SETTLE_MS, () => {
      const all = [...(owned.at(-1) ?? []), ...theirs().slice(1).map(Number)].sort()
      assert.deepEqual(all, [0, 1, 2, 3], `${owned.at(-1)} and ${theirs()}`)
      assert.equal(owned.at(-1)!.length, PARTITIONS / 2)
    })
    const { members, protocol } = await consumer.describeGroup()
    assert.deepEqual([members.length, protocol], [2, 'RoundRobinAssigner'])
    member.kill('SIGTERM')
    await eventually(SETTLE_MS, () => assert.equal(owned.at(-1)!.length, PARTITIONS))
    await consumer.disconnect()
  }
}

/** Whether the drop-in's parts may go where kafkajs's types are asked for. */
const ASSIGNABLE = `
import type * as theirs from 'kafkajs'
import type * as ours from 'DROP_IN'
declare const kafka: ours.Kafka
declare const message: ours.KafkaMessage
declare const eachMessage: theirs.EachMessageHandler
declare const eachBatch: theirs.EachBatchHandler
declare const record: theirs.ProducerRecord
export const producer: theirs.Producer = kafka.producer()
export const consumer: theirs.Consumer = kafka.consumer({ groupId: 'group' })
export const admin: theirs.Admin = kafka.admin()
export const read: theirs.KafkaMessage = message
export const handlers: ours.ConsumerRunConfig[] = [{ eachMessage }, { eachBatch }]
export const written: ours.ProducerRecord = record
`

async function types(context: CheckContext): Promise<void> {
  const { directory } = context
  const prepared = await context.toolbox.prepare('node')
  symlinkSync(join(prepared, 'node_modules'), join(directory, 'node_modules'))
  const text = readFileSync(join(import.meta.dirname, '..', 'node', 'moving-types.ts'), 'utf8')
  const program = text.replace(/'[^']*src\/client\/kafkajs\/index\.ts'/, "'kafkajs'")
  assert.notEqual(program, text)
  writeFileSync(join(directory, 'program.ts'), program)
  writeFileSync(join(directory, 'assignable.ts'), ASSIGNABLE.replace('DROP_IN', DROP_IN))
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }')
  const compilerOptions = {
    typeRoots: [join(ROOT, 'node_modules', '@types')],
    rewriteRelativeImportExtensions: false,
  }
  const config = { extends: join(ROOT, 'tsconfig.json'), compilerOptions, include: ['*.ts'] }
  writeFileSync(join(directory, 'tsconfig.json'), JSON.stringify(config))
  const compiler = join(ROOT, 'node_modules', '.bin', 'tsc')
  const finished = await runToEnd(compiler, ['-p', directory], TYPES_TIMEOUT_MS)
  assert.equal(finished.status, 0, finished.stdout)
  const errors = [new KafkaJSError('it passes'), new KafkaJSNonRetriableError('it does not')]
  assert.deepEqual(errors.map(meaning), ['later', 'never'])
}

export const clientKafkaJs: readonly Check[] = [
  {
    name: 'client-kafkajs',
    needs: ['node'],
    timeoutMs: PROGRAM_TIMEOUT_MS + 10_000,
    run: sameOutput,
  },
  { name: 'client-kafkajs-group', needs: ['node'], run: sharedGroup },
  { name: 'client-kafkajs-acls', needs: ['node'], timeoutMs: 200_000, run: acls },
  {
    name: 'client-cluster-kafka-kafkajs',
    needs: ['java', 'node'],
    timeoutMs: 300_000,
    run: reassignments,
  },
  { name: 'client-kafkajs-types', needs: ['node'], timeoutMs: TYPES_TIMEOUT_MS, run: types },
]
