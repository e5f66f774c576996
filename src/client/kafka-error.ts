/**
 * The one error class of the client. `code` says what happened: an error of Kafka's protocol by its
 * name, or one of the client's own (`ClientErrorCode`). The flags say what can be done about it.
 *
 * Invariant: whatever the client rejects with or hands to a callback is a `KafkaError`; what a
 * user's own function threw is its `cause`.
 */
import { messageOf } from '../base/thrown.ts'
import {
  ErrorCode,
  type ErrorName,
  errorMessage,
  errorName,
  isRetriable,
} from '../protocol/errors.ts'

/** What can go wrong on this side of the wire. */
export type ClientErrorCode =
  /** The connection could not be made or was lost. Retriable. */
  | 'NETWORK_ERROR'
  /** The deadline of the call passed; `cause` is what its last attempt failed with. */
  | 'TIMED_OUT'
  /** The signal of the call was aborted; `cause` is its reason. */
  | 'ABORTED'
  /** The client, producer, consumer or admin was closed. */
  | 'CLOSED'
  /** A wrong option or argument; the message names it, its value, and what is accepted. */
  | 'INVALID_ARGUMENT'
  /** The call does not fit the state: two loops over one consumer, commit without a group. */
  | 'INVALID_STATE'
  /** The producer's buffer is full and the call was asked not to wait. Retriable. */
  | 'QUEUE_FULL'
  /** TLS or SASL was refused. Fatal. */
  | 'AUTHENTICATION_FAILED'
  /** The broker does not speak an API, or no version of it that the call needs. */
  | 'UNSUPPORTED_BY_BROKER'
  /** A serde or schema refused a key or a value that is to be sent. */
  | 'SERIALIZATION_FAILED'
  /** A serde or schema refused a key or a value that was read. */
  | 'DESERIALIZATION_FAILED'
  /** What a broker sent can't be read: a malformed answer, a wrong checksum, a damaged batch. */
  | 'CORRUPT_DATA'
  /** Data that would take more memory than its limit says. */
  | 'LIMIT_EXCEEDED'
  /** There is no offset to begin at, and `autoOffsetReset` is `'none'`. */
  | 'NO_OFFSET'
  /** The log was truncated below a position (KIP-320). */
  | 'LOG_TRUNCATED'
  /** The handler took longer than `maxProcessingMs`; the member has left its group. */
  | 'PROCESSING_TIMED_OUT'
  /** A function of the user's threw: handler, hook, partitioner, token provider. */
  | 'USER_CODE_FAILED'

/** All that the `code` of a KafkaError can be. */
export type KafkaErrorCode = ErrorName | ClientErrorCode

/** Where an error happened, as far as it is known. */
export interface ErrorContext {
  /** Name of the API, as `Produce`. */
  readonly api?: string | undefined
  readonly apiVersion?: number | undefined
  /** `id (host:port)` or `host:port`. */
  readonly broker?: string | undefined
  readonly topic?: string | undefined
  readonly partition?: number | undefined
  readonly offset?: number | undefined
  readonly groupId?: string | undefined
}

/** What an error is made of besides its code and its text. */
export interface KafkaErrorOptions extends ErrorContext {
  readonly cause?: unknown
  readonly retriable?: boolean
  readonly fatal?: boolean
  readonly abortable?: boolean
  readonly reason?: string
}

const RETRIABLE: ReadonlySet<KafkaErrorCode> = new Set(['NETWORK_ERROR', 'QUEUE_FULL'])

/** After these the producer or consumer that met them can't go on. */
const FATAL: ReadonlySet<KafkaErrorCode> = new Set([
  'AUTHENTICATION_FAILED',
  'PRODUCER_FENCED',
  'INVALID_PRODUCER_EPOCH',
  'FENCED_INSTANCE_ID',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'UNSUPPORTED_VERSION',
  'UNSUPPORTED_BY_BROKER',
])

/** After these a transaction must be aborted, and the next one may work. */
const ABORTABLE: ReadonlySet<KafkaErrorCode> = new Set(['TRANSACTION_ABORTABLE'])

/** What every call of the client fails with. */
export class KafkaError extends Error {
  override readonly name = 'KafkaError'
  readonly code: KafkaErrorCode
  /** The number in the protocol; -1 (UNKNOWN_SERVER_ERROR) for errors of the client's own. */
  readonly errorCode: number
  /** What happened, in the broker's own words where it told; `message` also says where. */
  readonly reason: string
  /** The same call may work if it is made again. The client has done so until its deadline. */
  readonly retriable: boolean
  /** The producer, consumer or client that threw it is of no more use. */
  readonly fatal: boolean
  /** The transaction has to be aborted. */
  readonly abortable: boolean
  readonly api: string | undefined
  readonly apiVersion: number | undefined
  readonly broker: string | undefined
  readonly topic: string | undefined
  readonly partition: number | undefined
  readonly offset: number | undefined
  readonly groupId: string | undefined

  constructor(code: KafkaErrorCode, message: string, options: KafkaErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.errorCode = (ErrorCode as Readonly<Record<string, number>>)[code] ?? -1
    this.reason = options.reason ?? message
    this.retriable =
      options.retriable ??
      (RETRIABLE.has(code) || (code in ErrorCode && isRetriable(this.errorCode)))
    this.fatal = options.fatal ?? FATAL.has(code)
    this.abortable = options.abortable ?? ABORTABLE.has(code)
    this.api = options.api
    this.apiVersion = options.apiVersion
    this.broker = options.broker
    this.topic = options.topic
    this.partition = options.partition
    this.offset = options.offset
    this.groupId = options.groupId
  }

  /** The error that a broker answered with; its own text where it gave one. */
  static ofCode(errorCode: number, text?: string | null, context: ErrorContext = {}): KafkaError {
    const code = errorName(errorCode)
    const said = text === undefined || text === null || text === '' ? errorMessage(errorCode) : text
    return new KafkaError(code, `${said}${describe(context)}`, { ...context, reason: said })
  }

  /** `error` itself, or what a function of the user's threw, wrapped. */
  static of(error: unknown, code: ClientErrorCode, what: string, context: ErrorContext = {}) {
    if (error instanceof KafkaError) return error
    return new KafkaError(code, `${what}: ${messageOf(error)}`, { ...context, cause: error })
  }
}

function describe({ api, broker, topic, partition, groupId }: ErrorContext): string {
  const parts = [
    api,
    broker === undefined ? undefined : `broker ${broker}`,
    topic === undefined
      ? undefined
      : `topic ${topic}${partition === undefined ? '' : `-${partition}`}`,
    groupId === undefined ? undefined : `group ${groupId}`,
  ].filter((part) => part !== undefined)
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`
}
