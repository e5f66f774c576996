/**
 * The records of `__cluster_metadata` (KIP-631). Which version of each is written follows from the
 * finalised `metadata.version`; all can be read. How they are framed: framing.ts.
 */
import {
  array,
  bool,
  bytes,
  float64,
  type Infer,
  int8,
  int16,
  int32,
  int64,
  message,
  string,
  uint16,
  uuid,
} from '../schema.ts'

export const registerBrokerRecord = message(
  'RegisterBrokerRecord',
  { apiKey: 0, versions: '0-4', flexible: '0+' },
  {
    brokerId: int32(),
    isMigratingZkBroker: bool({ versions: '2+', default: false }),
    incarnationId: uuid(),
    brokerEpoch: int64(),
    endPoints: array({
      name: string(),
      host: string(),
      port: uint16(),
      securityProtocol: int16(),
    }),
    features: array({
      name: string(),
      minSupportedVersion: int16(),
      maxSupportedVersion: int16(),
    }),
    rack: string({ nullable: '0+' }),
    fenced: bool({ default: true }),
    inControlledShutdown: bool({ versions: '1+', default: false }),
    logDirs: array(uuid(), { versions: '3+', tag: 0, taggedVersions: '3+' }),
    cordonedLogDirs: array(uuid(), {
      versions: '4+',
      nullable: '4+',
      default: null,
      tag: 1,
      taggedVersions: '4+',
    }),
  },
)
export type RegisterBrokerRecord = Infer<typeof registerBrokerRecord>

export const unregisterBrokerRecord = message(
  'UnregisterBrokerRecord',
  { apiKey: 1, versions: '0', flexible: '0+' },
  {
    brokerId: int32(),
    brokerEpoch: int64(),
  },
)
export type UnregisterBrokerRecord = Infer<typeof unregisterBrokerRecord>

export const topicRecord = message(
  'TopicRecord',
  { apiKey: 2, versions: '0', flexible: '0+' },
  {
    name: string(),
    topicId: uuid(),
  },
)
export type TopicRecord = Infer<typeof topicRecord>

export const partitionRecord = message(
  'PartitionRecord',
  { apiKey: 3, versions: '0-2', flexible: '0+' },
  {
    partitionId: int32({ default: -1 }),
    topicId: uuid(),
    replicas: array(int32()),
    isr: array(int32()),
    removingReplicas: array(int32()),
    addingReplicas: array(int32()),
    leader: int32({ default: -1 }),
    leaderRecoveryState: int8({ default: 0, tag: 0, taggedVersions: '0+' }),
    leaderEpoch: int32({ default: -1 }),
    partitionEpoch: int32({ default: -1 }),
    directories: array(uuid(), { versions: '1+' }),
    eligibleLeaderReplicas: array(int32(), {
      versions: '2+',
      nullable: '2+',
      default: null,
      tag: 1,
      taggedVersions: '2+',
    }),
    lastKnownElr: array(int32(), {
      versions: '2+',
      nullable: '2+',
      default: null,
      tag: 2,
      taggedVersions: '2+',
    }),
  },
)
export type PartitionRecord = Infer<typeof partitionRecord>

export const configRecord = message(
  'ConfigRecord',
  { apiKey: 4, versions: '0', flexible: '0+' },
  {
    resourceType: int8(),
    resourceName: string(),
    name: string(),
    value: string({ nullable: '0+' }),
  },
)
export type ConfigRecord = Infer<typeof configRecord>

