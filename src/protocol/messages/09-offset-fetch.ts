/**
 * OffsetFetch (API key 9). Reads committed offsets.
 *
 * 2: null asks for all topics of the group. 5: leader epochs (KIP-320). 7: offsets of open
 * transactions can be waited for (KIP-447). 8: several groups at once (KIP-709). 9: member epochs
 * (KIP-848). 10: topic ids in place of names (KIP-848).
 */
import {
  array,
  bool,
  type Infer,
  type Input,
  int16,
  int32,
  int64,
  message,
  string,
  uuid,
} from '../schema.ts'

export const offsetFetchRequest = message(
  'OffsetFetchRequest',
  { apiKey: 9, versions: '1-10', flexible: '6+', listeners: ['broker'] },
  {
    groupId: string({ versions: '0-7' }),
    topics: array(
      {
        name: string({ versions: '0-7' }),
        partitionIndexes: array(int32(), { versions: '0-7' }),
      },
      { versions: '0-7', nullable: '2-7' },
    ),
    groups: array(
      {
        groupId: string({ versions: '8+' }),
        memberId: string({ versions: '9+', nullable: '9+', default: null, ignorable: true }),
        memberEpoch: int32({ versions: '9+', default: -1, ignorable: true }),
        topics: array(
          {
            name: string({ versions: '8-9', ignorable: true }),
            topicId: uuid({ versions: '10+', ignorable: true }),
            partitionIndexes: array(int32(), { versions: '8+' }),
          },
          { versions: '8+', nullable: '8+' },
        ),
      },
      { versions: '8+' },
    ),
    requireStable: bool({ versions: '7+', default: false }),
  },
)
export type OffsetFetchRequest = Infer<typeof offsetFetchRequest>

export const offsetFetchResponse = message(
  'OffsetFetchResponse',
  { apiKey: 9, versions: '1-10', flexible: '6+' },
  {
    throttleTimeMs: int32({ versions: '3+', default: 0, ignorable: true }),
    topics: array(
      {
        name: string({ versions: '0-7' }),
        partitions: array(
          {
            partitionIndex: int32({ versions: '0-7' }),
            committedOffset: int64({ versions: '0-7' }),
            committedLeaderEpoch: int32({ versions: '5-7', default: -1, ignorable: true }),
            metadata: string({ versions: '0-7', nullable: '0-7' }),
            errorCode: int16({ versions: '0-7' }),
          },
          { versions: '0-7' },
        ),
      },
      { versions: '0-7' },
    ),
    errorCode: int16({ versions: '2-7', default: 0, ignorable: true }),
    groups: array(
      {
        groupId: string({ versions: '8+' }),
        topics: array(
          {
            name: string({ versions: '8-9', ignorable: true }),
            topicId: uuid({ versions: '10+', ignorable: true }),
            partitions: array(
              {
                partitionIndex: int32({ versions: '8+' }),
                committedOffset: int64({ versions: '8+' }),
                committedLeaderEpoch: int32({ versions: '8+', default: -1, ignorable: true }),
                metadata: string({ versions: '8+', nullable: '8+' }),
                errorCode: int16({ versions: '8+' }),
              },
              { versions: '8+' },
            ),
          },
          { versions: '8+' },
        ),
        errorCode: int16({ versions: '8+', default: 0 }),
      },
      { versions: '8+' },
    ),
  },
)
export type OffsetFetchResponse = Input<typeof offsetFetchResponse>
