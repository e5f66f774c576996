/**
 * Every API of Kafka 4.3 by key: the registry that dispatch, ApiVersions, the compatibility page
 * and the fuzzers walk. Being listed here means the layout is known, not that a broker serves it.
 */
import { produceRequest, produceResponse } from './messages/00-produce.ts'
import { fetchRequest, fetchResponse } from './messages/01-fetch.ts'
import { listOffsetsRequest, listOffsetsResponse } from './messages/02-list-offsets.ts'
import { metadataRequest, metadataResponse } from './messages/03-metadata.ts'
import { offsetCommitRequest, offsetCommitResponse } from './messages/08-offset-commit.ts'
import { offsetFetchRequest, offsetFetchResponse } from './messages/09-offset-fetch.ts'
import { findCoordinatorRequest, findCoordinatorResponse } from './messages/10-find-coordinator.ts'
import { joinGroupRequest, joinGroupResponse } from './messages/11-join-group.ts'
import { heartbeatRequest, heartbeatResponse } from './messages/12-heartbeat.ts'
import { leaveGroupRequest, leaveGroupResponse } from './messages/13-leave-group.ts'
import { syncGroupRequest, syncGroupResponse } from './messages/14-sync-group.ts'
import { describeGroupsRequest, describeGroupsResponse } from './messages/15-describe-groups.ts'
import { listGroupsRequest, listGroupsResponse } from './messages/16-list-groups.ts'
import { saslHandshakeRequest, saslHandshakeResponse } from './messages/17-sasl-handshake.ts'
import { apiVersionsRequest, apiVersionsResponse } from './messages/18-api-versions.ts'
import { createTopicsRequest, createTopicsResponse } from './messages/19-create-topics.ts'
import { deleteTopicsRequest, deleteTopicsResponse } from './messages/20-delete-topics.ts'
import { deleteRecordsRequest, deleteRecordsResponse } from './messages/21-delete-records.ts'
import { initProducerIdRequest, initProducerIdResponse } from './messages/22-init-producer-id.ts'
import {
  offsetForLeaderEpochRequest,
  offsetForLeaderEpochResponse,
} from './messages/23-offset-for-leader-epoch.ts'
import {
  addPartitionsToTxnRequest,
  addPartitionsToTxnResponse,
} from './messages/24-add-partitions-to-txn.ts'
import {
  addOffsetsToTxnRequest,
  addOffsetsToTxnResponse,
} from './messages/25-add-offsets-to-txn.ts'
import { endTxnRequest, endTxnResponse } from './messages/26-end-txn.ts'
import { writeTxnMarkersRequest, writeTxnMarkersResponse } from './messages/27-write-txn-markers.ts'
import { txnOffsetCommitRequest, txnOffsetCommitResponse } from './messages/28-txn-offset-commit.ts'
import { describeAclsRequest, describeAclsResponse } from './messages/29-describe-acls.ts'
import { createAclsRequest, createAclsResponse } from './messages/30-create-acls.ts'
import { deleteAclsRequest, deleteAclsResponse } from './messages/31-delete-acls.ts'
import { describeConfigsRequest, describeConfigsResponse } from './messages/32-describe-configs.ts'
import { alterConfigsRequest, alterConfigsResponse } from './messages/33-alter-configs.ts'
import {
  alterReplicaLogDirsRequest,
  alterReplicaLogDirsResponse,
} from './messages/34-alter-replica-log-dirs.ts'
import { describeLogDirsRequest, describeLogDirsResponse } from './messages/35-describe-log-dirs.ts'
import {
  saslAuthenticateRequest,
  saslAuthenticateResponse,
} from './messages/36-sasl-authenticate.ts'
import {
  createPartitionsRequest,
  createPartitionsResponse,
} from './messages/37-create-partitions.ts'
import {
  createDelegationTokenRequest,
  createDelegationTokenResponse,
} from './messages/38-create-delegation-token.ts'
import {
  renewDelegationTokenRequest,
  renewDelegationTokenResponse,
} from './messages/39-renew-delegation-token.ts'
import {
  expireDelegationTokenRequest,
  expireDelegationTokenResponse,
} from './messages/40-expire-delegation-token.ts'
import {
  describeDelegationTokenRequest,
  describeDelegationTokenResponse,
} from './messages/41-describe-delegation-token.ts'
import { deleteGroupsRequest, deleteGroupsResponse } from './messages/42-delete-groups.ts'
import { electLeadersRequest, electLeadersResponse } from './messages/43-elect-leaders.ts'
import {
  incrementalAlterConfigsRequest,
  incrementalAlterConfigsResponse,
} from './messages/44-incremental-alter-configs.ts'
import {
  alterPartitionReassignmentsRequest,
  alterPartitionReassignmentsResponse,
} from './messages/45-alter-partition-reassignments.ts'
import {
  listPartitionReassignmentsRequest,
  listPartitionReassignmentsResponse,
} from './messages/46-list-partition-reassignments.ts'
import { offsetDeleteRequest, offsetDeleteResponse } from './messages/47-offset-delete.ts'
import {
  describeClientQuotasRequest,
  describeClientQuotasResponse,
} from './messages/48-describe-client-quotas.ts'
import {
  alterClientQuotasRequest,
  alterClientQuotasResponse,
} from './messages/49-alter-client-quotas.ts'
import {
  describeUserScramCredentialsRequest,
  describeUserScramCredentialsResponse,
} from './messages/50-describe-user-scram-credentials.ts'
import {
  alterUserScramCredentialsRequest,
  alterUserScramCredentialsResponse,
} from './messages/51-alter-user-scram-credentials.ts'
import { voteRequest, voteResponse } from './messages/52-vote.ts'
import {
  beginQuorumEpochRequest,
  beginQuorumEpochResponse,
} from './messages/53-begin-quorum-epoch.ts'
import { endQuorumEpochRequest, endQuorumEpochResponse } from './messages/54-end-quorum-epoch.ts'
import { describeQuorumRequest, describeQuorumResponse } from './messages/55-describe-quorum.ts'
import { alterPartitionRequest, alterPartitionResponse } from './messages/56-alter-partition.ts'
import { updateFeaturesRequest, updateFeaturesResponse } from './messages/57-update-features.ts'
import { envelopeRequest, envelopeResponse } from './messages/58-envelope.ts'
import { fetchSnapshotRequest, fetchSnapshotResponse } from './messages/59-fetch-snapshot.ts'
import { describeClusterRequest, describeClusterResponse } from './messages/60-describe-cluster.ts'
import {
  describeProducersRequest,
  describeProducersResponse,
} from './messages/61-describe-producers.ts'
import {
  brokerRegistrationRequest,
  brokerRegistrationResponse,
} from './messages/62-broker-registration.ts'
import { brokerHeartbeatRequest, brokerHeartbeatResponse } from './messages/63-broker-heartbeat.ts'
import {
  unregisterBrokerRequest,
  unregisterBrokerResponse,
} from './messages/64-unregister-broker.ts'
import {
  describeTransactionsRequest,
  describeTransactionsResponse,
} from './messages/65-describe-transactions.ts'
import {
  listTransactionsRequest,
  listTransactionsResponse,
} from './messages/66-list-transactions.ts'
import {
  allocateProducerIdsRequest,
  allocateProducerIdsResponse,
} from './messages/67-allocate-producer-ids.ts'
import {
  consumerGroupHeartbeatRequest,
  consumerGroupHeartbeatResponse,
} from './messages/68-consumer-group-heartbeat.ts'
import {
  consumerGroupDescribeRequest,
  consumerGroupDescribeResponse,
} from './messages/69-consumer-group-describe.ts'
import {
  controllerRegistrationRequest,
  controllerRegistrationResponse,
} from './messages/70-controller-registration.ts'
import {
  getTelemetrySubscriptionsRequest,
  getTelemetrySubscriptionsResponse,
} from './messages/71-get-telemetry-subscriptions.ts'
import { pushTelemetryRequest, pushTelemetryResponse } from './messages/72-push-telemetry.ts'
import {
  assignReplicasToDirsRequest,
  assignReplicasToDirsResponse,
} from './messages/73-assign-replicas-to-dirs.ts'
import {
  listConfigResourcesRequest,
  listConfigResourcesResponse,
} from './messages/74-list-config-resources.ts'
import {
  describeTopicPartitionsRequest,
  describeTopicPartitionsResponse,
} from './messages/75-describe-topic-partitions.ts'
import {
  shareGroupHeartbeatRequest,
  shareGroupHeartbeatResponse,
} from './messages/76-share-group-heartbeat.ts'
import {
  shareGroupDescribeRequest,
  shareGroupDescribeResponse,
} from './messages/77-share-group-describe.ts'
import { shareFetchRequest, shareFetchResponse } from './messages/78-share-fetch.ts'
import {
  shareAcknowledgeRequest,
  shareAcknowledgeResponse,
} from './messages/79-share-acknowledge.ts'
import { addRaftVoterRequest, addRaftVoterResponse } from './messages/80-add-raft-voter.ts'
import { removeRaftVoterRequest, removeRaftVoterResponse } from './messages/81-remove-raft-voter.ts'
import { updateRaftVoterRequest, updateRaftVoterResponse } from './messages/82-update-raft-voter.ts'
import {
  initializeShareGroupStateRequest,
  initializeShareGroupStateResponse,
} from './messages/83-initialize-share-group-state.ts'
import {
  readShareGroupStateRequest,
  readShareGroupStateResponse,
} from './messages/84-read-share-group-state.ts'
import {
  writeShareGroupStateRequest,
  writeShareGroupStateResponse,
} from './messages/85-write-share-group-state.ts'
import {
  deleteShareGroupStateRequest,
  deleteShareGroupStateResponse,
} from './messages/86-delete-share-group-state.ts'
import {
  readShareGroupStateSummaryRequest,
  readShareGroupStateSummaryResponse,
} from './messages/87-read-share-group-state-summary.ts'
import {
  streamsGroupHeartbeatRequest,
  streamsGroupHeartbeatResponse,
} from './messages/88-streams-group-heartbeat.ts'
import {
  streamsGroupDescribeRequest,
  streamsGroupDescribeResponse,
} from './messages/89-streams-group-describe.ts'
import {
  describeShareGroupOffsetsRequest,
  describeShareGroupOffsetsResponse,
} from './messages/90-describe-share-group-offsets.ts'
import {
  alterShareGroupOffsetsRequest,
  alterShareGroupOffsetsResponse,
} from './messages/91-alter-share-group-offsets.ts'
import {
  deleteShareGroupOffsetsRequest,
  deleteShareGroupOffsetsResponse,
} from './messages/92-delete-share-group-offsets.ts'
import type { Message } from './schema.ts'