export const partitionChangeRecord = message(
  'PartitionChangeRecord',
  { apiKey: 5, versions: '0-2', flexible: '0+' },
  {
    partitionId: int32({ default: -1 }),
    topicId: uuid(),
    isr: array(int32(), { nullable: '0+', default: null, tag: 0, taggedVersions: '0+' }),
    leader: int32({ default: -2, tag: 1, taggedVersions: '0+' }),
    replicas: array(int32(), { nullable: '0+', default: null, tag: 2, taggedVersions: '0+' }),
    removingReplicas: array(int32(), {
      nullable: '0+',
      default: null,
      tag: 3,
      taggedVersions: '0+',
    }),
    addingReplicas: array(int32(), { nullable: '0+', default: null, tag: 4, taggedVersions: '0+' }),
    leaderRecoveryState: int8({ default: -1, tag: 5, taggedVersions: '0+' }),
    directories: array(uuid(), {
      versions: '1+',
      nullable: '1+',
      default: null,
      tag: 8,
      taggedVersions: '1+',
    }),
    eligibleLeaderReplicas: array(int32(), {
      versions: '2+',
      nullable: '2+',
      default: null,
      tag: 6,
      taggedVersions: '2+',
    }),
    lastKnownElr: array(int32(), {
      versions: '2+',
      nullable: '2+',
      default: null,
      tag: 7,
      taggedVersions: '2+',
    }),
  },
)
export type PartitionChangeRecord = Infer<typeof partitionChangeRecord>

export const fenceBrokerRecord = message(
  'FenceBrokerRecord',
  { apiKey: 7, versions: '0', flexible: '0+' },
  {
    id: int32(),
    epoch: int64(),
  },
)
export type FenceBrokerRecord = Infer<typeof fenceBrokerRecord>

export const unfenceBrokerRecord = message(
  'UnfenceBrokerRecord',
  { apiKey: 8, versions: '0', flexible: '0+' },
  {
    id: int32(),
    epoch: int64(),
  },
)
export type UnfenceBrokerRecord = Infer<typeof unfenceBrokerRecord>

export const removeTopicRecord = message(
  'RemoveTopicRecord',
  { apiKey: 9, versions: '0', flexible: '0+' },
  {
    topicId: uuid(),
  },
)
export type RemoveTopicRecord = Infer<typeof removeTopicRecord>

export const delegationTokenRecord = message(
  'DelegationTokenRecord',
  { apiKey: 10, versions: '0', flexible: '0+' },
  {
    owner: string(),
    requester: string(),
    renewers: array(string()),
    issueTimestamp: int64(),
    maxTimestamp: int64(),
    expirationTimestamp: int64(),
    tokenId: string(),
  },
)
export type DelegationTokenRecord = Infer<typeof delegationTokenRecord>

export const userScramCredentialRecord = message(
  'UserScramCredentialRecord',
  { apiKey: 11, versions: '0', flexible: '0+' },
  {
    name: string(),
    mechanism: int8(),
    salt: bytes(),
    storedKey: bytes(),
    serverKey: bytes(),
    iterations: int32(),
  },
)
export type UserScramCredentialRecord = Infer<typeof userScramCredentialRecord>

export const featureLevelRecord = message(
  'FeatureLevelRecord',
  { apiKey: 12, versions: '0', flexible: '0+' },
  {
    name: string(),
    featureLevel: int16(),
  },
)
export type FeatureLevelRecord = Infer<typeof featureLevelRecord>

export const clientQuotaRecord = message(
  'ClientQuotaRecord',
  { apiKey: 14, versions: '0', flexible: '0+' },
  {
    entity: array({
      entityType: string(),
      entityName: string({ nullable: '0+' }),
    }),
    key: string(),
    value: float64(),
    remove: bool(),
  },
)
export type ClientQuotaRecord = Infer<typeof clientQuotaRecord>

export const producerIdsRecord = message(
  'ProducerIdsRecord',
  { apiKey: 15, versions: '0', flexible: '0+' },
  {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1 }),
    nextProducerId: int64(),
  },
)
export type ProducerIdsRecord = Infer<typeof producerIdsRecord>

