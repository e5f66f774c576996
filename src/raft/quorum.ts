/**
 * Who votes in the metadata quorum: replicas, voters and sets of them, as KIP-595 and KIP-853 have
 * them. A voter without a directory id (all of kraft.version 0) is known by its node id alone.
 */
import { ZERO_UUID } from '../base/uuid.ts'
import type { VotersRecord } from '../protocol/persisted/control-records.ts'
import type { Uuid } from '../protocol/schema.ts'

/** No node. */
export const NO_NODE = -1

/** A replica of the metadata log; the directory id is ZERO_UUID where it is not known. */
export interface ReplicaKey {
  readonly id: number
  readonly directoryId: Uuid
}

/** Where a controller listens. */
export interface VoterEndpoint {
  readonly name: string
  readonly host: string
  readonly port: number
}

export interface Voter extends ReplicaKey {
  readonly endpoints: readonly VoterEndpoint[]
  /** Levels of kraft.version that the voter runs. */
  readonly kraftVersions: { readonly min: number; readonly max: number }
}

/** A place in the log: an offset, and the epoch of the record before it. */
export interface OffsetAndEpoch {
  readonly offset: number
  readonly epoch: number
}

/** An unchanging set of voters. */
export class VoterSet {
  static readonly EMPTY = new VoterSet([])
  readonly voters: readonly Voter[]

  constructor(voters: readonly Voter[]) {
    this.voters = voters
  }

  static fromRecord(voters: VotersRecord['voters']): VoterSet {
    return new VoterSet(
      voters.map((voter) => ({
        id: voter.voterId,
        directoryId: voter.voterDirectoryId,
        endpoints: voter.endpoints,
        kraftVersions: {
          min: voter.kRaftVersionFeature.minSupportedVersion,
          max: voter.kRaftVersionFeature.maxSupportedVersion,
        },
      })),
    )
  }

  get size(): number {
    return this.voters.length
  }

  get ids(): readonly number[] {
    return this.voters.map(({ id }) => id)
  }

  /** Votes that decide. */
  get majority(): number {
    return Math.floor(this.voters.length / 2) + 1
  }

  voter(id: number): Voter | undefined {
    return this.voters.find((voter) => voter.id === id)
  }

  isVoter(replica: ReplicaKey): boolean {
    const voter = this.voter(replica.id)
    return voter !== undefined && VoterSet.matches(voter, replica)
  }

  /** Whether a replica is the voter that is entered; without a directory id its node id says it. */
  static matches(voter: ReplicaKey, replica: ReplicaKey): boolean {
    if (voter.id !== replica.id) return false
    return voter.directoryId === ZERO_UUID || voter.directoryId === replica.directoryId
  }

  /** The set with this voter's endpoints and versions in place of the old ones. */
  updated(voter: Voter): VoterSet {
    return new VoterSet(this.voters.map((old) => (old.id === voter.id ? voter : old)))
  }

  toRecord(): VotersRecord['voters'] {
    return this.voters.map((voter) => ({
      voterId: voter.id,
      voterDirectoryId: voter.directoryId,
      endpoints: [...voter.endpoints],
      kRaftVersionFeature: {
        minSupportedVersion: voter.kraftVersions.min,
        maxSupportedVersion: voter.kraftVersions.max,
      },
    }))
  }
}

/** Whether a voter is entered exactly as it is now. */
export function isSameVoter(a: Voter, b: Voter): boolean {
  return JSON.stringify(normalized(a)) === JSON.stringify(normalized(b))
}

function normalized(voter: Voter) {
  const { id, directoryId, endpoints, kraftVersions } = voter
  const addresses = endpoints.map(({ name, host, port }) => [name, host, port])
  return [id, directoryId, addresses, kraftVersions.min, kraftVersions.max]
}
