/**
 * Records of `__consumer_offsets` for consumer groups of the new protocol (types 3 to 8, and 16 for
 * regular expressions that the coordinator resolves). Type 4 is read, and no longer written since
 * the hash of the metadata is kept with the group.
 *
 * KIP-848.
 */
import {
  array,
  bytes,
  type Infer,
  int8,
  int32,
  int64,
  message,
  opaque64,
  string,
  struct,
  uuid,
} from '../schema.ts'

export const consumerGroupMetadataKey = message(
  'ConsumerGroupMetadataKey',
  { apiKey: 3, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
  },
)
export type ConsumerGroupMetadataKey = Infer<typeof consumerGroupMetadataKey>

export const consumerGroupMetadataValue = message(
  'ConsumerGroupMetadataValue',
  { apiKey: 3, versions: '0', flexible: '0+' },
  {
    epoch: int32(),
    metadataHash: opaque64({ default: 0n, tag: 0, taggedVersions: '0+' }),
  },
)
export type ConsumerGroupMetadataValue = Infer<typeof consumerGroupMetadataValue>

export const consumerGroupPartitionMetadataKey = message(
  'ConsumerGroupPartitionMetadataKey',
  { apiKey: 4, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
  },
)
export type ConsumerGroupPartitionMetadataKey = Infer<typeof consumerGroupPartitionMetadataKey>

export const consumerGroupPartitionMetadataValue = message(
  'ConsumerGroupPartitionMetadataValue',
  { apiKey: 4, versions: '0', flexible: '0+' },
  {
    topics: array({
      topicId: uuid(),
      topicName: string(),
      numPartitions: int32(),
      partitionMetadata: array({
        partition: int32(),
        racks: array(string()),
      }),
    }),
  },
)
export type ConsumerGroupPartitionMetadataValue = Infer<typeof consumerGroupPartitionMetadataValue>

export const consumerGroupMemberMetadataKey = message(
  'ConsumerGroupMemberMetadataKey',
  { apiKey: 5, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
    memberId: string({ versions: '0' }),
  },
)
export type ConsumerGroupMemberMetadataKey = Infer<typeof consumerGroupMemberMetadataKey>

export const consumerGroupMemberMetadataValue = message(
  'ConsumerGroupMemberMetadataValue',
  { apiKey: 5, versions: '0', flexible: '0+' },
  {
    instanceId: string({ nullable: '0+' }),
    rackId: string({ nullable: '0+' }),
    clientId: string(),
    clientHost: string(),
    subscribedTopicNames: array(string()),
    subscribedTopicRegex: string({ nullable: '0+' }),
    rebalanceTimeoutMs: int32({ default: -1 }),
    serverAssignor: string({ nullable: '0+' }),
    classicMemberMetadata: struct(
      {
        sessionTimeoutMs: int32(),
        supportedProtocols: array({
          name: string(),
          metadata: bytes(),
        }),
      },
      { nullable: '0+', tag: 0, taggedVersions: '0+' },
    ),
  },
)
export type ConsumerGroupMemberMetadataValue = Infer<typeof consumerGroupMemberMetadataValue>

export const consumerGroupTargetAssignmentMetadataKey = message(
  'ConsumerGroupTargetAssignmentMetadataKey',
  { apiKey: 6, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
  },
)
export type ConsumerGroupTargetAssignmentMetadataKey = Infer<
  typeof consumerGroupTargetAssignmentMetadataKey
>

export const consumerGroupTargetAssignmentMetadataValue = message(
  'ConsumerGroupTargetAssignmentMetadataValue',
  { apiKey: 6, versions: '0', flexible: '0+' },
  {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64({ default: 0, tag: 0, taggedVersions: '0+', ignorable: true }),
  },
)
export type ConsumerGroupTargetAssignmentMetadataValue = Infer<
  typeof consumerGroupTargetAssignmentMetadataValue
>

export const consumerGroupTargetAssignmentMemberKey = message(
  'ConsumerGroupTargetAssignmentMemberKey',
  { apiKey: 7, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
    memberId: string({ versions: '0' }),
  },
)
export type ConsumerGroupTargetAssignmentMemberKey = Infer<
  typeof consumerGroupTargetAssignmentMemberKey
>

export const consumerGroupTargetAssignmentMemberValue = message(
  'ConsumerGroupTargetAssignmentMemberValue',
  { apiKey: 7, versions: '0', flexible: '0+' },
  {
    topicPartitions: array({
      topicId: uuid(),
      partitions: array(int32()),
    }),
  },
)
export type ConsumerGroupTargetAssignmentMemberValue = Infer<
  typeof consumerGroupTargetAssignmentMemberValue
>

export const consumerGroupCurrentMemberAssignmentKey = message(
  'ConsumerGroupCurrentMemberAssignmentKey',
  { apiKey: 8, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
    memberId: string({ versions: '0' }),
  },
)
export type ConsumerGroupCurrentMemberAssignmentKey = Infer<
  typeof consumerGroupCurrentMemberAssignmentKey
>

const consumerGroupCurrentMemberAssignmentValueTopicPartitions = {
  topicId: uuid(),
  partitions: array(int32()),
  assignmentEpochs: array(int32(), { nullable: '0+', tag: 0, taggedVersions: '0+' }),
}

export const consumerGroupCurrentMemberAssignmentValue = message(
  'ConsumerGroupCurrentMemberAssignmentValue',
  { apiKey: 8, versions: '0', flexible: '0+' },
  {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    assignedPartitions: array(consumerGroupCurrentMemberAssignmentValueTopicPartitions),
    partitionsPendingRevocation: array(consumerGroupCurrentMemberAssignmentValueTopicPartitions),
  },
)
export type ConsumerGroupCurrentMemberAssignmentValue = Infer<
  typeof consumerGroupCurrentMemberAssignmentValue
>

export const consumerGroupRegularExpressionKey = message(
  'ConsumerGroupRegularExpressionKey',
  { apiKey: 16, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
    regularExpression: string({ versions: '0' }),
  },
)
export type ConsumerGroupRegularExpressionKey = Infer<typeof consumerGroupRegularExpressionKey>

export const consumerGroupRegularExpressionValue = message(
  'ConsumerGroupRegularExpressionValue',
  { apiKey: 16, versions: '0', flexible: '0+' },
  {
    topics: array(string()),
    version: int64(),
    timestamp: int64(),
  },
)
export type ConsumerGroupRegularExpressionValue = Infer<typeof consumerGroupRegularExpressionValue>
