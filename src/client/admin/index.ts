/** The administrator's client, `import { Admin } from 'millrace/admin'`: what is here is public. */
export type { CallOptions } from '../call.ts'
export type { BrokerInfo } from '../cluster/cluster.ts'
export { KafkaError } from '../kafka-error.ts'
export type { TopicPartition } from '../topic.ts'
export type { AclBinding, AclDescription, AclFilter } from './acls.ts'
export { Admin, type AdminOptions } from './admin.ts'
export type {
  AlterConfigsOptions,
  ConfigAlteration,
  ConfigChange,
  ConfigEntry,
  ConfigResource,
  ConfigSynonym,
  DescribeConfigsOptions,
} from './configs.ts'
export type { ClusterDescription, ClusterNode, DescribeClusterOptions } from './describe-cluster.ts'
export type {
  ClassicGroupDescription,
  ConsumerGroupDescription,
  DescribeGroupsOptions,
  GroupMember,
} from './describe-groups.ts'
export type {
  ShareGroupDescription,
  ShareGroupMember,
  StreamsAssignment,
  StreamsGroupDescription,
  StreamsGroupMember,
  StreamsInternalTopic,
  StreamsSubtopology,
  StreamsTaskOffset,
  StreamsTasks,
} from './describe-modern-groups.ts'
export type {
  DescribeTopicsOptions,
  PartitionDescription,
  TopicDescription,
} from './describe-topics.ts'
export type {
  DescribeFeaturesOptions,
  FeaturesDescription,
  FeatureUpdate,
  LevelRange,
  UpdateFeaturesOptions,
} from './features.ts'
export type {
  CommittedOffset,
  GroupOffsets,
  GroupOffsetsQuery,
  ListGroupOffsetsOptions,
  OffsetToCommit,
} from './group-offsets.ts'
export type { GroupState, GroupType } from './group-states.ts'
export type {
  GroupListing,
  ListGroupsOptions,
  MemberToRemove,
  RemoveMembersOptions,
} from './groups.ts'
export type {
  LogDirDescription,
  ReplicaDescription,
  ReplicaLogDir,
  ReplicaLogDirAlteration,
} from './log-dirs.ts'
export type {
  AclOperation,
  AclPermission,
  ConfigResourceType,
  ConfigSource,
  ConfigType,
  PatternType,
  ResourceType,
} from './names.ts'
export type {
  DeletedRecords,
  ListedOffset,
  ListOffsetsOptions,
  OffsetQuery,
  OffsetSpec,
  RecordsToDelete,
} from './offsets.ts'
export type { TopicPartitionReplica } from './partitions.ts'
export type { QuotaOptions } from './per-key.ts'
export type {
  QuorumDescription,
  QuorumReplica,
  RaftVoterEndpoint,
  RaftVoterOptions,
} from './quorum.ts'
export type {
  AlterQuotasOptions,
  DescribeQuotasOptions,
  QuotaAlteration,
  QuotaDescription,
  QuotaEntity,
  QuotaFilter,
} from './quotas.ts'
export type {
  AlterReassignmentsOptions,
  OngoingReassignment,
  PartitionReassignment,
} from './reassignments.ts'
export { type Outcome, type ResultEntry, Results } from './results.ts'
export type { ScramAlteration, ScramCredential, ScramMechanism } from './scram.ts'
export type {
  ShareGroupOffset,
  ShareGroupOffsets,
  ShareOffsetToSet,
} from './share-group-offsets.ts'
export type {
  CreateTokenOptions,
  DelegationToken,
  ExpireTokenOptions,
  RenewTokenOptions,
} from './tokens.ts'
export type {
  CreatedTopic,
  CreatedTopicConfig,
  CreatePartitionsOptions,
  CreateTopicsOptions,
  DeleteTopicsOptions,
  ListTopicsOptions,
  NewPartitions,
  NewTopic,
  TopicListing,
} from './topics.ts'
export type {
  DescribeProducersOptions,
  FencedProducer,
  ListTransactionsOptions,
  ProducerState,
  TransactionDescription,
  TransactionListing,
  TransactionState,
  TransactionToAbort,
} from './transactions.ts'
