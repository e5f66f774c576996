/**
 * The error classes of kafkajs, by name and fields. What a `KafkaError` becomes says
 * translated.ts.
 */

/** What may be known of an error when it is made. */
export interface KafkaJSErrorMetadata {
  readonly retriable?: boolean
  readonly cause?: unknown
}

interface ErrorLike {
  readonly message: string
  readonly retriable?: boolean
  readonly type?: string
  readonly code?: number | string
  readonly helpUrl?: string
}

/** The root of all. */
export class KafkaJSError extends Error {
  override name = 'KafkaJSError'
  readonly retriable: boolean
  declare readonly helpUrl?: string
  declare cause?: Error

  constructor(e: Error | string, { retriable = true, cause }: KafkaJSErrorMetadata = {}) {
    super(typeof e === 'string' ? e : e.message)
    this.retriable = retriable
    const { helpUrl } = e as ErrorLike
    if (helpUrl !== undefined) this.helpUrl = helpUrl
    if (cause !== undefined) this.cause = cause as Error
  }
}

/** The same call would fail again. */
export class KafkaJSNonRetriableError extends KafkaJSError {
  override name = 'KafkaJSNonRetriableError'

  constructor(e: Error | string, { cause }: { readonly cause?: unknown } = {}) {
    super(e, { retriable: false, cause })
  }
}

/** A broker answered with an error: `type` is its name in kafkajs, `code` its number. */
export class KafkaJSProtocolError extends KafkaJSError {
  override name = 'KafkaJSProtocolError'
  readonly type: string
  readonly code: number

  constructor(e: Error | string, metadata: KafkaJSErrorMetadata = {}) {
    const like: ErrorLike = typeof e === 'string' ? { message: e } : (e as unknown as ErrorLike)
    super(e, { retriable: like.retriable ?? false, ...metadata })
    this.type = like.type ?? 'UNKNOWN'
    this.code = typeof like.code === 'number' ? like.code : -1
  }
}

export class KafkaJSOffsetOutOfRange extends KafkaJSProtocolError {
  override name = 'KafkaJSOffsetOutOfRange'
  readonly topic: string
  readonly partition: number

  constructor(e: Error | string, of: { readonly topic: string; readonly partition: number }) {
    super(e)
    this.topic = of.topic
    this.partition = of.partition
  }
}

export class KafkaJSCreateTopicError extends KafkaJSProtocolError {
  override name = 'KafkaJSCreateTopicError'
  readonly topic: string

  constructor(e: Error | string, topic: string) {
    super(e)
    this.topic = topic
  }
}

export class KafkaJSAlterPartitionReassignmentsError extends KafkaJSProtocolError {
  override name = 'KafkaJSAlterPartitionReassignmentsError'
  readonly topic: string | undefined
  readonly partition: number | undefined

  constructor(e: Error | string, topic?: string, partition?: number) {
    super(e)
    this.topic = topic
    this.partition = partition
  }
}

/** All attempts failed; `cause` is what the last one failed with. */
export class KafkaJSNumberOfRetriesExceeded extends KafkaJSNonRetriableError {
  override name = 'KafkaJSNumberOfRetriesExceeded'
  readonly retryCount: number
  readonly retryTime: number

  constructor(
    e: Error | string,
    { retryCount, retryTime }: { readonly retryCount: number; readonly retryTime: number },
  ) {
    super(e, { cause: e })
    this.retryCount = retryCount
    this.retryTime = retryTime
  }
}

export class KafkaJSConnectionError extends KafkaJSError {
  override name = 'KafkaJSConnectionError'
  readonly broker: string | undefined
  readonly code: string | undefined

  constructor(
    e: Error | string,
    { broker, code, cause }: { broker?: string; code?: string; cause?: unknown } = {},
  ) {
    super(e, { cause })
    this.broker = broker
    this.code = code
  }
}

export class KafkaJSConnectionClosedError extends KafkaJSConnectionError {
  override name = 'KafkaJSConnectionClosedError'
}

