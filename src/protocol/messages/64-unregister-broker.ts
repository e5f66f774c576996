/**
 * UnregisterBroker (API key 64). Takes a broker that will not come back out of the cluster.
 *
 * KIP-631.
 */
import { type Infer, type Input, int16, int32, message, string } from '../schema.ts'

export const unregisterBrokerRequest = message(
  'UnregisterBrokerRequest',
  { apiKey: 64, versions: '0', flexible: '0+', listeners: ['broker', 'controller'] },
  {
    brokerId: int32(),
  },
)
export type UnregisterBrokerRequest = Infer<typeof unregisterBrokerRequest>

export const unregisterBrokerResponse = message(
  'UnregisterBrokerResponse',
  { apiKey: 64, versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+' }),
  },
)
export type UnregisterBrokerResponse = Input<typeof unregisterBrokerResponse>
