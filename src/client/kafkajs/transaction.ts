/** An open transaction in kafkajs's form. */
import type { CallOptions } from '../call.ts'
import type { Transaction as NativeTransaction } from '../producer/transaction.ts'
import { KafkaJSNonRetriableError } from './errors.ts'
import { offsetOf } from './offset-text.ts'
import type { ProducerBatch, RecordMetadata, Transaction } from './producer-types.ts'
import { translating } from './translated.ts'

/** `send` sends through the transaction. */
export function openTransaction(
  native: NativeTransaction,
  call: CallOptions,
  send: (batch: ProducerBatch) => Promise<RecordMetadata[]>,
): Transaction {
  const guarded = async <T>(work: () => Promise<T>): Promise<T> => {
    if (native.isOpen) return translating(work)
    throw new KafkaJSNonRetriableError('Cannot continue to use transaction once ended')
  }
  return {
    isActive: () => native.isOpen,
    sendBatch: (batch) => guarded(() => send(batch)),
    send: ({ topic, messages, ...rest }) => {
      return guarded(() => send({ ...rest, topicMessages: [{ topic, messages }] }))
    },
    sendOffsets: ({ consumerGroupId, topics }) => {
      const offsets = topics.flatMap(({ topic, partitions }) => {
        return partitions.map(({ partition, offset }) => {
          return { topic, partition, offset: offsetOf(offset) }
        })
      })
      return guarded(() => native.sendOffsets({ groupId: consumerGroupId }, offsets, call))
    },
    commit: () => guarded(() => native.commit(call)),
    abort: () => guarded(() => native.abort(call)),
  }
}
