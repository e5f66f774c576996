/** What a member of a group of KIP-848 does about each error code of ConsumerGroupHeartbeat. */
import { ErrorCode, isRetriable } from '../../../protocol/errors.ts'

/**
 * `retry`: after a pause. `rediscover`: at once, at whoever coordinates now. `rejoin`: the member
 * is fenced, has lost its partitions and joins anew. `fail`: the membership ends.
 */
export type ConsumerStep = 'retry' | 'rediscover' | 'rejoin' | 'fail'

const STEPS: ReadonlyMap<number, ConsumerStep> = new Map([
  [ErrorCode.NOT_COORDINATOR, 'rediscover'],
  [ErrorCode.COORDINATOR_NOT_AVAILABLE, 'rediscover'],
  [ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, 'retry'],
  [ErrorCode.FENCED_MEMBER_EPOCH, 'rejoin'],
  [ErrorCode.UNKNOWN_MEMBER_ID, 'rejoin'],
])

/** For an error code in the answer to a heartbeat. */
export function stepAfterConsumerHeartbeat(errorCode: number): ConsumerStep {
  return STEPS.get(errorCode) ?? (isRetriable(errorCode) ? 'retry' : 'fail')
}
