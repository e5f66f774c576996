/** What each record does to the image, and what a delta says of it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as schemas from '../protocol/persisted/metadata-records.ts'
import { MetadataDelta } from './delta.ts'
import { MetadataImage } from './image.ts'
import { type MetadataRecord, metadataRecord } from './records.ts'

const TOPIC = 'topicxxxxxxxxxxxxxxxxA'
const ACL = 'aclxxxxxxxxxxxxxxxxxxA'
const RUN = 'runxxxxxxxxxxxxxxxxxxA'
const DIRECTORY = 'dirxxxxxxxxxxxxxxxxxxA'

class Replay {
  readonly image = new MetadataImage()
  #offset = 0

  constructor(...records: MetadataRecord[]) {
    this.take(
      metadataRecord(schemas.featureLevelRecord, { name: 'metadata.version', featureLevel: 30 }),
    )
    this.take(...records)
  }

  take(...records: MetadataRecord[]): MetadataDelta {
    const delta = new MetadataDelta()
    for (const record of records) this.image.replay(record, this.#offset++, delta)
    return delta
  }

  /** Names of the records that a snapshot would hold, the features left out. */
  get names(): string[] {
    return Array.from(this.image.records(), ({ message }) => message.name).slice(1)
  }
}

const topic = metadataRecord(schemas.topicRecord, { name: 'a', topicId: TOPIC })
const config = (value: string | null) =>
  metadataRecord(schemas.configRecord, {
    resourceType: 2,
    resourceName: 'a',
    name: 'retention.ms',
    value,
  })
const partition = metadataRecord(
  schemas.partitionRecord,
  {
    partitionId: 0,
    topicId: TOPIC,
    replicas: [1],
    isr: [1],
    removingReplicas: [],
    addingReplicas: [],
    leader: 1,
    leaderEpoch: 0,
    partitionEpoch: 0,
    directories: [DIRECTORY],
  },
  2,
)
const broker = metadataRecord(
  schemas.registerBrokerRecord,
  {
    brokerId: 1,
    incarnationId: RUN,
    brokerEpoch: 5,
    endPoints: [],
    features: [],
    rack: 'r',
    logDirs: [DIRECTORY],
  },
  4,
)

test('a delta names what a batch made, changed and removed', () => {
  const replay = new Replay()
  const made = replay.take(topic, config('1'), partition)
  const image = replay.image.topics.byName.get('a')!
  assert.deepEqual([...made.topicsCreated], [image])
  assert.deepEqual([...made.partitionsChanged], [[image, new Set([0])]])
  assert.deepEqual(
    [...made.configsChanged.values()],
    [{ resource: { type: 2, name: 'a' }, keys: new Set(['retention.ms']) }],
  )
  const change = { partitionId: 0, topicId: TOPIC, leader: -1, isr: [] }
  const changed = replay.take(metadataRecord(schemas.partitionChangeRecord, change, 2))
  assert.equal(changed.topicsCreated.size, 0)
  assert.deepEqual([...changed.partitionsChanged.keys()], [image])
  const removed = replay.take(metadataRecord(schemas.removeTopicRecord, { topicId: TOPIC }))
  assert.deepEqual([...removed.topicsDeleted], [image])
  assert.deepEqual(replay.names, [])
})

test('what is made and removed in one batch was never there', () => {
  const replay = new Replay()
  const remove = metadataRecord(schemas.removeTopicRecord, { topicId: TOPIC })
  const delta = replay.take(topic, partition, remove)
  assert.equal(delta.topicsCreated.size + delta.topicsDeleted.size, 0)
  assert.equal(delta.partitionsChanged.size, 0)
  assert.equal(replay.take(metadataRecord(schemas.noOpRecord, {})).isEmpty, true)
})

test('a change of leader raises its epoch; any change raises the epoch of the partition', () => {
  const replay = new Replay(topic, partition)
  const change = (fields: object) => {
    const value = { partitionId: 0, topicId: TOPIC, ...fields }
    replay.take(metadataRecord(schemas.partitionChangeRecord, value, 2))
    const { leader, leaderEpoch, partitionEpoch } =
      replay.image.topics.byId.get(TOPIC)!.partitions[0]!
    return [leader, leaderEpoch, partitionEpoch]
  }
  assert.deepEqual(change({ isr: [1] }), [1, 0, 1])
  assert.deepEqual(change({ leader: -1 }), [-1, 1, 2])
  assert.deepEqual(change({ leader: 1, leaderRecoveryState: 1 }), [1, 2, 3])
})

test('a partition from before directories has them all in migration', () => {
  const value = { ...partition.value, directories: [] }
  const replay = new Replay(topic, metadataRecord(schemas.partitionRecord, value, 0))
  const { directories } = replay.image.topics.byId.get(TOPIC)!.partitions[0]!
  assert.deepEqual(directories, ['AAAAAAAAAAAAAAAAAAAAAA'])
})

test('a transaction shows whole when it ends, and not at all when it is aborted', () => {
  const begin = metadataRecord(schemas.beginTransactionRecord, {})
  const replay = new Replay(begin, topic)
  assert.equal(replay.image.topics.byName.size, 0)
  assert.throws(() => [...replay.image.records()], /no snapshot within a metadata transaction/)
  assert.throws(() => replay.take(begin), /a metadata transaction within another/)
  const ended = replay.take(partition, metadataRecord(schemas.endTransactionRecord, {}))
  assert.equal(ended.topicsCreated.size, 1)
  const remove = metadataRecord(schemas.removeTopicRecord, { topicId: TOPIC })
  const aborted = replay.take(begin, remove, metadataRecord(schemas.abortTransactionRecord, {}))
  assert.equal(aborted.isEmpty, true)
  assert.equal(replay.image.topics.byName.size, 1)
})

