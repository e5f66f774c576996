/**
 * A group of our members in virtual time, on a simulated node, with a ledger of who owned what:
 * each member is a process on a machine of its own, and may be killed, cut off, or left with a
 * program that hangs.
 *
 * Invariant, checked at each assignment: no partition is assigned to two members in one generation,
 * and none to a member while another one that is in the group still has it.
 */
import assert from 'node:assert/strict'
import { TestNode, type TestNodeOptions } from '../../../src/broker/node.test-support.ts'
import { Deadline } from '../../../src/client/call.ts'
import {
  cooperativeStickyAssignor,
  rangeAssignor,
} from '../../../src/client/consumer/assignors/assignors.ts'
import { createMembership } from '../../../src/client/consumer/group/create-membership.ts'
import type {
  GroupOptions,
  Membership,
  MembershipListener,
} from '../../../src/client/consumer/group/membership.ts'
import { Kafka } from '../../../src/client/kafka.ts'
import type { KafkaError } from '../../../src/client/kafka-error.ts'
import type { TopicPartition } from '../../../src/client/topic.ts'
import type { SimNode, Simulation } from '../../../src/io/sim.ts'

const SESSION_TIMEOUT_MS = 10_000
const HEARTBEAT_MS = 2000
const REBALANCE_TIMEOUT_MS = 30_000
/** New partitions are seen so soon. */
const METADATA_MAX_AGE_MS = 20_000
/** How often a program that works asks for records. */
const POLL_MS = 500

const nameOf = ({ topic, partition }: TopicPartition) => `${topic}-${partition}`

/** One member: a process with a client of its own. */
export class Member implements MembershipListener {
  readonly name: string
  /** A static member is the same one after a restart. */
  readonly identity: string
  readonly machine: SimNode
  readonly kafka: Kafka
  readonly membership: Membership
  readonly events: string[] = []
  readonly #world: GroupWorld
  /** By its own account: what a program would read from. */
  readonly held = new Set<string>()
  isAlive = true
  /** Its program asks for nothing and its callbacks do not end. */
  hangs = false
  #letGo: () => void = () => {}

  constructor(world: GroupWorld, name: string, options: Partial<GroupOptions>) {
    this.#world = world
    this.name = name
    this.identity = options.instanceId ?? name
    this.machine = world.node.world.node(name)
    this.kafka = new Kafka({
      brokers: 'broker:9092',
      io: this.machine,
      clientId: name,
      metadataMaxAgeMs: METADATA_MAX_AGE_MS,
    })
    const all: GroupOptions = {
      groupId: 'group',
      instanceId: null,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      heartbeatIntervalMs: HEARTBEAT_MS,
      rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
      assignors: [cooperativeStickyAssignor],
      serverAssignor: null,
      rack: null,
      protocol: 'classic',
      ...options,
    }
    this.membership = createMembership(this.kafka.cluster, all, this)
    this.membership.subscribe(world.topics)
    this.membership.start()
    this.#poll()
  }

  #poll(): void {
    if (!this.hangs) this.membership.progress()
    this.machine.clock.after(POLL_MS, () => this.#poll())
  }

  async onRevoked(partitions: readonly TopicPartition[]): Promise<void> {
    this.#say('revoked', partitions)
    // A program finishes what it has in hand.
    await new Promise<void>((resolve) => this.machine.clock.after(50, resolve))
    if (this.hangs) {
      await new Promise<void>((resolve) => {
        this.#letGo = resolve
      })
    }
    for (const partition of partitions) this.held.delete(nameOf(partition))
  }

  async onAssigned(partitions: readonly TopicPartition[]): Promise<void> {
    this.#say('assigned', partitions)
    for (const partition of partitions) {
      this.#world.note(this, nameOf(partition))
      this.held.add(nameOf(partition))
    }
  }

  async onLost(partitions: readonly TopicPartition[]): Promise<void> {
    this.#say('lost', partitions)
    for (const partition of partitions) this.held.delete(nameOf(partition))
  }

  onError(error: KafkaError): void {
    this.events.push(`error ${error.code}: ${error.message}`)
    this.#world.log.push(
      `${this.#world.nowMs} ${this.name} ${this.events.at(-1)} ${error.cause ?? ''}`,
    )
    this.isAlive = false
  }

  #say(what: string, partitions: readonly TopicPartition[]): void {
    const text = `${what} ${partitions.map(nameOf).join(' ')}`
    this.events.push(text)
    this.#world.log.push(`${this.#world.nowMs} ${this.name} ${text}`)
  }

  /** Stops as a program does that is asked to. */
  async leave(): Promise<void> {
    this.isAlive = false
    const deadline = new Deadline(this.machine.clock, 'leaving', 30_000)
    await this.#world.node.world.settle(this.membership.leave(deadline))
    assert.deepEqual([...this.held], [], 'a member that has left owns nothing')
  }

  /** Its program asks for nothing more, and its callbacks do not end. */
  hang(): void {
    this.hangs = true
    this.#world.unaware.add(this)
  }

  /** No packet comes to it or from it. */
  cutOff(): void {
    this.#world.unaware.add(this)
    this.#world.world.network.isolate(this.name)
  }

  /** kill -9. */
  kill(): void {
    this.isAlive = false
    this.held.clear()
    this.machine.kill()
  }

  /** The program goes on. */
  unhang(): void {
    this.hangs = false
    this.#letGo()
  }
}

