/**
 * A node's standing in its cluster: registered as broker and controller, kept alive by heartbeats,
 * taken out in good order (KIP-631). What an older metadata.version has no place for follows once
 * it is raised: the controller's registration (KIP-919), the broker's directories (KIP-858), and
 * which of them are cordoned (KIP-1066). With controller and broker in one process the requests are
 * calls; their records and answers are the same.
 */
import type { Logger } from '../base/logger.ts'
import type { LogDirectory } from '../log/log-directory.ts'
import type { MetadataNode } from '../metadata/metadata-node.ts'
import { supports } from '../metadata/metadata-version.ts'
import { directoryOf } from '../metadata/topics.ts'
import { ErrorCode, errorName } from '../protocol/errors.ts'
import type { Uuid } from '../protocol/schema.ts'
import type { SupportedFeature } from './broker.ts'
import type { Partitions } from './partitions.ts'
import { StartupError } from './startup-error.ts'

const BROKER_REGISTRATION_VERSION = 4
const ASSIGN_DIRECTORIES_VERSION = 0
const BROKER_HEARTBEAT_VERSION = 2
const CONTROLLER_REGISTRATION_VERSION = 0
/** Ids of security protocols in records. */
const PLAINTEXT_ID = 0

export interface RegisteredListener {
  readonly name: string
  readonly kind: 'broker' | 'controller'
  readonly host: string
  readonly port: number
}

export interface RegistrationOptions {
  readonly metadata: MetadataNode
  readonly logger: Logger
  readonly nodeId: number
  readonly clusterId: string
  readonly rack: string | null
  readonly incarnationId: Uuid
  readonly directories: ReadonlyMap<LogDirectory, Uuid>
  readonly partitions: Partitions
  readonly listeners: readonly RegisteredListener[]
  readonly supportedFeatures: readonly SupportedFeature[]
  /** Epoch that `.kafka_cleanshutdown` names; -1 where the last stop was not clean. */
  readonly previousBrokerEpoch: number
}

export class Registration {
  readonly #options: RegistrationOptions
  brokerEpoch = -1

  constructor(options: RegistrationOptions) {
    this.#options = options
  }

  /** Registers this incarnation and takes it into service, before anything is served. */
  register(nowMs: number): void {
    const { metadata, logger } = this.#options
    for (const { name, level } of this.#unusedFeatures()) {
      logger.warn(`the cluster has ${name} at level ${level}, which Millrace does not run yet`)
    }
    this.#registerController(nowMs)
    this.#registerBroker(nowMs)
    metadata.flushNow()
    this.heartbeat(nowMs)
    metadata.flushNow()
  }

  /** Says that the broker lives, which of its directories do not, and which take no new logs. */
  heartbeat(nowMs: number, wantShutDown = false): void {
    if (!wantShutDown) {
      this.#renew(nowMs)
      this.#assignDirectories(nowMs)
    }
    const { metadata, nodeId, directories, logger } = this.#options
    const idsOf = (isMeant: (directory: LogDirectory) => boolean): Uuid[] =>
      [...directories].filter(([directory]) => isMeant(directory)).map(([, id]) => id)
    const offline = idsOf((directory) => directory.offline)
    const { metadataVersion } = metadata.image.features
    metadata.submit(
      (controller) =>
        controller.brokerHeartbeat(
          {
            brokerId: nodeId,
            brokerEpoch: this.brokerEpoch,
            currentMetadataOffset: metadata.image.lastOffset,
            wantFence: false,
            wantShutDown,
            offlineLogDirs: wantShutDown ? [] : offline,
            cordonedLogDirs: supports.cordonedLogDirs(metadataVersion)
              ? idsOf((directory) => directory.cordoned)
              : null,
          },
          BROKER_HEARTBEAT_VERSION,
          nowMs,
        ),
      ({ errorCode }) => {
        if (errorCode === ErrorCode.NONE) return
        logger.warn(`the controller refused a heartbeat: ${errorName(errorCode as ErrorCode)}`)
      },
    )
  }

  /** Leaves service in good order. */
  shutDown(nowMs: number): void {
    this.heartbeat(nowMs, true)
    this.#options.metadata.flushNow()
  }

