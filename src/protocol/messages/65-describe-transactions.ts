/**
 * DescribeTransactions (API key 65). Describes transactions.
 *
 * KIP-664.
 */
import { array, type Infer, type Input, int16, int32, int64, message, string } from '../schema.ts'

export const describeTransactionsRequest = message(
  'DescribeTransactionsRequest',
  { apiKey: 65, versions: '0', flexible: '0+', listeners: ['broker'] },
  {
    transactionalIds: array(string()),
  },
)
export type DescribeTransactionsRequest = Infer<typeof describeTransactionsRequest>

export const describeTransactionsResponse = message(
  'DescribeTransactionsResponse',
  { apiKey: 65, versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    transactionStates: array({
      errorCode: int16(),
      transactionalId: string(),
      transactionState: string(),
      transactionTimeoutMs: int32(),
      transactionStartTimeMs: int64(),
      producerId: int64(),
      producerEpoch: int16(),
      topics: array({
        topic: string(),
        partitions: array(int32()),
      }),
    }),
  },
)
export type DescribeTransactionsResponse = Input<typeof describeTransactionsResponse>
