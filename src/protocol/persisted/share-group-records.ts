/**
 * Records of `__consumer_offsets` for share groups (types 10 to 15). What is acknowledged is not
 * here but in `__share_group_state`: share-records.ts.
 *
 * KIP-932.
 */
import {
  array,
  type Infer,
  int8,
  int32,
  int64,
  message,
  opaque64,
  string,
  uuid,
} from '../schema.ts'

export const shareGroupMemberMetadataKey = message(
  'ShareGroupMemberMetadataKey',
  { apiKey: 10, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
    memberId: string({ versions: '0' }),
  },
)
export type ShareGroupMemberMetadataKey = Infer<typeof shareGroupMemberMetadataKey>

export const shareGroupMemberMetadataValue = message(
  'ShareGroupMemberMetadataValue',
  { apiKey: 10, versions: '0', flexible: '0+' },
  {
    rackId: string({ nullable: '0+' }),
    clientId: string(),
    clientHost: string(),
    subscribedTopicNames: array(string()),
  },
)
export type ShareGroupMemberMetadataValue = Infer<typeof shareGroupMemberMetadataValue>

export const shareGroupMetadataKey = message(
  'ShareGroupMetadataKey',
  { apiKey: 11, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
  },
)
export type ShareGroupMetadataKey = Infer<typeof shareGroupMetadataKey>

export const shareGroupMetadataValue = message(
  'ShareGroupMetadataValue',
  { apiKey: 11, versions: '0', flexible: '0+' },
  {
    epoch: int32(),
    metadataHash: opaque64(),
  },
)
export type ShareGroupMetadataValue = Infer<typeof shareGroupMetadataValue>

export const shareGroupTargetAssignmentMetadataKey = message(
  'ShareGroupTargetAssignmentMetadataKey',
  { apiKey: 12, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
  },
)
export type ShareGroupTargetAssignmentMetadataKey = Infer<
  typeof shareGroupTargetAssignmentMetadataKey
>

export const shareGroupTargetAssignmentMetadataValue = message(
  'ShareGroupTargetAssignmentMetadataValue',
  { apiKey: 12, versions: '0', flexible: '0+' },
  {
    assignmentEpoch: int32(),
    assignmentTimestamp: int64({ default: 0, tag: 0, taggedVersions: '0+', ignorable: true }),
  },
)
export type ShareGroupTargetAssignmentMetadataValue = Infer<
  typeof shareGroupTargetAssignmentMetadataValue
>

export const shareGroupTargetAssignmentMemberKey = message(
  'ShareGroupTargetAssignmentMemberKey',
  { apiKey: 13, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
    memberId: string({ versions: '0' }),
  },
)
export type ShareGroupTargetAssignmentMemberKey = Infer<typeof shareGroupTargetAssignmentMemberKey>

export const shareGroupTargetAssignmentMemberValue = message(
  'ShareGroupTargetAssignmentMemberValue',
  { apiKey: 13, versions: '0', flexible: '0+' },
  {
    topicPartitions: array({
      topicId: uuid(),
      partitions: array(int32()),
    }),
  },
)
export type ShareGroupTargetAssignmentMemberValue = Infer<
  typeof shareGroupTargetAssignmentMemberValue
>

export const shareGroupCurrentMemberAssignmentKey = message(
  'ShareGroupCurrentMemberAssignmentKey',
  { apiKey: 14, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
    memberId: string({ versions: '0' }),
  },
)
export type ShareGroupCurrentMemberAssignmentKey = Infer<
  typeof shareGroupCurrentMemberAssignmentKey
>

const shareGroupCurrentMemberAssignmentValueTopicPartitions = {
  topicId: uuid(),
  partitions: array(int32()),
}

export const shareGroupCurrentMemberAssignmentValue = message(
  'ShareGroupCurrentMemberAssignmentValue',
  { apiKey: 14, versions: '0', flexible: '0+' },
  {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    assignedPartitions: array(shareGroupCurrentMemberAssignmentValueTopicPartitions),
  },
)
export type ShareGroupCurrentMemberAssignmentValue = Infer<
  typeof shareGroupCurrentMemberAssignmentValue
>

export const shareGroupStatePartitionMetadataKey = message(
  'ShareGroupStatePartitionMetadataKey',
  { apiKey: 15, versions: '0', flexible: 'none' },
  {
    groupId: string({ versions: '0' }),
  },
)
export type ShareGroupStatePartitionMetadataKey = Infer<typeof shareGroupStatePartitionMetadataKey>

const shareGroupStatePartitionMetadataValueTopicPartitionsInfo = {
  topicId: uuid(),
  topicName: string(),
  partitions: array(int32()),
}

const shareGroupStatePartitionMetadataValueTopicInfo = {
  topicId: uuid(),
  topicName: string(),
}

export const shareGroupStatePartitionMetadataValue = message(
  'ShareGroupStatePartitionMetadataValue',
  { apiKey: 15, versions: '0', flexible: '0+' },
  {
    initializingTopics: array(shareGroupStatePartitionMetadataValueTopicPartitionsInfo),
    initializedTopics: array(shareGroupStatePartitionMetadataValueTopicPartitionsInfo),
    deletingTopics: array(shareGroupStatePartitionMetadataValueTopicInfo),
  },
)
export type ShareGroupStatePartitionMetadataValue = Infer<
  typeof shareGroupStatePartitionMetadataValue
>
