/** Brokers, controllers, features, disks and placement, by our administrator's client. */
import assert from 'node:assert/strict'
import {
  type AdminFixture,
  adminFixture,
  eventually,
  rejectsWith,
  squeezed,
  whereServed,
} from '../admin-fixture.ts'
import type { Check } from '../check.ts'

const NO_SUCH_DIRECTORY = 'AAAAAAAAAAAAAAAAAAAAZQ'

export const clusterAdmins: readonly Check[] = [
  {
    name: 'client-admin-cluster',
    needs: ['java'],
    run: async (context) => {
      const fixture = adminFixture(context)
      await nodes(fixture)
      await featureLevels(fixture)
      await quorum(fixture)
    },
  },
  {
    name: 'client-admin-replicas',
    needs: ['java'],
    run: async (context) => {
      const fixture = adminFixture(context)
      await fixture.admin.createTopics([{ name: context.topic, numPartitions: 2 }])
      await disks(fixture)
      await placement(fixture)
      await fixture.admin.deleteTopics([context.topic])
    },
  },
]

async function nodes({ context, admin }: AdminFixture): Promise<void> {
  const cluster = await admin.describeCluster({ includeAuthorizedOperations: true })
  assert.equal(cluster.clusterId, context.server.clusterId)
  assert.equal(cluster.controllerId, 1)
  const port = Number(context.server.bootstrap.split(':')[1])
  const node = { id: 1, host: '127.0.0.1', port, rack: null, isFenced: false }
  assert.deepEqual(cluster.brokers, [node])
  assert.ok(cluster.authorizedOperations?.includes('ALTER_CONFIGS'))
  const all = await admin.describeCluster({ includeFencedBrokers: true })
  assert.deepEqual(all.brokers, [node])
  assert.equal(all.authorizedOperations, null)
  // A broker's listener does not tell of controllers.
  await rejectsWith('MISMATCHED_ENDPOINT_TYPE', () => {
    return admin.describeCluster({ endpoints: 'controllers' })
  })
  await rejectsWith('BROKER_ID_NOT_REGISTERED', () => admin.unregisterBroker(77))
}

async function featureLevels({ context, admin }: AdminFixture): Promise<void> {
  const features = await admin.describeFeatures()
  assert.ok(features.finalizedEpoch !== null && features.finalizedEpoch >= 0)
  assert.deepEqual(await admin.describeFeatures({ brokerId: 1 }), features)
  const tool = ['--bootstrap-server', context.server.bootstrap, 'describe']
  const theirs = squeezed(await context.jvm.output('kafka-features', tool)).map((line) => {
    const [, name, level] = /^Feature: (\S+).*FinalizedVersionLevel: (\S+)/.exec(line) ?? []
    return `${name} ${level}`
  })
  assert.ok(theirs.length > 2)
  for (const line of theirs) {
    const [name, level] = line.split(' ')
    const { max } = features.finalized.get(name!) ?? { max: 0 }
    // metadata.version is printed by the release's name.
    if (/^\d+$/.test(level!)) assert.equal(String(max), level, line)
    else assert.ok(max > 0, line)
  }
  const dry = { validateOnly: true }
  const { max: level } = features.finalized.get('metadata.version')!
  const same = [{ feature: 'metadata.version', maxLevel: level }]
  assert.equal((await admin.updateFeatures(same, dry)).ok, true)
  const far = [{ feature: 'metadata.version', maxLevel: 9999 }]
  await rejectsWith('INVALID_UPDATE_VERSION', () => admin.updateFeatures(far, dry))
}

async function quorum({ context, admin }: AdminFixture): Promise<void> {
  const description = await admin.describeMetadataQuorum()
  const { leaderId, leaderEpoch, voters, observers } = description
  assert.equal(leaderId, 1)
  assert.ok(description.highWatermark > 0)
  assert.deepEqual([voters.map(({ replicaId }) => replicaId), observers], [[1], []])
  assert.equal(description.nodes.get(1)?.[0]?.listener, 'CONTROLLER')
  const tool = ['--bootstrap-server', context.server.bootstrap, 'describe', '--status']
  const theirs = squeezed(await context.jvm.output('kafka-metadata-quorum', tool))
  assert.ok(theirs.includes(`LeaderId: ${leaderId}`), theirs.join('\n'))
  assert.ok(theirs.includes(`LeaderEpoch: ${leaderEpoch}`), theirs.join('\n'))
  const voter = theirs.find((line) => line.startsWith('CurrentVoters:'))
  assert.ok(voter?.includes(voters[0]!.directoryId), voter)
}

