/**
 * AllocateProducerIds (API key 67). A broker takes a block of producer ids from the controller.
 *
 * KIP-730.
 */
import { type Infer, type Input, int16, int32, int64, message } from '../schema.ts'

export const allocateProducerIdsRequest = message(
  'AllocateProducerIdsRequest',
  { apiKey: 67, versions: '0', flexible: '0+', listeners: ['controller'] },
  {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1 }),
  },
)
export type AllocateProducerIdsRequest = Infer<typeof allocateProducerIdsRequest>

export const allocateProducerIdsResponse = message(
  'AllocateProducerIdsResponse',
  { apiKey: 67, versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    producerIdStart: int64(),
    producerIdLen: int32(),
  },
)
export type AllocateProducerIdsResponse = Input<typeof allocateProducerIdsResponse>
