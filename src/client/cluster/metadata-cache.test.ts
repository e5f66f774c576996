/** What is known of topics, and when it is asked for. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ZERO_UUID } from '../../base/uuid.ts'
import { metadataRequest, metadataResponse } from '../../protocol/messages/03-metadata.ts'
import { KafkaError } from '../kafka-error.ts'
import {
  brokersAt,
  PORT,
  type Scripted,
  SILENCE,
  scripted,
} from './scripted-broker.test-support.ts'

const ID = 'AAAAAAAAAAAAAAAAAAAABA'
const OTHER_ID = 'AAAAAAAAAAAAAAAAAAAACA'

interface Partition {
  readonly leaderId?: number
  readonly leaderEpoch?: number
  readonly partitionIndex?: number
}

function topic(name: string, partitions: readonly Partition[] = [{}], own: object = {}) {
  const made = partitions.map((partition, partitionIndex) => ({
    errorCode: 0,
    partitionIndex,
    leaderId: 1,
    leaderEpoch: 0,
    replicaNodes: [1],
    isrNodes: [1],
    offlineReplicas: [],
    ...partition,
  }))
  return { name, topicId: ID, errorCode: 0, isInternal: false, partitions: made, ...own }
}

const missing = (name: string, errorCode: number) =>
  topic(name, [], { errorCode, topicId: undefined })

/** Answers with these topics, those that are asked for. */
function has({ broker }: Scripted, topics: readonly ReturnType<typeof topic>[]): void {
  broker.on(metadataRequest, ({ topics: asked }) => {
    const names = asked?.map(({ name }) => name) ?? topics.map(({ name }) => name)
    const found = names.map((name) => topics.find((each) => each.name === name))
    return brokersAt(
      { 1: 'b1' },
      found.map((each, i) => each ?? missing(names[i]!, 3)),
    )
  })
}

function asked({ broker }: Scripted): (string[] | null)[] {
  return broker.of(metadataRequest).map(({ body }) => {
    return body.topics?.map(({ name }: { name: string }) => name) ?? null
  })
}

function failing(promise: Promise<unknown>): Promise<KafkaError> {
  return promise.then(
    () => assert.fail('it resolved'),
    (error) => {
      assert.ok(error instanceof KafkaError, `${error}`)
      return error
    },
  )
}

