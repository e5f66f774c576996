/**
 * Heartbeat (API key 12). Keeps a member of a classic group alive.
 *
 * 3: static members (KIP-345).
 */
import { type Infer, type Input, int16, int32, message, string } from '../schema.ts'

export const heartbeatRequest = message(
  'HeartbeatRequest',
  { apiKey: 12, versions: '0-4', flexible: '4+', listeners: ['broker'] },
  {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string({ versions: '3+', nullable: '3+', default: null }),
  },
)
export type HeartbeatRequest = Infer<typeof heartbeatRequest>

export const heartbeatResponse = message(
  'HeartbeatResponse',
  { apiKey: 12, versions: '0-4', flexible: '4+' },
  {
    throttleTimeMs: int32({ versions: '1+', default: 0, ignorable: true }),
    errorCode: int16(),
  },
)
export type HeartbeatResponse = Input<typeof heartbeatResponse>
