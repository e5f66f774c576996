/**
 * Which of Apache Kafka's own integration tests judge this server (judges.ts), and which methods of
 * them can't yet, each with the reason. A method leaves this table in the commit that builds what
 * it waits for; `npm run judges -- --all` names those that pass already.
 */

/** Why a method is not run. */
export type Reason = keyof typeof REASONS

export const REASONS = {
  nodes: 'a cluster of several nodes, or a controller that is no broker',
  consumer: 'the consumer group protocol (KIP-848)',
  streams: 'streams groups (KIP-1071)',
  quotas: 'quotas (KIP-546)',
  transactions: 'transactions (KIP-98)',
  acls: 'ACLs',
  features: 'every feature of Kafka 4.3',
  apis: 'every client API of Kafka 4.3',
  loggers: "loggers by the names of Kafka's classes (KIP-412)",
  jvm: "a class in the broker's JVM (fails on Apache Kafka as a process too)",
  jars: 'jars of the judges that fit each other (fails on Apache Kafka too)',
} as const

export interface JudgeClass {
  readonly name: string
  /** True where CI runs it with the conformance checks. */
  readonly isFast: boolean
  /** Methods that wait for something. */
  readonly later: Readonly<Partial<Record<Reason, readonly string[]>>>
}

/** A failure with one of these in its message is of later work, whatever the test. */
export const LATER_MESSAGES: ReadonlyMap<string, Reason> = new Map([
  ['judge-node: a cluster of several nodes is not built yet', 'nodes'],
])

const SERVER = 'kafka.server'
const TOOLS = 'org.apache.kafka.tools'
const CLIENTS = 'org.apache.kafka.clients'
const GROUP_TOOLS = `${TOOLS}.consumer.group`

