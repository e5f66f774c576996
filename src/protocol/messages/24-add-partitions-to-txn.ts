/**
 * AddPartitionsToTxn (API key 24). Adds partitions to a transaction.
 *
 * Clients use versions up to 3, brokers those from 4 on, which carry several transactions and can
 * merely verify (KIP-890). 2: PRODUCER_FENCED (KIP-588). 5: TRANSACTION_ABORTABLE. KIP-98.
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

const addPartitionsToTxnTopic = {
  name: string(),
  partitions: array(int32()),
}

export const addPartitionsToTxnRequest = message(
  'AddPartitionsToTxnRequest',
  { apiKey: 24, versions: '0-5', flexible: '3+', listeners: ['broker'] },
  {
    transactions: array(
      {
        transactionalId: string({ versions: '4+' }),
        producerId: int64({ versions: '4+' }),
        producerEpoch: int16({ versions: '4+' }),
        verifyOnly: bool({ versions: '4+', default: false }),
        topics: array(addPartitionsToTxnTopic, { versions: '4+' }),
      },
      { versions: '4+' },
    ),
    v3AndBelowTransactionalId: string({ versions: '0-3' }),
    v3AndBelowProducerId: int64({ versions: '0-3' }),
    v3AndBelowProducerEpoch: int16({ versions: '0-3' }),
    v3AndBelowTopics: array(addPartitionsToTxnTopic, { versions: '0-3' }),
  },
)
export type AddPartitionsToTxnRequest = Infer<typeof addPartitionsToTxnRequest>

const addPartitionsToTxnPartitionResult = {
  partitionIndex: int32(),
  partitionErrorCode: int16(),
}

const addPartitionsToTxnTopicResult = {
  name: string(),
  resultsByPartition: array(addPartitionsToTxnPartitionResult),
}

export const addPartitionsToTxnResponse = message(
  'AddPartitionsToTxnResponse',
  { apiKey: 24, versions: '0-5', flexible: '3+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16({ versions: '4+', ignorable: true }),
    resultsByTransaction: array(
      {
        transactionalId: string({ versions: '4+' }),
        topicResults: array(addPartitionsToTxnTopicResult, { versions: '4+' }),
      },
      { versions: '4+' },
    ),
    resultsByTopicV3AndBelow: array(addPartitionsToTxnTopicResult, { versions: '0-3' }),
  },
)
export type AddPartitionsToTxnResponse = Input<typeof addPartitionsToTxnResponse>
