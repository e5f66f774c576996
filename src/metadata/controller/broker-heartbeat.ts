/**
 * Decides BrokerHeartbeat, and fences who is silent: the life of a broker from fenced to unfenced,
 * through controlled shutdown, to gone (KIP-631, KIP-841).
 */
import { ErrorCode } from '../../protocol/errors.ts'
import type {
  BrokerHeartbeatRequest,
  BrokerHeartbeatResponse,
} from '../../protocol/messages/63-broker-heartbeat.ts'
import { type ApiError, apiError } from '../api-error.ts'
import type { BrokerImage } from '../cluster.ts'
import { supports } from '../metadata-version.ts'
import type { Decision, MetadataRecord } from '../records.ts'
import type { ControllerContext } from './context.ts'
import {
  brokerFencedRecords,
  brokerUnfencedRecords,
  controlledShutdownRecords,
  cordonedDirectoryRecords,
  hasLeaderships,
  offlineDirectoryRecords,
} from './leadership.ts'

type BrokerState = 'fenced' | 'unfenced' | 'controlledShutdown' | 'shutdownNow'

/** Why a broker's request is out of date; null where it is not. */
export function brokerEpochError(
  context: ControllerContext,
  brokerId: number,
  brokerEpoch: number,
): ApiError | null {
  const broker = context.image.cluster.brokers.get(brokerId)
  if (broker === undefined) {
    const message = `No broker registration found for broker id ${brokerId}`
    return apiError(ErrorCode.STALE_BROKER_EPOCH, message)
  }
  if (broker.epoch === brokerEpoch) return null
  const message = `Expected broker epoch ${broker.epoch}, but got broker epoch ${brokerEpoch}`
  return apiError(ErrorCode.STALE_BROKER_EPOCH, message)
}

export function brokerHeartbeat(
  context: ControllerContext,
  request: BrokerHeartbeatRequest,
  nowMs: number,
): Decision<BrokerHeartbeatResponse> {
  const { brokerId, brokerEpoch } = request
  const error = brokerEpochError(context, brokerId, brokerEpoch)
  if (error !== null) {
    const { errorCode } = error
    return { records: [], response: { errorCode, shouldShutDown: false } }
  }
  const { sessions } = context
  const broker = context.image.cluster.brokers.get(brokerId)!
  sessions.touch(brokerId, brokerEpoch, request.currentMetadataOffset, nowMs)
  const current = currentState(context, broker)
  const next = nextState(context, broker, current, request)
  const records: MetadataRecord[] = current === next ? [] : transitionRecords(context, broker, next)
  const isFenced = next === 'fenced' || next === 'shutdownNow'
  if (isFenced) sessions.setControlledShutdownOffset(brokerId, -1)
  const level = context.image.features.metadataVersion
  if (supports.directoryAssignment(level)) {
    records.push(...offlineDirectoryRecords(context, broker, request.offlineLogDirs))
  }
  if (supports.cordonedLogDirs(level)) {
    records.push(...cordonedDirectoryRecords(broker, request.cordonedLogDirs))
  }
  if (next === 'controlledShutdown' && !sessions.isShuttingDown(brokerId)) {
    const lastOffset = context.quorum.logEndOffset + records.length - 1
    sessions.setControlledShutdownOffset(brokerId, lastOffset)
  }
  const response = {
    errorCode: ErrorCode.NONE,
    isCaughtUp: request.currentMetadataOffset >= broker.registrationOffset,
    isFenced,
    shouldShutDown: next === 'shutdownNow',
  }
  return { records, response }
}

function currentState(context: ControllerContext, broker: BrokerImage): BrokerState {
  if (context.sessions.isShuttingDown(broker.id)) return 'controlledShutdown'
  return broker.fenced ? 'fenced' : 'unfenced'
}

function nextState(
  context: ControllerContext,
  broker: BrokerImage,
  current: BrokerState,
  request: BrokerHeartbeatRequest,
): BrokerState {
  switch (current) {
    case 'fenced':
      if (request.wantShutDown) return 'shutdownNow'
      if (request.wantFence) return 'fenced'
      return request.currentMetadataOffset >= broker.registrationOffset ? 'unfenced' : 'fenced'
    case 'unfenced':
      if (request.wantFence) return request.wantShutDown ? 'shutdownNow' : 'fenced'
      if (!request.wantShutDown) return 'unfenced'
      return hasLeaderships(context, broker.id) ? 'controlledShutdown' : 'shutdownNow'
    default:
      return mayLeave(context, broker) ? 'shutdownNow' : 'controlledShutdown'
  }
}

/** Once it leads nothing, and all others have read that it does not. */
function mayLeave(context: ControllerContext, broker: BrokerImage): boolean {
  if (hasLeaderships(context, broker.id)) return false
  const { sessions, image } = context
  const others = [...image.cluster.brokers.values()].filter(
    (other) => !other.fenced && !sessions.isShuttingDown(other.id),
  )
  const lowest = sessions.lowestMetadataOffset(others.map(({ id }) => id))
  return sessions.controlledShutdownOffset(broker.id) <= lowest
}

function transitionRecords(
  context: ControllerContext,
  broker: BrokerImage,
  next: BrokerState,
): MetadataRecord[] {
  switch (next) {
    case 'fenced':
    case 'shutdownNow':
      return brokerFencedRecords(context, broker)
    case 'unfenced':
      return brokerUnfencedRecords(context, broker)
    case 'controlledShutdown':
      return controlledShutdownRecords(context, broker)
  }
}

/** Fences one broker whose session has ended; none where all are alive. */
export function fenceStaleBroker(context: ControllerContext, nowMs: number): MetadataRecord[] {
  const expired = context.sessions.popExpired(nowMs)
  if (expired === null) return []
  const broker = context.image.cluster.brokers.get(expired.brokerId)
  if (broker === undefined || broker.epoch !== expired.epoch || broker.fenced) return []
  return brokerFencedRecords(context, broker)
}
