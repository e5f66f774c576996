/**
 * ListOffsets (API key 2). Finds offsets by timestamp, and the ends of a log.
 *
 * Timestamps below zero are questions of another kind: -1 the end, -2 the start, -3 the record
 * with the largest timestamp (from 7, KIP-734), -4 the start of what is on local disk (8,
 * KIP-405), -5 the end of what is tiered (9, KIP-1005), -6 the start of what is still to be tiered
 * (11, KIP-1023). 2: isolation level (KIP-98). 4: leader epochs (KIP-320). 5: OFFSET_NOT_AVAILABLE
 * (KIP-207). 10: a time limit for looking in tiered storage (KIP-1075).
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
  string,
} from '../schema.ts'

export const listOffsetsRequest = message(
  'ListOffsetsRequest',
  { apiKey: 2, versions: '1-11', flexible: '6+', listeners: ['broker'] },
  {
    replicaId: int32(),
    isolationLevel: int8({ versions: '2+' }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        currentLeaderEpoch: int32({ versions: '4+', default: -1, ignorable: true }),
        timestamp: int64(),
      }),
    }),
    timeoutMs: int32({ versions: '10+', ignorable: true }),
  },
)
export type ListOffsetsRequest = Infer<typeof listOffsetsRequest>

export const listOffsetsResponse = message(
  'ListOffsetsResponse',
  { apiKey: 2, versions: '1-11', flexible: '6+' },
  {
    throttleTimeMs: int32({ versions: '2+', default: 0, ignorable: true }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        timestamp: int64({ versions: '1+', default: -1 }),
        offset: int64({ versions: '1+', default: -1 }),
        leaderEpoch: int32({ versions: '4+', default: -1 }),
      }),
    }),
  },
)
export type ListOffsetsResponse = Input<typeof listOffsetsResponse>