export const JUDGE_CLASSES: readonly JudgeClass[] = [
  fast(`${SERVER}.JoinGroupRequestTest`),
  fast(`${SERVER}.SyncGroupRequestTest`),
  fast(`${SERVER}.HeartbeatRequestTest`),
  slow(`${SERVER}.LeaveGroupRequestTest`, {
    consumer: ['testLeaveGroupWithNewConsumerGroupProtocolAndNewGroupCoordinator'],
  }),
  slow(`${SERVER}.ListGroupsRequestTest`, {
    consumer: ['testListGroupsWithNewConsumerGroupProtocol'],
  }),
  fast(`${SERVER}.DescribeGroupsRequestTest`),
  fast(`${SERVER}.DeleteGroupsRequestTest`, {
    consumer: ['testDeleteGroupsWithNewConsumerGroupProtocol'],
  }),
  fast(`${SERVER}.OffsetCommitRequestTest`, {
    consumer: ['testOffsetCommitWithNewConsumerGroupProtocol'],
  }),
  fast(`${SERVER}.OffsetFetchRequestTest`, {
    consumer: [
      'testSingleGroupOffsetFetchWithNewConsumerGroupProtocol',
      'testSingleGroupAllOffsetFetchWithNewConsumerGroupProtocol',
      'testMultiGroupsOffsetFetchWithNewConsumerGroupProtocol',
      'testFetchOffsetWithRecreatedTopic',
      'testCommittedOffsetsDeletedWhenTopicDeleted',
    ],
  }),
  fast(`${SERVER}.OffsetDeleteRequestTest`, {
    consumer: ['testOffsetDeleteWithNewConsumerGroupProtocol'],
  }),
  // It asks for a leader above node 0, and for brokers that only observe.
  slow(`${SERVER}.DescribeQuorumRequestTest`, { nodes: ['testDescribeQuorum'] }),
  slow('kafka.api.GroupCoordinatorIntegrationTest', {
    consumer: [
      'testCoordinatorFailoverAfterCompactingPartitionWithConsumerGroupMemberJoiningAndLeaving',
      'testCoordinatorFailoverAfterCompactingPartitionWithConsumerGroupDeleted',
      'testCoordinatorFailoverAfterCompactingPartitionWithUpgradedConsumerGroup',
      'testCoordinatorFailoverAfterCompactingPartitionWithUpgradedConsumerGroupAndTombstoneRemoved',
      'testCoordinatorFailoverAfterCompactingPartitionWithUpgradedSimpleConsumerGroup',
      'testCoordinatorFailoverCompactingPartitionWithManualOffsetCommits' +
        'AndConsumerGroupMemberUnsubscribingAndResubscribing',
      'testRecreatingConsumerOffsetsTopic',
    ],
    streams: [
      'testCoordinatorFailoverAfterCompactingPartitionWithUpgradedStreamsGroup',
      'testCoordinatorFailoverAfterCompactingPartitionWithUpgradedStreamsGroupAndTombstoneRemoved',
      'testCoordinatorFailoverAfterCompactingPartitionWithUpgradedSimpleStreamsGroup',
    ],
  }),
  slow(`${TOOLS}.TopicCommandTest`),
  slow(`${TOOLS}.GetOffsetShellTest`, {
    jvm: [
      'testGetOffsetsByEarliestLocalSpec',
      'testGetOffsetsByEarliestTieredSpec',
      'testGetOffsetsByLatestTieredSpec',
    ],
  }),
  fast(`${TOOLS}.DeleteRecordsCommandTest`),
  slow(`${TOOLS}.consumer.ConsoleConsumerTest`),
  slow(`${GROUP_TOOLS}.ListConsumerGroupTest`, {
    consumer: [
      'testListConsumerGroupsWithTypesConsumerProtocol',
      'testListGroupCommandConsumerProtocol',
    ],
  }),
  slow(`${GROUP_TOOLS}.DescribeConsumerGroupTest`, {
    consumer: ['testDescribeGroupMemberWithMigration'],
  }),
  slow(`${GROUP_TOOLS}.DeleteConsumerGroupsTest`),
  slow(`${GROUP_TOOLS}.DeleteOffsetsConsumerGroupCommandIntegrationTest`),
  slow(`${GROUP_TOOLS}.ResetConsumerGroupOffsetTest`, {
    jars: ['testResetOffsetsExportImportPlan', 'testResetOffsetsExportImportPlanSingleGroupArg'],
  }),
  slow(`${TOOLS}.GroupsCommandTest`, { consumer: ['testGroupCommand'] }),
  slow(`${TOOLS}.LogDirsCommandTest`),
  slow(`${TOOLS}.ConfigCommandIntegrationTest`, {
    consumer: ['testDescribeGroupWithoutDynamicConfigs'],
    quotas: ['testNullStatusOnKraftCommandAlterUserQuota'],
    loggers: ['testBrokerLoggerConfigUpdate'],
    jvm: ['testUpdateBrokerConfigNotAffectedByInvalidConfig'],
  }),
  slow(`${TOOLS}.FeatureCommandTest`, {
    // It names the controller, which is node 3000 there and node 0 here.
    nodes: ['testDowngradeMetadataVersionWithKRaft'],
    features: ['testDescribeWithKRaft', 'testDescribeWithKRaftAndBootstrapControllers'],
  }),
  slow(`${TOOLS}.MetadataQuorumCommandTest`),
  slow(`${TOOLS}.ClusterToolTest`),
  slow(`${TOOLS}.BrokerApiVersionsCommandTest`, { apis: ['testBrokerApiVersionsCommandOutput'] }),
  slow(`${TOOLS}.LeaderElectionCommandTest`),
  slow(`${CLIENTS}.MetadataVersionIntegrationTest`),
  slow(`${CLIENTS}.admin.DynamicGroupConfigIntegrationTest`),
  slow(`${CLIENTS}.admin.StaticBrokerConfigTest`, {
    // They compare a broker's configs with those of a controller that is another node.
    nodes: [
      'testInternalConfigsDoNotReturnForDescribeConfigs',
      'testTopicConfigsGetImpactedIfStaticConfigsAddToBroker',
      'testTopicConfigsGetImpactedIfStaticConfigsAddToController',
    ],
  }),
  slow(`${CLIENTS}.consumer.ConsumerIntegrationTest`, {
    consumer: [
      'testFetchPartitionsAfterFailedListenerWithGroupProtocolConsumer',
      'testFetchPartitionsWithAlwaysFailedListenerWithGroupProtocolConsumer',
    ],
  }),
  slow(`${CLIENTS}.consumer.ConsumerTopicCreationTest`),
  slow(`${CLIENTS}.producer.ProducerCompressionTest`),
  slow(`${CLIENTS}.producer.ProducerIntegrationTest`, {
    transactions: [
      'testTransactionWithAndWithoutSend',
      'testTransactionWithInvalidSendAndEndTxnRequestSent',
      'testTransactionWithSendOffset',
    ],
  }),
  slow('org.apache.kafka.server.log.LogAppendTimeTest'),
  slow('org.apache.kafka.server.config.DynamicConfigTest'),
  slow('org.apache.kafka.server.CordonedLogDirsIntegrationTest', {
    apis: ['testReassignWithCordonedLogDirs'],
  }),
  slow('org.apache.kafka.server.BootstrapControllersIntegrationTest', {
    // They take the controller for node 3000, or count the nodes of the quorum.
    nodes: [
      'testDescribeClusterByControllers',
      'testDescribeMetadataQuorum',
      'testDescribeMetadataQuorumByControllers',
      'testIncrementalAlterConfigsByControllers',
      'testIncrementalAlterConfigsBySingleControllerWithDynamicQuorum',
      'testQuotaConfigsIsReadOnlyShouldBeFalse',
    ],
    acls: ['testAcls', 'testAclsByControllers'],
  }),
]

function fast(name: string, later: JudgeClass['later'] = {}): JudgeClass {
  return { name, isFast: true, later }
}

function slow(name: string, later: JudgeClass['later'] = {}): JudgeClass {
  return { name, isFast: false, later }
}