  /** Registers again what a metadata.version that was raised meanwhile has a place for. */
  #renew(nowMs: number): void {
    const { image } = this.#options.metadata
    const { nodeId } = this.#options
    this.#registerController(nowMs)
    if (!supports.directoryAssignment(image.features.metadataVersion)) return
    if (image.cluster.brokers.get(nodeId)?.directories.length === 0) this.#registerBroker(nowMs)
  }

  /**
   * Tells the controller in which of several directories each partition is (KIP-858): when one
   * fails, it knows who has no leader any more.
   */
  #assignDirectories(nowMs: number): void {
    const { metadata, nodeId, directories, partitions } = this.#options
    if (directories.size < 2) return
    const { topics, features } = metadata.image
    if (!supports.directoryAssignment(features.metadataVersion)) return
    const byDirectory = new Map<Uuid, Map<Uuid, { partitionIndex: number }[]>>()
    for (const partition of partitions.all()) {
      const { topicId, index } = partition
      const directory = partitions.directoryOf(partition)
      const id = directory === null ? undefined : directories.get(directory)
      const known = topics.byId.get(topicId)?.partitions[index]
      if (id === undefined || known === undefined || directoryOf(known, nodeId) === id) continue
      let byTopic = byDirectory.get(id)
      if (byTopic === undefined) byDirectory.set(id, (byTopic = new Map()))
      const indexes = byTopic.get(topicId)
      if (indexes === undefined) byTopic.set(topicId, [{ partitionIndex: index }])
      else indexes.push({ partitionIndex: index })
    }
    if (byDirectory.size === 0) return
    const request = {
      brokerId: nodeId,
      brokerEpoch: this.brokerEpoch,
      directories: [...byDirectory].map(([id, byTopic]) => ({
        id,
        topics: [...byTopic].map(([topicId, indexes]) => ({ topicId, partitions: indexes })),
      })),
    }
    metadata.submit(
      (controller) => controller.assignReplicasToDirs(request, ASSIGN_DIRECTORIES_VERSION, nowMs),
      () => {},
    )
  }

  #registerController(nowMs: number): void {
    const { metadata, nodeId, incarnationId } = this.#options
    const { cluster, features } = metadata.image
    if (!supports.controllerRegistration(features.metadataVersion)) return
    if (cluster.controllers.get(nodeId)?.incarnationId === incarnationId) return
    metadata.submit(
      (controller) =>
        controller.registerController(
          {
            controllerId: nodeId,
            incarnationId,
            zkMigrationReady: false,
            listeners: this.#listeners('controller'),
            features: this.#features(),
          },
          CONTROLLER_REGISTRATION_VERSION,
          nowMs,
        ),
      ({ errorCode, errorMessage }) => refuse('controller', errorCode as ErrorCode, errorMessage),
    )
  }

  #registerBroker(nowMs: number): void {
    const { metadata, nodeId, clusterId, incarnationId, rack, directories } = this.#options
    metadata.submit(
      (controller) =>
        controller.registerBroker(
          {
            brokerId: nodeId,
            clusterId,
            incarnationId,
            listeners: this.#listeners('broker'),
            features: this.#features(),
            rack,
            isMigratingZkBroker: false,
            logDirs: [...directories.values()],
            previousBrokerEpoch: this.#options.previousBrokerEpoch,
          },
          BROKER_REGISTRATION_VERSION,
          nowMs,
        ),
      ({ errorCode, errorMessage, brokerEpoch }) => {
        refuse('broker', errorCode as ErrorCode, errorMessage)
        this.brokerEpoch = brokerEpoch ?? -1
      },
    )
  }

  /**
   * What this node runs, and what its cluster has finalised beyond that: a directory that Apache
   * Kafka formatted opens, and the start says which features wait in it unused.
   */
  #features() {
    const features = this.#options.supportedFeatures.map(({ name, minVersion, maxVersion }) => ({
      name,
      minSupportedVersion: minVersion,
      maxSupportedVersion: maxVersion,
    }))
    for (const { name, level } of this.#unusedFeatures()) {
      features.push({ name, minSupportedVersion: 0, maxSupportedVersion: level })
    }
    return features
  }

  #unusedFeatures() {
    const supported = new Set(this.#options.supportedFeatures.map(({ name }) => name))
    return this.#options.metadata.image.features
      .finalized()
      .filter(({ name }) => !supported.has(name))
  }

  #listeners(kind: 'broker' | 'controller') {
    return this.#options.listeners
      .filter((listener) => listener.kind === kind)
      .map(({ name, host, port }) => ({ name, host, port, securityProtocol: PLAINTEXT_ID }))
  }
}

function refuse(role: string, error: ErrorCode, message: string | null): void {
  if (error === ErrorCode.NONE) return
  throw new StartupError(
    `the controller refused to register this node as ${role}: ${message ?? errorName(error)}`,
  )
}
