/**
 * What groups of consumers consist of: those of KIP-848 with ConsumerGroupDescribe, classic ones
 * with DescribeGroups, whose members' assignments are bytes that only clients understand. Which of
 * both a group is, its coordinator says: as Java does, the first is asked, and the second about
 * what the first does not have.
 */
import { ByteReader } from '../../base/bytes.ts'
import { decode } from '../../protocol/codec.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import {
  describeGroupsRequest,
  describeGroupsResponse,
} from '../../protocol/messages/15-describe-groups.ts'
import {
  consumerGroupDescribeRequest,
  consumerGroupDescribeResponse,
} from '../../protocol/messages/69-consumer-group-describe.ts'
import { consumerProtocolAssignment } from '../../protocol/persisted/consumer-protocol.ts'
import type { Infer } from '../../protocol/schema.ts'
import type { CallOptions, Deadline } from '../call.ts'
import type { BrokerInfo, Target } from '../cluster/cluster.ts'
import { KafkaError } from '../kafka-error.ts'
import type { TopicPartition } from '../topic.ts'
import { type Caller, send } from './caller.ts'
import { type GroupState, type GroupType, groupStateOf } from './group-states.ts'
import { brokerOf, coordinators } from './lookups.ts'
import { type AclOperation, authorizedOperationsOf } from './names.ts'
import { type Answers, perKey, settleCoordinatorError } from './per-key.ts'
import type { Results } from './results.ts'

const classicCall = { request: describeGroupsRequest, response: describeGroupsResponse }
const modernCall = {
  request: consumerGroupDescribeRequest,
  response: consumerGroupDescribeResponse,
}

/** Since then DescribeGroups tells what the client may do to a group. */
const OPERATIONS_VERSION = 3
const CONSUMER_PROTOCOL_TYPE = 'consumer'
const MAX_ASSIGNMENT_VERSION = 3

/** What the calls take that describe groups. */
export interface DescribeGroupsOptions extends CallOptions {
  readonly includeAuthorizedOperations?: boolean | undefined
}

/** A group of consumers, of either protocol. */
export interface ConsumerGroupDescription {
  readonly groupId: string
  readonly type: Extract<GroupType, 'classic' | 'consumer'>
  readonly state: GroupState
  /** Whether it has offsets only, of a program that assigns its partitions by itself. */
  readonly isSimple: boolean
  /** The name of the assignor, `''` where it has none yet. */
  readonly partitionAssignor: string
  readonly coordinator: BrokerInfo
  readonly members: readonly GroupMember[]
  /** Of groups of KIP-848; null of classic ones. */
  readonly groupEpoch: number | null
  readonly targetAssignmentEpoch: number | null
  /** Null where it was not asked for. */
  readonly authorizedOperations: readonly AclOperation[] | null
}

/** A member of a group of consumers, with what it owns. */
export interface GroupMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly clientId: string
  /** The address that the coordinator sees, as `/10.0.0.1`. */
  readonly host: string
  readonly assignment: readonly TopicPartition[]
  /** What it is to have in the end. Of members of KIP-848, as all below; null of classic ones. */
  readonly targetAssignment: readonly TopicPartition[] | null
  readonly memberEpoch: number | null
  /** Whether it speaks KIP-848 rather than the classic protocol; null if the broker is too old. */
  readonly isUpgraded: boolean | null
  readonly subscribedTopics: readonly string[] | null
  readonly subscribedTopicRegex: string | null
}

/** A group of the classic protocol, whatever its members do. */
export interface ClassicGroupDescription {
  readonly groupId: string
  /** `consumer`, `connect` and others; `''` where it never had members. */
  readonly protocolType: string
  /** What its members agreed on: for consumers, the assignor. */
  readonly protocolData: string
  readonly state: GroupState
  readonly isSimple: boolean
  readonly coordinator: BrokerInfo
  /** Their assignments are empty where the protocol type is not that of consumers. */
  readonly members: readonly GroupMember[]
  readonly authorizedOperations: readonly AclOperation[] | null
}

type ClassicGroup = Infer<typeof describeGroupsResponse>['groups'][number]
type ModernGroup = Infer<typeof consumerGroupDescribeResponse>['groups'][number]

const groupText = (groupId: string) => groupId

