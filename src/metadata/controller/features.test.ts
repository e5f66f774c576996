/** UpdateFeatures, and what a new controller starts with. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode } from '../../protocol/errors.ts'
import {
  abortTransactionRecord,
  beginTransactionRecord,
  topicRecord,
} from '../../protocol/persisted/metadata-records.ts'
import { MetadataDelta } from '../delta.ts'
import { bootstrapFeatureLevels } from '../format.ts'
import { MetadataImage } from '../image.ts'
import { allFeatureRanges, losesMetadata, metadataVersionLevel } from '../metadata-version.ts'
import { metadataRecord } from '../records.ts'
import { failure, TestCluster, uuidOf } from './test-cluster.test-support.ts'

type Update = readonly [feature: string, level: number, upgradeType?: number]

function update(cluster: TestCluster, updates: Update[], validateOnly = false, version = 2) {
  const featureUpdates = updates.map(([feature, maxVersionLevel, upgradeType = 1]) => ({
    feature,
    maxVersionLevel,
    upgradeType,
    allowDowngrade: false,
  }))
  const request = { timeoutMs: 1000, featureUpdates, validateOnly }
  return cluster.take(cluster.controller.updateFeatures(request, version, cluster.nowMs))
}

function updateFailure(cluster: TestCluster, ...updates: Update[]) {
  const [code, message] = failure(update(cluster, updates))
  const prefix = 'The update failed for all features since the following feature had an error: '
  assert.ok(message?.startsWith(prefix) === true, String(message))
  return [code, message.slice(prefix.length)]
}

test('a new cluster has the features of 4.3', () => {
  const cluster = new TestCluster()
  assert.deepEqual(Object.fromEntries(cluster.image.features.levels), {
    'metadata.version': 30,
    'eligible.leader.replicas.version': 1,
    'group.version': 1,
    'share.version': 1,
    'streams.version': 1,
    'transaction.version': 2,
  })
})

test('only what a node runs is finalised', () => {
  const supported = new Map(allFeatureRanges())
  supported.set('share.version', { min: 0, max: 0 })
  supported.delete('streams.version')
  const levels = bootstrapFeatureLevels(new Map(), supported, false)
  assert.ok(typeof levels !== 'string')
  assert.equal(levels.get('share.version'), 0)
  assert.equal(levels.get('streams.version'), 0)
  assert.equal(levels.get('kraft.version'), 0)
  assert.equal(levels.get('group.version'), 1)
  const old = bootstrapFeatureLevels(new Map([['metadata.version', 21]]), supported, true)
  assert.ok(typeof old !== 'string')
  assert.equal(old.get('group.version'), 0)
  assert.equal(old.get('kraft.version'), 1)
  const refused = bootstrapFeatureLevels(new Map([['share.version', 1]]), supported, true)
  assert.equal(refused, 'share.version 1 is not supported: this node runs 0 to 0.')
  assert.match(
    bootstrapFeatureLevels(new Map([['nope', 1]]), supported, true) as string,
    /^Unsupported feature: nope\. Supported features are: eligible/,
  )
})

test('features go down and up again', () => {
  const cluster = new TestCluster().start(1)
  assert.deepEqual(failure(update(cluster, [['group.version', 0, 2]])), [ErrorCode.NONE, null])
  assert.equal(cluster.image.features.levels.get('group.version'), undefined)
  const answer = update(cluster, [['group.version', 1]], false, 1)
  assert.deepEqual(answer.results, [
    { feature: 'group.version', errorCode: 0, errorMessage: 'NONE' },
  ])
  assert.equal(cluster.image.features.levels.get('group.version'), 1)
  assert.deepEqual(update(cluster, [['group.version', 0, 2]], true).results, [])
  assert.equal(cluster.image.features.levels.get('group.version'), 1)
})

test('features are refused in the words of Kafka', () => {
  const cluster = new TestCluster().start(1)
  const refusals: readonly [Update, string][] = [
    [
      ['nope', 1],
      'Invalid update version 1 for feature nope. Local controller 1 does not support this ' +
        'feature.',
    ],
    [
      ['group.version', 7],
      'Invalid update version 7 for feature group.version. Local controller 1 only supports ' +
        'versions 0-1',
    ],
    [
      ['group.version', 0],
      "Invalid update version 0 for feature group.version. Can't downgrade the version of this " +
        'feature without setting the upgrade type to either safe or unsafe downgrade.',
    ],
    [
      ['group.version', 1, 9],
      'Invalid update version 1 for feature group.version. The controller does not support the ' +
        'given upgrade type.',
    ],
    [
      ['metadata.version', 29, 2],
      'Unsupported metadata.version downgrade from 30 to 29. Refusing to perform the requested ' +
        'downgrade because it might delete metadata information.',
    ],
    [
      ['metadata.version', 29, 3],
      'Unsupported metadata.version downgrade from 30 to 29. Unsafe metadata downgrade is not ' +
        'supported in this version.',
    ],
    [
      ['kraft.version', 0, 2],
      "Invalid update version 0 for feature kraft.version. Can't downgrade the version of this " +
        'feature.',
    ],
  ]
  for (const [wanted, message] of refusals) {
    assert.deepEqual(updateFailure(cluster, wanted), [ErrorCode.INVALID_UPDATE_VERSION, message])
  }
  // One bad one spoils all.
  updateFailure(cluster, ['group.version', 0, 2], ['nope', 1])
  assert.equal(cluster.image.features.levels.get('group.version'), 1)
})

test('of two that are refused the one is named that Kafka comes to first', () => {
  const cluster = new TestCluster().start(1)
  const refused = updateFailure(cluster, ['metadata.version', 1, 2], ['kraft.version', 25])
  const range = 'Local controller 1 only supports versions 0-1'
  assert.deepEqual(refused, [95, `Invalid update version 25 for feature kraft.version. ${range}`])
})

test('a broker that does not run a level holds it back', () => {
  const cluster = new TestCluster().start(1)
  update(cluster, [['transaction.version', 0, 2]])
  const broker = cluster.image.cluster.brokers.get(1)!
  const features = new Map(broker.features).set('transaction.version', { min: 0, max: 1 })
  Object.assign(broker, { features })
  assert.deepEqual(
    updateFailure(cluster, ['transaction.version', 2])[1],
    'Invalid update version 2 for feature transaction.version. Broker 1 only supports versions 0-1',
  )
})

test('kraft.version is raised through the quorum', () => {
  const cluster = new TestCluster().start(1)
  cluster.kraftVersion = 0
  assert.deepEqual(failure(update(cluster, [['kraft.version', 1]], true)), [ErrorCode.NONE, null])
  assert.equal(cluster.kraftVersion, 0)
  update(cluster, [['kraft.version', 1]])
  assert.equal(cluster.kraftVersion, 1)
})

test('enabling ELR brings a cluster-wide min.insync.replicas', () => {
  const cluster = new TestCluster({ minInSyncReplicas: 2 }).start(1)
  update(cluster, [['eligible.leader.replicas.version', 0, 2]])
  const remove = { name: 'min.insync.replicas', value: null, configOperation: 1 }
  cluster.take(
    cluster.controller.incrementalAlterConfigs(
      {
        resources: [{ resourceType: 4, resourceName: '', configs: [remove] }],
        validateOnly: false,
      },
      1,
      0,
    ),
  )
  assert.equal(cluster.image.configs.cluster.size, 0)
  update(cluster, [['eligible.leader.replicas.version', 1]])
  assert.deepEqual([...cluster.image.configs.cluster], [['min.insync.replicas', '2']])
})

test('names of metadata versions are read as Kafka reads them', () => {
  assert.equal(metadataVersionLevel('4.3'), 30)
  assert.equal(metadataVersionLevel('4.3.1'), 30)
  assert.equal(metadataVersionLevel('3.7-IV2'), 17)
  assert.equal(metadataVersionLevel('4.0'), 25)
  assert.equal(metadataVersionLevel('9.9'), null)
  assert.equal(metadataVersionLevel('4.4-IV0'), 31)
  // A release stands for what is stable of it.
  assert.equal(metadataVersionLevel('4.4'), null)
  assert.equal(losesMetadata(30, 29), true)
  assert.equal(losesMetadata(29, 26), false)
})

test('a transaction that a controller left open is ended by the next', () => {
  const image = new MetadataImage()
  const delta = new MetadataDelta()
  const topic = { name: 'half', topicId: uuidOf('half', 1) }
  image.replay(metadataRecord(beginTransactionRecord, {}), 0, delta)
  image.replay(metadataRecord(topicRecord, topic), 1, delta)
  assert.equal(image.topics.byName.size, 0)
  const cluster = new TestCluster({}, image)
  assert.equal(image.topics.byName.size, 0)
  assert.equal(image.transactionStartOffset, -1)
  assert.equal(cluster.image.features.metadataVersion, 30)
  // The same in a cluster that has been through its bootstrap.
  image.replay(metadataRecord(beginTransactionRecord, {}), 90, delta)
  const records = cluster.controller.activate([], cluster.nowMs)
  assert.deepEqual(
    records.map(({ message }) => message),
    [abortTransactionRecord],
  )
})
