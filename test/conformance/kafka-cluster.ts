/**
 * A cluster of several Apache Kafka 4.3.1 nodes for one check: node 1 is its controller and a
 * broker, the others are brokers, each in a rack of its own. Leaders are moved as an operator moves
 * them, and brokers end as by a power cut.
 *
 * Invariant: whatever was started here ends with the check. Node 1 is never killed: there is no
 * other controller, and these checks are about clients, not about KRaft.
 */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Deadline } from '../../src/client/call.ts'
import { Kafka, type KafkaOptions } from '../../src/client/index.ts'
import type { CheckContext } from './check.ts'
import { javaArguments } from './jvm.ts'
import { eventually, Running } from './process.ts'
import { freePorts } from './server.ts'
import { countBrokers } from './wire.ts'

const NODES = [1, 2, 3] as const
const CLUSTER_ID = 'Y2x1c3Rlci1vZi10aHJlZQ'
const START_TIMEOUT_MS = 90_000
const MOVE_TIMEOUT_MS = 30_000
/** For checks with a cluster: on a quiet machine they take a sixth of it. */
export const CLUSTER_CHECK_MS = 240_000
/** Three of them and what else a check runs are to fit on a small machine. */
const HEAP = '-Xmx256m'

/** Of the topics that coordinators keep their state in. */
const COORDINATED_PARTITIONS = 2

/** What makes nodes small, and a dead one known soon. */
const PROPERTIES: Readonly<Record<string, string>> = {
  'controller.listener.names': 'CONTROLLER',
  'offsets.topic.replication.factor': '3',
  'offsets.topic.num.partitions': String(COORDINATED_PARTITIONS),
  'transaction.state.log.replication.factor': '3',
  'transaction.state.log.min.isr': '2',
  'transaction.state.log.num.partitions': String(COORDINATED_PARTITIONS),
  'default.replication.factor': '3',
  'min.insync.replicas': '2',
  'auto.leader.rebalance.enable': 'false',
  'auto.create.topics.enable': 'false',
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
  'group.initial.rebalance.delay.ms': '100',
  'group.consumer.heartbeat.interval.ms': '1000',
  'group.consumer.min.heartbeat.interval.ms': '1000',
  'log.cleaner.dedupe.buffer.size': '4194304',
  'num.network.threads': '1',
  'num.io.threads': '2',
}

export interface KafkaClusterOptions {
  readonly properties?: Readonly<Record<string, string>>
}

/** One node, which can be ended and started again on its folder and port. */
export class KafkaNode {
  readonly id: number
  readonly port: number
  readonly #java: readonly string[]
  readonly #context: CheckContext
  #running: Running | null = null

  constructor(context: CheckContext, id: number, port: number, java: readonly string[]) {
    this.#context = context
    this.id = id
    this.port = port
    this.#java = java
  }

  get address(): string {
    return `127.0.0.1:${this.port}`
  }

  get isRunning(): boolean {
    return this.#running?.isAlive ?? false
  }

  /** Starts the process; `untilReady` waits for it. */
  launch(): void {
    this.#running = this.#context.keep(new Running('java', this.#java))
  }

  /** Waits until it knows of so many brokers. */
  async untilReady(brokers: number): Promise<void> {
    await eventually(START_TIMEOUT_MS, async () => {
      assert.ok(this.isRunning, `node ${this.id} has ended: ${this.#running?.describe()}`)
      const count = await countBrokers(this.port).catch(() => 0)
      assert.equal(count, brokers, `brokers that node ${this.id} knows of`)
    })
  }

  /** Keeps its connections and answers nothing, as a machine that swaps or a VM that is moved. */
  hang(): void {
    this.#running?.kill('SIGSTOP')
  }

  wake(): void {
    this.#running?.kill('SIGCONT')
  }

  /** SIGTERM: it hands over what it leads and ends. */
  async stop(): Promise<void> {
    this.#running?.kill('SIGTERM')
    await this.#running?.exited
  }

  /** SIGKILL, as by a power cut. */
  async kill(): Promise<void> {
    this.#running?.kill('SIGKILL')
    await this.#running?.exited
  }
}

export class KafkaCluster {
  readonly nodes: readonly KafkaNode[]
  readonly #context: CheckContext
  /** Looks on and moves things about; the clients of the check are others. */
  readonly #operator: Kafka

  private constructor(context: CheckContext, nodes: readonly KafkaNode[]) {
    this.#context = context
    this.nodes = nodes
    this.#operator = this.client({ clientId: 'operator' })
  }

  /** Three new nodes that know of each other. */
  static async start(
    context: CheckContext,
    { properties = {} }: KafkaClusterOptions = {},
  ): Promise<KafkaCluster> {
    const classPath = await context.toolbox.prepare('java')
    const [controllerPort, ...ports] = await freePorts(1 + NODES.length)
    const quorum = `127.0.0.1:${controllerPort}`
    const nodes: KafkaNode[] = []
    for (const [at, id] of NODES.entries()) {
      const directory = join(context.directory, `node-${id}`)
      mkdirSync(directory, { recursive: true })
      const file = join(directory, 'server.properties')
      const lines = Object.entries({
        ...PROPERTIES,
        ...(id === 1 ? controllerOn(quorum, ports[at]!) : brokerOn(ports[at]!)),
        'controller.quorum.bootstrap.servers': quorum,
        'node.id': String(id),
        'broker.rack': `rack-${id}`,
        'log.dirs': join(directory, 'data'),
        ...properties,
      }).map(([name, value]) => `${name}=${value}\n`)
      writeFileSync(file, lines.join(''))
      const voters = id === 1 ? '--standalone' : '--no-initial-controllers'
      const format = ['format', '-t', CLUSTER_ID, '-c', file, voters]
      await context.jvm.output('kafka-storage', format)
      const java = [...javaArguments(classPath, HEAP), 'kafka.Kafka', file]
      nodes.push(new KafkaNode(context, id, ports[at]!, java))
    }
    for (const node of nodes) node.launch()
    await Promise.all(nodes.map((node) => node.untilReady(NODES.length)))
    return new KafkaCluster(context, nodes)
  }

