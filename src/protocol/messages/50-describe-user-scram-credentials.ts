/**
 * DescribeUserScramCredentials (API key 50). Describes SCRAM credentials.
 *
 * KIP-554.
 */
import { array, type Infer, type Input, int8, int16, int32, message, string } from '../schema.ts'

export const describeUserScramCredentialsRequest = message(
  'DescribeUserScramCredentialsRequest',
  { apiKey: 50, versions: '0', flexible: '0+', listeners: ['broker', 'controller'] },
  {
    users: array(
      {
        name: string(),
      },
      { nullable: '0+' },
    ),
  },
)
export type DescribeUserScramCredentialsRequest = Infer<typeof describeUserScramCredentialsRequest>

export const describeUserScramCredentialsResponse = message(
  'DescribeUserScramCredentialsResponse',
  { apiKey: 50, versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+' }),
    results: array({
      user: string(),
      errorCode: int16(),
      errorMessage: string({ nullable: '0+' }),
      credentialInfos: array({
        mechanism: int8(),
        iterations: int32(),
      }),
    }),
  },
)
export type DescribeUserScramCredentialsResponse = Input<
  typeof describeUserScramCredentialsResponse
>
