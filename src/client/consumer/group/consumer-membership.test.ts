/**
 * Members of a group of KIP-848: one against answers of the test's own, and several against a small
 * model of the coordinator, in virtual time. Real brokers: the conformance checks client-groups-….
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../../../base/prng.ts'
import { ErrorCode } from '../../../protocol/errors.ts'
import { consumerGroupHeartbeatRequest } from '../../../protocol/messages/68-consumer-group-heartbeat.ts'
import { Deadline } from '../../call.ts'
import { FakeCluster } from '../../cluster/fake-cluster.test-support.ts'
import { KafkaError } from '../../kafka-error.ts'
import type { TopicPartition } from '../../topic.ts'
import { ConsumerGroupModel } from './consumer-group-model.test-support.ts'
import { ConsumerMembership } from './consumer-membership.ts'
import { groupOptions, RecordingListener, shown } from './group.test-support.ts'
import type { GroupOptions } from './membership.ts'

/** One member of a group that the model coordinates. */
class Scene {
  readonly cluster: FakeCluster
  readonly model: ConsumerGroupModel
  readonly listener = new RecordingListener()
  readonly member: ConsumerMembership
  /** What the next heartbeats are answered with instead. */
  readonly answers: (number | Error | Promise<never>)[] = []

  constructor(options: Partial<GroupOptions> = {}, cluster = new FakeCluster()) {
    this.cluster = cluster
    this.model = new ConsumerGroupModel(cluster)
    cluster.metadata.setTopic('a', 4)
    cluster.on(consumerGroupHeartbeatRequest, (body) => this.#answer(body))
    this.member = new ConsumerMembership(cluster, groupOptions(options), this.listener)
    this.member.subscribe(['a'])
  }

  #answer(body: Parameters<ConsumerGroupModel['heartbeat']>[0]): unknown {
    const answer = this.answers.shift() ?? 0
    if (answer instanceof Error) throw answer
    if (typeof answer !== 'number') return answer
    return answer === 0 ? this.model.heartbeat(body) : { errorCode: answer, errorMessage: 'no' }
  }

  async joined(): Promise<this> {
    this.member.start()
    await this.until(() => this.listener.events.length > 0)
    await this.cluster.clock.advance(100)
    this.listener.take()
    return this
  }

  until(condition: () => boolean): Promise<void> {
    return this.cluster.clock.until(condition)
  }

  sent() {
    return this.cluster.sent(consumerGroupHeartbeatRequest)
  }

  async leave(): Promise<void> {
    let hasLeft = false
    void this.member.leave(new Deadline(this.cluster.clock, 'the test', 10_000)).then(() => {
      hasLeft = true
    })
    await this.until(() => hasLeft)
  }
}

test('it joins with all that there is to say, then says only what is new', async () => {
  const scene = new Scene({ rack: 'r', instanceId: 'i', serverAssignor: 'uniform' })
  await scene.joined()
  assert.equal(shown(scene.member.assignment), 'a-0 a-1 a-2 a-3')
  await scene.cluster.clock.advance(10_000)
  const [join, acknowledgement, ...beats] = scene.sent()
  const { memberId } = join!
  assert.deepEqual(join, {
    groupId: 'group',
    memberId,
    memberEpoch: 0,
    instanceId: 'i',
    rackId: 'r',
    rebalanceTimeoutMs: 300_000,
    subscribedTopicNames: ['a'],
    subscribedTopicRegex: null,
    serverAssignor: 'uniform',
    topicPartitions: [],
  })
  const nothing = {
    groupId: 'group',
    memberId,
    memberEpoch: 1,
    instanceId: 'i',
    rackId: null,
    rebalanceTimeoutMs: -1,
    subscribedTopicNames: null,
    subscribedTopicRegex: null,
    serverAssignor: null,
    topicPartitions: null,
  }
  const topicId = scene.cluster.metadata.topic('a')!.id
  const topicPartitions = [{ topicId, partitions: [0, 1, 2, 3] }]
  assert.deepEqual(acknowledgement, { ...nothing, memberEpoch: 2, topicPartitions })
  assert.deepEqual(beats, [
    { ...nothing, memberEpoch: 2 },
    { ...nothing, memberEpoch: 2 },
  ])
})

test('a lost answer has the next heartbeat say all again', async () => {
  const scene = await new Scene().joined()
  scene.answers.push(new KafkaError('NETWORK_ERROR', 'gone'))
  await scene.cluster.clock.advance(6000)
  const again = scene.sent().at(-1)!
  assert.deepEqual(again.subscribedTopicNames, ['a'])
  assert.equal(again.topicPartitions?.length, 1)
  assert.equal(scene.cluster.forgotten, 1)
  assert.deepEqual(scene.listener.take(), [])
})

