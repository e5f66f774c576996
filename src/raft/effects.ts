/**
 * What goes into the raft core and what comes out. Events are facts: something was asked, flushed,
 * answered, or time passed. Effects are orders, to be carried out in their order; none is carried
 * out by the core itself.
 *
 * Messages between voters are events and effects like the rest: `requestVote` asks, `voteAnswered`
 * tells what came back; `replicaFetched` says how far a follower has got.
 */
import type { Election } from './election.ts'
import type { OffsetAndEpoch, ReplicaKey, Voter } from './quorum.ts'

export type RaftEvent =
  /** The log has been read; first of all events, once. */
  | { readonly type: 'started' }
  /** Values of metadata records to append, all or none. Only a leader is asked. */
  | { readonly type: 'append'; readonly values: readonly Uint8Array[] }
  /** Raise kraft.version; only a leader is asked, and only where `kraftVersionError` is null. */
  | { readonly type: 'upgradeKRaftVersion'; readonly level: number }
  /** Everything below is on this node's disk for good. */
  | { readonly type: 'flushed'; readonly endOffset: number }
  /** A voter answered `requestVote`. */
  | {
      readonly type: 'voteAnswered'
      readonly from: ReplicaKey
      readonly epoch: number
      readonly isPreVote: boolean
      readonly isGranted: boolean
    }
  /** A replica has everything below `fetchOffset`, and was here at `nowMs`. */
  | { readonly type: 'replicaFetched'; readonly replica: ReplicaKey; readonly fetchOffset: number }
  /** The deadline that the node named has passed. */
  | { readonly type: 'deadline' }
  /** The node is asked to give its leadership up, as at shutdown. */
  | { readonly type: 'resign' }

export type RaftEffect =
  /** Write `quorum-state`, durably, before anything after it. */
  | { readonly type: 'saveElection'; readonly election: Election; readonly dataVersion: number }
  /** The log's next batches are of this epoch. */
  | { readonly type: 'startEpoch'; readonly epoch: number }
  | {
      readonly type: 'append'
      readonly batch: Uint8Array
      readonly epoch: number
      readonly lastOffset: number
    }
  /** Make what is appended durable soon, then tell `flushed`. */
  | { readonly type: 'flush' }
  | { readonly type: 'advanceHighWatermark'; readonly highWatermark: number }
  | { readonly type: 'leaderChanged'; readonly leaderId: number; readonly epoch: number }
  | {
      readonly type: 'requestVote'
      readonly to: Voter
      readonly epoch: number
      readonly isPreVote: boolean
      readonly logEnd: OffsetAndEpoch
    }
