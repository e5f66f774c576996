/** The client, `import { Kafka } from 'millrace'`: what is exported here is public. */
export { Admin, type AdminOptions, type Outcome, type ResultEntry, Results } from './admin/index.ts'
export type { CallOptions } from './call.ts'
export type { BrokerInfo, PartitionInfo, TopicInfo } from './cluster/cluster.ts'
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
export { type HeadersInput, type HeaderValue, RecordHeaders } from './headers.ts'
export { Kafka } from './kafka.ts'
export {
  type ClientErrorCode,
  type ErrorContext,
  KafkaError,
  type KafkaErrorCode,
} from './kafka-error.ts'
export type {
  Brokers,
  ClientCredentials,
  KafkaOptions,
  OAuthToken,
  SaslOptions,
  TlsOptions,
} from './options.ts'
export type { DeliveryReport, ProducerOptions } from './producer/options.ts'
export type { Partitioner, PartitionerInput } from './producer/partitioner.ts'
export type { Producer, ProducerStats } from './producer/producer.ts'
export type { ConsumerRecord, ProducerRecord, RecordMetadata } from './record.ts'
export { type BytesInput, type Serde, type SerdeContext, type SerdeSource, serde } from './serde.ts'
export type { StandardSchema } from './standard-schema.ts'
export {
  type AnyTopic,
  type BytesTopic,
  type Topic,
  type TopicLike,
  type TopicPartition,
  topic,
} from './topic.ts'
