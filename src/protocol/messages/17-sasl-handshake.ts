/**
 * SaslHandshake (API key 17). Chooses a SASL mechanism.
 *
 * 0: the exchange goes on in bare frames; 1: in SaslAuthenticate requests (KIP-152).
 */
import { array, type Infer, type Input, int16, message, string } from '../schema.ts'

export const saslHandshakeRequest = message(
  'SaslHandshakeRequest',
  { apiKey: 17, versions: '0-1', flexible: 'none', listeners: ['broker', 'controller'] },
  {
    mechanism: string(),
  },
)
export type SaslHandshakeRequest = Infer<typeof saslHandshakeRequest>

export const saslHandshakeResponse = message(
  'SaslHandshakeResponse',
  { apiKey: 17, versions: '0-1', flexible: 'none' },
  {
    errorCode: int16(),
    mechanisms: array(string()),
  },
)
export type SaslHandshakeResponse = Input<typeof saslHandshakeResponse>