test('brokers are registered, changed, fenced and removed', () => {
  const replay = new Replay(broker)
  const state = () => {
    const { fenced, inControlledShutdown, cordonedDirectories, directories } =
      replay.image.cluster.brokers.get(1)!
    return [fenced, inControlledShutdown, cordonedDirectories, directories]
  }
  assert.deepEqual(state(), [true, false, null, [DIRECTORY]])
  const change = (fields: object) => {
    const value = { brokerId: 1, brokerEpoch: 5, ...fields }
    return replay.take(metadataRecord(schemas.brokerRegistrationChangeRecord, value, 3))
  }
  assert.deepEqual([...change({ fenced: -1, cordonedLogDirs: [] }).brokersChanged], [1])
  assert.deepEqual(state(), [false, false, [], [DIRECTORY]])
  change({ inControlledShutdown: 1, logDirs: [RUN] })
  assert.deepEqual(state(), [false, true, [], [RUN]])
  assert.equal(replay.image.cluster.brokerOfDirectory(RUN), 1)
  assert.equal(replay.image.cluster.brokerOfDirectory(DIRECTORY), undefined)
  replay.take(metadataRecord(schemas.fenceBrokerRecord, { id: 1, epoch: 5 }))
  assert.equal(state()[0], true)
  replay.take(metadataRecord(schemas.unfenceBrokerRecord, { id: 1, epoch: 5 }))
  assert.equal(state()[0], false)
  const unregister = metadataRecord(schemas.unregisterBrokerRecord, { brokerId: 1, brokerEpoch: 5 })
  replay.take(unregister)
  assert.deepEqual(replay.names, [])
  assert.throws(() => replay.take(unregister), /no broker 1 is registered/)
})

test('quotas, ACLs, credentials and tokens are kept, and gone once removed', () => {
  const entity = [
    { entityType: 'user', entityName: 'bob' },
    { entityType: 'client-id', entityName: null },
  ]
  const quota = (key: string, remove: boolean, parts = entity) =>
    metadataRecord(schemas.clientQuotaRecord, { entity: parts, key, value: 1.5, remove })
  const salt = new Uint8Array([1])
  const scram = { name: 'bob', mechanism: 1, salt, storedKey: salt, serverKey: salt, iterations: 9 }
  const token = {
    owner: 'User:bob',
    requester: 'User:bob',
    renewers: [],
    issueTimestamp: 1,
    maxTimestamp: 2,
    expirationTimestamp: 3,
    tokenId: 't',
  }
  const acl = {
    id: ACL,
    resourceType: 2,
    resourceName: 'a',
    patternType: 3,
    principal: 'User:bob',
    host: '*',
    operation: 3,
    permissionType: 3,
  }
  const replay = new Replay()
  const delta = replay.take(
    quota('producer_byte_rate', false),
    // The same entity, however its parts are ordered.
    quota('consumer_byte_rate', false, entity.toReversed()),
    metadataRecord(schemas.accessControlEntryRecord, acl),
    metadataRecord(schemas.userScramCredentialRecord, scram),
    metadataRecord(schemas.delegationTokenRecord, token),
    metadataRecord(schemas.producerIdsRecord, { brokerId: 1, nextProducerId: 1000 }),
    metadataRecord(schemas.zkMigrationStateRecord, { zkMigrationState: 1 }),
  )
  assert.ok(delta.clientQuotasChanged && delta.aclsChanged && delta.scramChanged)
  assert.ok(delta.delegationTokensChanged && delta.producerIdsChanged)
  assert.equal([...replay.image.access.clientQuotas].length, 1)
  // What was read is a view of a buffer that goes.
  salt[0] = 7
  assert.deepEqual(replay.image.access.scramCredential('bob', 1)?.salt, new Uint8Array([1]))
  assert.deepEqual(replay.names, [
    'ClientQuotaRecord',
    'ClientQuotaRecord',
    'ProducerIdsRecord',
    'AccessControlEntryRecord',
    'UserScramCredentialRecord',
    'DelegationTokenRecord',
  ])
  replay.take(
    quota('producer_byte_rate', true),
    quota('consumer_byte_rate', true),
    metadataRecord(schemas.removeAccessControlEntryRecord, { id: ACL }),
    metadataRecord(schemas.removeUserScramCredentialRecord, { name: 'bob', mechanism: 1 }),
    metadataRecord(schemas.removeDelegationTokenRecord, { tokenId: 't' }),
  )
  assert.deepEqual(replay.names, ['ProducerIdsRecord'])
})

test('configs of all kinds of resources are kept apart', () => {
  const replay = new Replay(topic)
  for (const [resourceType, resourceName] of [
    [2, 'a'],
    [4, ''],
    [4, '1'],
    [16, 'a'],
    [32, 'a'],
  ] as const) {
    const value = { resourceType, resourceName, name: 'k', value: `${resourceType}${resourceName}` }
    replay.take(metadataRecord(schemas.configRecord, value))
  }
  const { configs } = replay.image
  assert.equal(configs.topic('a').get('k'), '2a')
  assert.equal(configs.cluster.get('k'), '4')
  assert.equal(configs.broker(1).get('k'), '41')
  assert.equal(configs.of(16, 'a').get('k'), '16a')
  replay.take(
    metadataRecord(schemas.configRecord, {
      resourceType: 32,
      resourceName: 'a',
      name: 'k',
      value: null,
    }),
  )
  assert.equal(configs.resources(32).size, 0)
})
