/**
 * The one place where a partition's next state is worked out: who leads, who is in sync, who may
 * lead again. Fencing, ISR changes, elections, moves and unclean restarts all come through here.
 *
 * Invariant: a leader is in the ISR, or comes from the ELR (and then makes a new ISR), or the
 * election is unclean and marked as RECOVERING. KIP-455, KIP-704, KIP-858, KIP-966.
 */
import { partitionChangeRecord } from '../protocol/persisted/metadata-records.ts'
import type { Input, Uuid } from '../protocol/schema.ts'
import { partitionRecordVersion, supports } from './metadata-version.ts'
import { completedReassignment, containsAll } from './reassignment.ts'
import { type MetadataRecord, metadataRecord } from './records.ts'
import { LeaderRecoveryState, NO_LEADER, NO_LEADER_CHANGE, type PartitionImage } from './topics.ts'

/** `online` keeps a leader that can stay; `preferred` goes back to the first replica. */
export type Election = 'online' | 'preferred' | 'unclean'

/** What the partition's surroundings allow. */
export interface PartitionContext {
  readonly topicId: Uuid
  readonly partitionId: number
  readonly partition: PartitionImage
  readonly metadataVersion: number
  readonly elrEnabled: boolean
  /** min.insync.replicas, no more than the replication factor. */
  readonly minIsr: number
  readonly isAcceptableLeader: (brokerId: number) => boolean
  /** Where a replica goes that has no directory yet. */
  readonly defaultDirectory: (brokerId: number) => Uuid
}

/** What is wanted; what is left out stays as it is. */
export interface PartitionTargets {
  readonly election?: Election
  readonly isr?: readonly number[]
  readonly replicas?: readonly number[]
  readonly removing?: readonly number[]
  readonly adding?: readonly number[]
  readonly leaderRecoveryState?: number
  /** Replicas that came back without all of their data (KIP-966). */
  readonly uncleanShutdownReplicas?: readonly number[]
  /** Directories that replicas are moved to. */
  readonly directories?: ReadonlyMap<number, Uuid>
}

type ChangeInput = Input<typeof partitionChangeRecord>
/** The change as it is being worked out: the record's fields that differ from "no change". */
type Change = { -readonly [Name in keyof ChangeInput]?: ChangeInput[Name] }

/** The record that takes the partition to the targets, or null where nothing changes. */
export function partitionChange(
  context: PartitionContext,
  targets: PartitionTargets,
): MetadataRecord | null {
  return new PartitionChangeBuilder(context, targets).build()
}

class PartitionChangeBuilder {
  readonly #context: PartitionContext
  readonly #partition: PartitionImage
  readonly #targets: PartitionTargets
  #isr: readonly number[]
  #replicas: readonly number[]
  #removing: readonly number[]
  #adding: readonly number[]
  #elr: readonly number[]
  #leader = NO_LEADER_CHANGE
  #isUncleanElection = false
  #lastKnownElr: readonly number[] | null = null

  constructor(context: PartitionContext, targets: PartitionTargets) {
    const partition = context.partition
    this.#context = context
    this.#partition = partition
    this.#targets = targets
    this.#isr = targets.isr ?? partition.isr
    this.#replicas = targets.replicas ?? partition.replicas
    this.#removing = targets.removing ?? partition.removingReplicas
    this.#adding = targets.adding ?? partition.addingReplicas
    this.#elr = partition.elr
  }

