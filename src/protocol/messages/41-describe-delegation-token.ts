/**
 * DescribeDelegationToken (API key 41). Describes delegation tokens.
 *
 * 3: who asked for the token (KIP-373). KIP-48.
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

export const describeDelegationTokenRequest = message(
  'DescribeDelegationTokenRequest',
  { apiKey: 41, versions: '1-3', flexible: '2+', listeners: ['broker', 'controller'] },
  {
    owners: array(
      {
        principalType: string(),
        principalName: string(),
      },
      { nullable: '0+' },
    ),
  },
)
export type DescribeDelegationTokenRequest = Infer<typeof describeDelegationTokenRequest>

export const describeDelegationTokenResponse = message(
  'DescribeDelegationTokenResponse',
  { apiKey: 41, versions: '1-3', flexible: '2+' },
  {
    errorCode: int16(),
    tokens: array({
      principalType: string(),
      principalName: string(),
      tokenRequesterPrincipalType: string({ versions: '3+' }),
      tokenRequesterPrincipalName: string({ versions: '3+' }),
      issueTimestamp: int64(),
      expiryTimestamp: int64(),
      maxTimestamp: int64(),
      tokenId: string(),
      hmac: bytes(),
      renewers: array({
        principalType: string(),
        principalName: string(),
      }),
    }),
    throttleTimeMs: int32({ default: 0 }),
  },
)
export type DescribeDelegationTokenResponse = Input<typeof describeDelegationTokenResponse>
