/**
 * Decides BrokerRegistration and UnregisterBroker, and registers controllers (KIP-631, KIP-919).
 * A new incarnation starts fenced; what an older one may have lost is settled in the same decision
 * (KIP-966: only a clean shutdown leaves a broker eligible to lead).
 */
import { ErrorCode } from '../../protocol/errors.ts'
import type {
  BrokerRegistrationRequest,
  BrokerRegistrationResponse,
} from '../../protocol/messages/62-broker-registration.ts'
import type {
  UnregisterBrokerRequest,
  UnregisterBrokerResponse,
} from '../../protocol/messages/64-unregister-broker.ts'
import type * as registration from '../../protocol/messages/70-controller-registration.ts'
import {
  registerBrokerRecord,
  registerControllerRecord,
} from '../../protocol/persisted/metadata-records.ts'
import { type ApiError, apiError } from '../api-error.ts'
import {
  KRAFT_VERSION,
  METADATA_VERSION,
  registerBrokerRecordVersion,
  supports,
} from '../metadata-version.ts'
import { type Decision, type MetadataRecord, metadataRecord } from '../records.ts'
import type { ControllerContext } from './context.ts'
import { brokerShutdownRecords, brokerUnregisteredRecords } from './leadership.ts'

/** The version from which a broker says which epoch it shut down cleanly from. */
const CLEAN_SHUTDOWN_VERSION = 3
/** Uuids below 100: 15 bytes of 0, and a last one whose upper 6 bits are 24 (Y) at most. */
const RESERVED_DIRECTORY = /^A{20}[A-Y][AQgw]$/

type Feature = BrokerRegistrationRequest['features'][number]

export function registerBroker(
  context: ControllerContext,
  request: BrokerRegistrationRequest,
  apiVersion: number,
  nowMs: number,
): Decision<BrokerRegistrationResponse & ApiError> {
  const error = registrationError(context, request, nowMs)
  if (error !== null) return { records: [], response: { ...error, brokerEpoch: -1 } }
  const { cluster, features } = context.image
  const { brokerId, incarnationId } = request
  const existing = cluster.brokers.get(brokerId)
  const isSame = existing !== undefined && existing.incarnationId === incarnationId
  const records: MetadataRecord[] = []
  if (!isSame) {
    const isClean =
      apiVersion >= CLEAN_SHUTDOWN_VERSION && existing?.epoch === request.previousBrokerEpoch
    records.push(...brokerShutdownRecords(context, brokerId, isClean))
    context.sessions.remove(brokerId)
  }
  // The offset of this decision's first record: no two registrations share it.
  const brokerEpoch = isSame ? existing.epoch : context.quorum.logEndOffset
  const level = features.metadataVersion
  records.push(
    metadataRecord(
      registerBrokerRecord,
      {
        brokerId,
        isMigratingZkBroker: false,
        incarnationId,
        brokerEpoch,
        endPoints: request.listeners,
        features: request.features,
        rack: request.rack,
        fenced: isSame ? existing.fenced : true,
        inControlledShutdown: isSame && existing.inControlledShutdown,
        logDirs: supports.directoryAssignment(level) ? request.logDirs : [],
      },
      registerBrokerRecordVersion(level),
    ),
  )
  context.sessions.touch(brokerId, brokerEpoch, -1, nowMs)
  return { records, response: { ...apiError(ErrorCode.NONE), brokerEpoch } }
}

function registrationError(
  context: ControllerContext,
  request: BrokerRegistrationRequest,
  nowMs: number,
): ApiError | null {
  const { clusterId } = context.settings
  if (request.clusterId !== clusterId) {
    const message = `Expected cluster ID ${clusterId}, but got cluster ID ${request.clusterId}`
    return apiError(ErrorCode.INCONSISTENT_CLUSTER_ID, message)
  }
  const existing = context.image.cluster.brokers.get(request.brokerId)
  if (
    existing !== undefined &&
    existing.incarnationId !== request.incarnationId &&
    context.sessions.isValid(request.brokerId, existing.epoch, nowMs)
  ) {
    return apiError(
      ErrorCode.DUPLICATE_BROKER_REGISTRATION,
      'Another broker is registered with that broker id. If the broker was recently restarted ' +
        "this should self-resolve once the heartbeat manager expires the broker's session.",
    )
  }
  if (request.isMigratingZkBroker) {
    const message = 'Controller does not support registering ZK brokers.'
    return apiError(ErrorCode.BROKER_ID_NOT_REGISTERED, message)
  }
  return directoriesError(context, request) ?? featuresError(context, request.features)
}

