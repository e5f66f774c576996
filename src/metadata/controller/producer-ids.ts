/** Decides AllocateProducerIds: blocks of ids that no two brokers share (KIP-730). */
import { ErrorCode } from '../../protocol/errors.ts'
import type {
  AllocateProducerIdsRequest,
  AllocateProducerIdsResponse,
} from '../../protocol/messages/67-allocate-producer-ids.ts'
import { producerIdsRecord } from '../../protocol/persisted/metadata-records.ts'
import { type Decision, metadataRecord } from '../records.ts'
import { brokerEpochError } from './broker-heartbeat.ts'
import type { ControllerContext } from './context.ts'

/** Ids in a block. */
export const PRODUCER_ID_BLOCK_SIZE = 1000

export function allocateProducerIds(
  context: ControllerContext,
  request: AllocateProducerIdsRequest,
): Decision<AllocateProducerIdsResponse> {
  const { brokerId, brokerEpoch } = request
  const refuse = (errorCode: ErrorCode): Decision<AllocateProducerIdsResponse> => ({
    records: [],
    response: { errorCode, producerIdStart: 0, producerIdLen: 0 },
  })
  const stale = brokerEpochError(context, brokerId, brokerEpoch)
  if (stale !== null) return refuse(stale.errorCode)
  const producerIdStart = Math.max(context.image.nextProducerId, 0)
  const nextProducerId = producerIdStart + PRODUCER_ID_BLOCK_SIZE
  if (!Number.isSafeInteger(nextProducerId)) return refuse(ErrorCode.UNKNOWN_SERVER_ERROR)
  return {
    records: [metadataRecord(producerIdsRecord, { brokerId, brokerEpoch, nextProducerId })],
    response: {
      errorCode: ErrorCode.NONE,
      producerIdStart,
      producerIdLen: PRODUCER_ID_BLOCK_SIZE,
    },
  }
}
