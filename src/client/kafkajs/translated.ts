/**
 * What becomes of a `KafkaError`: its code chooses one of kafkajs's classes, and it stays the
 * `cause`.
 *
 * Invariant: whatever the drop-in rejects with is of one of those classes, or what a function of
 * the program threw.
 */
import { ErrorCode } from '../../protocol/errors.ts'
import { KafkaError } from '../kafka-error.ts'
import {
  KafkaJSConnectionError,
  KafkaJSError,
  KafkaJSNonRetriableError,
  KafkaJSNumberOfRetriesExceeded,
  KafkaJSOffsetOutOfRange,
  KafkaJSProtocolError,
  KafkaJSRequestTimeoutError,
  KafkaJSSASLAuthenticationError,
  KafkaJSServerDoesNotSupportApiKey,
} from './errors.ts'

/** Names that kafkajs took from older versions of the protocol, or made up. */
const OLDER_NAMES: Readonly<Record<string, string>> = {
  UNKNOWN_SERVER_ERROR: 'UNKNOWN',
  NOT_LEADER_OR_FOLLOWER: 'NOT_LEADER_FOR_PARTITION',
  COORDINATOR_LOAD_IN_PROGRESS: 'GROUP_LOAD_IN_PROGRESS',
  COORDINATOR_NOT_AVAILABLE: 'GROUP_COORDINATOR_NOT_AVAILABLE',
  NOT_COORDINATOR: 'NOT_COORDINATOR_FOR_GROUP',
}

/** Of which kind an error is that a handler, a commit or a heartbeat met while a group changes. */
const REBALANCE_CODES: ReadonlySet<string> = new Set([
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
  'NOT_COORDINATOR',
  'NOT_COORDINATOR_FOR_GROUP',
  'UNKNOWN_MEMBER_ID',
  'STALE_MEMBER_EPOCH',
])

/** Whether it says that the group is being dealt out anew. */
export function isRebalancing(error: unknown): boolean {
  const { type, code } = error as { type?: string; code?: unknown }
  return REBALANCE_CODES.has(type ?? '') || (typeof code === 'string' && REBALANCE_CODES.has(code))
}

/** An error that kafkajs would have thrown in the place of `error`. */
export function translated(error: unknown): Error {
  if (!(error instanceof KafkaError)) {
    return error instanceof Error ? error : new KafkaJSNonRetriableError(String(error))
  }
  const { code, message, broker, api } = error
  if (code in ErrorCode) return protocolError(error)
  switch (code) {
    case 'NETWORK_ERROR':
      return new KafkaJSConnectionError(message, {
        ...(broker !== undefined && { broker }),
        cause: error,
      })
    case 'TIMED_OUT': {
      const last =
        error.cause === undefined
          ? new KafkaJSRequestTimeoutError(message, { broker, cause: error })
          : translated(error.cause)
      return new KafkaJSNumberOfRetriesExceeded(last, { retryCount: 0, retryTime: 0 })
    }
    case 'AUTHENTICATION_FAILED':
      return new KafkaJSSASLAuthenticationError(message, { cause: error })
    case 'UNSUPPORTED_BY_BROKER':
      return new KafkaJSServerDoesNotSupportApiKey(message, { apiName: api, cause: error })
    case 'USER_CODE_FAILED':
      return error.cause instanceof Error ? error.cause : new KafkaJSNonRetriableError(message)
    default:
      return error.retriable
        ? new KafkaJSError(message, { cause: error })
        : new KafkaJSNonRetriableError(message, { cause: error })
  }
}

/** That of a broker's answer. */
function protocolError(error: KafkaError): KafkaJSProtocolError {
  const { topic, partition } = error
  const like = likeProtocolError(error)
  if (error.code === 'OFFSET_OUT_OF_RANGE' && topic !== undefined && partition !== undefined) {
    return new KafkaJSOffsetOutOfRange(like, { topic, partition })
  }
  return new KafkaJSProtocolError(like, { retriable: error.retriable, cause: error })
}

/** The fields that kafkajs's constructors take from the error that they are given. */
export function likeProtocolError({ message, code, errorCode, retriable }: KafkaError): Error {
  const type = OLDER_NAMES[code] ?? code
  return Object.assign(new Error(message), { type, code: errorCode, retriable })
}

/** What `call` gives; its error is translated. */
export async function translating<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw translated(error)
  }
}