async function disks(fixture: AdminFixture): Promise<void> {
  const { context, admin } = fixture
  const { topic, server } = context
  const empty = { topic, sizeBytes: 0, offsetLag: 0, isFuture: false }
  await eventually(async () => {
    const directories = (await admin.describeLogDirs([1])).get(1)
    const found = directories.get(server.dataDirectory)
    assert.ok(found, [...directories.keys()].join())
    assert.equal(found.error, null)
    assert.ok(found.totalBytes! > 0 && found.usableBytes! > 0)
    const own = found.replicas.filter((one) => one.topic === topic)
    assert.deepEqual(
      own.sort((one, other) => one.partition - other.partition),
      [
        { ...empty, partition: 0 },
        { ...empty, partition: 1 },
      ],
    )
  })
  const tool = ['--bootstrap-server', server.bootstrap, '--describe', '--topic-list', topic]
  const output = await context.jvm.output('kafka-log-dirs', tool)
  const json = JSON.parse(output.split('\n').find((line) => line.startsWith('{'))!)
  const theirs = json.brokers[0].logDirs[0]
  assert.equal(theirs.logDir, server.dataDirectory)
  assert.deepEqual(
    theirs.partitions.map(({ partition }: { partition: string }) => partition).sort(),
    [`${topic}-0`, `${topic}-1`],
  )
  const replica = { topic, partition: 0, brokerId: 1 }
  const absent = { topic: `${topic}-none`, partition: 0, brokerId: 1 }
  const places = await admin.describeReplicaLogDirs([replica, absent])
  assert.equal(places.get(replica).currentLogDir, server.dataDirectory)
  assert.deepEqual(places.get(absent), {
    ...{ currentLogDir: null, currentOffsetLag: -1 },
    ...{ futureLogDir: null, futureOffsetLag: -1 },
  })
  const move = () => admin.alterReplicaLogDirs([{ ...replica, logDir: '/nowhere' }])
  await whereServed(fixture, [34], move, async () => {
    await rejectsWith('LOG_DIR_NOT_FOUND', move)
    const stay = [{ ...replica, logDir: server.dataDirectory }]
    assert.equal((await admin.alterReplicaLogDirs(stay)).ok, true)
  })
}

async function placement(fixture: AdminFixture): Promise<void> {
  const { context, admin } = fixture
  const { topic } = context
  const partition = { topic, partition: 0 }
  const elected = await admin.electLeaders('preferred', [partition, { topic, partition: 9 }])
  await rejectsWith('ELECTION_NOT_NEEDED', async () => elected.get(partition))
  await rejectsWith('UNKNOWN_TOPIC_OR_PARTITION', async () => elected.get({ topic, partition: 9 }))
  assert.equal((await admin.electLeaders('unclean', null)).ok, true)

  const list = () => admin.listPartitionReassignments(null)
  await whereServed(fixture, [46, 45], list, async () => {
    assert.deepEqual(await list(), [])
    assert.deepEqual(await admin.listPartitionReassignments([partition]), [])
    const altered = await admin.alterPartitionReassignments([
      { ...partition, replicas: [1] },
      { topic, partition: 1, replicas: [9] },
      { topic: `${topic}-none`, partition: 0, replicas: null },
    ])
    assert.equal(altered.outcome(partition)?.ok, true)
    assert.deepEqual(
      altered.failures().map(([key, { code }]) => `${key.topic}-${key.partition} ${code}`),
      [`${topic}-1 INVALID_REPLICA_ASSIGNMENT`, `${topic}-none-0 UNKNOWN_TOPIC_OR_PARTITION`],
    )
    await rejectsWith('NO_REASSIGNMENT_IN_PROGRESS', () => {
      return admin.alterPartitionReassignments([{ ...partition, replicas: null }])
    })
    const keep = { allowReplicationFactorChange: false }
    const reassigned = [{ ...partition, replicas: [1] }]
    assert.equal((await admin.alterPartitionReassignments(reassigned, keep)).ok, true)
  })
  await voters(fixture)
}

/** A controller that there is not can neither join the quorum nor leave it. */
async function voters(fixture: AdminFixture): Promise<void> {
  const { admin } = fixture
  const endpoints = [{ listener: 'CONTROLLER', host: '127.0.0.1', port: 1 }]
  const add = () => admin.addRaftVoter(7, NO_SUCH_DIRECTORY, endpoints, { timeoutMs: 3000 })
  await whereServed(fixture, [80], add, async () => {
    await rejectsWith('TIMED_OUT', add)
  })
  const remove = () => admin.removeRaftVoter(7, NO_SUCH_DIRECTORY)
  await whereServed(fixture, [81], remove, async () => {
    await rejectsWith('VOTER_NOT_FOUND', remove)
    await rejectsWith('INCONSISTENT_CLUSTER_ID', () => {
      return admin.removeRaftVoter(7, NO_SUCH_DIRECTORY, { clusterId: 'another' })
    })
  })
}
