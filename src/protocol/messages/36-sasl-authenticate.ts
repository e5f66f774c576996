/**
 * SaslAuthenticate (API key 36). Carries one step of a SASL exchange.
 *
 * 1: how long the session lasts (KIP-368). KIP-152.
 */
import { bytes, type Infer, type Input, int16, int64, message, string } from '../schema.ts'

export const saslAuthenticateRequest = message(
  'SaslAuthenticateRequest',
  { apiKey: 36, versions: '0-2', flexible: '2+', listeners: ['broker', 'controller'] },
  {
    authBytes: bytes(),
  },
)
export type SaslAuthenticateRequest = Infer<typeof saslAuthenticateRequest>

export const saslAuthenticateResponse = message(
  'SaslAuthenticateResponse',
  { apiKey: 36, versions: '0-2', flexible: '2+' },
  {
    errorCode: int16(),
    errorMessage: string({ nullable: '0+' }),
    authBytes: bytes(),
    sessionLifetimeMs: int64({ versions: '1+', default: 0, ignorable: true }),
  },
)
export type SaslAuthenticateResponse = Input<typeof saslAuthenticateResponse>
