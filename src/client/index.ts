/** The client, `import { Kafka } from 'millrace'`: what is exported here is public. */
export type { LogFields, Logger, LogLevel, LogThreshold } from '../base/logger.ts'
export type { Clock, Disk, Io, Network, Random } from '../io/io.ts'
export type { ErrorCode, ErrorName } from '../protocol/errors.ts'
export type { Uuid } from '../protocol/schema.ts'
export type { TimestampType } from '../records/batch.ts'
export type { CompressionType } from '../records/compression/compression.ts'
export type { RecordHeader } from '../records/record-scan.ts'
export { Admin, type AdminOptions, type Outcome, type ResultEntry, Results } from './admin/index.ts'
export type { CallOptions } from './call.ts'
export type { BrokerInfo, PartitionInfo, TopicInfo } from './cluster/cluster.ts'
export type { SeekTarget } from './consumer/assigned-partition.ts'
export type {
  AssignablePartition,
  Assignor,
  AssignorInput,
  GroupAssignment,
  MemberSubscription,
  OwnAssignment,
} from './consumer/assignors/assignor.ts'
export {
  type AssignorName,
  cooperativeStickyAssignor,
  rangeAssignor,
  roundRobinAssignor,
  stickyAssignor,
} from './consumer/assignors/assignors.ts'
export type {
  BatchOptions,
  Consumer,
  ConsumerStats,
  LoopOptions,
} from './consumer/consumer.ts'
export type { ConsumerBatch } from './consumer/consumer-batch.ts'
export { DEAD_LETTER_HEADERS } from './consumer/dead-letters.ts'
export type { MemberIdentity, MembershipStats } from './consumer/group/membership.ts'
export type { PartitionStream } from './consumer/loops.ts'
export type { CommittedOffset, GroupOffset } from './consumer/offset-commits.ts'
export type {
  AutoOffsetReset,
  ConsumerOptions,
  RevokeContext,
  Stall,
} from './consumer/options.ts'
export type { PartitionLag } from './consumer/partition-lag.ts'
export type { HandlerContext, RunOptions } from './consumer/run-options.ts'
export {
  type ConnectionEvent,
  type ConsumerBatchEvent,
  type ConsumerCommitEvent,
  type ConsumerRebalanceEvent,
  type DiagnosticChannel,
  diagnosticChannels,
  type ProducerBatchEvent,
  type RequestEvent,
} from './diagnostics.ts'
export { type HeadersInput, type HeaderValue, RecordHeaders } from './headers.ts'
export { Kafka } from './kafka.ts'
export {
  type ClientErrorCode,
  type ErrorContext,
  KafkaError,
  type KafkaErrorCode,
  type KafkaErrorOptions,
} from './kafka-error.ts'
export type { ClientMetric, MetricKind } from './metrics/metric-family.ts'
export { PROMETHEUS_CONTENT_TYPE, prometheusText } from './metrics/prometheus.ts'
export type { ClientHooks, Handling, ObservedRecord } from './observation.ts'
export type {
  Brokers,
  ClientCredentials,
  KafkaOptions,
  OAuthToken,
  SaslOptions,
  TlsOptions,
} from './options.ts'
export type { DeliveryReport, ProducerOptions } from './producer/options.ts'
export type { SenderCounts } from './producer/outcomes.ts'
export type { Partitioner, PartitionerInput } from './producer/partitioner.ts'
export type { Producer, ProducerStats } from './producer/producer.ts'
export type { Transaction } from './producer/transaction.ts'
export type { TransactionGroup, TransactionOffset } from './producer/transaction-offsets.ts'
export type { ConsumerRecord, ProducerRecord, RecordMetadata, RecordOf } from './record.ts'
export { type BytesInput, type Serde, type SerdeContext, type SerdeSource, serde } from './serde.ts'
export type {
  StandardSchema,
  StandardSchemaIssue,
  StandardSchemaResult,
} from './standard-schema.ts'
export {
  type AnyTopic,
  type BytesTopic,
  type KeyIn,
  type KeyOut,
  type NameOf,
  type Topic,
  type TopicLike,
  type TopicOf,
  type TopicPartition,
  topic,
  type ValueIn,
  type ValueOut,
} from './topic.ts'
