/**
 * ExpireDelegationToken (API key 40). Ends a delegation token.
 *
 * KIP-48.
 */
import { bytes, type Infer, type Input, int16, int32, int64, message } from '../schema.ts'

export const expireDelegationTokenRequest = message(
  'ExpireDelegationTokenRequest',
  { apiKey: 40, versions: '1-2', flexible: '2+', listeners: ['broker', 'controller'] },
  {
    hmac: bytes(),
    expiryTimePeriodMs: int64(),
  },
)
export type ExpireDelegationTokenRequest = Infer<typeof expireDelegationTokenRequest>

export const expireDelegationTokenResponse = message(
  'ExpireDelegationTokenResponse',
  { apiKey: 40, versions: '1-2', flexible: '2+' },
  {
    errorCode: int16(),
    expiryTimestampMs: int64(),
    throttleTimeMs: int32({ default: 0 }),
  },
)
export type ExpireDelegationTokenResponse = Input<typeof expireDelegationTokenResponse>