test('it gives up, tells so, and takes: heartbeats go on while the listener works', async () => {
  const scene = await new Scene().joined()
  let finish = () => {}
  scene.listener.whenRevoked = () => {
    return new Promise<void>((resolve) => {
      finish = resolve
    })
  }
  const listener = new RecordingListener()
  const other = new ConsumerMembership(scene.cluster, groupOptions(), listener)
  other.subscribe(['a'])
  other.start()
  await scene.cluster.clock.advance(21_000)
  assert.equal(scene.listener.take().length, 1)
  assert.equal(scene.member.assignment.length, 4, 'owned until the listener is done')
  assert.deepEqual(listener.take(), ['assigned'])
  const beats = scene.sent().filter(({ memberId }) => memberId === scene.sent()[0]!.memberId)
  assert.ok(beats.length >= 5 && beats.at(-1)!.topicPartitions === null)
  finish()
  await scene.until(() => other.assignment.length === 2)
  assert.equal(scene.member.assignment.length, 2)
})

for (const error of ['FENCED_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID'] as const) {
  test(`${error}: it loses all and joins anew`, async () => {
    const scene = await new Scene().joined()
    scene.answers.push(ErrorCode[error])
    await scene.cluster.clock.advance(6000)
    assert.deepEqual(scene.listener.take(), ['lost a-0 a-1 a-2 a-3', 'assigned a-0 a-1 a-2 a-3'])
    assert.equal(scene.sent().filter(({ memberEpoch }) => memberEpoch === 0).length, 2)
  })
}

for (const error of ['NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE'] as const) {
  test(`${error}: it looks for the coordinator, and nothing is lost`, async () => {
    const scene = await new Scene().joined()
    const before = scene.sent().length
    scene.answers.push(ErrorCode[error])
    await scene.cluster.clock.advance(5500)
    assert.equal(scene.sent().length, before + 2)
    assert.equal(scene.cluster.forgotten, 1)
    assert.deepEqual(scene.listener.take(), [])
  })
}

const FATAL = [
  'GROUP_AUTHORIZATION_FAILED',
  'TOPIC_AUTHORIZATION_FAILED',
  'INVALID_REQUEST',
  'GROUP_MAX_SIZE_REACHED',
  'UNSUPPORTED_ASSIGNOR',
  'UNSUPPORTED_VERSION',
  'UNRELEASED_INSTANCE_ID',
  'FENCED_INSTANCE_ID',
  'INVALID_REGULAR_EXPRESSION',
  'GROUP_ID_NOT_FOUND',
] as const
for (const error of FATAL) {
  test(`${error}: it ends, and says why`, async () => {
    const scene = await new Scene().joined()
    scene.answers.push(ErrorCode[error])
    await scene.cluster.clock.advance(60_000)
    assert.deepEqual(scene.listener.take(), ['lost a-0 a-1 a-2 a-3', `error ${error}`])
    assert.equal(scene.member.identity(), null)
    const before = scene.sent().length
    await scene.cluster.clock.advance(60_000)
    assert.equal(scene.sent().length, before)
  })
}

test('a broker without the protocol ends it', async () => {
  const scene = new Scene()
  scene.cluster.setVersions(consumerGroupHeartbeatRequest.apiKey, null)
  scene.member.start()
  await scene.until(() => scene.listener.errors.length > 0)
  assert.equal(scene.listener.errors[0]!.code, 'UNSUPPORTED_BY_BROKER')
})

test('a program that asks for nothing is out of the group until it asks', async () => {
  const scene = await new Scene({ rebalanceTimeoutMs: 20_000 }).joined()
  await scene.cluster.clock.advance(60_000)
  assert.deepEqual(scene.listener.take(), ['stalled PROCESSING_TIMED_OUT', 'lost a-0 a-1 a-2 a-3'])
  assert.equal(scene.sent().at(-1)!.memberEpoch, -1)
  assert.equal(scene.model.members.size, 0)
  scene.member.progress()
  await scene.until(() => scene.listener.events.length > 0)
  assert.deepEqual(scene.listener.take(), ['assigned a-0 a-1 a-2 a-3'])
})

