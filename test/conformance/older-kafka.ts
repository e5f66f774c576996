/** Older releases of Apache Kafka as processes, with ZooKeeper where they need it. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CheckContext } from './check.ts'
import { Running, runOrThrow, sleep } from './process.ts'
import { freePorts } from './server.ts'
import { countBrokers } from './wire.ts'

export const OLDER_KAFKAS = ['2.1.1', '2.8.2', '3.9.1'] as const
export type OlderKafka = (typeof OLDER_KAFKAS)[number]

const START_TIMEOUT_MS = 60_000
const CLUSTER_ID = 'Y29uZm9ybWFuY2UtdGVzdA'

/** Starts a broker of this release, which ends with the check; returns its address. */
export async function startOlderKafka(context: CheckContext, version: OlderKafka): Promise<string> {
  const classPath = await context.toolbox.jars(`kafka-${version}.xml`)
  const directory = join(context.directory, version)
  mkdirSync(join(directory, 'zookeeper'), { recursive: true })
  const [port, otherPort] = await freePorts(2)
  const java = (memory: string, main: string, ...args: string[]) => [
    memory,
    '-cp',
    classPath,
    main,
    ...args,
  ]
  const file = join(directory, 'server.properties')
  const properties = { ...COMMON, 'log.dirs': join(directory, 'data') }
  if (version === '3.9.1') {
    write(file, { ...properties, ...withQuorum(port!, otherPort!) })
    const format = java(
      '-Xmx128m',
      'kafka.tools.StorageTool',
      'format',
      '-t',
      CLUSTER_ID,
      '-c',
      file,
    )
    await runOrThrow('java', format, START_TIMEOUT_MS)
  } else {
    const keeper = join(directory, 'zookeeper.properties')
    write(keeper, {
      dataDir: join(directory, 'zookeeper'),
      clientPort: String(otherPort),
      clientPortAddress: '127.0.0.1',
      'admin.enableServer': 'false',
    })
    const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain'
    const options = ['-Dzookeeper.jmx.log4j.disable=true', ...java('-Xmx128m', main, keeper)]
    context.keep(new Running('java', options))
    write(file, {
      ...properties,
      'broker.id': '1',
      listeners: `PLAINTEXT://127.0.0.1:${port}`,
      'zookeeper.connect': `127.0.0.1:${otherPort}`,
      'zookeeper.connection.timeout.ms': String(START_TIMEOUT_MS),
    })
  }
  const broker = context.keep(new Running('java', java('-Xmx384m', 'kafka.Kafka', file)))
  await untilReady(broker, port!)
  return `127.0.0.1:${port}`
}

const COMMON = {
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '3',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'group.initial.rebalance.delay.ms': '100',
}

function withQuorum(port: number, controllerPort: number): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
  }
}

function write(file: string, properties: Readonly<Record<string, string>>): void {
  const lines = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`)
  writeFileSync(file, lines.join(''))
}

async function untilReady(broker: Running, port: number): Promise<void> {
  const deadlineMs = Date.now() + START_TIMEOUT_MS
  while ((await countBrokers(port).catch(() => 0)) === 0) {
    if (!broker.isAlive) throw new Error(`the broker did not start: ${broker.describe()}`)
    if (Date.now() > deadlineMs) throw new Error(`not ready: ${broker.describe()}`)
    await sleep(100)
  }
}
