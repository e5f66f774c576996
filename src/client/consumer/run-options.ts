/** What `consumer.run` can be told, and what is refused. */
import { KafkaError } from '../kafka-error.ts'
import { checkOptionNames, type OptionNames } from '../known-options.ts'
import type { ConsumerRecord } from '../record.ts'
import { type TopicLike, topicOf } from '../topic.ts'
import type { ConsumerBatch } from './consumer-batch.ts'

/** What a handler is told besides its record. */
export interface HandlerContext {
  /** Aborts when the partition is revoked or lost, and when the run or the consumer ends. */
  readonly signal: AbortSignal
  /** 1 for the first attempt. */
  readonly attempt: number
}

/** What `consumer.run` takes. */
export interface RunOptions<T extends TopicLike = string> {
  /** Called for each record; what it returns is awaited. One of this and `batchHandler`. */
  readonly handler?: ((record: ConsumerRecord<T>, context: HandlerContext) => unknown) | undefined
  /** Called for each batch; batches of one partition go one after another. */
  readonly batchHandler?:
    | ((batch: ConsumerBatch<T>, context: HandlerContext) => unknown)
    | undefined
  /** How many handlers run at the same time; 1 where left out. */
  readonly concurrency?: number | undefined
  /**
   * Which records go one after another: those of a partition (where left out), those of a partition
   * with the same key, or none. Offsets are committed in order in any case.
   */
  readonly ordering?: 'partition' | 'key' | 'none' | undefined
  /** Attempts at each record, pauses between them; one attempt where left out. */
  readonly retry?:
    | {
        readonly attempts: number
        /** 1 s where left out; a function is told which attempt has failed. */
        readonly backoffMs?: number | ((attempt: number) => number) | undefined
      }
    | undefined
  /** Where records go whose attempts have all failed; without it the run rejects. */
  readonly deadLetter?: TopicLike | undefined
  /** What to do with keys and values that can't be read; `'fail'` where left out. */
  readonly onDeserializationError?: 'fail' | 'skip' | 'dead-letter' | undefined
  /** Ends the run: it resolves when the handlers at work have ended. */
  readonly signal?: AbortSignal | undefined
}

/** The options with their defaults. */
export interface RunSettings<T extends TopicLike> {
  readonly handler: RunOptions<T>['handler']
  readonly batchHandler: RunOptions<T>['batchHandler']
  readonly concurrency: number
  readonly ordering: 'partition' | 'key' | 'none'
  readonly attempts: number
  readonly backoffMs: (attempt: number) => number
  readonly deadLetter: string | null
  readonly onDeserializationError: 'fail' | 'skip' | 'dead-letter'
  readonly signal: AbortSignal | undefined
}

const DEFAULT_BACKOFF_MS = 1000

const KNOWN_OF_RETRY = { attempts: true, backoffMs: true }
const KNOWN: OptionNames<RunOptions<string>> = {
  handler: true,
  batchHandler: true,
  concurrency: true,
  ordering: true,
  retry: true,
  deadLetter: true,
  onDeserializationError: true,
  signal: true,
}

export function runSettings<T extends TopicLike>(options: RunOptions<T>): RunSettings<T> {
  checkOptionNames('run', options, KNOWN)
  if (options.retry !== undefined) checkOptionNames('run retry', options.retry, KNOWN_OF_RETRY)
  const { handler, batchHandler, concurrency = 1, ordering = 'partition', retry } = options
  const { deadLetter, onDeserializationError = 'fail', signal } = options
  if ((handler === undefined) === (batchHandler === undefined)) {
    throw refused('run: one of handler and batchHandler is needed')
  }
  if (!(Number.isSafeInteger(concurrency) && concurrency > 0)) {
    throw refused(`concurrency: ${concurrency} where an integer from 1 up is accepted`)
  }
  if (!['partition', 'key', 'none'].includes(ordering)) {
    throw refused(`ordering: ${ordering} where partition, key or none is accepted`)
  }
  if (!['fail', 'skip', 'dead-letter'].includes(onDeserializationError)) {
    const accepted = 'fail, skip or dead-letter is accepted'
    throw refused(`onDeserializationError: ${onDeserializationError} where ${accepted}`)
  }
  if (batchHandler !== undefined && ordering !== 'partition') {
    throw refused('ordering: batches are ordered by partition')
  }
  if (batchHandler !== undefined && onDeserializationError !== 'fail') {
    throw refused('onDeserializationError: a batchHandler reads the records itself')
  }
  if (onDeserializationError === 'dead-letter' && deadLetter === undefined) {
    throw refused("onDeserializationError: 'dead-letter' needs deadLetter")
  }
  const attempts = retry?.attempts ?? 1
  if (!(Number.isSafeInteger(attempts) && attempts > 0)) {
    throw refused(`retry.attempts: ${attempts} where an integer from 1 up is accepted`)
  }
  const backoff = retry?.backoffMs ?? DEFAULT_BACKOFF_MS
  return {
    handler,
    batchHandler,
    concurrency,
    ordering,
    attempts,
    backoffMs: typeof backoff === 'number' ? () => backoff : backoff,
    deadLetter: deadLetter === undefined ? null : topicOf(deadLetter).name,
    onDeserializationError,
    signal,
  }
}

function refused(message: string): KafkaError {
  return new KafkaError('INVALID_ARGUMENT', message)
}
