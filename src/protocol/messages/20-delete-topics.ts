/**
 * DeleteTopics (API key 20). Deletes topics.
 *
 * 3: TOPIC_DELETION_DISABLED. 5: error messages, THROTTLING_QUOTA_EXCEEDED (KIP-599). 6: by topic
 * id too (KIP-516).
 */
import { array, type Infer, type Input, int16, int32, message, string, uuid } from '../schema.ts'

export const deleteTopicsRequest = message(
  'DeleteTopicsRequest',
  { apiKey: 20, versions: '1-6', flexible: '4+', listeners: ['broker', 'controller'] },
  {
    topics: array(
      {
        name: string({ versions: '6+', nullable: '6+', default: null }),
        topicId: uuid({ versions: '6+' }),
      },
      { versions: '6+' },
    ),
    topicNames: array(string(), { versions: '0-5', ignorable: true }),
    timeoutMs: int32(),
  },
)
export type DeleteTopicsRequest = Infer<typeof deleteTopicsRequest>

export const deleteTopicsResponse = message(
  'DeleteTopicsResponse',
  { apiKey: 20, versions: '1-6', flexible: '4+' },
  {
    throttleTimeMs: int32({ versions: '1+', default: 0, ignorable: true }),
    responses: array({
      name: string({ nullable: '6+' }),
      topicId: uuid({ versions: '6+', ignorable: true }),
      errorCode: int16(),
      errorMessage: string({ versions: '5+', nullable: '5+', default: null, ignorable: true }),
    }),
  },
)
export type DeleteTopicsResponse = Input<typeof deleteTopicsResponse>