  build(): MetadataRecord | null {
    this.#completeReassignment()
    this.#computeElr()
    this.#elect()
    this.#bumpEpochWhereReplicasLeave()
    if (this.#isUncleanElection || !this.#context.elrEnabled) this.#elr = []
    const isr = this.#changedIsr()
    this.#bumpEpochWhereIsrShrinks(isr)
    this.#rememberLastLeader()
    return this.#record(isr)
  }

  #completeReassignment(): void {
    const move = { removing: this.#removing, adding: this.#adding, replicas: this.#replicas }
    const completed = completedReassignment(move, this.#isr)
    if (completed === null) return
    this.#isr = completed.isr
    this.#replicas = completed.replicas
    this.#removing = []
    this.#adding = []
  }

  /** Who has all committed data though not in the ISR: those who left it below min.insync. */
  #computeElr(): void {
    if (!this.#context.elrEnabled) return
    if (this.#isr.length >= this.#context.minIsr) {
      this.#elr = []
      return
    }
    const unclean = this.#targets.uncleanShutdownReplicas ?? []
    const candidates = new Set([...this.#elr, ...this.#partition.isr])
    this.#elr = [...candidates].filter(
      (replica) => !this.#isr.includes(replica) && !unclean.includes(replica),
    )
  }

  #elect(): void {
    const leader =
      this.#targets.election === 'preferred' ? this.#preferredLeader() : this.#anyLeader()
    if (leader === this.#partition.leader) return
    if (this.#elr.includes(leader)) {
      this.#isr = [leader]
      this.#elr = this.#elr.filter((replica) => replica !== leader)
    }
    this.#leader = leader
  }

  #preferredLeader(): number {
    const preferred = this.#replicas[0]!
    if (this.#canLead(preferred)) return preferred
    if (this.#canLead(this.#partition.leader)) return this.#partition.leader
    return this.#firstInSync() ?? this.#lastKnownLeader() ?? NO_LEADER
  }

  #anyLeader(): number {
    if (this.#canLead(this.#partition.leader)) return this.#partition.leader
    return this.#firstInSync() ?? this.#lastKnownLeader() ?? this.#uncleanLeader() ?? NO_LEADER
  }

  #firstInSync(): number | undefined {
    return this.#replicas.find((replica) => this.#canLead(replica))
  }

  #canLead(replica: number): boolean {
    const inSync =
      this.#isr.includes(replica) || (this.#isr.length === 0 && this.#elr.includes(replica))
    return inSync && this.#context.isAcceptableLeader(replica)
  }

  /** The one that led last may lead again where nobody is known to have more than it. */
  #lastKnownLeader(): number | undefined {
    if (!this.#context.elrEnabled || this.#elr.length > 0 || this.#isr.length > 0) return undefined
    const [leader, ...others] = this.#partition.lastKnownElr
    if (leader === undefined || others.length > 0) return undefined
    if (!this.#context.isAcceptableLeader(leader)) return undefined
    this.#isUncleanElection = leader !== this.#partition.leader
    return leader
  }

  #uncleanLeader(): number | undefined {
    if (this.#targets.election !== 'unclean') return undefined
    const leader = this.#replicas.find((replica) => this.#context.isAcceptableLeader(replica))
    this.#isUncleanElection = leader !== undefined && leader !== this.#partition.leader
    return leader
  }

  #bumpEpochWhereReplicasLeave(): void {
    if (this.#leader !== NO_LEADER_CHANGE) return
    if (!containsAll(this.#replicas, this.#partition.replicas))
      this.#leader = this.#partition.leader
  }

  #bumpEpochWhereIsrShrinks(isr: readonly number[] | null): void {
    if (!supports.epochBumpOnIsrShrink(this.#context.metadataVersion)) return
    if (this.#leader !== NO_LEADER_CHANGE || isr === null) return
    if (!containsAll(isr, this.#partition.isr)) this.#leader = this.#partition.leader
  }

  /** The new ISR, or null where it stays. Without ELR it is never emptied: the last one stays. */
  #changedIsr(): readonly number[] | null {
    if (this.#isUncleanElection) return [this.#leader]
    if (this.#isr.length === 0 && !this.#context.elrEnabled) return null
    return same(this.#isr, this.#partition.isr) ? null : this.#isr
  }

  #rememberLastLeader(): void {
    if (!this.#context.elrEnabled) return
    const known = this.#partition.lastKnownElr.length
    if (this.#leader === NO_LEADER && known === 0) this.#lastKnownElr = [this.#partition.leader]
    else if (this.#leader >= 0 && known > 0) this.#lastKnownElr = []
  }

  #record(isr: readonly number[] | null): MetadataRecord | null {
    const partition = this.#partition
    const changes: Change = {}
    if (isr !== null) changes.isr = isr
    if (!same(this.#elr, partition.elr)) changes.eligibleLeaderReplicas = this.#elr
    if (this.#lastKnownElr !== null) changes.lastKnownElr = this.#lastKnownElr
    if (this.#leader !== NO_LEADER_CHANGE) changes.leader = this.#leader
    const directories = this.#directories()
    if (directories !== null) changes.directories = directories
    if (!same(this.#replicas, partition.replicas)) changes.replicas = this.#replicas
    if (!same(this.#removing, partition.removingReplicas)) changes.removingReplicas = this.#removing
    if (!same(this.#adding, partition.addingReplicas)) changes.addingReplicas = this.#adding
    const recovery = this.#recoveryState()
    if (recovery !== partition.leaderRecoveryState) changes.leaderRecoveryState = recovery
    if (Object.keys(changes).length === 0) return null
    const { topicId, partitionId, metadataVersion } = this.#context
    const version = partitionRecordVersion(metadataVersion)
    return metadataRecord(partitionChangeRecord, { ...changes, topicId, partitionId }, version)
  }

  #recoveryState(): number {
    const wanted = this.#targets.leaderRecoveryState
    if (wanted !== undefined && wanted !== this.#partition.leaderRecoveryState) return wanted
    if (this.#isUncleanElection) return LeaderRecoveryState.RECOVERING
    return this.#partition.leaderRecoveryState
  }

  #directories(): Uuid[] | null {
    if (this.#replicas.length === 0) return null
    if (!supports.directoryAssignment(this.#context.metadataVersion)) return null
    const { replicas, directories } = this.#partition
    const assigned = this.#replicas.map((replica) => {
      const at = replicas.indexOf(replica)
      const current = at === -1 ? this.#context.defaultDirectory(replica) : directories[at]!
      return this.#targets.directories?.get(replica) ?? current
    })
    return same(assigned, directories) ? null : assigned
  }
}

function same<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index])
}
