/**
 * DescribeLogDirs (API key 35). Describes the log directories of a broker.
 *
 * 3: an error for the whole response (KIP-784). 4: size and free space of the volume (KIP-827). 5:
 * cordoned directories (KIP-1066). KIP-113.
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
} from '../schema.ts'

export const describeLogDirsRequest = message(
  'DescribeLogDirsRequest',
  { apiKey: 35, versions: '1-5', flexible: '2+', listeners: ['broker'] },
  {
    topics: array(
      {
        topic: string(),
        partitions: array(int32()),
      },
      { nullable: '0+' },
    ),
  },
)
export type DescribeLogDirsRequest = Infer<typeof describeLogDirsRequest>

export const describeLogDirsResponse = message(
  'DescribeLogDirsResponse',
  { apiKey: 35, versions: '1-5', flexible: '2+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16({ versions: '3+', ignorable: true }),
    results: array({
      errorCode: int16(),
      logDir: string(),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          partitionSize: int64(),
          offsetLag: int64(),
          isFutureKey: bool(),
        }),
      }),
      totalBytes: int64({ versions: '4+', default: -1, ignorable: true }),
      usableBytes: int64({ versions: '4+', default: -1, ignorable: true }),
      isCordoned: bool({ versions: '5+', default: false, ignorable: true }),
    }),
  },
)
export type DescribeLogDirsResponse = Input<typeof describeLogDirsResponse>
