/**
 * AlterUserScramCredentials (API key 51). Changes SCRAM credentials.
 *
 * KIP-554.
 */
import {
  array,
  bytes,
  type Infer,
  type Input,
  int8,
  int16,
  int32,
  message,
  string,
} from '../schema.ts'

export const alterUserScramCredentialsRequest = message(
  'AlterUserScramCredentialsRequest',
  { apiKey: 51, versions: '0', flexible: '0+', listeners: ['broker', 'controller'] },
  {
    deletions: array({
      name: string(),
      mechanism: int8(),
    }),
    upsertions: array({
      name: string(),
      mechanism: int8(),
      iterations: int32(),
      salt: bytes(),
      saltedPassword: bytes(),
    }),
  },
)
export type AlterUserScramCredentialsRequest = Infer<typeof alterUserScramCredentialsRequest>

export const alterUserScramCredentialsResponse = message(
  'AlterUserScramCredentialsResponse',
  { apiKey: 51, versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    results: array({
      user: string(),
      errorCode: int16(),
      errorMessage: string({ nullable: '0+' }),
    }),
  },
)
export type AlterUserScramCredentialsResponse = Input<typeof alterUserScramCredentialsResponse>