export class GroupWorld {
  readonly node: TestNode
  readonly members: Member[] = []
  readonly log: string[] = []
  topics: readonly string[] | RegExp = []
  /** Members that can't know that they are out of the group. */
  readonly unaware = new Set<Member>()
  /** What broke the rules. */
  readonly #violations: string[] = []
  /** `generation partition` -> member. */
  readonly #owners = new Map<string, string>()
  #kafka: Kafka | null = null
  #count = 0

  constructor(node: TestNode) {
    this.node = node
  }

  static async start(options: TestNodeOptions = {}): Promise<GroupWorld> {
    return new GroupWorld(await TestNode.start(options))
  }

  get nowMs(): number {
    return Math.round(this.node.world.nowMs - 1_767_225_600_000)
  }

  get world(): Simulation {
    return this.node.world
  }

  async createTopic(name: string, numPartitions: number): Promise<void> {
    const created = this.#admin().createTopics([{ name, numPartitions, replicationFactor: 1 }])
    ;(await this.world.settle(created)).orThrow()
  }

  async growTopic(name: string, count: number): Promise<void> {
    const grown = this.#admin().createPartitions([{ topic: name, totalCount: count }])
    ;(await this.world.settle(grown)).orThrow()
  }

  #admin() {
    this.#kafka ??= new Kafka({ brokers: 'broker:9092', io: this.world.node('admin') })
    return this.#kafka.admin()
  }

  join(options: Partial<GroupOptions> = {}, name = `member-${this.#count++}`): Member {
    const member = new Member(this, name, options)
    this.members.push(member)
    return member
  }

  get living(): Member[] {
    return this.members.filter((member) => member.isAlive)
  }

  /** Checks what a member was just assigned. */
  note(member: Member, partition: string): void {
    const key = `${member.membership.identity()?.generationOrEpoch} ${partition}`
    const owner = this.#owners.get(key) ?? member.identity
    if (owner !== member.identity) {
      this.#violations.push(`generation and partition ${key}: ${owner} and ${member.identity}`)
    }
    this.#owners.set(key, member.identity)
    for (const other of this.living) {
      if (other === member || this.unaware.has(other) || !other.held.has(partition)) continue
      this.#violations.push(`${partition}: ${other.name} has it still, and ${member.name} got it`)
    }
  }

  /** Lets time pass until each partition is owned by exactly one member that lives. */
  async settled(partitions: number, withinMs = 180_000): Promise<void> {
    const isSettled = () => {
      const held = this.living.flatMap((member) => [...member.held])
      const isStable = this.living.every((member) => member.membership.identity() !== null)
      return isStable && held.length === partitions && new Set(held).size === partitions
    }
    await this.world.runUntil(isSettled, withinMs).catch((error: unknown) => {
      const held = this.members.map(({ name, isAlive, held, events }) => {
        return `${name} ${isAlive} [${[...held]}] ${events.slice(-3).join('; ')}`
      })
      throw new Error(`${error}\n${this.log.slice(-40).join('\n')}\n${held.join('\n')}`)
    })
    assert.deepEqual(this.#violations, [], this.log.join('\n'))
    // And it stays so.
    await this.world.advance(15_000)
    assert.ok(isSettled(), `${this.log.slice(-40).join('\n')}\nit did not stay settled`)
    this.unaware.clear()
    for (const { name, held, membership } of this.living) {
      const known = membership.assignment.map(nameOf).sort()
      assert.deepEqual([...held].sort(), known, `${name}: told and known`)
    }
  }

  /** How many partitions each living member has. */
  sizes(): number[] {
    return this.living.map(({ held }) => held.size).sort((a, b) => a - b)
  }

  /** Ends the node, and starts it again. */
  async restartNode(downMs: number): Promise<void> {
    this.log.push(`${this.nowMs} the node is killed`)
    this.node.kill()
    await this.world.advance(downMs)
    await this.node.restart()
  }

  async end(): Promise<void> {
    for (const member of this.living) await member.leave()
    await this.node.stop()
  }
}

export const ASSIGNORS = {
  eager: [rangeAssignor],
  cooperative: [cooperativeStickyAssignor],
  /** The first pass from eager to cooperative. */
  both: [cooperativeStickyAssignor, rangeAssignor],
} as const
