/** Disks and neighbours that fail: a clear line each, nothing acknowledged lost, others go on. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { SimNodeOptions } from '../io/sim.ts'
import { ErrorCode } from '../protocol/errors.ts'
import { produceRequest, produceResponse } from '../protocol/messages/00-produce.ts'
import { listOffsetsRequest, listOffsetsResponse } from '../protocol/messages/02-list-offsets.ts'
import { metadataRequest, metadataResponse } from '../protocol/messages/03-metadata.ts'
import { createTopicsRequest, createTopicsResponse } from '../protocol/messages/19-create-topics.ts'
import { deleteTopicsRequest, deleteTopicsResponse } from '../protocol/messages/20-delete-topics.ts'
import {
  describeLogDirsRequest,
  describeLogDirsResponse,
} from '../protocol/messages/35-describe-log-dirs.ts'
import { batchOf, produceTo, type TestClient, TestNode } from './node.test-support.ts'
import { StartupError } from './startup-error.ts'

/** The one line that a refused start says. */
async function refusal(starting: Promise<unknown>): Promise<string> {
  const error = await starting.then(
    () => assert.fail('it started'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof StartupError, `no StartupError: ${(error as Error).stack}`)
  assert.equal(error.lines.length, 1)
  return error.lines[0]!
}

function valuesOf(records: readonly { readonly value: string | null }[]): (string | null)[] {
  return records.map(({ value }) => value)
}

describe('a start is refused', () => {
  it('on a directory that another process uses', async () => {
    const node = await TestNode.start()
    const other = { listeners: 'PLAINTEXT://:19092,CONTROLLER://:19093' }
    assert.match(
      await refusal(node.restart(other)),
      /^\/data is in use by another process: it holds the lock on \/data\/\.lock$/,
    )
    assert.equal((await (await node.connect()).createTopic('t')).length, 22)
  })

  it('on a port that another process uses, and leaves the directory free', async () => {
    const node = await TestNode.start({ properties: { 'log.dirs': '/one' } })
    const elsewhere = { 'log.dirs': '/two' }
    assert.match(
      await refusal(node.restart(elsewhere)),
      /^listener PLAINTEXT can't use \*:9092: another process listens there/,
    )
    assert.equal(node.machine.disk.stat('/two'), null)
    await node.restart({ listeners: 'PLAINTEXT://:19092,CONTROLLER://:19093' })
  })

  it('for another cluster, another node, or logs of nobody', async () => {
    const node = await TestNode.start({ clusterId: 'clusterclusterclusterA' })
    await (await node.connect()).createTopic('t')
    await node.stop()
    const foreign = new TestNode({ clusterId: 'clusterclusterclusterB' })
    foreign.machine.disk.makeDirectory('/data')
    const content = node.machine.disk.readFile('/data/meta.properties')
    foreign.machine.disk.writeFileAtomic('/data/meta.properties', content)
    assert.match(
      await refusal(foreign.restart()),
      /^Invalid cluster\.id in: \/data\/meta\.properties\. Expected \w+B .* but read \w+A$/,
    )
    assert.match(
      await refusal(node.restart({ 'node.id': '2' })),
      /^Stored node id 1 doesn't match previous node id 2 in \/data\/meta\.properties/,
    )
    await node.restart({ 'node.id': '1' })
    const strange = new TestNode()
    strange.machine.disk.makeDirectory('/data/somebody-0')
    assert.match(await refusal(strange.restart()), /^\/data holds logs \(somebody-0\) but no meta/)
  })

  it('without permission, on a full disk, on a read-only one', async () => {
    const denied = new TestNode()
    denied.machine.volume.inject({ kind: 'write', path: '/data', code: 'EACCES' })
    assert.match(await refusal(denied.restart()), /EACCES.*\/data.*check its owner and permissions/)
    const readOnly = new TestNode()
    readOnly.machine.volume.isReadOnly = true
    assert.match(await refusal(readOnly.restart()), /EROFS.*read-only/)
    for (const capacityBytes of [0, 100, 600, 1000, 1500]) {
      const full = new TestNode({ machine: { disk: { capacityBytes } } })
      assert.match(await refusal(full.restart()), /ENOSPC.*the disk is full/, `${capacityBytes}`)
      full.machine.volume.capacityBytes = 1e9
      full.kill()
      await full.restart()
      await (await full.connect()).createTopic('t')
    }
  })
})

describe('a disk that fills up', () => {
  it('ends a node that has no other; all that was acknowledged is there afterwards', async () => {
    const machine: SimNodeOptions = { disk: { capacityBytes: 60_000 } }
    const node = await TestNode.start({ machine })
    const client = await node.connect()
    await client.createTopic('t')
    const acknowledged: string[] = []
    for (let i = 0; node.fatal === null && i < 200; i++) {
      const value = `${i} ${'x'.repeat(1000)}`
      const answer = await client.produce('t', 0, batchOf([value], node.nowMs)).catch(() => null)
      if (answer?.errorCode === ErrorCode.NONE) acknowledged.push(value)
      else if (answer !== null) assert.equal(answer.errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
    }
    assert.match(node.fatal!.message, /^no log directory is left: ENOSPC/)
    assert.match(node.log.join('\n'), /log directory \/data is offline: ENOSPC/)
    assert.ok(acknowledged.length > 20)
    await assert.rejects(node.connect(), /ECONNREFUSED/)
    node.machine.volume.capacityBytes = 1e9
    node.kill()
    await node.restart()
    const again = await node.connect()
    assert.deepEqual(
      valuesOf(await again.readAll('t', 0)).slice(0, acknowledged.length),
      acknowledged,
    )
    assert.equal((await again.produce('t', 0, batchOf(['more'], node.nowMs))).errorCode, 0)
  })
})

/** Two directories, `/one` with the metadata, and a topic with partitions in both. */
async function withTwoDirectories() {
  const properties = { 'log.dirs': '/one,/two' }
  const node = await TestNode.start({ properties })
  const client = await node.connect()
  await client.createTopic('t', 4)
  const within = (path: string) =>
    [0, 1, 2, 3].filter((index) => node.machine.disk.stat(`${path}/t-${index}`) !== null)
  const [one, two] = [within('/one'), within('/two')]
  assert.ok(one.length === 2 && two.length === 2)
  const produce = async (index: number, value: string) =>
    (await client.produce('t', index, batchOf([value], node.nowMs))).errorCode
  for (const index of [0, 1, 2, 3]) assert.equal(await produce(index, 'before'), 0)
  return { node, client, one, two, produce }
}

/** The error of asking for the offset at a time. */
async function offsetAt(client: TestClient, partitionIndex: number, timestamp: number) {
  const topics = [{ name: 't', partitions: [{ partitionIndex, timestamp }] }]
  const body = { replicaId: -1, topics }
  const answer = await client.call(listOffsetsRequest, listOffsetsResponse, 7, body)
  return answer.topics[0]!.partitions[0]!.errorCode
}

/** Who leads each partition of `t`, as Metadata tells it; -1 for nobody. */
async function leaders(client: TestClient): Promise<number[]> {
  const body = { topics: [{ name: 't' }], allowAutoTopicCreation: false }
  const answer = await client.call(metadataRequest, metadataResponse, 12, body)
  const { partitions } = answer.topics[0]!
  return [...partitions]
    .sort((a, b) => a.partitionIndex - b.partitionIndex)
    .map(({ leaderId }) => leaderId)
}

async function offlineDirectories(client: TestClient): Promise<string[]> {
  const body = { topics: null }
  const answer = await client.call(describeLogDirsRequest, describeLogDirsResponse, 4, body)
  return answer.results
    .filter(({ errorCode }) => errorCode === ErrorCode.KAFKA_STORAGE_ERROR)
    .map(({ logDir }) => logDir)
}

describe('a directory that fails', () => {
  for (const [fault, code] of [
    ['a full disk', 'ENOSPC'],
    ['an error of the device', 'EIO'],
  ] as const) {
    it(`by ${fault}, takes its partitions offline; those elsewhere go on`, async () => {
      const { node, client, one, two, produce } = await withTwoDirectories()
      const heal = node.machine.volume.inject({ kind: 'write', path: '/two', code })
      assert.equal(await produce(two[0]!, 'lost'), ErrorCode.KAFKA_STORAGE_ERROR)
      const offline = [two[0]!, two[1]!]
      for (const index of offline) {
        assert.equal(await produce(index, 'lost'), ErrorCode.KAFKA_STORAGE_ERROR)
        const read = await client.fetch('t', index, 0, { maxWaitMs: 30_000 })
        assert.equal(read.errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
      }
      for (const index of one) {
        assert.equal(await produce(index, 'after'), ErrorCode.NONE)
        assert.deepEqual(valuesOf(await client.readAll('t', index)), ['before', 'after'])
      }
      assert.deepEqual(await offlineDirectories(client), ['/two'])
      assert.match(node.log.join('\n'), new RegExp(`log directory /two is offline: ${code}`))
      await client.createTopic('new', 2)
      await node.world.advance(60_000)
      assert.equal(node.fatal, null)
      assert.deepEqual(
        node.machine.disk.list('/one').filter((name) => name.startsWith('new-')),
        ['new-0', 'new-1'],
      )
      heal()
      await node.stop()
      await node.restart()
      const again = await node.connect()
      for (const index of two) {
        assert.equal((await again.readAll('t', index))[0]?.value, 'before')
        assert.equal((await again.produce('t', index, batchOf(['on'], node.nowMs))).errorCode, 0)
      }
    })
  }

  it('leaves the partitions of a failed directory without a leader until a restart', async () => {
    const { node, client, one, two, produce } = await withTwoDirectories()
    await node.world.advance(5_000)
    const before = await leaders(client)
    assert.ok(before.every((leader) => leader === before[0] && leader !== -1))
    const heal = node.machine.volume.inject({ kind: 'write', path: '/two' })
    await produce(two[0]!, 'lost')
    await node.world.advance(5_000)
    const during = await leaders(client)
    for (const index of one) assert.equal(during[index], before[0])
    for (const index of two) assert.equal(during[index], -1)
    heal()
    await node.stop()
    await node.restart()
    await node.world.advance(5_000)
    assert.deepEqual(await leaders(await node.connect()), before)
  })

  it('when it is read, is offline as well', async () => {
    const { node, one, two } = await withTwoDirectories()
    await node.stop()
    await node.restart()
    const client = await node.connect()
    node.machine.volume.inject({ kind: 'read', path: '/two' })
    const read = await client.fetch('t', two[0]!, 0)
    assert.equal(read.errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
    assert.deepEqual(await offlineDirectories(client), ['/two'])
    assert.equal((await client.readAll('t', one[0]!)).length, 1)
  })

  it('whatever is asked of it first, is what fails and not the node', async () => {
    type Ask = (client: TestClient, index: number) => Promise<number>
    const asks: [string, 'read' | 'write', Ask][] = [
      ['ListOffsets by time', 'read', (client, index) => offsetAt(client, index, 1000)],
      ['ListOffsets of the maximum', 'read', (client, index) => offsetAt(client, index, -3)],
      ['Fetch', 'read', async (client, index) => (await client.fetch('t', index, 0)).errorCode],
      [
        'Fetch of what is committed',
        'read',
        async (client, index) =>
          (await client.fetch('t', index, 0, { isolationLevel: 1 })).errorCode,
      ],
      [
        'Produce',
        'write',
        async (client, index) =>
          (await client.produce('t', index, batchOf(['x'], 1_767_225_600_000))).errorCode,
      ],
    ]
    for (const [name, kind, ask] of asks) {
      const { node, two } = await withTwoDirectories()
      await node.stop()
      await node.restart()
      const client = await node.connect()
      node.machine.volume.inject({ kind, path: '/two' })
      assert.equal(await ask(client, two[0]!), ErrorCode.KAFKA_STORAGE_ERROR, name)
      assert.equal(node.fatal, null, name)
      assert.deepEqual(await offlineDirectories(client), ['/two'], name)
    }
  })

  it('while a topic is deleted, or its space is asked for', async () => {
    const { node, client, one } = await withTwoDirectories()
    await client.createTopic('other', 4)
    const healRead = node.machine.volume.inject({ kind: 'read', path: '/two' })
    assert.deepEqual(await offlineDirectories(client), ['/two'])
    healRead()
    node.machine.volume.inject({ kind: 'write', path: '/two' })
    const body = { topicNames: ['other'], timeoutMs: 1000 }
    const answer = await client.call(deleteTopicsRequest, deleteTopicsResponse, 5, body)
    assert.equal(answer.responses[0]?.errorCode, ErrorCode.NONE)
    await node.world.advance(90_000)
    assert.equal(node.fatal, null)
    assert.deepEqual(await offlineDirectories(client), ['/two'])
    assert.equal((await client.readAll('t', one[0]!)).length, 1)
  })

  it('already at the start, does not keep the others from starting', async () => {
    const { node, one, two } = await withTwoDirectories()
    await node.stop()
    const heal = node.machine.volume.inject({ kind: 'read', path: '/two' })
    await node.restart()
    const client = await node.connect()
    assert.equal((await client.readAll('t', one[0]!)).length, 1)
    const read = await client.fetch('t', two[0]!, 0)
    assert.equal(read.errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
    heal()
    await node.stop()
    await node.restart()
    const again = await node.connect()
    assert.equal((await again.readAll('t', two[0]!)).length, 1)
  })

  it('ends the node where it holds the metadata, and nothing was promised', async () => {
    for (const kind of ['write', 'sync'] as const) {
      const { node, client, two } = await withTwoDirectories()
      const heal = node.machine.volume.inject({ kind, path: '/one' })
      const topic = {
        name: 'never',
        numPartitions: 1,
        replicationFactor: 1,
        assignments: [],
        configs: [],
      }
      const body = { topics: [topic], timeoutMs: 1000 }
      const creating = client.send(createTopicsRequest, createTopicsResponse, 7, body)
      const answer = await node.world.settle(creating.catch(() => null))
      assert.notEqual(answer?.topics[0]?.errorCode, ErrorCode.NONE)
      assert.notEqual(node.fatal, null, kind)
      heal()
      node.kill()
      await node.restart()
      const again = await node.connect()
      const { topics } = await again.call(metadataRequest, metadataResponse, 12, { topics: null })
      assert.ok(topics.some(({ name }) => name === 't'))
      assert.equal((await again.readAll('t', two[0]!)).length, 1)
    }
  })
})

/** Produces to one partition until that fails; returns what was acknowledged. */
async function produceUntilFailure(node: TestNode, index: number, until: () => boolean) {
  const client = await node.dial()
  const acknowledged: string[] = []
  while (!until()) {
    const value = `${acknowledged.length} ${'x'.repeat(node.world.random.int(2000))}`
    const body = produceTo('t', index, batchOf([value], node.nowMs))
    const answer = await client.send(produceRequest, produceResponse, 9, body)
    const { errorCode, baseOffset } = answer.responses[0]!.partitionResponses[0]!
    if (errorCode !== ErrorCode.NONE) {
      assert.equal(errorCode, ErrorCode.KAFKA_STORAGE_ERROR)
      break
    }
    assert.equal(baseOffset, acknowledged.push(value) - 1)
  }
  return acknowledged
}

describe('a second directory that fails at random', () => {
  it('leaves the node alive, and what it acknowledged readable after a restart', async () => {
    for (let seed = 1; seed <= 8; seed++) {
      const properties = { 'log.dirs': '/one,/two' }
      const node = await TestNode.start({ seed, properties })
      const { world } = node
      const configs = { 'internal.segment.bytes': '5000', 'flush.messages': '3' }
      await (await node.connect()).createTopic('t', 4, configs)
      let isOver = false
      const working = [0, 1, 2, 3].map((index) => produceUntilFailure(node, index, () => isOver))
      await world.advance(world.random.float() * 20)
      const kind = (['read', 'write', 'sync'] as const)[world.random.int(3)]!
      const code = ['EIO', 'ENOSPC', 'EROFS'][world.random.int(3)]!
      const times = 1 + world.random.int(4)
      const heal = node.machine.volume.inject({ kind, code, times, path: '/two' })
      await world.advance(30)
      isOver = true
      const acknowledged = await world.settle(Promise.all(working))
      const at = `seed ${seed}: ${kind} ${code}`
      assert.equal(node.fatal, null, at)
      heal()
      if (world.random.chance(0.5)) node.kill()
      else await node.stop()
      await node.restart()
      const client = await node.connect()
      for (const [index, values] of acknowledged.entries()) {
        const found = valuesOf(await client.readAll('t', index))
        assert.deepEqual(found.slice(0, values.length), values, `${at}, partition ${index}`)
      }
    }
  })
})