test('to leave is to revoke and to say so: for good, or as a static member for a while', async () => {
  for (const [instanceId, epoch] of [
    [null, -1],
    ['i', -2],
  ] as const) {
    const scene = await new Scene({ instanceId }).joined()
    let identity: unknown = null
    scene.listener.whenRevoked = () => {
      identity = scene.member.identity()
    }
    await scene.leave()
    assert.notEqual(identity, null, 'a commit is possible in onRevoked')
    assert.deepEqual(scene.listener.take(), ['revoked a-0 a-1 a-2 a-3'])
    assert.equal(scene.sent().at(-1)!.memberEpoch, epoch)
    await scene.cluster.clock.advance(100_000)
    assert.equal(scene.sent().at(-1)!.memberEpoch, epoch)
    assert.equal(scene.cluster.clock.pending, 0)
    assert.equal(scene.cluster.metadata.watched.size, 0)
  }
})

test('it leaves within the deadline whatever hangs', async () => {
  const listening = await new Scene().joined()
  listening.listener.whenRevoked = () => new Promise(() => {})
  await listening.leave()
  const silent = await new Scene().joined()
  silent.answers.push(new Promise(() => {}), new Promise(() => {}))
  await silent.leave()
})

test('a regular expression is matched here, a pattern by the broker', async () => {
  const scene = new Scene()
  scene.member.subscribe(/^a/)
  await scene.joined()
  scene.cluster.metadata.setTopic('ab', 1)
  await scene.until(() => scene.member.assignment.length === 5)
  assert.deepEqual(scene.sent().at(-2)!.subscribedTopicNames, ['a', 'ab'])
  scene.member.subscribe({ pattern: 'a.*' })
  await scene.cluster.clock.advance(100)
  const said = () => scene.sent().filter((body) => body.subscribedTopicRegex !== null)
  assert.deepEqual(
    said().map(({ subscribedTopicRegex: regex }) => regex),
    ['a.*'],
  )
  assert.deepEqual(said()[0]!.subscribedTopicNames, [])
  scene.member.subscribe(['a'])
  await scene.cluster.clock.advance(100)
  assert.deepEqual(
    said().map(({ subscribedTopicRegex: regex }) => regex),
    ['a.*', ''],
  )
})

test('what is assigned of a topic that is not known yet waits for its name', async () => {
  const scene = new Scene()
  const heartbeat = scene.model.heartbeat.bind(scene.model)
  const known = scene.cluster.metadata.topic('a')!.id
  const [early, late] = ['AAAAAAAAAAAAAAAAAAAAAQ', 'AAAAAAAAAAAAAAAAAAAAAg']
  scene.model.heartbeat = (body) => {
    const topics = [known, early, late].map((topicId) => ({ topicId, partitions: [0] }))
    const answer = heartbeat(body) as { assignment: unknown }
    return { ...answer, assignment: answer.assignment && { topicPartitions: topics } }
  }
  await scene.joined()
  assert.equal(shown(scene.member.assignment), 'a-0')
  assert.ok(scene.cluster.metadata.refreshes > 0)
  const topics = new Map([[known, scene.cluster.metadata.topic('a')!]])
  scene.cluster.metadata.topicById = (id) => topics.get(id)
  for (const [id, name] of [
    [early, 'b'],
    [late, 'c'],
  ] as const) {
    topics.set(id, { ...topics.get(known)!, name, id })
    scene.cluster.metadata.setTopic(`unrelated-${name}`, 1)
    await scene.cluster.clock.advance(100)
    const said = scene.sent().at(-1)!.topicPartitions
    assert.equal(said?.length, topics.size, 'it acknowledges what it has')
  }
  assert.deepEqual(scene.listener.take(), ['assigned b-0', 'assigned c-0'])
})

/** A member in a crowd: knows what it holds, and whether it can know better. */
class CrowdMember extends RecordingListener {
  readonly held = new Set<string>()
  readonly membership: ConsumerMembership
  isAlive = true
  isUnaware = false

  constructor(crowd: Crowd, topics: readonly string[]) {
    super()
    this.membership = new ConsumerMembership(crowd.cluster, groupOptions(), this)
    this.whenAssigned = (partitions) => crowd.note(this, partitions)
    this.whenRevoked = async (partitions) => {
      await new Promise<void>((resolve) => {
        crowd.cluster.clock.after(crowd.random.int(8000), resolve)
      })
      for (const { topic, partition } of partitions) this.held.delete(`${topic}-${partition}`)
    }
    this.membership.subscribe(topics)
    this.membership.start()
  }

