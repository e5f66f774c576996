/**
 * Envelope (API key 58). Carries a request that a broker forwards to the controller, with the
 * principal of its client.
 *
 * KIP-590.
 */
import { bytes, type Infer, type Input, int16, message } from '../schema.ts'

export const envelopeRequest = message(
  'EnvelopeRequest',
  { apiKey: 58, versions: '0', flexible: '0+', listeners: ['controller'] },
  {
    requestData: bytes(),
    requestPrincipal: bytes({ nullable: '0+' }),
    clientHostAddress: bytes(),
  },
)
export type EnvelopeRequest = Infer<typeof envelopeRequest>

export const envelopeResponse = message(
  'EnvelopeResponse',
  { apiKey: 58, versions: '0', flexible: '0+' },
  {
    responseData: bytes({ nullable: '0+', default: null }),
    errorCode: int16(),
  },
)
export type EnvelopeResponse = Input<typeof envelopeResponse>