export class KafkaJSRequestTimeoutError extends KafkaJSError {
  override name = 'KafkaJSRequestTimeoutError'
  readonly broker: string | undefined

  constructor(
    e: Error | string,
    { broker, cause }: { readonly broker?: string | undefined; readonly cause?: unknown } = {},
  ) {
    super(e, { cause })
    this.broker = broker
  }
}

export class KafkaJSMetadataNotLoaded extends KafkaJSError {
  override name = 'KafkaJSMetadataNotLoaded'
}

export class KafkaJSTopicMetadataNotLoaded extends KafkaJSMetadataNotLoaded {
  override name = 'KafkaJSTopicMetadataNotLoaded'
}

export class KafkaJSStaleTopicMetadataAssignment extends KafkaJSError {
  override name = 'KafkaJSStaleTopicMetadataAssignment'
}

/** What came of the groups that could not be deleted. */
export interface FailedGroup {
  readonly groupId: string
  readonly errorCode: number
  readonly error: KafkaJSError
}

export class KafkaJSDeleteGroupsError extends KafkaJSError {
  override name = 'KafkaJSDeleteGroupsError'
  readonly groups: readonly FailedGroup[]

  constructor(e: Error | string, groups: readonly FailedGroup[] = []) {
    super(e)
    this.groups = groups
  }
}

/** What came of partitions whose records could not be deleted. */
export interface FailedPartition {
  readonly partition: number
  readonly offset: string
  readonly error: KafkaJSError
}

export class KafkaJSDeleteTopicRecordsError extends KafkaJSError {
  override name = 'KafkaJSDeleteTopicRecordsError'
  readonly partitions: readonly FailedPartition[]

  constructor({ partitions }: { readonly partitions: readonly FailedPartition[] }) {
    const retriable = partitions.every(({ error }) => error.retriable)
    super('Error while deleting records', { retriable })
    this.partitions = partitions
  }
}

export class KafkaJSServerDoesNotSupportApiKey extends KafkaJSNonRetriableError {
  override name = 'KafkaJSServerDoesNotSupportApiKey'
  readonly apiName: string | undefined

  constructor(
    e: Error | string,
    { apiName, cause }: { readonly apiName?: string | undefined; readonly cause?: unknown } = {},
  ) {
    super(e, { cause })
    this.apiName = apiName
  }
}

export class KafkaJSBrokerNotFound extends KafkaJSError {
  override name = 'KafkaJSBrokerNotFound'
}

export class KafkaJSPartialMessageError extends KafkaJSNonRetriableError {
  override name = 'KafkaJSPartialMessageError'
}

export class KafkaJSSASLAuthenticationError extends KafkaJSNonRetriableError {
  override name = 'KafkaJSSASLAuthenticationError'
}

export class KafkaJSGroupCoordinatorNotFound extends KafkaJSNonRetriableError {
  override name = 'KafkaJSGroupCoordinatorNotFound'
}

/** kafkajs has it and the drop-in has not: the message says what to use instead. */
export class KafkaJSNotImplemented extends KafkaJSNonRetriableError {
  override name = 'KafkaJSNotImplemented'
}

export class KafkaJSTimeout extends KafkaJSNonRetriableError {
  override name = 'KafkaJSTimeout'
}

export class KafkaJSLockTimeout extends KafkaJSTimeout {
  override name = 'KafkaJSLockTimeout'
}

export class KafkaJSUnsupportedMagicByteInMessageSet extends KafkaJSNonRetriableError {
  override name = 'KafkaJSUnsupportedMagicByteInMessageSet'
}

/** Several things failed at once. */
export class KafkaJSAggregateError extends Error {
  override name = 'KafkaJSAggregateError'
  readonly errors: readonly (Error | string)[]

  constructor(message: Error | string, errors: readonly (Error | string)[]) {
    super(typeof message === 'string' ? message : message.message)
    this.errors = errors
  }
}
