/**
 * InitProducerId (22), versions 0-5: ids for idempotent producers (KIP-98), taken from blocks that
 * the controller hands out and records in the metadata log, so that none is given twice.
 *
 * Not done here: transactional ids; they are refused until transactions are served.
 */
import { ErrorCode } from '../../protocol/errors.ts'
import {
  initProducerIdRequest,
  initProducerIdResponse,
} from '../../protocol/messages/22-init-producer-id.ts'
import { serve } from '../served-api.ts'

export const initProducerId = serve(
  initProducerIdRequest,
  initProducerIdResponse,
  (broker, request, context) => {
    const fail = (errorCode: ErrorCode): void =>
      context.reply({ errorCode, producerId: -1, producerEpoch: -1 })
    const hasId = request.producerId !== -1
    const hasEpoch = request.producerEpoch !== -1
    if (hasId !== hasEpoch) {
      fail(ErrorCode.INVALID_REQUEST)
      return
    }
    if (request.transactionalId !== null) {
      // Fatal for every client, where a retriable error would make it wait for a minute.
      fail(ErrorCode.INVALID_REQUEST)
      return
    }
    broker.producerIds.next((error, producerId) => {
      if (error !== ErrorCode.NONE) fail(error)
      else context.reply({ errorCode: ErrorCode.NONE, producerId, producerEpoch: 0 })
    })
  },
  { changesMetadata: true },
)
