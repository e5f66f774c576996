/**
 * Produce (API key 0). Appends record batches to partitions.
 *
 * Versions 0 to 2 are gone since Kafka 4.0, yet ApiVersions goes on naming them, for librdkafka
 * disables itself otherwise (KAFKA-18659). 3: record format v2 and transactional ids (KIP-98). 5:
 * the log start offset, by which a client tells records that expired from those lost. 7: zstd
 * (KIP-110). 8: which records spoiled a batch (KIP-467). 10: the response names the new leader and
 * its address (KIP-951). 11 and 12: transactions whose partitions the broker adds itself
 * (KIP-890). 13: topic ids in place of names (KIP-516).
 */
import {
  array,
  type Infer,
  type Input,
  int16,
  int32,
  int64,
  message,
  records,
  string,
  struct,
  uuid,
} from '../schema.ts'

export const produceRequest = message(
  'ProduceRequest',
  { apiKey: 0, versions: '3-13', flexible: '9+', listeners: ['broker'] },
  {
    transactionalId: string({ versions: '3+', nullable: '3+', default: null }),
    acks: int16(),
    timeoutMs: int32(),
    topicData: array({
      name: string({ versions: '0-12', ignorable: true }),
      topicId: uuid({ versions: '13+', ignorable: true }),
      partitionData: array({
        index: int32(),
        records: records({ nullable: '0+' }),
      }),
    }),
  },
)
export type ProduceRequest = Infer<typeof produceRequest>

export const produceResponse = message(
  'ProduceResponse',
  { apiKey: 0, versions: '3-13', flexible: '9+' },
  {
    responses: array({
      name: string({ versions: '0-12', ignorable: true }),
      topicId: uuid({ versions: '13+', ignorable: true }),
      partitionResponses: array({
        index: int32(),
        errorCode: int16(),
        baseOffset: int64(),
        logAppendTimeMs: int64({ versions: '2+', default: -1, ignorable: true }),
        logStartOffset: int64({ versions: '5+', default: -1, ignorable: true }),
        recordErrors: array(
          {
            batchIndex: int32({ versions: '8+' }),
            batchIndexErrorMessage: string({ versions: '8+', nullable: '8+', default: null }),
          },
          { versions: '8+', ignorable: true },
        ),
        errorMessage: string({ versions: '8+', nullable: '8+', default: null, ignorable: true }),
        currentLeader: struct(
          {
            leaderId: int32({ versions: '10+', default: -1 }),
            leaderEpoch: int32({ versions: '10+', default: -1 }),
          },
          { versions: '10+', tag: 0, taggedVersions: '10+' },
        ),
      }),
    }),
    throttleTimeMs: int32({ versions: '1+', default: 0, ignorable: true }),
    nodeEndpoints: array(
      {
        nodeId: int32({ versions: '10+' }),
        host: string({ versions: '10+' }),
        port: int32({ versions: '10+' }),
        rack: string({ versions: '10+', nullable: '10+', default: null }),
      },
      { versions: '10+', tag: 0, taggedVersions: '10+' },
    ),
  },
)
export type ProduceResponse = Input<typeof produceResponse>
