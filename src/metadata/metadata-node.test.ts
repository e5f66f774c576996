/** The whole of a node's metadata on a simulated disk: start, commit, crash, snapshot, restart. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { utf8Bytes, utf8Text } from '../base/bytes.ts'
import { Prng } from '../base/prng.ts'
import { type SimNode, simIo } from '../io/sim.ts'
import { ErrorCode } from '../protocol/errors.ts'
import { MemoryLog } from '../raft/memory-log.test-support.ts'
import { type Voter, VoterSet } from '../raft/quorum.ts'
import { batchSizeBytes, isControl } from '../records/batch.ts'
import { OpType } from './controller/config-operations.ts'
import { CLUSTER_ID, configValidator, directoryOf } from './controller/test-cluster.test-support.ts'
import type { MetadataDelta } from './delta.ts'
import { bootstrapFeatureLevels, bootstrapRecords, votersCheckpoint } from './format.ts'
import type { MetadataImage } from './image.ts'
import { MetadataNode, type MetadataNodeOptions } from './metadata-node.ts'
import { allFeatureRanges } from './metadata-version.ts'

const DIRECTORY = '/data/__cluster_metadata-0'
const FIRST_SNAPSHOT = `${DIRECTORY}/00000000000000000000-0000000000.checkpoint`

const LOCAL: Voter = {
  id: 1,
  directoryId: directoryOf(1),
  endpoints: [{ name: 'CONTROLLER', host: 'localhost', port: 9093 }],
  kraftVersions: { min: 0, max: 1 },
}

/** A machine with the log of a metadata node, which outlives the node. */
class Machine {
  readonly io: SimNode
  log = new MemoryLog()
  readonly deltas: MetadataDelta[] = []
  readonly failures: string[] = []
  wakes = 0

  constructor(format: 'dynamic' | 'static' = 'dynamic') {
    this.io = simIo(1)
    const { disk } = this.io
    disk.makeDirectory('/data')
    disk.makeDirectory(DIRECTORY)
    disk.syncDirectory('/')
    disk.syncDirectory('/data')
    if (format === 'static') return
    disk.writeFileAtomic(FIRST_SNAPSHOT, votersCheckpoint([LOCAL], this.io.clock.nowMs()))
  }

  open(changes: Partial<MetadataNodeOptions> = {}, raft: object = {}): Promise<MetadataNode> {
    const { disk, clock } = this.io
    const levels = bootstrapFeatureLevels(new Map(), allFeatureRanges(), true)
    assert.ok(typeof levels !== 'string')
    return MetadataNode.open({
      raft: {
        disk,
        clock,
        log: this.log,
        directory: DIRECTORY,
        local: LOCAL,
        staticVoters: VoterSet.EMPTY,
        electionTimeoutMs: 1000,
        fetchTimeoutMs: 2000,
        random: new Prng(1),
        onFailure: (error) => this.failures.push(error.message),
        ...raft,
      },
      settings: {
        nodeId: 1,
        clusterId: CLUSTER_ID,
        defaultPartitionCount: 1,
        defaultReplicationFactor: 1,
        deleteTopicEnable: true,
        brokerSessionTimeoutMs: 9000,
        maxIdleIntervalMs: 500,
        leaderImbalanceCheckIntervalMs: 0,
        uncleanElectionIntervalMs: 0,
        supportedFeatures: allFeatureRanges(),
        minInSyncReplicas: 1,
      },
      configValidator,
      random: this.io.random,
      bootstrap: bootstrapRecords(levels),
      snapshots: { maxBytesBetween: 1e9, maxIntervalMs: 0, retentionBytes: -1, retentionMs: -1 },
      onDelta: (delta) => this.deltas.push(delta),
      onWake: () => this.wakes++,
      ...changes,
    })
  }

  /** The power fails; what was not flushed is gone. */
  crash(): void {
    this.io.crash('lose')
    this.log = this.log.crashed()
  }
}

function recordsOf(image: MetadataImage): string[] {
  return Array.from(image.records(), ({ message, value }) => message.name + JSON.stringify(value))
}

