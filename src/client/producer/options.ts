/** The options of a producer: names, defaults, and what each may be. */
import { type CompressionType, codecProblem } from '../../records/compression/compression.ts'
import { KafkaError } from '../kafka-error.ts'
import { checkOptionNames, type OptionNames } from '../known-options.ts'
import type { Partitioner } from './partitioner.ts'

/** What became of records that were enqueued, one batch of them at a time. */
export interface DeliveryReport {
  readonly topic: string
  readonly partition: number
  /** Records of the batch that were enqueued. */
  readonly count: number
  /** Offset of the batch's first record, -1 where it is not known. */
  readonly baseOffset: number
  /** Null where they were written. */
  readonly error: KafkaError | null
}

/** What `kafka.producer` takes. */
export interface ProducerOptions {
  /**
   * `'all'` (default): what is acknowledged survives the loss of a broker. 1: of none. 0: no
   * answer.
   */
  readonly acks?: 'all' | 1 | 0 | undefined
  /** Keeps records in order and single, also when they are sent again. True with acks `'all'`. */
  readonly idempotent?: boolean | undefined
  /**
   * Makes the producer one of transactions, which `transaction` and `begin` open. Of several with
   * the same id the newest fences the others.
   */
  readonly transactionalId?: string | undefined
  /** When the broker aborts a transaction by itself. A minute where left out. */
  readonly transactionTimeoutMs?: number | undefined
  /** `'none'` where left out. */
  readonly compression?: CompressionType | undefined
  /** The codec's own level. */
  readonly compressionLevel?: number | undefined
  /**
   * How long a batch that is not full waits for more records. 0 (default): not at all while nothing
   * is on its way to the broker, else until there is an answer: batches grow with the load.
   */
  readonly lingerMs?: number | undefined
  /**
   * The size at which a batch is full, before compression. 128 KiB where left out: with the 16 KiB
   * of Java a million records of 100 bytes take three times the CPU. Memory grows with the records.
   */
  readonly batchBytes?: number | undefined
  /** Most bytes of batches that wait or are on their way. 32 MiB where left out. */
  readonly bufferBytes?: number | undefined
  /** Most bytes of one request, and of one record. 1 MiB where left out. */
  readonly maxRequestBytes?: number | undefined
  /** How long `send` may wait for metadata and for room in the buffer. A minute where left out. */
  readonly maxBlockMs?: number | undefined
  /** How long a record may take from the call to the answer. Two minutes where left out. */
  readonly deliveryTimeoutMs?: number | undefined
  /** Requests at a time to one broker; 5, the most that idempotence allows, where left out. */
  readonly maxInFlight?: number | undefined
  /** Chooses partitions for records that do not name theirs. */
  readonly partitioner?: Partitioner | undefined
  /** Prefers partitions with short queues for records without a key. True where left out. */
  readonly adaptivePartitioning?: boolean | undefined
  /**
   * Leaves brokers out of that choice which have taken nothing for so long. 0 (default): none.
   */
  readonly partitionAvailabilityTimeoutMs?: number | undefined
  /**
   * Told of enqueued records, by batch, once they are written or have failed. Where it is left out,
   * the next `ready`, `flush` or `close` rejects with the first failure.
   */
  readonly onDelivery?: ((report: DeliveryReport) => void) | undefined
}

/** With all defaults filled in. */
export interface ProducerSettings {
  readonly acks: -1 | 0 | 1
  readonly isIdempotent: boolean
  readonly transactionalId: string | null
  readonly transactionTimeoutMs: number
  readonly compression: CompressionType
  readonly compressionLevel: number | undefined
  readonly lingerMs: number
  readonly batchBytes: number
  readonly bufferBytes: number
  readonly maxRequestBytes: number
  readonly maxBlockMs: number
  readonly deliveryTimeoutMs: number
  readonly maxInFlight: number
  readonly partitioner: Partitioner | undefined
  readonly isAdaptive: boolean
  readonly partitionAvailabilityTimeoutMs: number
  readonly onDelivery: ((report: DeliveryReport) => void) | undefined
}

