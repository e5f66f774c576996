/** What is said of a cluster that is not well, and of one that does not show itself. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Admin } from '../../client/admin/admin.ts'
import type { ClusterDescription } from '../../client/admin/describe-cluster.ts'
import { Results } from '../../client/admin/results.ts'
import { KafkaError } from '../../client/kafka-error.ts'
import { examineCluster } from './cluster.ts'

interface Replicas {
  readonly name: string
  /** The leader, then the replicas in sync, then all of them. */
  readonly partitions: readonly (readonly [number, number[], number[]])[]
}

interface Scene {
  readonly topics?: readonly Replicas[]
  readonly minIsr?: number
  readonly brokers?: number
  readonly finalized?: number
  readonly controllerAheadMs?: number
  readonly quorum?: () => never
  /** Speaks an older version of something. */
  readonly oldBroker?: number
}

const NOW_MS = 1_800_000_000_000

function results<V>(entries: readonly (readonly [string, V])[]) {
  return new Results<string, V>(
    (key) => key,
    entries.map(([key, value]) => ({ key, ok: true as const, value })),
  )
}

/** An admin that answers from a scene what the examination asks. */
function adminOf({
  topics = [],
  minIsr = 1,
  finalized = 30,
  controllerAheadMs = 0,
  quorum,
}: Scene) {
  const described = topics.map(({ name, partitions }) => {
    const all = partitions.map(([leader, isr, replicas], partition) => {
      return { partition, leader, isr, replicas }
    })
    return [name, { name, partitions: all, authorizedOperations: ['READ'] }] as const
  })
  return {
    describeFeatures: async () => ({
      finalized: new Map([['metadata.version', { min: finalized, max: finalized }]]),
      supported: new Map([['metadata.version', { min: 7, max: 30 }]]),
    }),
    describeCluster: async () => ({ authorizedOperations: ['DESCRIBE', 'ALTER'] }),
    listTopics: async () => topics.map(({ name }) => ({ name })),
    describeTopics: async (names: string[]) =>
      results(described.filter(([name]) => names.includes(name))),
    describeConfigs: async () => ({
      outcome: () => ({
        ok: true,
        value: new Map([['min.insync.replicas', { value: String(minIsr) }]]),
      }),
    }),
    describeMetadataQuorum: async () => {
      quorum?.()
      return {
        leaderId: 1,
        voters: [{ replicaId: 1, lastCaughtUpTimestamp: NOW_MS + controllerAheadMs }],
      }
    },
  } as unknown as Admin
}

async function examined(scene: Scene) {
  const brokers = Array.from({ length: scene.brokers ?? 1 }, (_, id) => ({ id }))
  const cluster = { brokers } as unknown as ClusterDescription
  const findings = await examineCluster({
    admin: adminOf(scene),
    cluster,
    servedApis: async (id) => [
      { apiKey: 24, maxVersion: 5 },
      { apiKey: 68, maxVersion: id === scene.oldBroker ? 0 : 1 },
    ],
    nowMs: () => NOW_MS,
  })
  const troubles = findings.filter(({ status }) => status !== 'ok')
  for (const { next } of troubles) assert.ok(next, 'it says what to do')
  return { findings, troubles: troubles.map(({ status, check, found }) => [status, check, found]) }
}

test('a cluster that is well', async () => {
  const topics = [{ name: 'a', partitions: [[1, [1], [1]] as const] }] as unknown as Replicas[]
  const { findings, troubles } = await examined({ topics })
  assert.deepEqual(troubles, [])
  const found = findings.map((each) => each.found)
  assert.ok(found.includes('of 1 topics it may read 1 and write 0'))
  assert.ok(found.includes('on the cluster this client may: ALTER, DESCRIBE'))
  assert.ok(found.includes('1 partitions of 1 topics have a leader and all their replicas'))
})

test('partitions without a leader fail, those with a replica behind are warned about', async () => {
  const { troubles } = await examined({
    topics: [
      {
        name: 'a',
        partitions: [
          [-1, [1], [1]],
          [2, [2], [1, 2]],
          [1, [1, 2], [1, 2]],
        ],
      },
    ],
  })
  assert.deepEqual(troubles, [
    ['failure', 'partitions', '1 have no leader: a-0'],
    ['warning', 'partitions', '1 have a replica that is behind: a-1'],
  ])
})

test('internal topics: too few replicas, below min.insync.replicas, no room for a restart', async () => {
  const offsets = (...partition: Replicas['partitions'][number]) => ({
    topics: [{ name: '__consumer_offsets', partitions: [partition] }],
  })
  const few = await examined({ ...offsets(1, [1], [1]), brokers: 3 })
  assert.match(few.troubles[0]![2]!, /replication factor 1, min.insync.replicas 1, on 3 brokers$/)
  const below = await examined({ ...offsets(1, [1], [1, 2, 3]), minIsr: 2, brokers: 3 })
  assert.deepEqual(below.troubles[0]!.slice(0, 2), ['failure', 'internal topics'])
  const tight = await examined({ ...offsets(1, [1, 2, 3], [1, 2, 3]), minIsr: 3, brokers: 3 })
  assert.equal(tight.troubles[0]![0], 'warning')
  const well = await examined({ ...offsets(1, [1, 2, 3], [1, 2, 3]), minIsr: 2, brokers: 3 })
  assert.deepEqual(well.troubles, [])
})

test('an upgrade that was not ended, and clocks that differ', async () => {
  const { troubles } = await examined({ finalized: 25, controllerAheadMs: -90_000 })
  assert.equal(troubles[0]![1], 'features')
  assert.match(troubles[0]![2]!, /^metadata\.version 4\.0-IV3 \(25\).*the broker can do 4\.3-IV0$/)
  assert.deepEqual(troubles[1], ['warning', 'clock', 'controller 1 is 90.0 s behind this machine'])
})

test('brokers of two releases, and what all of them can do', async () => {
  const { troubles } = await examined({ brokers: 3, oldBroker: 2 })
  assert.deepEqual(troubles, [
    [
      'warning',
      'versions',
      'brokers 0 and 2 do not speak the same; all of them: groups of KIP-848 yes, transactions yes, ' +
        'share groups no, streams groups no',
    ],
  ])
  const { findings } = await examined({ brokers: 3 })
  assert.match(findings[0]!.found, /^2 APIs; groups of KIP-848 yes/)
})

test('what this client may not see is no failure', async () => {
  const quorum = () => {
    throw new KafkaError('CLUSTER_AUTHORIZATION_FAILED', 'no')
  }
  const { findings, troubles } = await examined({ quorum })
  assert.deepEqual(troubles, [])
  assert.match(findings.at(-1)!.found, /may not see it/)
})
