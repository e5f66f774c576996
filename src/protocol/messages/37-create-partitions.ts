/**
 * CreatePartitions (API key 37). Adds partitions to topics.
 *
 * 3: THROTTLING_QUOTA_EXCEEDED (KIP-599). KIP-195.
 */
import { array, bool, type Infer, type Input, int16, int32, message, string } from '../schema.ts'

export const createPartitionsRequest = message(
  'CreatePartitionsRequest',
  { apiKey: 37, versions: '0-3', flexible: '2+', listeners: ['broker', 'controller'] },
  {
    topics: array({
      name: string(),
      count: int32(),
      assignments: array(
        {
          brokerIds: array(int32()),
        },
        { nullable: '0+' },
      ),
    }),
    timeoutMs: int32(),
    validateOnly: bool(),
  },
)
export type CreatePartitionsRequest = Infer<typeof createPartitionsRequest>

export const createPartitionsResponse = message(
  'CreatePartitionsResponse',
  { apiKey: 37, versions: '0-3', flexible: '2+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    results: array({
      name: string(),
      errorCode: int16(),
      errorMessage: string({ nullable: '0+', default: null }),
    }),
  },
)
export type CreatePartitionsResponse = Input<typeof createPartitionsResponse>
