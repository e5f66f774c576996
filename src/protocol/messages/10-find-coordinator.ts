/**
 * FindCoordinator (API key 10). Finds the coordinator of a group, a transactional id, or a share
 * partition.
 *
 * 1: the type of the key (KIP-98). 4: several keys at once (KIP-699). 5: TRANSACTION_ABORTABLE
 * (KIP-890). 6: share coordinators, for the key `groupId:topicId:partition` (KIP-932).
 */
import { array, type Infer, type Input, int8, int16, int32, message, string } from '../schema.ts'

export const findCoordinatorRequest = message(
  'FindCoordinatorRequest',
  { apiKey: 10, versions: '0-6', flexible: '3+', listeners: ['broker'] },
  {
    key: string({ versions: '0-3' }),
    keyType: int8({ versions: '1+', default: 0 }),
    coordinatorKeys: array(string(), { versions: '4+' }),
  },
)
export type FindCoordinatorRequest = Infer<typeof findCoordinatorRequest>

export const findCoordinatorResponse = message(
  'FindCoordinatorResponse',
  { apiKey: 10, versions: '0-6', flexible: '3+' },
  {
    throttleTimeMs: int32({ versions: '1+', default: 0, ignorable: true }),
    errorCode: int16({ versions: '0-3' }),
    errorMessage: string({ versions: '1-3', nullable: '1-3', ignorable: true }),
    nodeId: int32({ versions: '0-3' }),
    host: string({ versions: '0-3' }),
    port: int32({ versions: '0-3' }),
    coordinators: array(
      {
        key: string({ versions: '4+' }),
        nodeId: int32({ versions: '4+' }),
        host: string({ versions: '4+' }),
        port: int32({ versions: '4+' }),
        errorCode: int16({ versions: '4+' }),
        errorMessage: string({ versions: '4+', nullable: '4+', ignorable: true }),
      },
      { versions: '4+' },
    ),
  },
)
export type FindCoordinatorResponse = Input<typeof findCoordinatorResponse>
