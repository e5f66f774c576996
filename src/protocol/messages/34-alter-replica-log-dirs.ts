/**
 * AlterReplicaLogDirs (API key 34). Moves replicas to other log directories of a broker.
 *
 * KIP-113.
 */
import { array, type Infer, type Input, int16, int32, message, string } from '../schema.ts'

export const alterReplicaLogDirsRequest = message(
  'AlterReplicaLogDirsRequest',
  { apiKey: 34, versions: '1-2', flexible: '2+', listeners: ['broker'] },
  {
    dirs: array({
      path: string(),
      topics: array({
        name: string(),
        partitions: array(int32()),
      }),
    }),
  },
)
export type AlterReplicaLogDirsRequest = Infer<typeof alterReplicaLogDirsRequest>

export const alterReplicaLogDirsResponse = message(
  'AlterReplicaLogDirsResponse',
  { apiKey: 34, versions: '1-2', flexible: '2+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    results: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
)
export type AlterReplicaLogDirsResponse = Input<typeof alterReplicaLogDirsResponse>