const MAX_IDEMPOTENT_IN_FLIGHT = 5
const COMPRESSIONS: readonly unknown[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const KNOWN: OptionNames<ProducerOptions> = {
  acks: true,
  idempotent: true,
  transactionalId: true,
  transactionTimeoutMs: true,
  compression: true,
  compressionLevel: true,
  lingerMs: true,
  batchBytes: true,
  bufferBytes: true,
  maxRequestBytes: true,
  maxBlockMs: true,
  deliveryTimeoutMs: true,
  maxInFlight: true,
  partitioner: true,
  adaptivePartitioning: true,
  partitionAvailabilityTimeoutMs: true,
  onDelivery: true,
}

/** Checks a program's options; INVALID_ARGUMENT names the one that is wrong. */
export function producerSettings(options: ProducerOptions = {}): ProducerSettings {
  checkOptionNames('producer', options, KNOWN)
  const acks = options.acks ?? 'all'
  if (acks !== 'all' && acks !== 1 && acks !== 0)
    throw invalid('acks', `is ${acks}, not 'all', 1 or 0`)
  const isIdempotent = options.idempotent ?? acks === 'all'
  if (isIdempotent && acks !== 'all') {
    throw invalid('idempotent', "needs acks: 'all'")
  }
  const transactionalId = options.transactionalId ?? null
  if (transactionalId === '') throw invalid('transactionalId', 'is empty')
  if (transactionalId !== null && !isIdempotent) {
    throw invalid('transactionalId', "needs idempotence and acks: 'all'")
  }
  const compression = options.compression ?? 'none'
  if (!COMPRESSIONS.includes(compression)) {
    throw invalid('compression', `is ${compression}, not one of ${COMPRESSIONS.join(', ')}`)
  }
  const codec = codecProblem(compression)
  if (codec !== null) throw invalid('compression', `is ${compression}, and ${codec}`)
  const maxInFlight = integer(options, 'maxInFlight', MAX_IDEMPOTENT_IN_FLIGHT, 1, 1000)
  if (isIdempotent && maxInFlight > MAX_IDEMPOTENT_IN_FLIGHT) {
    throw invalid('maxInFlight', `is ${maxInFlight}; idempotence allows 5 at most`)
  }
  const MAX_INT32 = 2 ** 31 - 1
  const batchBytes = integer(options, 'batchBytes', DEFAULT_BATCH_BYTES, 1, MAX_INT32)
  const bufferBytes = integer(options, 'bufferBytes', 32 * MIB, 1, Number.MAX_SAFE_INTEGER)
  const maxRequestBytes = integer(options, 'maxRequestBytes', MIB, 1, MAX_INT32)
  return {
    acks: acks === 'all' ? -1 : acks,
    isIdempotent,
    transactionalId,
    transactionTimeoutMs: integer(options, 'transactionTimeoutMs', 60_000, 1, MAX_INT32),
    compression,
    compressionLevel: options.compressionLevel,
    lingerMs: duration(options, 'lingerMs', 0),
    batchBytes: Math.min(batchBytes, bufferBytes, maxRequestBytes),
    bufferBytes,
    maxRequestBytes,
    maxBlockMs: duration(options, 'maxBlockMs', 60_000),
    deliveryTimeoutMs: duration(options, 'deliveryTimeoutMs', 120_000),
    maxInFlight,
    partitioner: options.partitioner,
    isAdaptive: options.adaptivePartitioning ?? true,
    partitionAvailabilityTimeoutMs: duration(options, 'partitionAvailabilityTimeoutMs', 0),
    onDelivery: options.onDelivery,
  }
}

const MIB = 1_048_576
const DEFAULT_BATCH_BYTES = 131_072

type NumberOption = {
  [K in keyof ProducerOptions]-?: ProducerOptions[K] extends number | undefined ? K : never
}[keyof ProducerOptions]

function integer(
  options: ProducerOptions,
  name: NumberOption,
  otherwise: number,
  min: number,
  max: number,
): number {
  const value = options[name] ?? otherwise
  if (!Number.isInteger(value) || value < min || value > max) {
    throw invalid(name, `is ${value}, not an integer from ${min} to ${max}`)
  }
  return value
}

function duration(options: ProducerOptions, name: NumberOption, otherwise: number): number {
  const value = options[name] ?? otherwise
  if (typeof value !== 'number' || !(value >= 0)) {
    throw invalid(name, `is ${value}, not a number of milliseconds from 0 up`)
  }
  return value
}

function invalid(name: string, problem: string): KafkaError {
  return new KafkaError('INVALID_ARGUMENT', `producer: ${name} ${problem}`)
}