/** Describes groups of consumers, classic ones and those of KIP-848. */
export function describeConsumerGroups(
  caller: Caller,
  groupIds: readonly string[],
  options: DescribeGroupsOptions,
): Promise<Results<string, ConsumerGroupDescription>> {
  const deadline = caller.begin('describeConsumerGroups', options)
  return perKey<string, ConsumerGroupDescription>(caller, deadline, {
    keys: groupIds,
    textOf: groupText,
    lookup: coordinators(caller, 'group', groupText),
    async ask(target, keys, answers) {
      const asked = { caller, deadline, target, options }
      const others = await describeModern(asked, keys, answers)
      if (others.size > 0) await describeOthers(asked, others, answers)
    },
  })
}

interface Asked {
  readonly caller: Caller
  readonly deadline: Deadline
  readonly target: Target
  readonly options: DescribeGroupsOptions
}

/** Settles the groups of KIP-848. Returns the others, with what was said of why they are none. */
async function describeModern(
  { caller, deadline, target, options }: Asked,
  groupIds: readonly string[],
  answers: Answers<string, ConsumerGroupDescription>,
): Promise<Map<string, string | null>> {
  const includeAuthorizedOperations = options.includeAuthorizedOperations ?? false
  const body = { groupIds, includeAuthorizedOperations }
  const others = new Map<string, string | null>()
  try {
    const answer = await send(caller, target, modernCall, body, { deadline })
    for (const group of answer.body.groups) {
      const { groupId, errorCode, errorMessage } = group
      if (errorCode === 0) answers.succeed(groupId, fromModern(group, brokerOf(caller, target)))
      else if (isForClassic(errorCode)) others.set(groupId, errorMessage)
      else {
        const context = { api: 'ConsumerGroupDescribe', groupId }
        settleCoordinatorError(
          answers,
          groupId,
          KafkaError.ofCode(errorCode, errorMessage, context),
        )
      }
    }
    return others
  } catch (error) {
    if (!(error instanceof KafkaError) || error.code !== 'UNSUPPORTED_BY_BROKER') throw error
    return new Map(groupIds.map((groupId) => [groupId, null]))
  }
}

function isForClassic(errorCode: number): boolean {
  return errorCode === ErrorCode.GROUP_ID_NOT_FOUND || errorCode === ErrorCode.UNSUPPORTED_VERSION
}

async function describeOthers(
  asked: Asked,
  others: ReadonlyMap<string, string | null>,
  answers: Answers<string, ConsumerGroupDescription>,
): Promise<void> {
  for (const group of await describeClassic(asked, [...others.keys()])) {
    const { groupId, errorCode, protocolType } = group
    if (errorCode !== 0) {
      // The first answer tells better why there is no such group.
      const isUnknown = errorCode === ErrorCode.GROUP_ID_NOT_FOUND
      const text = (isUnknown ? others.get(groupId) : null) ?? group.errorMessage
      const context = { api: 'DescribeGroups', groupId }
      settleCoordinatorError(answers, groupId, KafkaError.ofCode(errorCode, text, context))
    } else if (protocolType !== CONSUMER_PROTOCOL_TYPE && protocolType !== '') {
      const text = `group ${groupId} is not of consumers but of the type ${protocolType}`
      answers.fail(groupId, new KafkaError('INVALID_ARGUMENT', text, { groupId }))
    } else {
      try {
        answers.succeed(groupId, fromClassic(group, brokerOf(asked.caller, asked.target)))
      } catch (error) {
        answers.fail(groupId, KafkaError.of(error, 'CORRUPT_DATA', 'assignment', { groupId }))
      }
    }
  }
}

async function describeClassic(
  { caller, deadline, target, options }: Asked,
  groups: readonly string[],
): Promise<readonly ClassicGroup[]> {
  const isAsked = options.includeAuthorizedOperations ?? false
  const { body } = await send(
    caller,
    target,
    classicCall,
    isAsked ? { groups, includeAuthorizedOperations: true } : { groups },
    { deadline, ...(isAsked && { minVersion: OPERATIONS_VERSION }) },
  )
  return body.groups
}

