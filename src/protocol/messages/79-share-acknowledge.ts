/**
 * ShareAcknowledge (API key 79). Acknowledges records of a share group.
 *
 * Version 0 was that of the early access in Kafka 4.0. 2: renewed acquisition (KIP-1222). KIP-932.
 */
import {
  array,
  bool,
  type Infer,
  type Input,
  int8,
  int16,
  int32,
  int64,
  message,
  string,
  struct,
  uuid,
} from '../schema.ts'

export const shareAcknowledgeRequest = message(
  'ShareAcknowledgeRequest',
  { apiKey: 79, versions: '1-2', flexible: '0+', listeners: ['broker'] },
  {
    groupId: string({ nullable: '0+', default: null }),
    memberId: string({ nullable: '0+' }),
    shareSessionEpoch: int32(),
    isRenewAck: bool({ versions: '2+', default: false }),
    topics: array({
      topicId: uuid(),
      partitions: array({
        partitionIndex: int32(),
        acknowledgementBatches: array({
          firstOffset: int64(),
          lastOffset: int64(),
          acknowledgeTypes: array(int8()),
        }),
      }),
    }),
  },
)
export type ShareAcknowledgeRequest = Infer<typeof shareAcknowledgeRequest>

export const shareAcknowledgeResponse = message(
  'ShareAcknowledgeResponse',
  { apiKey: 79, versions: '1-2', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+', default: null }),
    acquisitionLockTimeoutMs: int32({ versions: '2+', ignorable: true }),
    responses: array({
      topicId: uuid(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+', default: null }),
        currentLeader: struct({
          leaderId: int32(),
          leaderEpoch: int32(),
        }),
      }),
    }),
    nodeEndpoints: array({
      nodeId: int32(),
      host: string(),
      port: int32(),
      rack: string({ nullable: '0+', default: null }),
    }),
  },
)
export type ShareAcknowledgeResponse = Input<typeof shareAcknowledgeResponse>
