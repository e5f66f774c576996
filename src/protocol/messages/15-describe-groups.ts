/**
 * DescribeGroups (API key 15). Describes classic groups with their members.
 *
 * 3: authorized operations (KIP-430). 4: instance ids (KIP-345). 6: a group that does not exist is
 * an error, with a message (KIP-1043).
 */
import {
  array,
  bool,
  bytes,
  type Infer,
  type Input,
  int16,
  int32,
  message,
  string,
} from '../schema.ts'

export const describeGroupsRequest = message(
  'DescribeGroupsRequest',
  { apiKey: 15, versions: '0-6', flexible: '5+', listeners: ['broker'] },
  {
    groups: array(string()),
    includeAuthorizedOperations: bool({ versions: '3+' }),
  },
)
export type DescribeGroupsRequest = Infer<typeof describeGroupsRequest>

export const describeGroupsResponse = message(
  'DescribeGroupsResponse',
  { apiKey: 15, versions: '0-6', flexible: '5+' },
  {
    throttleTimeMs: int32({ versions: '1+', default: 0, ignorable: true }),
    groups: array({
      errorCode: int16(),
      errorMessage: string({ versions: '6+', nullable: '6+', default: null }),
      groupId: string(),
      groupState: string(),
      protocolType: string(),
      protocolData: string(),
      members: array({
        memberId: string(),
        groupInstanceId: string({ versions: '4+', nullable: '4+', default: null, ignorable: true }),
        clientId: string(),
        clientHost: string(),
        memberMetadata: bytes(),
        memberAssignment: bytes(),
      }),
      authorizedOperations: int32({ versions: '3+', default: -2147483648 }),
    }),
  },
)
export type DescribeGroupsResponse = Input<typeof describeGroupsResponse>
