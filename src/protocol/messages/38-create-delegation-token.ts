/**
 * CreateDelegationToken (API key 38). Creates a delegation token.
 *
 * 3: for another owner (KIP-373). KIP-48.
 */
import {
  array,
  bytes,
  type Infer,
  type Input,
  int16,
  int32,
  int64,
  message,
  string,
} from '../schema.ts'

export const createDelegationTokenRequest = message(
  'CreateDelegationTokenRequest',
  { apiKey: 38, versions: '1-3', flexible: '2+', listeners: ['broker', 'controller'] },
  {
    ownerPrincipalType: string({ versions: '3+', nullable: '3+' }),
    ownerPrincipalName: string({ versions: '3+', nullable: '3+' }),
    renewers: array({
      principalType: string(),
      principalName: string(),
    }),
    maxLifetimeMs: int64(),
  },
)
export type CreateDelegationTokenRequest = Infer<typeof createDelegationTokenRequest>

export const createDelegationTokenResponse = message(
  'CreateDelegationTokenResponse',
  { apiKey: 38, versions: '1-3', flexible: '2+' },
  {
    errorCode: int16(),
    principalType: string(),
    principalName: string(),
    tokenRequesterPrincipalType: string({ versions: '3+' }),
    tokenRequesterPrincipalName: string({ versions: '3+' }),
    issueTimestampMs: int64(),
    expiryTimestampMs: int64(),
    maxTimestampMs: int64(),
    tokenId: string(),
    hmac: bytes(),
    throttleTimeMs: int32({ default: 0 }),
  },
)
export type CreateDelegationTokenResponse = Input<typeof createDelegationTokenResponse>
