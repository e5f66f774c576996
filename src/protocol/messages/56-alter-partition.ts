/**
 * AlterPartition (API key 56). A leader asks the controller to change the in-sync replicas of its
 * partitions.
 *
 * 2: topic ids (KIP-841). 3: broker epochs of the replicas (KIP-903). KIP-497, KIP-704.
 */
import {
  array,
  type Infer,
  type Input,
  int8,
  int16,
  int32,
  int64,
  message,
  uuid,
} from '../schema.ts'

export const alterPartitionRequest = message(
  'AlterPartitionRequest',
  { apiKey: 56, versions: '2-3', flexible: '0+', listeners: ['controller'] },
  {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1 }),
    topics: array({
      topicId: uuid({ versions: '2+', ignorable: true }),
      partitions: array({
        partitionIndex: int32(),
        leaderEpoch: int32(),
        newIsr: array(int32(), { versions: '0-2' }),
        newIsrWithEpochs: array(
          {
            brokerId: int32({ versions: '3+' }),
            brokerEpoch: int64({ versions: '3+', default: -1 }),
          },
          { versions: '3+' },
        ),
        leaderRecoveryState: int8({ versions: '1+', default: 0 }),
        partitionEpoch: int32(),
      }),
    }),
  },
)
export type AlterPartitionRequest = Infer<typeof alterPartitionRequest>

export const alterPartitionResponse = message(
  'AlterPartitionResponse',
  { apiKey: 56, versions: '2-3', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    topics: array({
      topicId: uuid({ versions: '2+', ignorable: true }),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        leaderId: int32(),
        leaderEpoch: int32(),
        isr: array(int32()),
        leaderRecoveryState: int8({ versions: '1+', default: 0, ignorable: true }),
        partitionEpoch: int32(),
      }),
    }),
  },
)
export type AlterPartitionResponse = Input<typeof alterPartitionResponse>
