/**
 * One transaction as a program has it: what is sent through it is seen by readers of committed
 * records together, after `commit`, or never.
 *
 * Invariant: it is over after `commit` or `abort` has resolved; nothing can be sent through it
 * then.
 */
import type { CallOptions } from '../call.ts'
import { KafkaError } from '../kafka-error.ts'
import type { ProducerRecord, RecordMetadata } from '../record.ts'
import type { TopicLike } from '../topic.ts'
import type { TransactionGroup, TransactionOffset } from './transaction-offsets.ts'

/** The producer, as far as its transaction uses it. */
export interface TransactionSource {
  send<T extends TopicLike>(
    topic: T,
    record: ProducerRecord<T>,
    call?: CallOptions,
  ): Promise<RecordMetadata>
  sendMany<T extends TopicLike>(
    topic: T,
    records: Iterable<ProducerRecord<T>>,
    call?: CallOptions,
  ): Promise<RecordMetadata[]>
  enqueue<T extends TopicLike>(topic: T, record: ProducerRecord<T>): boolean
  sendOffsets(
    group: TransactionGroup,
    offsets: Iterable<TransactionOffset>,
    call?: CallOptions,
  ): Promise<void>
  end(isCommit: boolean, call?: CallOptions): Promise<void>
}

/** A transaction that is open. */
export class Transaction implements AsyncDisposable {
  readonly #source: TransactionSource
  #isOver = false

  constructor(source: TransactionSource) {
    this.#source = source
  }

  /** True until it is committed or aborted. */
  get isOpen(): boolean {
    return !this.#isOver
  }

  /** As `Producer.send`; the record is seen once the transaction is committed. */
  send<const T extends TopicLike>(
    topic: T,
    record: ProducerRecord<T>,
    call?: CallOptions,
  ): Promise<RecordMetadata> {
    return this.#isOver ? Promise.reject(over()) : this.#source.send(topic, record, call)
  }

  /** As `Producer.sendMany`. */
  sendMany<const T extends TopicLike>(
    topic: T,
    records: Iterable<ProducerRecord<T>>,
    call?: CallOptions,
  ): Promise<RecordMetadata[]> {
    return this.#isOver ? Promise.reject(over()) : this.#source.sendMany(topic, records, call)
  }

  /** As `Producer.enqueue`; a failure makes `commit` reject. */
  enqueue<const T extends TopicLike>(topic: T, record: ProducerRecord<T>): boolean {
    if (this.#isOver) throw over()
    return this.#source.enqueue(topic, record)
  }

  /** Makes it a part of the transaction how far a group has come. */
  sendOffsets(
    group: TransactionGroup,
    offsets: Iterable<TransactionOffset>,
    call?: CallOptions,
  ): Promise<void> {
    return this.#isOver ? Promise.reject(over()) : this.#source.sendOffsets(group, offsets, call)
  }

  /**
   * Waits for all that was sent and commits. Rejects with `abortable` set where only `abort` is
   * left to do; with TIMED_OUT where it is not known what became of it: call it again then.
   */
  async commit(call?: CallOptions): Promise<void> {
    if (this.#isOver) throw over()
    await this.#source.end(true, call)
    this.#isOver = true
  }

  /** Gives up what was not sent yet and aborts. */
  async abort(call?: CallOptions): Promise<void> {
    if (this.#isOver) throw over()
    await this.#source.end(false, call)
    this.#isOver = true
  }

  /** Aborts, unless it is over. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#isOver) await this.abort()
  }
}

function over(): KafkaError {
  return new KafkaError('INVALID_STATE', 'the transaction is over')
}
