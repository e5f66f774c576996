/** What share groups (KIP-932) and streams groups (KIP-1071) consist of. */
import {
  shareGroupDescribeRequest,
  shareGroupDescribeResponse,
} from '../../protocol/messages/77-share-group-describe.ts'
import {
  streamsGroupDescribeRequest,
  streamsGroupDescribeResponse,
} from '../../protocol/messages/89-streams-group-describe.ts'
import type { Infer } from '../../protocol/schema.ts'
import type { BrokerInfo } from '../cluster/cluster.ts'
import { KafkaError } from '../kafka-error.ts'
import type { TopicPartition } from '../topic.ts'
import { type Caller, send } from './caller.ts'
import { type DescribeGroupsOptions, partitionsOf } from './describe-groups.ts'
import { type GroupState, groupStateOf } from './group-states.ts'
import { brokerOf, coordinators } from './lookups.ts'
import { type AclOperation, authorizedOperationsOf } from './names.ts'
import { perKey, settleCoordinatorError } from './per-key.ts'
import type { Results } from './results.ts'

const shareCall = { request: shareGroupDescribeRequest, response: shareGroupDescribeResponse }
const streamsCall = { request: streamsGroupDescribeRequest, response: streamsGroupDescribeResponse }

/** A share group (KIP-932). */
export interface ShareGroupDescription {
  readonly groupId: string
  readonly state: GroupState
  readonly coordinator: BrokerInfo
  readonly groupEpoch: number
  readonly targetAssignmentEpoch: number
  readonly assignor: string
  readonly members: readonly ShareGroupMember[]
  /** Null where it was not asked for. */
  readonly authorizedOperations: readonly AclOperation[] | null
}

/** A member of a share group. */
export interface ShareGroupMember {
  readonly memberId: string
  readonly rackId: string | null
  readonly clientId: string
  readonly host: string
  readonly memberEpoch: number
  readonly subscribedTopics: readonly string[]
  readonly assignment: readonly TopicPartition[]
}

const groupText = (groupId: string) => groupId

/** Describes share groups. */
export function describeShareGroups(
  caller: Caller,
  groupIds: readonly string[],
  options: DescribeGroupsOptions,
): Promise<Results<string, ShareGroupDescription>> {
  const deadline = caller.begin('describeShareGroups', options)
  const includeAuthorizedOperations = options.includeAuthorizedOperations ?? false
  return perKey(caller, deadline, {
    keys: groupIds,
    textOf: groupText,
    lookup: coordinators(caller, 'group', groupText),
    async ask(target, keys, answers) {
      const asked = { groupIds: keys, includeAuthorizedOperations }
      const { body } = await send(caller, target, shareCall, asked, { deadline })
      for (const group of body.groups) {
        const { groupId, errorCode, errorMessage } = group
        if (errorCode !== 0) {
          const context = { api: 'ShareGroupDescribe', groupId }
          const error = KafkaError.ofCode(errorCode, errorMessage, context)
          settleCoordinatorError(answers, groupId, error)
        } else {
          answers.succeed(groupId, {
            groupId,
            state: groupStateOf(group.groupState),
            coordinator: brokerOf(caller, target),
            groupEpoch: group.groupEpoch,
            targetAssignmentEpoch: group.assignmentEpoch,
            assignor: group.assignorName,
            members: group.members.map((member) => ({
              memberId: member.memberId,
              rackId: member.rackId,
              clientId: member.clientId,
              host: member.clientHost,
              memberEpoch: member.memberEpoch,
              subscribedTopics: member.subscribedTopicNames,
              assignment: partitionsOf(member.assignment),
            })),
            authorizedOperations: authorizedOperationsOf(group.authorizedOperations),
          })
        }
      }
    },
  })
}

type StreamsGroup = Infer<typeof streamsGroupDescribeResponse>['groups'][number]
type Subtopology = NonNullable<NonNullable<StreamsGroup['topology']>['subtopologies']>[number]
type Assignment = StreamsGroup['members'][number]['assignment']

/** A streams group (KIP-1071). */
export interface StreamsGroupDescription {
  readonly groupId: string
  readonly state: GroupState
  readonly coordinator: BrokerInfo
  readonly groupEpoch: number
  readonly targetAssignmentEpoch: number
  /** Null while no member has told of its topology. */
  readonly topologyEpoch: number | null
  readonly subtopologies: readonly StreamsSubtopology[]
  readonly members: readonly StreamsGroupMember[]
  /** Null where it was not asked for. */
  readonly authorizedOperations: readonly AclOperation[] | null
}

/** A part of a streams application whose tasks go together. */
export interface StreamsSubtopology {
  readonly id: string
  readonly sourceTopics: readonly string[]
  readonly repartitionSinkTopics: readonly string[]
  readonly stateChangelogTopics: readonly StreamsInternalTopic[]
  readonly repartitionSourceTopics: readonly StreamsInternalTopic[]
}

