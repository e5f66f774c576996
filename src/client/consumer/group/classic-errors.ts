/**
 * What a member of a classic group does about each error code of the coordinator's, as a table: it
 * joins again, now or after a pause, with or without its member id, looks for the coordinator anew,
 * or ends.
 *
 * Invariant: a coordinator that moved costs a member neither its id nor its generation.
 */
import { ErrorCode, isRetriable } from '../../../protocol/errors.ts'

export interface ErrorStep {
  /** `fail` ends the membership; `later` pauses before the next attempt. */
  readonly next: 'now' | 'later' | 'fail'
  /** The generation is over; with `memberId` the member's id too. */
  readonly forget: 'nothing' | 'generation' | 'memberId'
  readonly rediscovers: boolean
}

function step(
  next: ErrorStep['next'],
  forget: ErrorStep['forget'] = 'nothing',
  rediscovers = false,
): ErrorStep {
  return { next, forget, rediscovers }
}

const MOVED = step('later', 'nothing', true)
const UNKNOWN = step('now', 'memberId')
const LATER = step('later')
const FAIL = step('fail')

type Table = ReadonlyMap<number, ErrorStep>

const JOIN: Table = new Map([
  [ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, LATER],
  [ErrorCode.COORDINATOR_NOT_AVAILABLE, MOVED],
  [ErrorCode.NOT_COORDINATOR, MOVED],
  [ErrorCode.UNKNOWN_MEMBER_ID, UNKNOWN],
  // Its answer carries the id to come back with.
  [ErrorCode.MEMBER_ID_REQUIRED, step('now')],
  [ErrorCode.REBALANCE_IN_PROGRESS, LATER],
])

const SYNC: Table = new Map([
  [ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, LATER],
  [ErrorCode.COORDINATOR_NOT_AVAILABLE, MOVED],
  [ErrorCode.NOT_COORDINATOR, MOVED],
  [ErrorCode.UNKNOWN_MEMBER_ID, UNKNOWN],
  // The id is as good as before.
  [ErrorCode.ILLEGAL_GENERATION, step('now', 'generation')],
  [ErrorCode.REBALANCE_IN_PROGRESS, step('now')],
])

/** Here `now` is to join, and `later` to send the next heartbeat soon. */
const HEARTBEAT: Table = new Map([
  [ErrorCode.COORDINATOR_NOT_AVAILABLE, MOVED],
  [ErrorCode.NOT_COORDINATOR, MOVED],
  [ErrorCode.UNKNOWN_MEMBER_ID, UNKNOWN],
  [ErrorCode.ILLEGAL_GENERATION, step('now', 'generation')],
  [ErrorCode.REBALANCE_IN_PROGRESS, step('now')],
  [ErrorCode.FENCED_INSTANCE_ID, FAIL],
])

/** For an error code in the answer to JoinGroup or SyncGroup. */
export function stepAfterError(api: 'join' | 'sync', errorCode: number): ErrorStep {
  const known = (api === 'join' ? JOIN : SYNC).get(errorCode)
  return known ?? (isRetriable(errorCode) ? LATER : FAIL)
}

/** For an error code in the answer to Heartbeat: what is unknown is left to the session's end. */
export function stepAfterHeartbeat(errorCode: number): ErrorStep {
  return HEARTBEAT.get(errorCode) ?? LATER
}

/** For an error code in the answer to OffsetCommit or OffsetFetch; null where it says nothing. */
export function stepAfterOffsets(errorCode: number): ErrorStep | null {
  if (errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS) return null
  return HEARTBEAT.get(errorCode) ?? null
}