function directoriesError(
  context: ControllerContext,
  request: BrokerRegistrationRequest,
): ApiError | null {
  if (!supports.directoryAssignment(context.image.features.metadataVersion)) return null
  const invalid = (message: string): ApiError => apiError(ErrorCode.INVALID_REGISTRATION, message)
  const { logDirs, brokerId } = request
  if (logDirs.length === 0) return invalid('No directories specified in request')
  if (logDirs.some((id) => RESERVED_DIRECTORY.test(id))) {
    return invalid('Reserved directory ID in request')
  }
  if (new Set(logDirs).size !== logDirs.length) return invalid('Duplicate directory ID in request')
  for (const id of logDirs) {
    const owner = context.image.cluster.brokerOfDirectory(id)
    if (owner !== undefined && owner !== brokerId) {
      return invalid(`Broker ${owner} is already registered with directory ${id}`)
    }
  }
  return null
}

/** Every finalised level must be within what the broker runs. */
function featuresError(context: ControllerContext, features: readonly Feature[]): ApiError | null {
  const finalized = new Map(context.image.features.levels)
  finalized.set(KRAFT_VERSION, context.quorum.kraftVersion)
  const ranges = new Map(features.map((feature) => [feature.name, feature]))
  for (const { name } of features) if (!finalized.has(name)) finalized.set(name, 0)
  for (const [name, level] of finalized) {
    const range = ranges.get(name)
    if (range === undefined && name === METADATA_VERSION) {
      const message = `Request features do not contain '${METADATA_VERSION}'`
      return apiError(ErrorCode.INVALID_REGISTRATION, message)
    }
    const min = range?.minSupportedVersion ?? 0
    const max = range?.maxSupportedVersion ?? 0
    if (level >= min && level <= max) continue
    return apiError(
      ErrorCode.UNSUPPORTED_VERSION,
      `Unable to register because the broker does not support finalized version ${level} of ` +
        `${name}. The broker wants a version between ${min} and ${max}, inclusive.`,
    )
  }
  return null
}

/** Takes a broker out for good. */
export function unregisterBroker(
  context: ControllerContext,
  request: UnregisterBrokerRequest,
): Decision<UnregisterBrokerResponse> {
  const { brokerId } = request
  const broker = context.image.cluster.brokers.get(brokerId)
  if (broker === undefined) {
    const message = `Broker ID ${brokerId} is not currently registered`
    return { records: [], response: apiError(ErrorCode.BROKER_ID_NOT_REGISTERED, message) }
  }
  context.sessions.remove(brokerId)
  return {
    records: brokerUnregisteredRecords(context, broker),
    response: apiError(ErrorCode.NONE, ''),
  }
}

/** Makes a controller of the quorum known, with its listeners and features. */
export function registerController(
  context: ControllerContext,
  request: registration.ControllerRegistrationRequest,
): Decision<ApiError> {
  if (!supports.controllerRegistration(context.image.features.metadataVersion)) {
    const message = 'The current MetadataVersion is too old to support controller registrations.'
    return { records: [], response: apiError(ErrorCode.UNSUPPORTED_VERSION, message) }
  }
  const record = metadataRecord(registerControllerRecord, {
    controllerId: request.controllerId,
    incarnationId: request.incarnationId,
    zkMigrationReady: false,
    endPoints: request.listeners,
    features: request.features,
  })
  return { records: [record], response: apiError(ErrorCode.NONE) }
}
