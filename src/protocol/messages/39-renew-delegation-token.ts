/**
 * RenewDelegationToken (API key 39). Makes a delegation token last longer.
 *
 * KIP-48.
 */
import { bytes, type Infer, type Input, int16, int32, int64, message } from '../schema.ts'

export const renewDelegationTokenRequest = message(
  'RenewDelegationTokenRequest',
  { apiKey: 39, versions: '1-2', flexible: '2+', listeners: ['broker', 'controller'] },
  {
    hmac: bytes(),
    renewPeriodMs: int64(),
  },
)
export type RenewDelegationTokenRequest = Infer<typeof renewDelegationTokenRequest>

export const renewDelegationTokenResponse = message(
  'RenewDelegationTokenResponse',
  { apiKey: 39, versions: '1-2', flexible: '2+' },
  {
    errorCode: int16(),
    expiryTimestampMs: int64(),
    throttleTimeMs: int32({ default: 0 }),
  },
)
export type RenewDelegationTokenResponse = Input<typeof renewDelegationTokenResponse>
