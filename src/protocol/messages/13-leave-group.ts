/**
 * LeaveGroup (API key 13). Takes members out of a classic group.
 *
 * 3: several at once, also by instance id (KIP-345). 5: the reason (KIP-800).
 */
import { array, type Infer, type Input, int16, int32, message, string } from '../schema.ts'

export const leaveGroupRequest = message(
  'LeaveGroupRequest',
  { apiKey: 13, versions: '0-5', flexible: '4+', listeners: ['broker'] },
  {
    groupId: string(),
    memberId: string({ versions: '0-2' }),
    members: array(
      {
        memberId: string({ versions: '3+' }),
        groupInstanceId: string({ versions: '3+', nullable: '3+', default: null }),
        reason: string({ versions: '5+', nullable: '5+', default: null, ignorable: true }),
      },
      { versions: '3+' },
    ),
  },
)
export type LeaveGroupRequest = Infer<typeof leaveGroupRequest>

export const leaveGroupResponse = message(
  'LeaveGroupResponse',
  { apiKey: 13, versions: '0-5', flexible: '4+' },
  {
    throttleTimeMs: int32({ versions: '1+', default: 0, ignorable: true }),
    errorCode: int16(),
    members: array(
      {
        memberId: string({ versions: '3+' }),
        groupInstanceId: string({ versions: '3+', nullable: '3+' }),
        errorCode: int16({ versions: '3+' }),
      },
      { versions: '3+' },
    ),
  },
)
export type LeaveGroupResponse = Input<typeof leaveGroupResponse>
