/**
 * Groups of our consumers while their coordinator moves, on three nodes of Apache Kafka: its
 * partition of the offsets topic is led by another broker, then that broker is killed; or all nodes
 * are restarted in turn. Members keep what they have, commits arrive, and a member that joins
 * afterwards gets its share. The server under test plays no part.
 */
import assert from 'node:assert/strict'
import type { Consumer, Kafka, TopicPartition } from '../../../src/client/index.ts'
import type { Check, CheckContext } from '../check.ts'
import { Account, Traffic } from '../cluster-traffic.ts'
import { CLUSTER_CHECK_MS, KafkaCluster } from '../kafka-cluster.ts'
import { eventually } from '../process.ts'

const PARTITIONS = 4
const WAIT_MS = 30_000
const COMMIT_MS = 500

/** The members of one group, and who has what. */
class Group {
  readonly id: string
  readonly account = new Account(PARTITIONS)
  readonly members: Consumer[] = []
  /** Partitions that came, went or were lost, in their order. */
  readonly changes: string[] = []
  readonly #kafka: Kafka
  readonly #topic: string
  readonly #protocol: 'classic' | 'consumer'
  readonly #owners = new Map<number, number>()
  readonly #doubled: string[] = []

  constructor(kafka: Kafka, topic: string, protocol: 'classic' | 'consumer') {
    this.id = `${topic}-${protocol}`
    this.#kafka = kafka
    this.#topic = topic
    this.#protocol = protocol
  }

  join(): void {
    const member = this.members.length
    const release = (what: string) => (partitions: readonly TopicPartition[]) => {
      for (const { partition } of partitions) {
        this.changes.push(`${what} ${partition}`)
        if (this.#owners.get(partition) === member) this.#owners.delete(partition)
      }
    }
    const consumer = this.#kafka.consumer({
      groupId: this.id,
      topics: [this.#topic],
      protocol: this.#protocol,
      autoOffsetReset: 'earliest',
      autoCommit: { intervalMs: COMMIT_MS },
      onAssigned: (partitions) => {
        for (const { partition } of partitions) {
          const other = this.#owners.get(partition)
          if (other !== undefined) this.#doubled.push(`${partition}: ${other} and ${member}`)
          this.#owners.set(partition, member)
          this.changes.push(`has ${partition}`)
        }
      },
      onRevoked: release('gives'),
      onLost: release('loses'),
    })
    this.members.push(consumer)
    this.account.follow(consumer)
  }

  /** Waits until every member has its share. */
  async settles(): Promise<void> {
    await eventually(WAIT_MS, () => {
      const counts = this.members.map(() => 0)
      for (const owner of this.#owners.values()) counts[owner]!++
      const all = counts.reduce((sum, count) => sum + count)
      const said = `${this.id}: ${counts} (${this.changes.join(', ')})`
      assert.ok(all === PARTITIONS && counts.every((count) => count > 0), said)
    })
  }

  /** All was read once and in order, no partition had two owners, and all of it is committed. */
  async isSound(kafka: Kafka, sent: readonly number[]): Promise<void> {
    assert.deepEqual(this.#doubled, [], `${this.id}: partitions with two owners`)
    this.account.isExact(sent, this.id)
    await Promise.all(this.members.map((member) => member.close()))
    const partitions = sent.map((_, partition) => ({ topic: this.#topic, partition }))
    const committed = await kafka.consumer({ groupId: this.id }).committed(partitions)
    const offsets = new Map(committed.map(({ partition, offset }) => [partition, offset]))
    assert.deepEqual(
      sent.map((_, partition) => offsets.get(partition)),
      sent,
      `${this.id}: what is committed`,
    )
  }
}

async function groups(context: CheckContext): Promise<void> {
  const { topic } = context
  const cluster = await KafkaCluster.start(context)
  await cluster.createTopic(topic, [
    [1, 2, 3],
    [2, 1, 3],
    [1, 3, 2],
    [2, 3, 1],
  ])
  const kafka = cluster.client()
  const traffic = new Traffic(context, kafka, topic, PARTITIONS)
  const all = (['classic', 'consumer'] as const).map((each) => new Group(kafka, topic, each))
  const each = (action: (group: Group) => Promise<void> | void) => Promise.all(all.map(action))
  await each((group) => cluster.moveCoordinator('group', group.id, 2))
  await each((group) => {
    group.join()
    group.join()
  })
  await each((group) => group.settles())
  const before = all.map(({ changes }) => changes.length)

  for (const group of all) await cluster.moveCoordinator('group', group.id, 3)
  await goOn(traffic, all)
  await cluster.kill(3)
  await goOn(traffic, all)
  assert.deepEqual(
    all.map(({ changes }, at) => changes.slice(before[at])),
    [[], []],
    'members keep what they have',
  )
  await each((group) => group.join())
  await each((group) => group.settles())
  await goOn(traffic, all)
  await traffic.stop()
  await each((group) => group.account.catchesUp(traffic.sent))
  await each((group) => group.isSound(kafka, traffic.sent))
}

/** As an operator brings a new release to all nodes, the controller among them. */
async function rolling(context: CheckContext): Promise<void> {
  const { topic } = context
  const cluster = await KafkaCluster.start(context)
  await cluster.createTopic(topic, [
    [1, 2, 3],
    [2, 3, 1],
    [3, 1, 2],
    [2, 1, 3],
  ])
  const kafka = cluster.client()
  const traffic = new Traffic(context, kafka, topic, PARTITIONS)
  const all = (['classic', 'consumer'] as const).map((each) => new Group(kafka, topic, each))
  for (const [at, group] of all.entries()) {
    await cluster.moveCoordinator('group', group.id, 2 + at)
    group.join()
    group.join()
  }
  await Promise.all(all.map((group) => group.settles()))
  const before = all.map(({ changes }) => changes.length)
  for (const { id } of cluster.nodes) {
    await cluster.node(id).stop()
    await cluster.startAgain(id)
    await cluster.untilInSync(topic, PARTITIONS)
    await cluster.untilInSync('__consumer_offsets', 2)
  }
  await goOn(traffic, all)
  await traffic.stop()
  assert.deepEqual(
    all.map(({ changes }, at) => changes.slice(before[at])),
    [[], []],
    'members keep what they have',
  )
  await Promise.all(all.map((group) => group.account.catchesUp(traffic.sent)))
  await Promise.all(all.map((group) => group.isSound(kafka, traffic.sent)))
}

/** More is written, read and committed. */
async function goOn(traffic: Traffic, all: readonly Group[]): Promise<void> {
  await traffic.goesOn()
  const sent = [...traffic.sent]
  await Promise.all(
    all.map(async ({ account, members }) => {
      await account.catchesUp(sent)
      await Promise.all(members.map((member) => member.commit()))
    }),
  )
}

export const clientClusterGroups: readonly Check[] = [
  ['groups', groups] as const,
  ['rolling', rolling] as const,
].map(([name, run]) => ({
  name: `client-cluster-kafka-${name}`,
  needs: ['java'],
  timeoutMs: CLUSTER_CHECK_MS,
  run,
}))
