/**
 * The active controller: every change of the cluster's metadata is decided here. A decide-method
 * reads the image and gives back records and an answer; it changes nothing but the soft state of
 * broker sessions. Who calls it replays the records and answers once they are committed.
 *
 * Timers are data: `nextDeadlineMs` says when `expire` has something to do.
 */

import type {
  CreateTopicsRequest,
  CreateTopicsResponse,
} from '../../protocol/messages/19-create-topics.ts'
import type {
  DeleteTopicsRequest,
  DeleteTopicsResponse,
} from '../../protocol/messages/20-delete-topics.ts'
import type {
  AlterConfigsRequest,
  AlterConfigsResponse,
} from '../../protocol/messages/33-alter-configs.ts'
import type {
  CreatePartitionsRequest,
  CreatePartitionsResponse,
} from '../../protocol/messages/37-create-partitions.ts'
import type {
  ElectLeadersRequest,
  ElectLeadersResponse,
} from '../../protocol/messages/43-elect-leaders.ts'
import type {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from '../../protocol/messages/44-incremental-alter-configs.ts'
import type {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
} from '../../protocol/messages/45-alter-partition-reassignments.ts'
import type {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
} from '../../protocol/messages/46-list-partition-reassignments.ts'
import type {
  AlterPartitionRequest,
  AlterPartitionResponse,
} from '../../protocol/messages/56-alter-partition.ts'
import type {
  UpdateFeaturesRequest,
  UpdateFeaturesResponse,
} from '../../protocol/messages/57-update-features.ts'
import type {
  BrokerRegistrationRequest,
  BrokerRegistrationResponse,
} from '../../protocol/messages/62-broker-registration.ts'
import type {
  BrokerHeartbeatRequest,
  BrokerHeartbeatResponse,
} from '../../protocol/messages/63-broker-heartbeat.ts'
import type {
  UnregisterBrokerRequest,
  UnregisterBrokerResponse,
} from '../../protocol/messages/64-unregister-broker.ts'
import type {
  AllocateProducerIdsRequest,
  AllocateProducerIdsResponse,
} from '../../protocol/messages/67-allocate-producer-ids.ts'
import type * as registration from '../../protocol/messages/70-controller-registration.ts'
import type {
  AssignReplicasToDirsRequest,
  AssignReplicasToDirsResponse,
} from '../../protocol/messages/73-assign-replicas-to-dirs.ts'
import { noOpRecord } from '../../protocol/persisted/metadata-records.ts'
import type { ApiError } from '../api-error.ts'
import type { ConfigValidator } from '../config-validator.ts'
import type { MetadataImage } from '../image.ts'
import { type Decision, type MetadataRecord, metadataRecord } from '../records.ts'
import { activationRecords } from './activation.ts'
import { alterConfigs, incrementalAlterConfigs } from './alter-configs.ts'
import { alterPartition } from './alter-partition.ts'
import { assignReplicasToDirs } from './assign-directories.ts'
import { brokerHeartbeat, fenceStaleBroker } from './broker-heartbeat.ts'
import { registerBroker, registerController, unregisterBroker } from './broker-registration.ts'
import { BrokerSessions } from './broker-sessions.ts'
import type {
  ControllerContext,
  ControllerQuorum,
  ControllerRandom,
  ControllerSettings,
} from './context.ts'
import { createPartitions } from './create-partitions.ts'
import { createTopics } from './create-topics.ts'
import { deleteTopics } from './delete-topics.ts'
import { electLeaders, preferredElections, uncleanElections } from './elections.ts'
import { allocateProducerIds } from './producer-ids.ts'
import { alterPartitionReassignments, listPartitionReassignments } from './reassignments.ts'
import { updateFeatures } from './update-features.ts'

export interface ControllerParts {
  readonly image: MetadataImage
  readonly settings: ControllerSettings
  readonly configValidator: ConfigValidator
  readonly random: ControllerRandom
  readonly quorum: ControllerQuorum
}

/** Decides one kind of request, whatever its version and time. */
export type Decide<Request, Response> = (
  request: Request,
  apiVersion: number,
  nowMs: number,
) => Decision<Response>

/** Work that comes round, each with the time of its next turn. */
interface Rounds {
  noOpMs: number
  preferredElectionMs: number
  uncleanElectionMs: number
}

const NEVER = Number.POSITIVE_INFINITY

export class Controller {
  readonly #context: ControllerContext
  #rounds: Rounds | null = null

  constructor(parts: ControllerParts) {
    const sessions = new BrokerSessions(parts.settings.brokerSessionTimeoutMs)
    this.#context = { ...parts, sessions }
  }

  get image(): MetadataImage {
    return this.#context.image
  }

  /** Takes over: the records to start with, and the timers from now on. */
  activate(bootstrap: readonly MetadataRecord[], nowMs: number): MetadataRecord[] {
    const { settings, image, sessions } = this.#context
    this.#rounds = {
      noOpMs: nextRound(settings.maxIdleIntervalMs, nowMs),
      preferredElectionMs: nextRound(settings.leaderImbalanceCheckIntervalMs, nowMs),
      uncleanElectionMs: nextRound(settings.uncleanElectionIntervalMs, nowMs),
    }
    for (const broker of image.cluster.brokers.values()) {
      // This process has the lock on its directories: a broker of its own id is not out there, and
      // need not wait until the session of the one before it ends.
      if (broker.fenced || broker.id === settings.nodeId) continue
      sessions.touch(broker.id, broker.epoch, -1, nowMs)
    }
    return activationRecords(this.#context, bootstrap)
  }

  readonly createTopics: Decide<CreateTopicsRequest, CreateTopicsResponse> = (request) =>
    createTopics(this.#context, request)

  readonly deleteTopics: Decide<DeleteTopicsRequest, DeleteTopicsResponse> = (
    request,
    apiVersion,
  ) => deleteTopics(this.#context, request, apiVersion)

  readonly createPartitions: Decide<CreatePartitionsRequest, CreatePartitionsResponse> = (
    request,
  ) => createPartitions(this.#context, request)

  readonly alterConfigs: Decide<AlterConfigsRequest, AlterConfigsResponse> = (request) =>
    alterConfigs(this.#context, request)

  readonly incrementalAlterConfigs: Decide<
    IncrementalAlterConfigsRequest,
    IncrementalAlterConfigsResponse
  > = (request) => incrementalAlterConfigs(this.#context, request)

  readonly updateFeatures: Decide<UpdateFeaturesRequest, UpdateFeaturesResponse> = (
    request,
    apiVersion,
  ) => updateFeatures(this.#context, request, apiVersion)

  readonly electLeaders: Decide<ElectLeadersRequest, ElectLeadersResponse> = (request) =>
    electLeaders(this.#context, request)

  readonly alterPartition: Decide<AlterPartitionRequest, AlterPartitionResponse> = (
    request,
    apiVersion,
  ) => alterPartition(this.#context, request, apiVersion)

  readonly alterPartitionReassignments: Decide<
    AlterPartitionReassignmentsRequest,
    AlterPartitionReassignmentsResponse
  > = (request) => alterPartitionReassignments(this.#context, request)

  readonly assignReplicasToDirs: Decide<AssignReplicasToDirsRequest, AssignReplicasToDirsResponse> =
    (request) => assignReplicasToDirs(this.#context, request)

  readonly registerBroker: Decide<
    BrokerRegistrationRequest,
    BrokerRegistrationResponse & ApiError
  > = (request, apiVersion, nowMs) => registerBroker(this.#context, request, apiVersion, nowMs)

  readonly brokerHeartbeat: Decide<BrokerHeartbeatRequest, BrokerHeartbeatResponse> = (
    request,
    _apiVersion,
    nowMs,
  ) => brokerHeartbeat(this.#context, request, nowMs)

  readonly unregisterBroker: Decide<UnregisterBrokerRequest, UnregisterBrokerResponse> = (
    request,
  ) => unregisterBroker(this.#context, request)

  readonly registerController: Decide<registration.ControllerRegistrationRequest, ApiError> = (
    request,
  ) => registerController(this.#context, request)

  readonly allocateProducerIds: Decide<AllocateProducerIdsRequest, AllocateProducerIdsResponse> = (
    request,
  ) => allocateProducerIds(this.#context, request)

  /** The moves of replicas that are under way. */
  listPartitionReassignments(
    request: ListPartitionReassignmentsRequest,
  ): ListPartitionReassignmentsResponse {
    return listPartitionReassignments(this.#context, request)
  }

  /** When `expire` next has something to do. */
  nextDeadlineMs(): number {
    const rounds = this.#rounds
    if (rounds === null) return NEVER
    return Math.min(
      rounds.noOpMs,
      rounds.preferredElectionMs,
      rounds.uncleanElectionMs,
      this.#context.sessions.nextDeadlineMs(),
    )
  }

  /**
   * Records of whatever is due: one kind of work a call, since each reads what the one before did.
   * Call it until it gives none.
   */
  expire(nowMs: number): MetadataRecord[] {
    const rounds = this.#rounds
    if (rounds === null) return []
    const { settings, sessions } = this.#context
    // A process that was stopped for a while (a laptop that slept) must not fence itself.
    sessions.renew(settings.nodeId, nowMs)
    while (sessions.nextDeadlineMs() <= nowMs) {
      const records = fenceStaleBroker(this.#context, nowMs)
      if (records.length > 0) return records
    }
    if (rounds.uncleanElectionMs <= nowMs) {
      rounds.uncleanElectionMs = nextRound(settings.uncleanElectionIntervalMs, nowMs)
      const records = uncleanElections(this.#context)
      if (records.length > 0) return records
    }
    if (rounds.preferredElectionMs <= nowMs) {
      rounds.preferredElectionMs = nextRound(settings.leaderImbalanceCheckIntervalMs, nowMs)
      const records = preferredElections(this.#context)
      if (records.length > 0) return records
    }
    if (rounds.noOpMs > nowMs) return []
    rounds.noOpMs = nextRound(settings.maxIdleIntervalMs, nowMs)
    return [metadataRecord(noOpRecord, {})]
  }
}

function nextRound(intervalMs: number, nowMs: number): number {
  return intervalMs > 0 ? nowMs + intervalMs : NEVER
}
