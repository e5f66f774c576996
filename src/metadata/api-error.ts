/** An expected failure: Kafka's error code with the text that goes to the client (rule 11). */
import type { ErrorCode } from '../protocol/errors.ts'

export interface ApiError {
  readonly errorCode: ErrorCode
  /** Null where the code says it all. */
  readonly errorMessage: string | null
}

export function apiError(errorCode: ErrorCode, errorMessage: string | null = null): ApiError {
  return { errorCode, errorMessage }
}
