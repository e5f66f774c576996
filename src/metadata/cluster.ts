/**
 * Registered brokers and controllers.
 *
 * Invariant: a log directory belongs to one broker. KIP-631 (registration), KIP-841 (controlled
 * shutdown), KIP-919 (controllers), KIP-858 and KIP-1066 (directories, cordoned ones).
 */
import { assert } from '../base/assert.ts'
import {
  type BrokerRegistrationChangeRecord,
  type RegisterBrokerRecord,
  type RegisterControllerRecord,
  registerBrokerRecord,
  registerControllerRecord,
  type UnregisterBrokerRecord,
} from '../protocol/persisted/metadata-records.ts'
import type { Uuid } from '../protocol/schema.ts'
import type { MetadataDelta } from './delta.ts'
import { type FeatureRange, registerBrokerRecordVersion, supports } from './metadata-version.ts'
import { type MetadataRecord, metadataRecord } from './records.ts'
import { DirectoryId } from './topics.ts'

export interface EndpointImage {
  readonly name: string
  readonly host: string
  readonly port: number
  /** 0 PLAINTEXT, 1 SSL, 2 SASL_PLAINTEXT, 3 SASL_SSL. */
  readonly securityProtocol: number
}

export interface BrokerImage {
  readonly id: number
  readonly epoch: number
  readonly incarnationId: Uuid
  readonly endpoints: readonly EndpointImage[]
  readonly features: ReadonlyMap<string, FeatureRange>
  readonly rack: string | null
  readonly fenced: boolean
  readonly inControlledShutdown: boolean
  readonly isMigratingZkBroker: boolean
  /** Online log directories, sorted. */
  readonly directories: readonly Uuid[]
  /** Null until the broker has said. */
  readonly cordonedDirectories: readonly Uuid[] | null
  /** At or behind the offset of the registration: what the broker must have read to be unfenced. */
  readonly registrationOffset: number
}

export interface ControllerImage {
  readonly id: number
  readonly incarnationId: Uuid
  readonly zkMigrationReady: boolean
  readonly endpoints: readonly EndpointImage[]
  readonly features: ReadonlyMap<string, FeatureRange>
}

/** Fields of BrokerRegistrationChangeRecord: -1, 0, 1 say lower, leave, raise. */
const Fencing = { UNFENCE: -1, FENCE: 1 } as const
const IN_CONTROLLED_SHUTDOWN = 1

export class ClusterImage {
  readonly #brokers = new Map<number, BrokerImage>()
  readonly #controllers = new Map<number, ControllerImage>()
  readonly #directoryToBroker = new Map<Uuid, number>()

  get brokers(): ReadonlyMap<number, BrokerImage> {
    return this.#brokers
  }

  get controllers(): ReadonlyMap<number, ControllerImage> {
    return this.#controllers
  }

  /** The broker that has a log directory, or undefined. */
  brokerOfDirectory(directory: Uuid): number | undefined {
    return this.#directoryToBroker.get(directory)
  }

  /** Neither fenced nor leaving, so fit to lead. */
  isActive(brokerId: number): boolean {
    const broker = this.#brokers.get(brokerId)
    return broker !== undefined && !broker.fenced && !broker.inControlledShutdown
  }

  /** Whether the broker serves a directory, as far as is known. */
  hasOnlineDirectory(brokerId: number, directory: Uuid): boolean {
    const broker = this.#brokers.get(brokerId)
    if (broker === undefined) return false
    if (directory === DirectoryId.UNASSIGNED || directory === DirectoryId.MIGRATING) return true
    if (directory === DirectoryId.LOST) return false
    // A registration from before directories were told has none: nothing speaks against it then.
    return broker.directories.length === 0 || broker.directories.includes(directory)
  }

  /** Where a new replica goes on a broker: known at once only where there is but one directory. */
  defaultDirectory(brokerId: number): Uuid {
    const directories = this.#brokers.get(brokerId)?.directories
    if (directories === undefined) return DirectoryId.UNASSIGNED
    if (directories.length === 0) return DirectoryId.MIGRATING
    return directories.length === 1 ? directories[0]! : DirectoryId.UNASSIGNED
  }

