/** Whatever happens to a cluster, its partitions stay sound, and snapshots hold all of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MetadataDelta } from '../delta.ts'
import { MetadataImage } from '../image.ts'
import { TestCluster } from './test-cluster.test-support.ts'

const BROKERS = [1, 2, 3, 4]

const broker = fc.constantFrom(...BROKERS)
const action = fc.oneof(
  fc.record({ do: fc.constant('fence' as const), broker }),
  fc.record({ do: fc.constant('unfence' as const), broker }),
  fc.record({ do: fc.constant('shutDown' as const), broker }),
  fc.record({ do: fc.constant('restart' as const), broker, isClean: fc.boolean() }),
  fc.record({ do: fc.constant('elect' as const), isUnclean: fc.boolean() }),
  fc.record({ do: fc.constant('isr' as const), brokers: fc.subarray(BROKERS, { minLength: 1 }) }),
  fc.record({ do: fc.constant('move' as const), brokers: fc.subarray(BROKERS, { minLength: 1 }) }),
  fc.record({ do: fc.constant('cancel' as const) }),
  fc.record({ do: fc.constant('minIsr' as const), value: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constant('elr' as const), level: fc.nat(1) }),
)
type Action = typeof action extends fc.Arbitrary<infer T> ? T : never

function perform(cluster: TestCluster, step: Action, run: number): void {
  const { controller, nowMs } = cluster
  switch (step.do) {
    case 'fence':
      cluster.heartbeat(step.broker, { wantFence: true })
      return
    case 'unfence':
      cluster.heartbeat(step.broker)
      return
    case 'shutDown':
      cluster.heartbeat(step.broker, { wantShutDown: true })
      return
    case 'restart': {
      cluster.heartbeat(step.broker, { wantFence: true })
      cluster.nowMs += 10_000
      const epoch = cluster.image.cluster.brokers.get(step.broker)!.epoch
      const previousEpoch = step.isClean ? epoch : -1
      assert.equal(cluster.registerBroker(step.broker, { run, previousEpoch }).errorCode, 0)
      return
    }
    case 'elect': {
      const electionType = step.isUnclean ? 1 : 0
      const request = { electionType, topicPartitions: null, timeoutMs: 1 }
      cluster.take(controller.electLeaders(request, 2, nowMs))
      return
    }
    case 'isr':
      changeIsr(cluster, step.brokers)
      return
    case 'move':
      move(cluster, step.brokers)
      return
    case 'cancel':
      move(cluster, null)
      return
    case 'minIsr': {
      const config = { name: 'min.insync.replicas', value: String(step.value), configOperation: 0 }
      const resources = [{ resourceType: 2, resourceName: 'a', configs: [config] }]
      const request = { resources, validateOnly: false }
      cluster.take(controller.incrementalAlterConfigs(request, 1, nowMs))
      return
    }
    case 'elr': {
      const feature = 'eligible.leader.replicas.version'
      const upgradeType = step.level === 1 ? 1 : 2
      const update = { feature, maxVersionLevel: step.level, upgradeType, allowDowngrade: false }
      const request = { timeoutMs: 1, featureUpdates: [update], validateOnly: false }
      cluster.take(controller.updateFeatures(request, 2, nowMs))
    }
  }
}

function changeIsr(cluster: TestCluster, brokers: readonly number[]): void {
  const topic = cluster.image.topics.byName.get('a')!
  const { leader, leaderEpoch, partitionEpoch } = cluster.partition('a')
  const registered = cluster.image.cluster.brokers.get(leader)
  if (registered === undefined) return
  const newIsrWithEpochs = brokers.map((brokerId) => ({ brokerId, brokerEpoch: -1 }))
  const partition = {
    partitionIndex: 0,
    leaderEpoch,
    partitionEpoch,
    newIsr: [],
    newIsrWithEpochs,
    leaderRecoveryState: 0,
  }
  const topics = [{ topicId: topic.id, partitions: [partition] }]
  const request = { brokerId: leader, brokerEpoch: registered.epoch, topics }
  cluster.take(cluster.controller.alterPartition(request, 3, cluster.nowMs))
}

function move(cluster: TestCluster, replicas: number[] | null): void {
  const topics = [{ name: 'a', partitions: [{ partitionIndex: 0, replicas }] }]
  const request = { timeoutMs: 1, allowReplicationFactorChange: true, topics }
  cluster.take(cluster.controller.alterPartitionReassignments(request, 1, cluster.nowMs))
}

function checkPartitions(cluster: TestCluster): void {
  const { image } = cluster
  for (const { partition } of image.topics.partitions()) {
    const { replicas, directories, isr, elr, leader, addingReplicas, removingReplicas } = partition
    assert.equal(new Set(replicas).size, replicas.length, 'a replica twice')
    assert.equal(directories.length, replicas.length, 'one directory for each replica')
    assert.ok(
      isr.every((id) => replicas.includes(id)),
      'in sync and no replica',
    )
    assert.ok(leader === -1 || isr.includes(leader), 'leads and is not in sync')
    assert.ok(leader === -1 || image.cluster.isActive(leader), 'leads and is not there')
    assert.ok(
      elr.every((id) => !isr.includes(id)),
      'in sync and eligible',
    )
    assert.ok(
      addingReplicas.every((id) => replicas.includes(id)),
      'added and no replica',
    )
    assert.ok(
      removingReplicas.every((id) => replicas.includes(id)),
      'removed and no replica',
    )
    assert.ok(isr.length > 0 || image.features.elrEnabled || leader === -1, 'nobody is in sync')
  }
}

function dump(image: MetadataImage): string[] {
  return Array.from(image.records(), ({ message, value }) => message.name + JSON.stringify(value))
}

function checkSnapshot(cluster: TestCluster): void {
  const copy = new MetadataImage()
  const delta = new MetadataDelta()
  for (const record of cluster.image.records()) copy.replay(record, 0, delta)
  assert.deepEqual(dump(copy), dump(cluster.image))
}

test('partitions stay sound, and a snapshot is the whole of the state', () => {
  fc.assert(
    fc.property(fc.array(action, { maxLength: 40 }), (steps) => {
      const cluster = new TestCluster().start(...BROKERS)
      cluster.createTopic('a', { assignments: [[1, 2, 3]] })
      cluster.createTopic('b', { partitions: 4, factor: 2 })
      steps.forEach((step, index) => {
        perform(cluster, step, index + 1)
        checkPartitions(cluster)
      })
      checkSnapshot(cluster)
      // Once all have come back in good order, everything is led.
      for (const id of BROKERS) {
        perform(cluster, { do: 'restart', broker: id, isClean: true }, 99)
        cluster.heartbeat(id)
      }
      checkPartitions(cluster)
      // Unless who was last to lead has been forgotten meanwhile: that needs an unclean election.
      if (steps.some((step) => step.do === 'minIsr' || step.do === 'elr')) return
      for (const { partition } of cluster.image.topics.partitions()) {
        assert.notEqual(partition.leader, -1, 'all are there and nobody leads')
      }
    }),
    { numRuns: 150 },
  )
})