/** Describes classic groups of any protocol type: consumers, workers of Connect, and others. */
export function describeClassicGroups(
  caller: Caller,
  groupIds: readonly string[],
  options: DescribeGroupsOptions,
): Promise<Results<string, ClassicGroupDescription>> {
  const deadline = caller.begin('describeClassicGroups', options)
  return perKey<string, ClassicGroupDescription>(caller, deadline, {
    keys: groupIds,
    textOf: groupText,
    lookup: coordinators(caller, 'group', groupText),
    async ask(target, keys, answers) {
      for (const group of await describeClassic({ caller, deadline, target, options }, keys)) {
        const { groupId, errorCode, errorMessage, protocolType, protocolData } = group
        if (errorCode !== 0) {
          const context = { api: 'DescribeGroups', groupId }
          const error = KafkaError.ofCode(errorCode, errorMessage, context)
          settleCoordinatorError(answers, groupId, error)
          continue
        }
        try {
          const { state, isSimple, coordinator, members, authorizedOperations } = fromClassic(
            group,
            brokerOf(caller, target),
          )
          answers.succeed(groupId, {
            ...{ groupId, protocolType, protocolData, state, isSimple },
            ...{ coordinator, members, authorizedOperations },
          })
        } catch (error) {
          answers.fail(groupId, KafkaError.of(error, 'CORRUPT_DATA', 'assignment', { groupId }))
        }
      }
    },
  })
}

function fromModern(group: ModernGroup, coordinator: BrokerInfo): ConsumerGroupDescription {
  return {
    groupId: group.groupId,
    type: 'consumer',
    state: groupStateOf(group.groupState),
    isSimple: false,
    partitionAssignor: group.assignorName,
    coordinator,
    members: group.members.map((member) => ({
      memberId: member.memberId,
      instanceId: member.instanceId,
      rackId: member.rackId,
      clientId: member.clientId,
      host: member.clientHost,
      assignment: partitionsOf(member.assignment),
      targetAssignment: partitionsOf(member.targetAssignment),
      memberEpoch: member.memberEpoch,
      isUpgraded: member.memberType === -1 ? null : member.memberType === 1,
      subscribedTopics: member.subscribedTopicNames,
      subscribedTopicRegex: member.subscribedTopicRegex || null,
    })),
    groupEpoch: group.groupEpoch,
    targetAssignmentEpoch: group.assignmentEpoch,
    authorizedOperations: authorizedOperationsOf(group.authorizedOperations),
  }
}

function fromClassic(group: ClassicGroup, coordinator: BrokerInfo): ConsumerGroupDescription {
  const isOfConsumers = group.protocolType === CONSUMER_PROTOCOL_TYPE || group.protocolType === ''
  return {
    groupId: group.groupId,
    type: 'classic',
    state: groupStateOf(group.groupState),
    isSimple: group.protocolType === '',
    partitionAssignor: group.protocolData,
    coordinator,
    members: group.members.map((member) => ({
      memberId: member.memberId,
      instanceId: member.groupInstanceId,
      rackId: null,
      clientId: member.clientId,
      host: member.clientHost,
      assignment: isOfConsumers ? decodeAssignment(member.memberAssignment) : [],
      targetAssignment: null,
      memberEpoch: null,
      isUpgraded: null,
      subscribedTopics: null,
      subscribedTopicRegex: null,
    })),
    groupEpoch: null,
    targetAssignmentEpoch: null,
    authorizedOperations: authorizedOperationsOf(group.authorizedOperations),
  }
}

/** The partitions of a member, in the form in which the group's leader gave them out. */
function decodeAssignment(bytes: Uint8Array): readonly TopicPartition[] {
  if (bytes.length === 0) return []
  const reader = new ByteReader(bytes)
  const version = Math.min(reader.int16(), MAX_ASSIGNMENT_VERSION) // newer ones only add fields
  const { assignedPartitions } = decode(consumerProtocolAssignment, version, reader)
  return assignedPartitions.flatMap(({ topic, partitions }) => {
    return partitions.map((partition) => ({ topic, partition }))
  })
}

/** The partitions of an assignment that lists them by topic. */
export function partitionsOf(assignment: {
  readonly topicPartitions: readonly {
    readonly topicName: string
    readonly partitions: readonly number[]
  }[]
}): readonly TopicPartition[] {
  return assignment.topicPartitions.flatMap(({ topicName: topic, partitions }) => {
    return partitions.map((partition) => ({ topic, partition }))
  })
}