describe('metadata', () => {
  it('are one request for all who ask at the same time', async () => {
    const test = await scripted()
    has(test, [topic('a'), topic('b')])
    const { metadata } = test.cluster
    const all = [
      metadata.refresh(test.deadline()),
      metadata.ensure('a', test.deadline()),
      metadata.ensure('b', test.deadline()),
      metadata.ensure('a', test.deadline()),
      metadata.refresh(test.deadline()),
    ]
    await test.settle(Promise.all(all))
    assert.deepEqual(asked(test), [['a', 'b']])
    await test.settle(metadata.ensure('a', test.deadline()))
    assert.equal(asked(test).length, 1, 'what is known is not asked for')
    assert.equal(metadata.topicById(ID)?.id, ID)
  })

  it('are asked for again by who asked while a request was under way', async () => {
    const test = await scripted()
    test.broker.on(metadataRequest, () => SILENCE)
    const { metadata } = test.cluster
    const first = metadata.refresh(test.deadline())
    await test.world.advance(100)
    const later = [metadata.ensure('a', test.deadline()), metadata.refresh(test.deadline())]
    has(test, [topic('a')])
    await test.world.advance(100)
    assert.equal(asked(test).length, 1)
    test.broker.answer(
      test.broker.of(metadataRequest)[0]!,
      metadataResponse,
      brokersAt({ 1: 'b1' }),
    )
    await test.settle(Promise.all([first, ...later]))
    assert.deepEqual(asked(test), [[], ['a']])
  })

  it('refuse a topic that does not exist, or wait until it does', async () => {
    const test = await scripted()
    has(test, [missing('denied', 29)])
    const { metadata } = test.cluster
    const unknown = await test.settle(failing(metadata.ensure('none', test.deadline())))
    assert.equal(unknown.code, 'UNKNOWN_TOPIC_OR_PARTITION')
    assert.equal(unknown.topic, 'none')
    const denied = await test.settle(failing(metadata.ensure('denied', test.deadline(), true)))
    assert.equal(denied.code, 'TOPIC_AUTHORIZATION_FAILED')
    const inTime = failing(metadata.ensure('none', test.deadline(3000), true))
    const error = await test.settle(inTime)
    assert.equal(error.code, 'TIMED_OUT')
    assert.equal((error.cause as KafkaError).code, 'UNKNOWN_TOPIC_OR_PARTITION')
    const made = metadata.ensure('none', test.deadline(), true)
    const rest = metadata.ensure('late', test.deadline(), true)
    await test.world.advance(2000)
    has(test, [topic('none'), topic('late', [{ leaderId: -1 }])])
    assert.equal((await test.settle(made)).name, 'none')
    assert.equal((await test.settle(rest)).partitions[0]!.leader, -1)
    const flags = new Set(
      test.broker
        .of(metadataRequest)
        .filter(({ body }) => body.allowAutoTopicCreation)
        .flatMap(({ body }) => body.topics.map(({ name }: { name: string }) => name)),
    )
    assert.deepEqual([...flags].sort(), ['denied', 'late', 'none'])
    const [first] = test.broker.of(metadataRequest)
    assert.equal(first!.body.allowAutoTopicCreation, false)
  })

  it('never go back to an older epoch, unless the topic was made anew', async () => {
    const test = await scripted()
    const { metadata } = test.cluster
    const seen = () => metadata.topic('a')!.partitions.map(({ leaderEpoch }) => leaderEpoch)
    const fetch = async (partitions: readonly Partition[], own: object = {}) => {
      has(test, [topic('a', partitions, own)])
      await test.settle(metadata.refresh(test.deadline()))
      return seen()
    }
    has(test, [topic('a', [{ leaderEpoch: 5 }, { leaderEpoch: 7 }])])
    await test.settle(metadata.ensure('a', test.deadline()))
    assert.deepEqual(await fetch([{ leaderEpoch: 6 }, { leaderEpoch: 6 }]), [6, 7])
    metadata.learnLeader('a', 0, 2, 6)
    assert.equal(metadata.topic('a')!.partitions[0]!.leader, 1, 'not newer')
    metadata.learnLeader('a', 0, 2, 9, { id: 2, host: 'b2', port: PORT, rack: null })
    assert.equal(metadata.topic('a')!.partitions[0]!.leader, 2)
    assert.equal(metadata.brokers.get(2)?.host, 'b2')
    metadata.learnLeader('a', 9, 2, 99)
    metadata.learnLeader('unknown', 0, 2, 99)
    assert.deepEqual(await fetch([{ leaderEpoch: 8 }, { leaderEpoch: 8 }]), [9, 8])
    assert.deepEqual(await fetch([{ leaderEpoch: 0 }], { topicId: OTHER_ID }), [0])
    assert.equal(metadata.topicById(ID), undefined)
    assert.equal(metadata.topicById(OTHER_ID)?.name, 'a')
  })

  it('of brokers that are too old for ids know topics by name only', async () => {
    const test = await scripted()
    has(test, [topic('a', [{}], { topicId: ZERO_UUID }), topic('b', [{}], { topicId: ZERO_UUID })])
    const { metadata } = test.cluster
    for (const name of ['a', 'b']) await test.settle(metadata.ensure(name, test.deadline()))
    assert.equal(metadata.topicById(ZERO_UUID), undefined)
    assert.equal(metadata.topic('a')?.name, 'a')
  })

  it('count up and tell when they change, and only then', async () => {
    const test = await scripted()
    const { metadata } = test.cluster
    const versions: number[] = []
    const stop = metadata.onChange(() => versions.push(metadata.version))
    has(test, [topic('a')])
    await test.settle(metadata.ensure('a', test.deadline()))
    const known = metadata.topic('a')
    await test.settle(metadata.refresh(test.deadline()))
    assert.equal(versions.length, 1)
    assert.equal(metadata.topic('a'), known)
    has(test, [])
    await test.settle(metadata.refresh(test.deadline()))
    assert.equal(metadata.topic('a'), undefined, 'deleted')
    assert.equal(versions.length, 2)
    stop()
    metadata.learnBroker({ id: 9, host: 'b9', port: PORT, rack: null })
    assert.equal(versions.length, 2)
  })

  it('are asked for by age while someone uses them, and not when nobody does', async () => {
    const test = await scripted({ metadataMaxAgeMs: 60_000, connectionsMaxIdleMs: 1_000_000 })
    const { metadata } = test.cluster
    has(test, [topic('watched'), topic('used'), topic('forgotten')])
    const owner = {}
    metadata.watch(owner, ['watched'])
    await test.settle(metadata.ensure('used', test.deadline()))
    await test.settle(metadata.ensure('forgotten', test.deadline()))
    await test.world.advance(1000)
    const before = asked(test).length
    for (let minute = 0; minute < 5; minute++) {
      metadata.topic('used')
      await test.world.advance(60_000)
    }
    const byAge = asked(test).slice(before)
    assert.equal(byAge.length, 5)
    assert.deepEqual(byAge.at(-1)!.sort(), ['used', 'watched'])
    metadata.watch(owner, [])
    await test.world.advance(600_000)
    const quiet = asked(test).length
    await test.world.advance(600_000)
    assert.equal(asked(test).length, quiet)
  })

  it('are asked for soon when they are stale, with growing pauses', async () => {
    const test = await scripted()
    const { metadata } = test.cluster
    has(test, [topic('a')])
    await test.settle(metadata.ensure('a', test.deadline()))
    const before = asked(test).length
    metadata.markStale()
    metadata.markStale()
    await test.world.advance(1000)
    assert.equal(asked(test).length, before + 1)
    has(test, [topic('a', [{ leaderId: -1, leaderEpoch: 1 }])])
    metadata.markStale()
    await test.world.advance(20_000)
    const times = test.broker
      .of(metadataRequest)
      .slice(before + 1)
      .map(({ atMs }) => atMs)
    const pauses = times.slice(1).map((atMs, i) => atMs - times[i]!)
    for (const [i, pauseMs] of pauses.entries()) {
      const expected = Math.min(1000, 100 * 2 ** i)
      assert.ok(pauseMs > expected * 0.79 && pauseMs < expected * 1.21 + 3, `${i}: ${pauseMs}`)
    }
    assert.ok(pauses.length > 15)
    has(test, [topic('a', [{ leaderEpoch: 2 }])])
    await test.world.advance(2000)
    const settled = asked(test).length
    await test.world.advance(20_000)
    assert.equal(asked(test).length, settled)
  })

  it('of all topics are known to who watches all, and topics that are gone are forgotten', async () => {
    const test = await scripted()
    const { metadata } = test.cluster
    has(test, [topic('a'), topic('b')])
    const owner = {}
    metadata.watch(owner, 'all')
    await test.world.advance(1000)
    assert.deepEqual([...metadata.names()].sort(), ['a', 'b'])
    has(test, [topic('b'), topic('c')])
    await test.settle(metadata.refresh(test.deadline()))
    assert.deepEqual([...metadata.names()].sort(), ['b', 'c'])
    assert.deepEqual(asked(test).at(-1), null)
    metadata.watch(owner, ['b'])
    await test.settle(metadata.refresh(test.deadline()))
    assert.deepEqual(asked(test).at(-1)!.sort(), ['b', 'c'])
  })

  it('come from another broker when one does not answer, and are worth trying again', async () => {
    const test = await scripted({ hosts: 2, requestTimeoutMs: 3000 })
    await test.settle(test.cluster.metadata.refresh(test.deadline()))
    test.broker.on(metadataRequest, () => SILENCE)
    test.world.network.breakConnections('b1')
    await test.world.advance(10)
    test.broker.stopListening()
    await test.settle(test.cluster.metadata.refresh(test.deadline()))
    assert.ok(test.brokers[1]!.of(metadataRequest).length > 0)
  })
})