/** A topic that a streams application makes for itself. */
export interface StreamsInternalTopic {
  readonly name: string
  /** 0 where it follows from other topics. */
  readonly partitions: number
  /** 0 for the broker's default. */
  readonly replicationFactor: number
  readonly configs: Readonly<Record<string, string>>
}

/** A member of a streams group. */
export interface StreamsGroupMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly clientId: string
  readonly host: string
  readonly memberEpoch: number
  readonly topologyEpoch: number
  readonly processId: string
  readonly userEndpoint: { readonly host: string; readonly port: number } | null
  readonly clientTags: Readonly<Record<string, string>>
  readonly taskOffsets: readonly StreamsTaskOffset[]
  readonly taskEndOffsets: readonly StreamsTaskOffset[]
  readonly assignment: StreamsAssignment
  readonly targetAssignment: StreamsAssignment
  readonly isClassic: boolean
}

/** How far a task of a streams group has got. */
export interface StreamsTaskOffset {
  readonly subtopologyId: string
  readonly partition: number
  readonly offset: number
}

/** The tasks of a member of a streams group. */
export interface StreamsAssignment {
  readonly activeTasks: readonly StreamsTasks[]
  readonly standbyTasks: readonly StreamsTasks[]
  readonly warmupTasks: readonly StreamsTasks[]
}

/** Tasks of one part of a streams application. */
export interface StreamsTasks {
  readonly subtopologyId: string
  readonly partitions: readonly number[]
}

/** Describes streams groups. */
export function describeStreamsGroups(
  caller: Caller,
  groupIds: readonly string[],
  options: DescribeGroupsOptions,
): Promise<Results<string, StreamsGroupDescription>> {
  const deadline = caller.begin('describeStreamsGroups', options)
  const includeAuthorizedOperations = options.includeAuthorizedOperations ?? false
  return perKey(caller, deadline, {
    keys: groupIds,
    textOf: groupText,
    lookup: coordinators(caller, 'group', groupText),
    async ask(target, keys, answers) {
      const asked = { groupIds: keys, includeAuthorizedOperations }
      const { body } = await send(caller, target, streamsCall, asked, { deadline })
      for (const group of body.groups) {
        const { groupId, errorCode, errorMessage } = group
        if (errorCode === 0) answers.succeed(groupId, toStreams(group, brokerOf(caller, target)))
        else {
          const context = { api: 'StreamsGroupDescribe', groupId }
          const error = KafkaError.ofCode(errorCode, errorMessage, context)
          settleCoordinatorError(answers, groupId, error)
        }
      }
    },
  })
}

function toStreams(group: StreamsGroup, coordinator: BrokerInfo): StreamsGroupDescription {
  return {
    groupId: group.groupId,
    state: groupStateOf(group.groupState),
    coordinator,
    groupEpoch: group.groupEpoch,
    targetAssignmentEpoch: group.assignmentEpoch,
    topologyEpoch: group.topology?.epoch ?? null,
    subtopologies: (group.topology?.subtopologies ?? []).map(toSubtopology),
    members: group.members.map((member) => ({
      memberId: member.memberId,
      instanceId: member.instanceId,
      rackId: member.rackId,
      clientId: member.clientId,
      host: member.clientHost,
      memberEpoch: member.memberEpoch,
      topologyEpoch: member.topologyEpoch,
      processId: member.processId,
      userEndpoint: member.userEndpoint,
      clientTags: toRecord(member.clientTags),
      taskOffsets: member.taskOffsets,
      taskEndOffsets: member.taskEndOffsets,
      assignment: toAssignment(member.assignment),
      targetAssignment: toAssignment(member.targetAssignment),
      isClassic: member.isClassic,
    })),
    authorizedOperations: authorizedOperationsOf(group.authorizedOperations),
  }
}

function toSubtopology(subtopology: Subtopology): StreamsSubtopology {
  const { sourceTopics, repartitionSinkTopics } = subtopology
  return {
    id: subtopology.subtopologyId,
    sourceTopics,
    repartitionSinkTopics,
    stateChangelogTopics: subtopology.stateChangelogTopics.map(toInternalTopic),
    repartitionSourceTopics: subtopology.repartitionSourceTopics.map(toInternalTopic),
  }
}

function toInternalTopic(topic: Subtopology['stateChangelogTopics'][number]): StreamsInternalTopic {
  const { name, partitions, replicationFactor, topicConfigs } = topic
  return { name, partitions, replicationFactor, configs: toRecord(topicConfigs) }
}

function toAssignment({ activeTasks, standbyTasks, warmupTasks }: Assignment): StreamsAssignment {
  return { activeTasks, standbyTasks, warmupTasks }
}

function toRecord(
  pairs: readonly { readonly key: string; readonly value: string }[],
): Readonly<Record<string, string>> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, value]))
}
