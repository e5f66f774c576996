/**
 * Our members of groups of KIP-848 on a real broker: static ones, patterns that the broker matches,
 * programs that hang, and what is refused. Where a broker does not serve it, that is said.
 */
import assert from 'node:assert/strict'
import { Deadline } from '../../../src/client/call.ts'
import { createMembership } from '../../../src/client/consumer/group/create-membership.ts'
import {
  groupOptions,
  RecordingListener,
  shown,
} from '../../../src/client/consumer/group/group.test-support.ts'
import type {
  GroupOptions,
  Membership,
  ServerPattern,
} from '../../../src/client/consumer/group/membership.ts'
import { Kafka } from '../../../src/client/kafka.ts'
import { nodeIo } from '../../../src/io/node.ts'
import type { Check, CheckContext } from '../check.ts'
import { eventually } from '../process.ts'

const WAIT_MS = 30_000
const LEAVE_MS = 10_000
const TIMEOUT_MS = 180_000

interface Member {
  readonly listener: RecordingListener
  readonly membership: Membership
  leave(): Promise<void>
}

/** Members of groups in this process, over one client. */
class Scene {
  readonly #context: CheckContext
  readonly #kafka: Kafka
  #groups = 0

  constructor(context: CheckContext, { bootstrap } = context.server) {
    this.#context = context
    this.#kafka = new Kafka({ brokers: bootstrap, metadataMaxAgeMs: 1000 })
    context.defer(() => this.#kafka.close({ timeoutMs: LEAVE_MS }))
  }

  async createTopic(suffix: string, partitions: number): Promise<string> {
    const name = `${this.#context.topic}-${suffix}`
    const topic = { name, numPartitions: partitions, replicationFactor: 1 }
    ;(await this.#kafka.admin().createTopics([topic])).orThrow()
    return name
  }

  /** A group id that was not used yet. */
  nextGroup(): string {
    return `${this.#context.topic}-group-${this.#groups++}`
  }

  join(topics: string[] | RegExp | ServerPattern, options: Partial<GroupOptions>): Member {
    const listener = new RecordingListener()
    const all = groupOptions({ protocol: 'consumer', ...options })
    const membership = createMembership(this.#kafka.cluster, all, listener)
    membership.subscribe(topics)
    membership.start()
    const { clock } = nodeIo()
    const leave = () => membership.leave(new Deadline(clock, 'leaving', LEAVE_MS))
    this.#context.defer(leave)
    return { listener, membership, leave }
  }
}

function sizes(members: readonly Member[]): number[] {
  return members.map(({ membership }) => membership.assignment.length).sort()
}

async function settles(members: readonly Member[], expected: readonly number[]): Promise<void> {
  await eventually(WAIT_MS, () => {
    const seen = members.map(({ listener }) => listener.events.join('; ')).join(' | ')
    assert.deepEqual(sizes(members), expected, seen)
  })
}

async function staticMembers(scene: Scene, topic: string): Promise<void> {
  const groupId = scene.nextGroup()
  const one = scene.join([topic], { groupId, instanceId: 'one' })
  const two = scene.join([topic], { groupId, instanceId: 'two' })
  await settles([one, two], [2, 2])
  const had = shown(one.membership.assignment)

  const second = scene.join([topic], { groupId, instanceId: 'one' })
  await eventually(WAIT_MS, () => {
    assert.equal(second.listener.errors[0]?.code, 'UNRELEASED_INSTANCE_ID')
  })
  two.listener.take()
  await one.leave()
  const again = scene.join([topic], { groupId, instanceId: 'one' })
  await settles([again, two], [2, 2])
  assert.equal(shown(again.membership.assignment), had)
  assert.deepEqual(two.listener.take(), [], 'nobody else hears of a static member that comes back')
}

async function patterns(scene: Scene, topic: string): Promise<void> {
  const byBroker = scene.join({ pattern: `${topic}.*` }, { groupId: scene.nextGroup() })
  const byClient = scene.join(new RegExp(`^${topic}`), { groupId: scene.nextGroup() })
  await settles([byBroker, byClient], [4, 4])
  await scene.createTopic('a-later', 2)
  await settles([byBroker, byClient], [6, 6])
  const broken = scene.join({ pattern: '(' }, { groupId: scene.nextGroup() })
  await eventually(WAIT_MS, () => {
    assert.equal(broken.listener.errors[0]?.code, 'INVALID_REGULAR_EXPRESSION')
  })
}

async function hanging(scene: Scene, topic: string): Promise<void> {
  const groupId = scene.nextGroup()
  const member = scene.join([topic], { groupId, rebalanceTimeoutMs: 3000 })
  await eventually(WAIT_MS, () => {
    assert.ok(member.listener.events.includes('stalled PROCESSING_TIMED_OUT'))
  })
  const other = scene.join([topic], { groupId })
  await settles([other], [4])
  await eventually(WAIT_MS, () => {
    member.membership.progress()
    assert.deepEqual(sizes([member, other]), [2, 2])
  })
}

/** Brokers that may not move a classic group to the new protocol, or have that switched off. */
async function refusals(context: CheckContext): Promise<void> {
  for (const [name, properties] of [
    ['unmoved', { 'group.consumer.migration.policy': 'disabled' }],
    ['off', { 'group.coordinator.rebalance.protocols': 'classic' }],
  ] as const) {
    const scene = new Scene(context, await context.startServer(name, 'kafka', { properties }))
    const topic = await scene.createTopic(name, 4)
    const groupId = scene.nextGroup()
    const classic = scene.join([topic], { groupId, protocol: 'classic' })
    await settles([classic], [4])
    const auto = scene.join([topic], { groupId, protocol: 'auto' })
    await settles([classic, auto], [2, 2])
    assert.deepEqual(auto.listener.errors, [])
  }
}

async function consumerGroups(context: CheckContext): Promise<void> {
  const scene = new Scene(context)
  const topic = await scene.createTopic('a', 4)
  if (context.kind === 'millrace') {
    const member = scene.join([topic], { groupId: scene.nextGroup() })
    await eventually(WAIT_MS, () => {
      assert.equal(member.listener.errors[0]?.code, 'UNSUPPORTED_BY_BROKER')
    })
    return
  }
  await staticMembers(scene, topic)
  await hanging(scene, topic)
  await patterns(scene, topic)
  const odd = scene.join([topic], { groupId: scene.nextGroup(), serverAssignor: 'mine' })
  await eventually(WAIT_MS, () => {
    assert.equal(odd.listener.errors[0]?.code, 'UNSUPPORTED_ASSIGNOR')
  })
  await refusals(context)
}

export const clientConsumerGroups: readonly Check[] = [
  { name: 'client-groups-848', needs: ['java'], timeoutMs: TIMEOUT_MS, run: consumerGroups },
]
