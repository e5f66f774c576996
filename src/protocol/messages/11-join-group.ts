/**
 * JoinGroup (API key 11). Joins a classic group, and waits for its next generation.
 *
 * 1: a rebalance timeout apart from the session timeout (KIP-62). 4: a new member is sent its id
 * and has to come back with it (KIP-394). 5: static members (KIP-345). 7: the response names the
 * protocol type (KIP-559). 8: the reason for joining (KIP-800). 9: the leader may be told to skip
 * the assignment (KIP-814).
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

export const joinGroupRequest = message(
  'JoinGroupRequest',
  { apiKey: 11, versions: '0-9', flexible: '6+', listeners: ['broker'] },
  {
    groupId: string(),
    sessionTimeoutMs: int32(),
    rebalanceTimeoutMs: int32({ versions: '1+', default: -1, ignorable: true }),
    memberId: string(),
    groupInstanceId: string({ versions: '5+', nullable: '5+', default: null }),
    protocolType: string(),
    protocols: array({
      name: string(),
      metadata: bytes(),
    }),
    reason: string({ versions: '8+', nullable: '8+', default: null, ignorable: true }),
  },
)
export type JoinGroupRequest = Infer<typeof joinGroupRequest>

export const joinGroupResponse = message(
  'JoinGroupResponse',
  { apiKey: 11, versions: '0-9', flexible: '6+' },
  {
    throttleTimeMs: int32({ versions: '2+', default: 0, ignorable: true }),
    errorCode: int16(),
    generationId: int32({ default: -1 }),
    protocolType: string({ versions: '7+', nullable: '7+', default: null, ignorable: true }),
    protocolName: string({ nullable: '7+' }),
    leader: string(),
    skipAssignment: bool({ versions: '9+', default: false }),
    memberId: string(),
    members: array({
      memberId: string(),
      groupInstanceId: string({ versions: '5+', nullable: '5+', default: null, ignorable: true }),
      metadata: bytes(),
    }),
  },
)
export type JoinGroupResponse = Input<typeof joinGroupResponse>
