/**
 * What only a leader knows: how far each replica has got, and from that the high watermark.
 *
 * Invariant: the high watermark never falls within an epoch, and first appears above the epoch's
 * start: until then older records might still be overruled (KIP-595).
 */
import {
  type OffsetAndEpoch,
  type ReplicaKey,
  type Voter,
  type VoterEndpoint,
  VoterSet,
} from './quorum.ts'

/** A replica that has not fetched for so long is no observer any more. */
const OBSERVER_SESSION_MS = 300_000
const UNKNOWN = -1

/** How far a replica is. */
export interface ReplicaProgress {
  readonly key: ReplicaKey
  readonly endpoints: readonly VoterEndpoint[]
  /** Everything below is on its disk; -1 while that is unknown. */
  endOffset: number
  /** -1 before the first fetch, and for the leader itself. */
  lastFetchMs: number
  lastCaughtUpMs: number
}

/** What DescribeQuorum tells (KIP-595, KIP-836). */
export interface QuorumDescription {
  readonly leaderId: number
  readonly leaderEpoch: number
  /** -1 while there is none. */
  readonly highWatermark: number
  readonly voters: readonly ReplicaProgress[]
  readonly observers: readonly ReplicaProgress[]
}

export class Leader {
  readonly epoch: number
  readonly epochStartOffset: number
  readonly #local: Voter
  #highWatermark = UNKNOWN
  #voters = new Map<number, ReplicaProgress>()
  readonly #observers = new Map<string, ReplicaProgress>()
  /** End of the leader's own log: what a replica has to reach to be caught up. */
  #endOffset: number

  constructor(local: Voter, voters: VoterSet, logEnd: OffsetAndEpoch, epoch: number) {
    this.epoch = epoch
    this.epochStartOffset = logEnd.offset
    this.#endOffset = logEnd.offset
    this.#local = local
    this.updateVoters(voters)
  }

  get highWatermark(): number {
    return this.#highWatermark
  }

  /** Takes a changed voter set over; who was an observer goes on from where it was. */
  updateVoters(voters: VoterSet): void {
    const known = this.#voters
    this.#voters = new Map()
    for (const voter of voters.voters) {
      const isLocal = voter.id === this.#local.id
      const previous = known.get(voter.id) ?? this.#observers.get(observerId(voter))
      this.#voters.set(voter.id, {
        key: isLocal ? this.#local : voter,
        endpoints: isLocal ? this.#local.endpoints : voter.endpoints,
        endOffset: previous?.endOffset ?? UNKNOWN,
        lastFetchMs: previous?.lastFetchMs ?? UNKNOWN,
        lastCaughtUpMs: previous?.lastCaughtUpMs ?? UNKNOWN,
      })
      this.#observers.delete(observerId(voter))
    }
  }

  /** The log has grown; nothing of that is committed yet. */
  appended(endOffset: number): void {
    this.#endOffset = endOffset
  }

  /** This node has everything below on its disk. Returns the high watermark if it rises, or -1. */
  flushed(endOffset: number): number {
    const own = this.#voters.get(this.#local.id)
    if (own === undefined) return UNKNOWN
    own.endOffset = Math.max(own.endOffset, endOffset)
    return this.#raiseHighWatermark()
  }

  /** A follower has everything below. Returns the high watermark if it rises, or -1. */
  fetched(replica: ReplicaKey, fetchOffset: number, nowMs: number): number {
    const progress = this.#progressOf(replica)
    progress.endOffset = fetchOffset
    progress.lastFetchMs = nowMs
    if (fetchOffset >= this.#endOffset) progress.lastCaughtUpMs = nowMs
    return this.#raiseHighWatermark()
  }

  describe(nowMs: number): QuorumDescription {
    for (const [id, { lastFetchMs }] of this.#observers) {
      if (nowMs - lastFetchMs >= OBSERVER_SESSION_MS) this.#observers.delete(id)
    }
    const own = this.#local.id
    const voters = [...this.#voters.values()].map((progress) =>
      progress.key.id === own
        ? { ...progress, endOffset: this.#endOffset, lastFetchMs: nowMs, lastCaughtUpMs: nowMs }
        : { ...progress },
    )
    return {
      leaderId: own,
      leaderEpoch: this.epoch,
      highWatermark: this.#highWatermark,
      voters,
      observers: [...this.#observers.values()].map((progress) => ({ ...progress })),
    }
  }

  #progressOf(replica: ReplicaKey): ReplicaProgress {
    const voter = this.#voters.get(replica.id)
    if (voter !== undefined && VoterSet.matches(voter.key, replica)) return voter
    const id = observerId(replica)
    let observer = this.#observers.get(id)
    if (observer === undefined) {
      observer = {
        key: replica,
        endpoints: [],
        endOffset: UNKNOWN,
        lastFetchMs: UNKNOWN,
        lastCaughtUpMs: UNKNOWN,
      }
      this.#observers.set(id, observer)
    }
    return observer
  }

  #raiseHighWatermark(): number {
    const offsets = Array.from(this.#voters.values(), ({ endOffset }) => endOffset)
    offsets.sort((a, b) => b - a)
    const onMajority = offsets[Math.floor(offsets.length / 2)] ?? UNKNOWN
    if (onMajority <= this.epochStartOffset || onMajority <= this.#highWatermark) return UNKNOWN
    this.#highWatermark = onMajority
    return onMajority
  }
}

function observerId(replica: ReplicaKey): string {
  return `${replica.id}:${replica.directoryId}`
}