  override async onLost(partitions: readonly TopicPartition[]): Promise<void> {
    for (const { topic, partition } of partitions) this.held.delete(`${topic}-${partition}`)
  }
}

class Crowd {
  readonly cluster: FakeCluster
  readonly random: Prng
  readonly model: ConsumerGroupModel
  readonly members: CrowdMember[] = []
  readonly violations: string[] = []
  readonly silenced = new Set<string>()

  constructor(seed: number) {
    this.random = new Prng(seed)
    this.cluster = new FakeCluster({ seed })
    this.model = new ConsumerGroupModel(this.cluster)
    this.cluster.metadata.setTopic('a', 7)
    this.cluster.metadata.setTopic('b', 4)
    this.cluster.on(consumerGroupHeartbeatRequest, (body) => this.#answer(body))
  }

  #answer(body: Parameters<ConsumerGroupModel['heartbeat']>[0]): unknown {
    if (this.silenced.has(body.memberId)) return new Promise(() => {})
    const chance = this.random.int(40)
    if (chance === 0) throw new KafkaError('NETWORK_ERROR', 'lost on the way there')
    if (chance === 1) return { errorCode: ErrorCode.NOT_COORDINATOR, errorMessage: null }
    const answer = this.model.heartbeat(body)
    if (chance === 2) throw new KafkaError('NETWORK_ERROR', 'lost on the way back')
    return answer
  }

  get living(): CrowdMember[] {
    return this.members.filter(({ isAlive }) => isAlive)
  }

  note(member: CrowdMember, partitions: readonly TopicPartition[]): void {
    for (const { topic, partition } of partitions) {
      const name = `${topic}-${partition}`
      for (const other of this.living) {
        if (other === member || other.isUnaware || !other.held.has(name)) continue
        this.violations.push(`${name} is held by another`)
      }
      member.held.add(name)
    }
  }

  async step(): Promise<void> {
    const { living, random } = this
    const member = living[random.int(Math.max(1, living.length))]
    const kind = random.int(6)
    if (member === undefined || (kind <= 1 && living.length < 6)) {
      const topics = random.chance(0.7) ? ['a', 'b'] : ['a']
      this.members.push(new CrowdMember(this, topics))
    } else if (kind === 2) {
      member.isAlive = false
      let hasLeft = false
      const leaving = member.membership.leave(new Deadline(this.cluster.clock, 'test', 30_000))
      void leaving.then(() => {
        hasLeft = true
      })
      await this.cluster.clock.until(() => hasLeft)
    } else if (kind === 3) {
      const id = member.membership.identity()?.memberId
      if (id === undefined) return
      member.isUnaware = true
      this.silenced.add(id)
      await this.cluster.clock.advance(random.int(90_000))
      this.silenced.delete(id)
    } else if (kind === 4) {
      const id = member.membership.identity()?.memberId
      if (id === undefined || !this.model.members.has(id)) return
      member.isUnaware = true
      this.model.expel(id)
    } else {
      member.membership.subscribe(random.chance(0.5) ? ['a', 'b'] : ['b'])
    }
  }
}

test('a crowd: whatever is lost on the way, each partition ends up with one member', async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const crowd = new Crowd(seed)
    for (let count = 0; count < 12; count++) {
      await crowd.step()
      for (const { membership } of crowd.living) membership.progress()
      await crowd.cluster.clock.advance(crowd.random.int(15_000))
    }
    crowd.members.push(new CrowdMember(crowd, ['a', 'b']))
    await crowd.cluster.clock.advance(250_000)
    for (const { membership } of crowd.living) membership.progress()
    await crowd.cluster.clock.advance(100_000)
    assert.deepEqual(crowd.violations, [], `seed ${seed}`)
    const held = crowd.living.flatMap((member) => [...member.held])
    assert.equal(held.length, 11, `seed ${seed}: ${held}`)
    assert.equal(new Set(held).size, 11, `seed ${seed}`)
    for (const { membership, held: own, errors } of crowd.living) {
      const known = membership.assignment.map(({ topic, partition }) => `${topic}-${partition}`)
      assert.deepEqual(known.sort(), [...own].sort())
      assert.deepEqual(errors, [])
    }
  }
})

test('heartbeats go on with the date set back', async () => {
  const scene = await new Scene().joined()
  scene.cluster.clock.dateOffMs = -3_600_000
  await scene.cluster.clock.advance(10_000)
  const before = scene.sent().length
  await scene.cluster.clock.advance(60_000)
  assert.ok(scene.sent().length >= before + 10)
  await scene.leave()
})
