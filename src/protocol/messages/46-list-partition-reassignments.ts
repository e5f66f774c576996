/**
 * ListPartitionReassignments (API key 46). Lists the moves of partitions that are under way.
 *
 * KIP-455.
 */
import { array, type Infer, type Input, int16, int32, message, string } from '../schema.ts'

export const listPartitionReassignmentsRequest = message(
  'ListPartitionReassignmentsRequest',
  { apiKey: 46, versions: '0', flexible: '0+', listeners: ['broker', 'controller'] },
  {
    timeoutMs: int32({ default: 60000 }),
    topics: array(
      {
        name: string(),
        partitionIndexes: array(int32()),
      },
      { nullable: '0+', default: null },
    ),
  },
)
export type ListPartitionReassignmentsRequest = Infer<typeof listPartitionReassignmentsRequest>

export const listPartitionReassignmentsResponse = message(
  'ListPartitionReassignmentsResponse',
  { apiKey: 46, versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+' }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        replicas: array(int32()),
        addingReplicas: array(int32()),
        removingReplicas: array(int32()),
      }),
    }),
  },
)
export type ListPartitionReassignmentsResponse = Input<typeof listPartitionReassignmentsResponse>
