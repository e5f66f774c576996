/**
 * kafkajs counts attempts, the native client counts time: a call goes on until its deadline. This
 * turns the one into the other: the time that all attempts with their pauses would take at most.
 */
import { KafkaJSNonRetriableError } from './errors.ts'

export interface RetryOptions {
  readonly maxRetryTime?: number
  readonly initialRetryTime?: number
  readonly factor?: number
  readonly multiplier?: number
  readonly retries?: number
  readonly restartOnFailure?: (e: Error) => Promise<boolean>
}

const MAX_BUDGET_MS = 2 ** 31 - 1
/** More pauses than this are longer than any budget. */
const MAX_PAUSES = 64

export interface RetryBudget {
  readonly retries: number
  readonly firstPauseMs: number
  readonly longestPauseMs: number
  /** By which part of itself a pause may be shorter or longer. */
  readonly factor: number
  /** The pause before attempt `retry` + 1, before it is made shorter or longer. */
  pauseMs(retry: number): number
  /** How long a call may take whose attempts may take `attemptMs` each. */
  callMs(attemptMs: number): number
}

/** The options with kafkajs's defaults; those given last win. */
export function retryBudget(...given: readonly (RetryOptions | undefined)[]): RetryBudget {
  const options: RetryOptions = Object.assign({}, ...given)
  const number = (
    name: 'maxRetryTime' | 'initialRetryTime' | 'multiplier' | 'retries' | 'factor',
    standard: number,
  ) => {
    const value = options[name] ?? standard
    if (typeof value === 'number' && value >= 0) return value
    throw new KafkaJSNonRetriableError(`retry.${name}: ${value} is not a number from 0 up`)
  }
  const firstPauseMs = number('initialRetryTime', 300)
  const longestPauseMs = number('maxRetryTime', 30_000)
  const multiplier = number('multiplier', 2)
  const retries = number('retries', 5)
  const pauseMs = (retry: number) => {
    return Math.min(longestPauseMs, firstPauseMs * multiplier ** Math.min(retry, MAX_PAUSES))
  }
  return {
    retries,
    firstPauseMs,
    longestPauseMs,
    factor: Math.min(1, number('factor', 0.2)),
    pauseMs,
    callMs(attemptMs) {
      if (retries > MAX_PAUSES) return MAX_BUDGET_MS
      let pausesMs = 0
      for (let retry = 0; retry < retries; retry++) pausesMs += pauseMs(retry)
      return Math.min(MAX_BUDGET_MS, pausesMs + attemptMs)
    },
  }
}
