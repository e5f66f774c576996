/** SaslHandshake (API key 17): request versions 0-1, flexible from none. */
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
