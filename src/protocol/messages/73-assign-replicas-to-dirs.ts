/**
 * AssignReplicasToDirs (API key 73). A broker tells the controller in which log directory its
 * replicas are.
 *
 * KIP-858.
 */
import { array, type Infer, type Input, int16, int32, int64, message, uuid } from '../schema.ts'

export const assignReplicasToDirsRequest = message(
  'AssignReplicasToDirsRequest',
  { apiKey: 73, versions: '0', flexible: '0+', listeners: ['controller'] },
  {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1 }),
    directories: array({
      id: uuid(),
      topics: array({
        topicId: uuid(),
        partitions: array({
          partitionIndex: int32(),
        }),
      }),
    }),
  },
)
export type AssignReplicasToDirsRequest = Infer<typeof assignReplicasToDirsRequest>

export const assignReplicasToDirsResponse = message(
  'AssignReplicasToDirsResponse',
  { apiKey: 73, versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    directories: array({
      id: uuid(),
      topics: array({
        topicId: uuid(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
        }),
      }),
    }),
  },
)
export type AssignReplicasToDirsResponse = Input<typeof assignReplicasToDirsResponse>