function createTopic(node: MetadataNode, name: string, done: (code: number) => void): void {
  const topic = { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
  node.submit(
    (controller) =>
      controller.createTopics({ topics: [topic], timeoutMs: 1000, validateOnly: false }, 7, 0),
    (response) => done(response.topics[0]!.errorCode),
  )
}

function startBroker(node: MetadataNode, run = 1): void {
  const features = Array.from(allFeatureRanges(), ([name, { min, max }]) => ({
    name,
    minSupportedVersion: min,
    maxSupportedVersion: max,
  }))
  const request = {
    brokerId: 1,
    clusterId: CLUSTER_ID,
    incarnationId: `run${run}`.padEnd(21, 'x').concat('A'),
    listeners: [],
    features,
    rack: null,
    isMigratingZkBroker: false,
    logDirs: [directoryOf(1)],
    previousBrokerEpoch: -1,
  }
  let brokerEpoch = -1
  node.submit(
    (controller) => controller.registerBroker(request, 4, 0),
    (response) => {
      brokerEpoch = response.brokerEpoch!
    },
  )
  node.flushNow()
  const heartbeat = {
    brokerId: 1,
    brokerEpoch,
    currentMetadataOffset: node.highWatermark - 1,
    wantFence: false,
    wantShutDown: false,
    offlineLogDirs: [],
    cordonedLogDirs: null,
  }
  node.submit(
    (controller) => controller.brokerHeartbeat(heartbeat, 1, 0),
    ({ errorCode }) => assert.equal(errorCode, ErrorCode.NONE),
  )
  node.flushNow()
}

test('a formatted node leads its quorum and has the features of a new cluster', async () => {
  const machine = new Machine()
  const node = await machine.open()
  assert.deepEqual([node.leaderId, node.leaderEpoch], [1, 1])
  assert.equal(node.image.features.metadataVersion, 30)
  assert.equal(node.image.configs.cluster.get('min.insync.replicas'), '1')
  assert.deepEqual(
    node.image.features.finalized().find(({ name }) => name === 'kraft.version'),
    { name: 'kraft.version', level: 1 },
  )
  const state = utf8Text(machine.io.disk.readFile(`${DIRECTORY}/quorum-state`))
  assert.equal(
    state,
    '{"leaderId":1,"leaderEpoch":1,"votedId":-1,' +
      '"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1}',
  )
  // Epoch start with the voters, then the bootstrap records in a transaction.
  assert.deepEqual(
    machine.log.batches.map((bytes) => isControl(bytes, 0)),
    [true, false],
  )
})

test('a static quorum of one has kraft.version 0, and keeps it until it is raised', async () => {
  const machine = new Machine('static')
  const staticVoters = new VoterSet([{ ...LOCAL, directoryId: 'AAAAAAAAAAAAAAAAAAAAAA' }])
  const node = await machine.open({}, { staticVoters })
  assert.deepEqual(
    node.image.features.finalized().find(({ name }) => name === 'kraft.version'),
    undefined,
  )
  const state = JSON.parse(utf8Text(machine.io.disk.readFile(`${DIRECTORY}/quorum-state`)))
  assert.deepEqual([state.data_version, state.currentVoters], [0, [{ voterId: 1 }]])
  const update = { feature: 'kraft.version', maxVersionLevel: 1, upgradeType: 1 }
  const featureUpdates = [{ ...update, allowDowngrade: false }]
  const codes: number[] = []
  node.submit(
    (controller) =>
      controller.updateFeatures({ timeoutMs: 1, featureUpdates, validateOnly: false }, 2, 0),
    ({ errorCode }) => codes.push(errorCode),
  )
  node.flushNow()
  assert.deepEqual(codes, [ErrorCode.NONE])
  assert.ok(machine.deltas.some(({ featuresChanged }) => featuresChanged.has('kraft.version')))
  node.close()
  // The static voters are not asked any more.
  const again = await machine.open({}, { staticVoters })
  assert.ok(again.image.features.finalized().some(({ name }) => name === 'kraft.version'))
  const { topics } = again.describeQuorum(
    {
      topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
    },
    2,
  )
  assert.equal(topics[0]?.partitions[0]?.currentVoters[0]?.replicaDirectoryId, directoryOf(1))
})

test('an answer waits for the disk, and comes after word of what changed', async () => {
  const machine = new Machine()
  const events: string[] = []
  const node = await machine.open({
    onDelta: ({ topicsCreated }) => {
      for (const { name } of topicsCreated) events.push(`created ${name}`)
    },
    onWake: () => events.push('wake'),
  })
  startBroker(node)
  events.length = 0
  createTopic(node, 'a', (code) => events.push(`answer ${code}`))
  createTopic(node, 'a', (code) => events.push(`answer ${code}`))
  node.whenCommitted(() => events.push('read'))
  assert.equal(events.length, 0)
  node.flush()
  createTopic(node, 'b', (code) => events.push(`answer ${code}`))
  node.flush()
  await machine.io.simulation.advance(0)
  assert.deepEqual(events, [
    'created a',
    'answer 0',
    'answer 36',
    'read',
    'wake',
    'created b',
    'answer 0',
    'wake',
  ])
  let isRead = false
  node.whenCommitted(() => {
    isRead = true
  })
  assert.ok(isRead)
})

test('what was answered survives a power cut; what was not is not there', async () => {
  const machine = new Machine()
  const node = await machine.open()
  startBroker(node)
  createTopic(node, 'kept', () => {})
  node.flushNow()
  createTopic(node, 'lost', () => assert.fail('never committed'))
  machine.crash()
  const again = await machine.open()
  assert.deepEqual([...again.image.topics.byName.keys()], ['kept'])
  assert.equal(again.leaderEpoch, 2)
  // A broker of this process need not wait for the session of the one that died.
  startBroker(again, 2)
  assert.equal(again.image.cluster.isActive(1), true)
})

test('snapshots are written by size, and the log before them is let go', async () => {
  const machine = new Machine()
  const snapshots = {
    maxBytesBetween: 2000,
    maxIntervalMs: 0,
    retentionBytes: 8000,
    retentionMs: -1,
  }
  const node = await machine.open({ snapshots })
  startBroker(node)
  for (let i = 0; i < 100; i++) {
    createTopic(node, `topic-${i}`, (code) => assert.equal(code, 0))
    node.flushNow()
  }
  const names = machine.io.disk.list(DIRECTORY).filter((name) => name.endsWith('.checkpoint'))
  assert.ok(names.length >= 1 && names.length <= 5, names.join(' '))
  assert.ok(machine.log.logStartOffset > 0)
  const before = recordsOf(node.image)
  machine.crash()
  const again = await machine.open({ snapshots })
  assert.deepEqual(recordsOf(again.image).sort(), before.sort())
  assert.equal(again.writeSnapshot(), true)
  assert.equal(again.writeSnapshot(), false)
})

test('a snapshot in the making is not taken for one', async () => {
  const machine = new Machine()
  const { disk } = machine.io
  const partial = `${DIRECTORY}/00000000000000000099-0000000001.checkpoint.part`
  disk.writeFileAtomic(partial, utf8Bytes('half'))
  await machine.open()
  assert.equal(disk.stat(partial), null)
})

test('a decision that does not fit into one batch is a metadata transaction', async () => {
  const machine = new Machine()
  const node = await machine.open()
  const value = 'x'.repeat(32_000)
  const resources = Array.from({ length: 300 }, (_, i) => ({
    resourceType: 32,
    resourceName: `group-${i}`,
    configs: [{ name: 'anything', value, configOperation: OpType.SET }],
  }))
  node.submit(
    (controller) => controller.incrementalAlterConfigs({ resources, validateOnly: false }, 1, 0),
    ({ responses }) => assert.ok(responses.every(({ errorCode }) => errorCode === 0)),
  )
  node.flushNow()
  const sizes = machine.log.batches.map((bytes) => batchSizeBytes(bytes, 0))
  assert.ok(sizes.filter((size) => size > 1_000_000).length >= 2)
  assert.ok(sizes.every((size) => size <= 8 * 1024 * 1024))
  const again = await machine.open()
  assert.equal(again.image.configs.resources(32).size, 300)
})

test('a disk that fails is told, and nothing is committed any more', async () => {
  const machine = new Machine()
  const node = await machine.open()
  machine.log.failure = new Error('EIO')
  createTopic(node, 'a', () => {})
  node.expire(machine.io.clock.nowMs() + 500)
  node.flush()
  await machine.io.simulation.advance(0)
  assert.deepEqual(machine.failures, ['EIO'])
  // A sync that succeeds after one that failed proves nothing.
  machine.log.failure = null
  const { highWatermark } = node
  node.flush()
  node.flushNow()
  await machine.io.simulation.advance(0)
  assert.equal(node.highWatermark, highWatermark)
})

test('a node that can not be the quorum says why', async () => {
  const voter = (id: number): Voter => ({ ...LOCAL, id, directoryId: directoryOf(id) })
  const fresh = new Machine('static')
  await assert.rejects(fresh.open(), /has no voters: set controller.quorum.voters, or format/)
  const staticVoters = new VoterSet([voter(2)])
  await assert.rejects(fresh.open({}, { staticVoters }), /node 1 .* is not among the voters/)
  const three = new VoterSet([voter(1), voter(2), voter(3)])
  await assert.rejects(
    fresh.open({}, { staticVoters: three }),
    /has the voters 1, 2, 3; more than one is not supported yet/,
  )
  const moved = new Machine()
  const local = { ...LOCAL, directoryId: directoryOf(8) }
  await assert.rejects(moved.open({}, { local }), /is not among the voters/)
})

test('files that can not be read are named', async () => {
  const state = new Machine()
  state.io.disk.writeFileAtomic(`${DIRECTORY}/quorum-state`, utf8Bytes('{"leaderId":"x"}'))
  await assert.rejects(state.open(), /quorum-state is damaged: its data_version is undefined/)
  const snapshot = new Machine()
  snapshot.io.disk.writeFileAtomic(FIRST_SNAPSHOT, utf8Bytes('nonsense'))
  await assert.rejects(snapshot.open(), /\.checkpoint is damaged: it ends within/)
})

test('DescribeQuorum is answered for the metadata partition only', async () => {
  const machine = new Machine()
  const node = await machine.open()
  const ask = (topicName: string, partitionIndex = 0) =>
    node.describeQuorum({ topics: [{ topicName, partitions: [{ partitionIndex }] }] }, 2).topics[0]!
      .partitions[0]!
  const known = ask('__cluster_metadata')
  assert.deepEqual(
    [known.errorCode, known.leaderId, known.leaderEpoch, known.highWatermark],
    [ErrorCode.NONE, 1, 1, node.highWatermark],
  )
  assert.equal(known.currentVoters[0]?.logEndOffset, node.highWatermark)
  assert.equal(ask('other').errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  assert.equal(ask('__cluster_metadata', 1).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
})

test('whatever is done, restarts and snapshots change nothing', async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('create' as const), topic: fc.nat(6) }),
    fc.record({ do: fc.constant('delete' as const), topic: fc.nat(6) }),
    fc.record({ do: fc.constant('config' as const), topic: fc.nat(6) }),
    fc.record({ do: fc.constant('snapshot' as const), topic: fc.constant(0) }),
    fc.record({ do: fc.constant('crash' as const), topic: fc.constant(0) }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const machine = new Machine()
      let node = await machine.open()
      startBroker(node)
      for (const { do: what, topic } of steps) {
        if (what === 'create') createTopic(node, `t${topic}`, () => {})
        else if (what === 'delete') deleteTopic(node, `t${topic}`)
        else if (what === 'config') setConfig(node, `t${topic}`)
        node.flushNow()
        if (what === 'snapshot') node.writeSnapshot()
        if (what !== 'crash') continue
        const before = recordsOf(node.image).sort()
        machine.crash()
        node = await machine.open()
        assert.deepEqual(recordsOf(node.image).sort(), before)
      }
    }),
    { numRuns: 30 },
  )
})

function deleteTopic(node: MetadataNode, name: string): void {
  node.submit(
    (controller) => controller.deleteTopics({ topics: [], topicNames: [name], timeoutMs: 1 }, 5, 0),
    () => {},
  )
}

function setConfig(node: MetadataNode, resourceName: string): void {
  const configs = [{ name: 'retention.ms', value: '7', configOperation: OpType.SET }]
  const resources = [{ resourceType: 2, resourceName, configs }]
  node.submit(
    (controller) => controller.incrementalAlterConfigs({ resources, validateOnly: false }, 1, 0),
    () => {},
  )
}
