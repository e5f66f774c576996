/**
 * Groups as kafkajs describes them: members with the bytes that they sent, which the native admin
 * keeps to itself.
 */
import {
  describeGroupsRequest,
  describeGroupsResponse,
} from '../../protocol/messages/15-describe-groups.ts'
import type { Deadline } from '../call.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { KafkaError } from '../kafka-error.ts'
import { retrying } from '../retry.ts'
import type { ConsumerGroupState, GroupDescription } from './consumer-types.ts'

const CALL = { request: describeGroupsRequest, response: describeGroupsResponse }
/** From here on a group that does not exist is an error; before, it is described as dead. */
const LAST_VERSION_WITH_DEAD_GROUPS = 5
const KNOWN_STATES: readonly string[] = [
  ...['PreparingRebalance', 'CompletingRebalance', 'Stable', 'Dead', 'Empty'],
]

/** Asks the group's coordinator, until the deadline where that passes by itself. */
export function describeGroup(
  cluster: Cluster,
  groupId: string,
  deadline: Deadline,
): Promise<GroupDescription> {
  return retrying(cluster, deadline, async () => {
    const coordinator = await cluster.coordinator('group', groupId, deadline)
    const { body } = await cluster.request(
      coordinator,
      CALL,
      { groups: [groupId] },
      { deadline, maxVersion: LAST_VERSION_WITH_DEAD_GROUPS },
    )
    const [group] = body.groups
    if (group === undefined) throw new KafkaError('CORRUPT_DATA', 'the answer has no group')
    if (group.errorCode !== 0) {
      cluster.forgetCoordinator('group', groupId)
      throw KafkaError.ofCode(group.errorCode, null, { api: 'DescribeGroups', groupId })
    }
    return {
      errorCode: 0,
      groupId,
      members: group.members.map((member) => ({
        memberId: member.memberId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        memberMetadata: Buffer.from(member.memberMetadata),
        memberAssignment: Buffer.from(member.memberAssignment),
      })),
      protocol: group.protocolData,
      protocolType: group.protocolType,
      state: stateOf(group.groupState),
    }
  })
}

function stateOf(name: string): ConsumerGroupState {
  return KNOWN_STATES.includes(name) ? (name as ConsumerGroupState) : 'Unknown'
}
