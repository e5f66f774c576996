/**
 * What happens to partitions when a broker comes, goes, or loses a directory: who leaves the ISR,
 * who leads instead, who takes over where nobody led. All brokers' partitions are found by looking
 * at all partitions: it happens seldom, and no index has to be kept right for it.
 */
import {
  brokerRegistrationChangeRecord,
  unregisterBrokerRecord,
} from '../../protocol/persisted/metadata-records.ts'
import type { Uuid } from '../../protocol/schema.ts'
import type { BrokerImage } from '../cluster.ts'
import type { PartitionTargets } from '../partition-change.ts'
import { type MetadataRecord, metadataRecord } from '../records.ts'
import { directoryOf, type LocatedPartition, NO_LEADER, type PartitionImage } from '../topics.ts'
import { allowsUncleanElection, type ControllerContext, changePartition } from './context.ts'

/** Values of BrokerRegistrationChangeRecord.fenced and .inControlledShutdown. */
const FENCE = 1
const UNFENCE = -1
const IN_CONTROLLED_SHUTDOWN = 1
/** Versions of that record that brought a field. */
const SHUTDOWN_VERSION = 1
const DIRECTORIES_VERSION = 2
const CORDONED_VERSION = 3

/** Why leaders and ISRs have to be looked at again. */
interface LeadershipChange {
  /** Leaves the ISR and leads nothing more. */
  readonly removed?: number
  /** May lead from now on, though the image still has it fenced. */
  readonly added?: number
  /** Came back without all it had: leaves ISR and ELR. */
  readonly uncleanlyShutDown?: number
}

/** The changes of all partitions that `concerns` picks. */
function leadershipRecords(
  context: ControllerContext,
  change: LeadershipChange,
  concerns: (partition: PartitionImage) => boolean,
): MetadataRecord[] {
  const { removed, added, uncleanlyShutDown } = change
  const mayLead = (id: number): boolean =>
    id !== removed &&
    id !== uncleanlyShutDown &&
    (id === added || context.image.cluster.isActive(id))
  const unclean = uncleanlyShutDown === undefined ? [] : [uncleanlyShutDown]
  const records: MetadataRecord[] = []
  for (const located of context.image.topics.partitions()) {
    const { partition, topic } = located
    if (!concerns(partition)) continue
    const targets: PartitionTargets = {
      election: allowsUncleanElection(context, topic.name) ? 'unclean' : 'online',
      isr: partition.isr.filter((id) => id !== removed && id !== uncleanlyShutDown),
      uncleanShutdownReplicas: unclean,
    }
    const record = changePartition(context, located, targets, mayLead)
    if (record !== null) records.push(record)
  }
  return records
}

const inIsr = (brokerId: number) => (partition: PartitionImage) => partition.isr.includes(brokerId)

/** The broker is out of reach: its partitions go to others. */
export function brokerFencedRecords(
  context: ControllerContext,
  broker: BrokerImage,
): MetadataRecord[] {
  return [
    ...leadershipRecords(context, { removed: broker.id }, inIsr(broker.id)),
    registrationChange(broker, { fenced: FENCE }, 0),
  ]
}

/** The broker is back: it leads what nobody leads and it may. */
export function brokerUnfencedRecords(
  context: ControllerContext,
  broker: BrokerImage,
): MetadataRecord[] {
  return [
    registrationChange(broker, { fenced: UNFENCE }, 0),
    ...leadershipRecords(
      context,
      { added: broker.id },
      (partition) => partition.leader === NO_LEADER,
    ),
  ]
}

/** The broker asks to leave: it hands its partitions over first (KIP-841). */
export function controlledShutdownRecords(
  context: ControllerContext,
  broker: BrokerImage,
): MetadataRecord[] {
  const change = { inControlledShutdown: IN_CONTROLLED_SHUTDOWN }
  return [
    ...(broker.inControlledShutdown ? [] : [registrationChange(broker, change, SHUTDOWN_VERSION)]),
    ...leadershipRecords(context, { removed: broker.id }, inIsr(broker.id)),
  ]
}

/** A broker of this id registers anew: what its predecessor may have lost. */
export function brokerShutdownRecords(
  context: ControllerContext,
  brokerId: number,
  isClean: boolean,
): MetadataRecord[] {
  if (isClean || !context.image.features.elrEnabled) {
    return leadershipRecords(context, { removed: brokerId }, inIsr(brokerId))
  }
  return leadershipRecords(
    context,
    { uncleanlyShutDown: brokerId },
    ({ isr, elr }) => isr.includes(brokerId) || elr.includes(brokerId),
  )
}

/** The broker is gone for good. */
export function brokerUnregisteredRecords(
  context: ControllerContext,
  broker: BrokerImage,
): MetadataRecord[] {
  return [
    ...leadershipRecords(
      context,
      { removed: broker.id },
      ({ isr, elr }) => isr.includes(broker.id) || elr.includes(broker.id),
    ),
    metadataRecord(unregisterBrokerRecord, { brokerId: broker.id, brokerEpoch: broker.epoch }),
  ]
}

/** Log directories that the broker can't read any more (KIP-858). */
export function offlineDirectoryRecords(
  context: ControllerContext,
  broker: BrokerImage,
  offline: readonly Uuid[],
): MetadataRecord[] {
  const lost = broker.directories.filter((directory) => offline.includes(directory))
  if (lost.length === 0) return []
  const logDirs = broker.directories.filter((directory) => !offline.includes(directory))
  const wasThere = (partition: PartitionImage): boolean => {
    const directory = directoryOf(partition, broker.id)
    return directory !== null && lost.includes(directory) && partition.isr.includes(broker.id)
  }
  return [
    ...leadershipRecords(context, { removed: broker.id }, wasThere),
    registrationChange(broker, { logDirs }, DIRECTORIES_VERSION),
  ]
}

/** Log directories that shall get no new replicas (KIP-1066); null where the broker says none. */
export function cordonedDirectoryRecords(
  broker: BrokerImage,
  cordoned: readonly Uuid[] | null,
): MetadataRecord[] {
  if (cordoned === null) return []
  const known = broker.cordonedDirectories
  const isSame =
    known !== null &&
    known.length === cordoned.length &&
    known.every((directory) => cordoned.includes(directory))
  return isSame ? [] : [registrationChange(broker, { cordonedLogDirs: cordoned }, CORDONED_VERSION)]
}

/** Whether the broker leads anything. */
export function hasLeaderships(context: ControllerContext, brokerId: number): boolean {
  for (const { partition } of context.image.topics.partitions()) {
    if (partition.leader === brokerId) return true
  }
  return false
}

/** Partitions that nobody leads. */
export function* leaderlessPartitions(context: ControllerContext): Generator<LocatedPartition> {
  for (const located of context.image.topics.partitions()) {
    if (located.partition.leader === NO_LEADER) yield located
  }
}

interface RegistrationChange {
  readonly fenced?: number
  readonly inControlledShutdown?: number
  readonly logDirs?: readonly Uuid[]
  readonly cordonedLogDirs?: readonly Uuid[]
}

function registrationChange(
  broker: BrokerImage,
  change: RegistrationChange,
  version: number,
): MetadataRecord {
  return metadataRecord(
    brokerRegistrationChangeRecord,
    { ...change, brokerId: broker.id, brokerEpoch: broker.epoch },
    version,
  )
}
