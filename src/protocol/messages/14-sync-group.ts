/**
 * SyncGroup (API key 14). Hands the leader's assignment of a classic group to its members.
 *
 * 3: static members (KIP-345). 5: protocol type and name are checked (KIP-559).
 */
import { array, bytes, type Infer, type Input, int16, int32, message, string } from '../schema.ts'

export const syncGroupRequest = message(
  'SyncGroupRequest',
  { apiKey: 14, versions: '0-5', flexible: '4+', listeners: ['broker'] },
  {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string({ versions: '3+', nullable: '3+', default: null }),
    protocolType: string({ versions: '5+', nullable: '5+', default: null, ignorable: true }),
    protocolName: string({ versions: '5+', nullable: '5+', default: null, ignorable: true }),
    assignments: array({
      memberId: string(),
      assignment: bytes(),
    }),
  },
)
export type SyncGroupRequest = Infer<typeof syncGroupRequest>

export const syncGroupResponse = message(
  'SyncGroupResponse',
  { apiKey: 14, versions: '0-5', flexible: '4+' },
  {
    throttleTimeMs: int32({ versions: '1+', default: 0, ignorable: true }),
    errorCode: int16(),
    protocolType: string({ versions: '5+', nullable: '5+', default: null, ignorable: true }),
    protocolName: string({ versions: '5+', nullable: '5+', default: null, ignorable: true }),
    assignment: bytes(),
  },
)
export type SyncGroupResponse = Input<typeof syncGroupResponse>