  get bootstrap(): string[] {
    return this.nodes.map(({ address }) => address)
  }

  node(id: number): KafkaNode {
    const node = this.nodes.find((each) => each.id === id)
    assert.ok(node !== undefined, `there is no node ${id}`)
    return node
  }

  /** A client that is closed with the check. */
  client(options: Partial<KafkaOptions> = {}): Kafka {
    const kafka = new Kafka({ brokers: this.bootstrap, ...options })
    this.#context.defer(() => kafka.close({ timeoutMs: 2000 }))
    return kafka
  }

  /** A topic with these replicas for each of its partitions; the first is to lead. */
  async createTopic(
    name: string,
    assignments: readonly (readonly number[])[],
    configs: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    const created = await this.#operator.admin().createTopics([{ name, assignments, configs }])
    created.orThrow()
    for (const [partition, [leader]] of assignments.entries()) {
      await this.untilLeader(name, partition, leader!)
    }
  }

  /** Has a broker lead a partition that it has a replica of. */
  async moveLeader(topic: string, partition: number, leader: number): Promise<void> {
    const admin = this.#operator.admin()
    const { replicas } = await this.#partition(topic, partition)
    const wanted = [leader, ...replicas.filter((id) => id !== leader)]
    const altered = await admin.alterPartitionReassignments([
      { topic, partition, replicas: wanted },
    ])
    altered.orThrow()
    await eventually(MOVE_TIMEOUT_MS, async () => {
      if ((await this.#partition(topic, partition)).leader === leader) return
      await admin.electLeaders('preferred', [{ topic, partition }])
      assert.equal((await this.#partition(topic, partition)).leader, leader)
    })
  }

  async untilLeader(topic: string, partition: number, leader: number): Promise<void> {
    await eventually(MOVE_TIMEOUT_MS, async () => {
      assert.equal((await this.#partition(topic, partition)).leader, leader)
    })
  }

  async leaderOf(topic: string, partition: number): Promise<number> {
    return (await this.#partition(topic, partition)).leader
  }

  /** Waits until all replicas of a topic are in sync again. */
  async untilInSync(topic: string, partitions: number): Promise<void> {
    await eventually(MOVE_TIMEOUT_MS, async () => {
      for (let partition = 0; partition < partitions; partition++) {
        const { isr, replicas } = await this.#partition(topic, partition)
        assert.equal(isr.length, replicas.length, `replicas of ${topic}-${partition} in sync`)
      }
    })
  }

  /** The broker that coordinates a group or a transactional id now. */
  async coordinatorOf(type: 'group' | 'transaction', key: string): Promise<number> {
    const { cluster } = this.#operator
    cluster.forgetCoordinator(type, key)
    const deadline = new Deadline(cluster.clock, 'the coordinator', MOVE_TIMEOUT_MS)
    return cluster.coordinator(type, key, deadline)
  }

  /** Has another broker coordinate a group or a transactional id. */
  async moveCoordinator(type: 'group' | 'transaction', key: string, broker: number): Promise<void> {
    if ((await this.coordinatorOf(type, key)) === broker) return
    const topic = type === 'group' ? '__consumer_offsets' : '__transaction_state'
    await this.moveLeader(topic, hashOf(key) % COORDINATED_PARTITIONS, broker)
    await eventually(MOVE_TIMEOUT_MS, async () => {
      assert.equal(await this.coordinatorOf(type, key), broker)
    })
  }

  /** Kills a broker; the others go on. */
  async kill(id: number): Promise<void> {
    assert.notEqual(id, 1, 'node 1 is the only controller')
    await this.node(id).kill()
  }

  /** Starts a broker that was killed; resolves when it knows of so many, itself among them. */
  async startAgain(id: number, brokers: number = NODES.length): Promise<void> {
    this.node(id).launch()
    await this.node(id).untilReady(brokers)
  }

  /** Has a broker that is not in sync lead a partition that no one leads: records are lost. */
  async electUnclean(topic: string, partition: number, leader: number): Promise<void> {
    await eventually(MOVE_TIMEOUT_MS, async () => {
      await this.#operator.admin().electLeaders('unclean', [{ topic, partition }])
      assert.equal(await this.leaderOf(topic, partition), leader)
    })
  }

  async #partition(topic: string, partition: number) {
    const { cluster } = this.#operator
    const deadline = new Deadline(cluster.clock, 'metadata', MOVE_TIMEOUT_MS)
    await cluster.metadata.ensure(topic, deadline)
    await cluster.metadata.refresh(deadline)
    const info = cluster.metadata.topic(topic)?.partitions[partition]
    assert.ok(info !== undefined, `${topic}-${partition} is not known`)
    return info
  }
}

function controllerOn(quorum: string, port: number): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://${quorum}`,
  }
}

function brokerOn(port: number): Record<string, string> {
  return { 'process.roles': 'broker', listeners: `PLAINTEXT://127.0.0.1:${port}` }
}

/** The hash of a string as Java has it, without its sign: it says who coordinates a name. */
function hashOf(name: string): number {
  let hash = 0
  for (let at = 0; at < name.length; at++) hash = (Math.imul(hash, 31) + name.charCodeAt(at)) | 0
  return Math.abs(hash)
}