/** One API: its key, its name and the two messages. */
export interface Api {
  readonly key: number
  readonly name: string
  readonly request: Message
  readonly response: Message
}

export const apis: readonly Api[] = [
  { key: 0, name: 'Produce', request: produceRequest, response: produceResponse },
  { key: 1, name: 'Fetch', request: fetchRequest, response: fetchResponse },
  { key: 2, name: 'ListOffsets', request: listOffsetsRequest, response: listOffsetsResponse },
  { key: 3, name: 'Metadata', request: metadataRequest, response: metadataResponse },
  { key: 8, name: 'OffsetCommit', request: offsetCommitRequest, response: offsetCommitResponse },
  { key: 9, name: 'OffsetFetch', request: offsetFetchRequest, response: offsetFetchResponse },
  {
    key: 10,
    name: 'FindCoordinator',
    request: findCoordinatorRequest,
    response: findCoordinatorResponse,
  },
  { key: 11, name: 'JoinGroup', request: joinGroupRequest, response: joinGroupResponse },
  { key: 12, name: 'Heartbeat', request: heartbeatRequest, response: heartbeatResponse },
  { key: 13, name: 'LeaveGroup', request: leaveGroupRequest, response: leaveGroupResponse },
  { key: 14, name: 'SyncGroup', request: syncGroupRequest, response: syncGroupResponse },
  {
    key: 15,
    name: 'DescribeGroups',
    request: describeGroupsRequest,
    response: describeGroupsResponse,
  },
  { key: 16, name: 'ListGroups', request: listGroupsRequest, response: listGroupsResponse },
  {
    key: 17,
    name: 'SaslHandshake',
    request: saslHandshakeRequest,
    response: saslHandshakeResponse,
  },
  { key: 18, name: 'ApiVersions', request: apiVersionsRequest, response: apiVersionsResponse },
  { key: 19, name: 'CreateTopics', request: createTopicsRequest, response: createTopicsResponse },
  { key: 20, name: 'DeleteTopics', request: deleteTopicsRequest, response: deleteTopicsResponse },
  {
    key: 21,
    name: 'DeleteRecords',
    request: deleteRecordsRequest,
    response: deleteRecordsResponse,
  },
  {
    key: 22,
    name: 'InitProducerId',
    request: initProducerIdRequest,
    response: initProducerIdResponse,
  },
  {
    key: 23,
    name: 'OffsetForLeaderEpoch',
    request: offsetForLeaderEpochRequest,
    response: offsetForLeaderEpochResponse,
  },
  {
    key: 24,
    name: 'AddPartitionsToTxn',
    request: addPartitionsToTxnRequest,
    response: addPartitionsToTxnResponse,
  },
  {
    key: 25,
    name: 'AddOffsetsToTxn',
    request: addOffsetsToTxnRequest,
    response: addOffsetsToTxnResponse,
  },
  { key: 26, name: 'EndTxn', request: endTxnRequest, response: endTxnResponse },
  {
    key: 27,
    name: 'WriteTxnMarkers',
    request: writeTxnMarkersRequest,
    response: writeTxnMarkersResponse,
  },
  {
    key: 28,
    name: 'TxnOffsetCommit',
    request: txnOffsetCommitRequest,
    response: txnOffsetCommitResponse,
  },
  { key: 29, name: 'DescribeAcls', request: describeAclsRequest, response: describeAclsResponse },
  { key: 30, name: 'CreateAcls', request: createAclsRequest, response: createAclsResponse },
  { key: 31, name: 'DeleteAcls', request: deleteAclsRequest, response: deleteAclsResponse },
  {
    key: 32,
    name: 'DescribeConfigs',
    request: describeConfigsRequest,
    response: describeConfigsResponse,
  },
  { key: 33, name: 'AlterConfigs', request: alterConfigsRequest, response: alterConfigsResponse },
  {
    key: 34,
    name: 'AlterReplicaLogDirs',
    request: alterReplicaLogDirsRequest,
    response: alterReplicaLogDirsResponse,
  },
  {
    key: 35,
    name: 'DescribeLogDirs',
    request: describeLogDirsRequest,
    response: describeLogDirsResponse,
  },
  {
    key: 36,
    name: 'SaslAuthenticate',
    request: saslAuthenticateRequest,
    response: saslAuthenticateResponse,
  },
  {
    key: 37,
    name: 'CreatePartitions',
    request: createPartitionsRequest,
    response: createPartitionsResponse,
  },
  {
    key: 38,
    name: 'CreateDelegationToken',
    request: createDelegationTokenRequest,
    response: createDelegationTokenResponse,
  },
  {
    key: 39,
    name: 'RenewDelegationToken',
    request: renewDelegationTokenRequest,
    response: renewDelegationTokenResponse,
  },
  {
    key: 40,
    name: 'ExpireDelegationToken',
    request: expireDelegationTokenRequest,
    response: expireDelegationTokenResponse,
  },
  {
    key: 41,
    name: 'DescribeDelegationToken',
    request: describeDelegationTokenRequest,
    response: describeDelegationTokenResponse,
  },
  { key: 42, name: 'DeleteGroups', request: deleteGroupsRequest, response: deleteGroupsResponse },
  { key: 43, name: 'ElectLeaders', request: electLeadersRequest, response: electLeadersResponse },
  {
    key: 44,
    name: 'IncrementalAlterConfigs',
    request: incrementalAlterConfigsRequest,
    response: incrementalAlterConfigsResponse,
  },
  {
    key: 45,
    name: 'AlterPartitionReassignments',
    request: alterPartitionReassignmentsRequest,
    response: alterPartitionReassignmentsResponse,
  },
  {
    key: 46,
    name: 'ListPartitionReassignments',
    request: listPartitionReassignmentsRequest,
    response: listPartitionReassignmentsResponse,
  },
  { key: 47, name: 'OffsetDelete', request: offsetDeleteRequest, response: offsetDeleteResponse },
  {
    key: 48,
    name: 'DescribeClientQuotas',
    request: describeClientQuotasRequest,
    response: describeClientQuotasResponse,
  },
  {
    key: 49,
    name: 'AlterClientQuotas',
    request: alterClientQuotasRequest,
    response: alterClientQuotasResponse,
  },
  {
    key: 50,
    name: 'DescribeUserScramCredentials',
    request: describeUserScramCredentialsRequest,
    response: describeUserScramCredentialsResponse,
  },
  {
    key: 51,
    name: 'AlterUserScramCredentials',
    request: alterUserScramCredentialsRequest,
    response: alterUserScramCredentialsResponse,
  },
  { key: 52, name: 'Vote', request: voteRequest, response: voteResponse },
  {
    key: 53,
    name: 'BeginQuorumEpoch',
    request: beginQuorumEpochRequest,
    response: beginQuorumEpochResponse,
  },
  {
    key: 54,
    name: 'EndQuorumEpoch',
    request: endQuorumEpochRequest,
    response: endQuorumEpochResponse,
  },
  {
    key: 55,
    name: 'DescribeQuorum',
    request: describeQuorumRequest,
    response: describeQuorumResponse,
  },
  {
    key: 56,
    name: 'AlterPartition',
    request: alterPartitionRequest,
    response: alterPartitionResponse,
  },
  {
    key: 57,
    name: 'UpdateFeatures',
    request: updateFeaturesRequest,
    response: updateFeaturesResponse,
  },
  { key: 58, name: 'Envelope', request: envelopeRequest, response: envelopeResponse },
  {
    key: 59,
    name: 'FetchSnapshot',
    request: fetchSnapshotRequest,
    response: fetchSnapshotResponse,
  },
  {
    key: 60,
    name: 'DescribeCluster',
    request: describeClusterRequest,
    response: describeClusterResponse,
  },
  {
    key: 61,
    name: 'DescribeProducers',
    request: describeProducersRequest,
    response: describeProducersResponse,
  },
  {
    key: 62,
    name: 'BrokerRegistration',
    request: brokerRegistrationRequest,
    response: brokerRegistrationResponse,
  },
  {
    key: 63,
    name: 'BrokerHeartbeat',
    request: brokerHeartbeatRequest,
    response: brokerHeartbeatResponse,
  },
  {
    key: 64,
    name: 'UnregisterBroker',
    request: unregisterBrokerRequest,
    response: unregisterBrokerResponse,
  },
  {
    key: 65,
    name: 'DescribeTransactions',
    request: describeTransactionsRequest,
    response: describeTransactionsResponse,
  },
  {
    key: 66,
    name: 'ListTransactions',
    request: listTransactionsRequest,
    response: listTransactionsResponse,
  },
  {
    key: 67,
    name: 'AllocateProducerIds',
    request: allocateProducerIdsRequest,
    response: allocateProducerIdsResponse,
  },
  {
    key: 68,
    name: 'ConsumerGroupHeartbeat',
    request: consumerGroupHeartbeatRequest,
    response: consumerGroupHeartbeatResponse,
  },
  {
    key: 69,
    name: 'ConsumerGroupDescribe',
    request: consumerGroupDescribeRequest,
    response: consumerGroupDescribeResponse,
  },
  {
    key: 70,
    name: 'ControllerRegistration',
    request: controllerRegistrationRequest,
    response: controllerRegistrationResponse,
  },
  {
    key: 71,
    name: 'GetTelemetrySubscriptions',
    request: getTelemetrySubscriptionsRequest,
    response: getTelemetrySubscriptionsResponse,
  },
  {
    key: 72,
    name: 'PushTelemetry',
    request: pushTelemetryRequest,
    response: pushTelemetryResponse,
  },
  {
    key: 73,
    name: 'AssignReplicasToDirs',
    request: assignReplicasToDirsRequest,
    response: assignReplicasToDirsResponse,
  },
  {
    key: 74,
    name: 'ListConfigResources',
    request: listConfigResourcesRequest,
    response: listConfigResourcesResponse,
  },
  {
    key: 75,
    name: 'DescribeTopicPartitions',
    request: describeTopicPartitionsRequest,
    response: describeTopicPartitionsResponse,
  },
  {
    key: 76,
    name: 'ShareGroupHeartbeat',
    request: shareGroupHeartbeatRequest,
    response: shareGroupHeartbeatResponse,
  },
  {
    key: 77,
    name: 'ShareGroupDescribe',
    request: shareGroupDescribeRequest,
    response: shareGroupDescribeResponse,
  },
  { key: 78, name: 'ShareFetch', request: shareFetchRequest, response: shareFetchResponse },
  {
    key: 79,
    name: 'ShareAcknowledge',
    request: shareAcknowledgeRequest,
    response: shareAcknowledgeResponse,
  },
  { key: 80, name: 'AddRaftVoter', request: addRaftVoterRequest, response: addRaftVoterResponse },
  {
    key: 81,
    name: 'RemoveRaftVoter',
    request: removeRaftVoterRequest,
    response: removeRaftVoterResponse,
  },
  {
    key: 82,
    name: 'UpdateRaftVoter',
    request: updateRaftVoterRequest,
    response: updateRaftVoterResponse,
  },
  {
    key: 83,
    name: 'InitializeShareGroupState',
    request: initializeShareGroupStateRequest,
    response: initializeShareGroupStateResponse,
  },
  {
    key: 84,
    name: 'ReadShareGroupState',
    request: readShareGroupStateRequest,
    response: readShareGroupStateResponse,
  },
  {
    key: 85,
    name: 'WriteShareGroupState',
    request: writeShareGroupStateRequest,
    response: writeShareGroupStateResponse,
  },
  {
    key: 86,
    name: 'DeleteShareGroupState',
    request: deleteShareGroupStateRequest,
    response: deleteShareGroupStateResponse,
  },
  {
    key: 87,
    name: 'ReadShareGroupStateSummary',
    request: readShareGroupStateSummaryRequest,
    response: readShareGroupStateSummaryResponse,
  },
  {
    key: 88,
    name: 'StreamsGroupHeartbeat',
    request: streamsGroupHeartbeatRequest,
    response: streamsGroupHeartbeatResponse,
  },
  {
    key: 89,
    name: 'StreamsGroupDescribe',
    request: streamsGroupDescribeRequest,
    response: streamsGroupDescribeResponse,
  },
  {
    key: 90,
    name: 'DescribeShareGroupOffsets',
    request: describeShareGroupOffsetsRequest,
    response: describeShareGroupOffsetsResponse,
  },
  {
    key: 91,
    name: 'AlterShareGroupOffsets',
    request: alterShareGroupOffsetsRequest,
    response: alterShareGroupOffsetsResponse,
  },
  {
    key: 92,
    name: 'DeleteShareGroupOffsets',
    request: deleteShareGroupOffsetsRequest,
    response: deleteShareGroupOffsetsResponse,
  },
]

const byKey = new Map(apis.map((api) => [api.key, api]))

/** The API with this key, or undefined where Kafka 4.3 has none. */
export function apiOf(key: number): Api | undefined {
  return byKey.get(key)
}