  replayRegisterBroker(record: RegisterBrokerRecord, offset: number, delta: MetadataDelta): void {
    this.#put(
      {
        id: record.brokerId,
        epoch: record.brokerEpoch,
        incarnationId: record.incarnationId,
        endpoints: record.endPoints,
        features: rangesOf(record.features),
        rack: record.rack,
        fenced: record.fenced,
        inControlledShutdown: record.inControlledShutdown,
        isMigratingZkBroker: record.isMigratingZkBroker,
        directories: [...record.logDirs].sort(),
        cordonedDirectories: record.cordonedLogDirs,
        registrationOffset: offset,
      },
      delta,
    )
  }

  replayUnregisterBroker(record: UnregisterBrokerRecord, delta: MetadataDelta): void {
    const broker = this.#known(record.brokerId, record.brokerEpoch)
    for (const directory of broker.directories) this.#directoryToBroker.delete(directory)
    this.#brokers.delete(broker.id)
    delta.brokersChanged.add(broker.id)
  }

  replayFence(brokerId: number, brokerEpoch: number, fenced: boolean, delta: MetadataDelta): void {
    this.#put({ ...this.#known(brokerId, brokerEpoch), fenced }, delta)
  }

  replayRegistrationChange(record: BrokerRegistrationChangeRecord, delta: MetadataDelta): void {
    const broker = this.#known(record.brokerId, record.brokerEpoch)
    const fenced =
      record.fenced === Fencing.FENCE || (record.fenced !== Fencing.UNFENCE && broker.fenced)
    const inControlledShutdown =
      broker.inControlledShutdown || record.inControlledShutdown === IN_CONTROLLED_SHUTDOWN
    const directories = record.logDirs.length > 0 ? [...record.logDirs].sort() : broker.directories
    const cordonedDirectories = record.cordonedLogDirs ?? broker.cordonedDirectories
    this.#put({ ...broker, fenced, inControlledShutdown, directories, cordonedDirectories }, delta)
  }

  replayRegisterController(record: RegisterControllerRecord, delta: MetadataDelta): void {
    this.#controllers.set(record.controllerId, {
      id: record.controllerId,
      incarnationId: record.incarnationId,
      zkMigrationReady: record.zkMigrationReady,
      endpoints: record.endPoints,
      features: rangesOf(record.features),
    })
    delta.controllersChanged.add(record.controllerId)
  }

  /** The records that make this state, for a snapshot. */
  *records(metadataVersion: number): Generator<MetadataRecord> {
    for (const broker of this.#brokers.values()) {
      yield metadataRecord(
        registerBrokerRecord,
        {
          brokerId: broker.id,
          isMigratingZkBroker: broker.isMigratingZkBroker,
          incarnationId: broker.incarnationId,
          brokerEpoch: broker.epoch,
          endPoints: broker.endpoints,
          features: featuresOf(broker.features),
          rack: broker.rack,
          fenced: broker.fenced,
          inControlledShutdown: broker.inControlledShutdown,
          logDirs: supports.directoryAssignment(metadataVersion) ? broker.directories : [],
          cordonedLogDirs: supports.cordonedLogDirs(metadataVersion)
            ? broker.cordonedDirectories
            : null,
        },
        registerBrokerRecordVersion(metadataVersion),
      )
    }
    if (!supports.controllerRegistration(metadataVersion)) return
    for (const controller of this.#controllers.values()) {
      yield metadataRecord(registerControllerRecord, {
        controllerId: controller.id,
        incarnationId: controller.incarnationId,
        zkMigrationReady: controller.zkMigrationReady,
        endPoints: controller.endpoints,
        features: featuresOf(controller.features),
      })
    }
  }

  #put(broker: BrokerImage, delta: MetadataDelta): void {
    const previous = this.#brokers.get(broker.id)
    for (const directory of previous?.directories ?? []) this.#directoryToBroker.delete(directory)
    for (const directory of broker.directories) {
      const owner = this.#directoryToBroker.get(directory)
      assert(owner === undefined, `directory ${directory} is already with broker ${owner}`)
      this.#directoryToBroker.set(directory, broker.id)
    }
    this.#brokers.set(broker.id, broker)
    delta.brokersChanged.add(broker.id)
  }

  #known(brokerId: number, brokerEpoch: number): BrokerImage {
    const broker = this.#brokers.get(brokerId)
    assert(broker !== undefined, `no broker ${brokerId} is registered`)
    assert(broker.epoch === brokerEpoch, `broker ${brokerId} is not at epoch ${brokerEpoch}`)
    return broker
  }
}

/** Whether new replicas may go to the broker (KIP-1066). */
export function hasUncordonedDirectory(broker: BrokerImage): boolean {
  const cordoned = broker.cordonedDirectories
  if (broker.directories.length === 0 || cordoned === null) return true
  return broker.directories.some((directory) => !cordoned.includes(directory))
}

interface NamedRange {
  readonly name: string
  readonly minSupportedVersion: number
  readonly maxSupportedVersion: number
}

/** Feature ranges of a registration as a map. */
export function rangesOf(features: readonly NamedRange[]): ReadonlyMap<string, FeatureRange> {
  return new Map(
    features.map(({ name, minSupportedVersion, maxSupportedVersion }) => [
      name,
      { min: minSupportedVersion, max: maxSupportedVersion },
    ]),
  )
}

/** A map of feature ranges as the fields of a registration. */
export function featuresOf(ranges: ReadonlyMap<string, FeatureRange>): NamedRange[] {
  return [...ranges].map(([name, { min, max }]) => ({
    name,
    minSupportedVersion: min,
    maxSupportedVersion: max,
  }))
}
