/**
 * WriteTxnMarkers (API key 27). Writes the markers that end transactions; between brokers.
 *
 * 2: the version of the transaction protocol (KIP-1228). KIP-98.
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
} from '../schema.ts'

export const writeTxnMarkersRequest = message(
  'WriteTxnMarkersRequest',
  { apiKey: 27, versions: '1-2', flexible: '1+', listeners: ['broker'] },
  {
    markers: array({
      producerId: int64(),
      producerEpoch: int16(),
      transactionResult: bool(),
      topics: array({
        name: string(),
        partitionIndexes: array(int32()),
      }),
      coordinatorEpoch: int32(),
      transactionVersion: int8({ versions: '2+', default: 0, ignorable: true }),
    }),
  },
)
export type WriteTxnMarkersRequest = Infer<typeof writeTxnMarkersRequest>

export const writeTxnMarkersResponse = message(
  'WriteTxnMarkersResponse',
  { apiKey: 27, versions: '1-2', flexible: '1+' },
  {
    markers: array({
      producerId: int64(),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
        }),
      }),
    }),
  },
)
export type WriteTxnMarkersResponse = Input<typeof writeTxnMarkersResponse>