export const brokerRegistrationChangeRecord = message(
  'BrokerRegistrationChangeRecord',
  { apiKey: 17, versions: '0-3', flexible: '0+' },
  {
    brokerId: int32(),
    brokerEpoch: int64(),
    fenced: int8({ tag: 0, taggedVersions: '0+' }),
    inControlledShutdown: int8({ versions: '1+', tag: 1, taggedVersions: '1+' }),
    logDirs: array(uuid(), { versions: '2+', tag: 2, taggedVersions: '2+' }),
    cordonedLogDirs: array(uuid(), {
      versions: '3+',
      nullable: '3+',
      default: null,
      tag: 3,
      taggedVersions: '3+',
    }),
  },
)
export type BrokerRegistrationChangeRecord = Infer<typeof brokerRegistrationChangeRecord>

export const accessControlEntryRecord = message(
  'AccessControlEntryRecord',
  { apiKey: 18, versions: '0', flexible: '0+' },
  {
    id: uuid(),
    resourceType: int8(),
    resourceName: string(),
    patternType: int8(),
    principal: string(),
    host: string(),
    operation: int8(),
    permissionType: int8(),
  },
)
export type AccessControlEntryRecord = Infer<typeof accessControlEntryRecord>

export const removeAccessControlEntryRecord = message(
  'RemoveAccessControlEntryRecord',
  { apiKey: 19, versions: '0', flexible: '0+' },
  {
    id: uuid(),
  },
)
export type RemoveAccessControlEntryRecord = Infer<typeof removeAccessControlEntryRecord>

export const noOpRecord = message('NoOpRecord', { apiKey: 20, versions: '0', flexible: '0+' }, {})
export type NoOpRecord = Infer<typeof noOpRecord>

export const zkMigrationStateRecord = message(
  'ZkMigrationStateRecord',
  { apiKey: 21, versions: '0', flexible: '0+' },
  {
    zkMigrationState: int8(),
  },
)
export type ZkMigrationStateRecord = Infer<typeof zkMigrationStateRecord>

export const removeUserScramCredentialRecord = message(
  'RemoveUserScramCredentialRecord',
  { apiKey: 22, versions: '0', flexible: '0+' },
  {
    name: string(),
    mechanism: int8(),
  },
)
export type RemoveUserScramCredentialRecord = Infer<typeof removeUserScramCredentialRecord>

export const beginTransactionRecord = message(
  'BeginTransactionRecord',
  { apiKey: 23, versions: '0', flexible: '0+' },
  {
    name: string({ nullable: '0+', default: null, tag: 0, taggedVersions: '0+' }),
  },
)
export type BeginTransactionRecord = Infer<typeof beginTransactionRecord>

export const endTransactionRecord = message(
  'EndTransactionRecord',
  { apiKey: 24, versions: '0', flexible: '0+' },
  {},
)
export type EndTransactionRecord = Infer<typeof endTransactionRecord>

export const abortTransactionRecord = message(
  'AbortTransactionRecord',
  { apiKey: 25, versions: '0', flexible: '0+' },
  {
    reason: string({ nullable: '0+', default: null, tag: 0, taggedVersions: '0+' }),
  },
)
export type AbortTransactionRecord = Infer<typeof abortTransactionRecord>

export const removeDelegationTokenRecord = message(
  'RemoveDelegationTokenRecord',
  { apiKey: 26, versions: '0', flexible: '0+' },
  {
    tokenId: string(),
  },
)
export type RemoveDelegationTokenRecord = Infer<typeof removeDelegationTokenRecord>

export const registerControllerRecord = message(
  'RegisterControllerRecord',
  { apiKey: 27, versions: '0', flexible: '0+' },
  {
    controllerId: int32(),
    incarnationId: uuid(),
    zkMigrationReady: bool(),
    endPoints: array({
      name: string(),
      host: string(),
      port: uint16(),
      securityProtocol: int16(),
    }),
    features: array({
      name: string(),
      minSupportedVersion: int16(),
      maxSupportedVersion: int16(),
    }),
  },
)
export type RegisterControllerRecord = Infer<typeof registerControllerRecord>

export const clearElrRecord = message(
  'ClearElrRecord',
  { apiKey: 28, versions: '0', flexible: '0+' },
  {
    topicName: string(),
  },
)
export type ClearElrRecord = Infer<typeof clearElrRecord>
