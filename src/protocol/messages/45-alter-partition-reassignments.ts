/**
 * AlterPartitionReassignments (API key 45). Moves partitions to other replicas.
 *
 * 1: whether the replication factor may change (KIP-860). KIP-455.
 */
import { array, bool, type Infer, type Input, int16, int32, message, string } from '../schema.ts'

export const alterPartitionReassignmentsRequest = message(
  'AlterPartitionReassignmentsRequest',
  { apiKey: 45, versions: '0-1', flexible: '0+', listeners: ['broker', 'controller'] },
  {
    timeoutMs: int32({ default: 60000 }),
    allowReplicationFactorChange: bool({ versions: '1+', default: true }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        replicas: array(int32(), { nullable: '0+', default: null }),
      }),
    }),
  },
)
export type AlterPartitionReassignmentsRequest = Infer<typeof alterPartitionReassignmentsRequest>

export const alterPartitionReassignmentsResponse = message(
  'AlterPartitionReassignmentsResponse',
  { apiKey: 45, versions: '0-1', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    allowReplicationFactorChange: bool({ versions: '1+', default: true, ignorable: true }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+' }),
    responses: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+' }),
      }),
    }),
  },
)
export type AlterPartitionReassignmentsResponse = Input<typeof alterPartitionReassignmentsResponse>
