/**
 * The raft core of the metadata quorum (KIP-595, KIP-853, pre-vote of KIP-996): elections, appends,
 * commitment. Pure: `step` takes an event and the time and gives the effects to carry out.
 *
 * Each state is a row of functions; a row says what an event means in that state. A quorum of one
 * voter goes from unattached to leader in one step. With more voters the same rows apply; what is
 * not built yet is the exchange itself (`open` of raft-driver.ts refuses such a quorum).
 *
 * Invariant: an epoch has one leader; what is committed is on the disks of a majority, and a leader
 * commits nothing before it has committed a record of its own epoch.
 */
import { assert } from '../base/assert.ts'
import { ZERO_UUID } from '../base/uuid.ts'
import { BatchBuilder } from '../records/builder.ts'
import { buildControlBatch, type ControlRecord } from '../records/control.ts'
import type { RaftEffect, RaftEvent } from './effects.ts'
import { type Election, isSameElection } from './election.ts'
import { Leader, type QuorumDescription } from './leader.ts'
import { isSameVoter, NO_NODE, type OffsetAndEpoch, type Voter, VoterSet } from './quorum.ts'
import { BOOTSTRAP_OFFSET, type QuorumHistory } from './quorum-history.ts'

/** Bytes of records that go into one batch; more is split over several. */
export const MAX_BATCH_BYTES = 8 * 1024 * 1024
/** Levels of kraft.version that this code runs. */
export const KRAFT_VERSIONS = { min: 0, max: 1 } as const
const NEVER = Number.POSITIVE_INFINITY

export type RaftState =
  | 'unattached'
  | 'prospective'
  | 'candidate'
  | 'leader'
  | 'follower'
  | 'resigned'

export interface RaftOptions {
  /** This node as a voter: its directory, endpoints, and the levels it runs. */
  readonly local: Voter
  readonly history: QuorumHistory
  /** What `quorum-state` says. */
  readonly election: Election
  /** The log's end: its next offset, and the epoch of its last batch. */
  readonly logEnd: OffsetAndEpoch
  readonly electionTimeoutMs: number
  readonly fetchTimeoutMs: number
  /** Spreads election timeouts, so that two nodes seldom stand at the same time. */
  readonly random: { int(bound: number): number }
}

type VoteAnswered = Extract<RaftEvent, { readonly type: 'voteAnswered' }>

/** What a state makes of events. */
interface StateRow {
  /** Sets the state up; may go on to another one at once. */
  readonly enter: (node: RaftNode, nowMs: number) => void
  /** The state's time is over. */
  readonly deadline: (node: RaftNode, nowMs: number) => void
  readonly voteAnswered: (node: RaftNode, event: VoteAnswered, nowMs: number) => void
}

const ignore = (): void => {}

export class RaftNode {
  readonly #options: RaftOptions
  #state: RaftState = 'unattached'
  #election: Election
  #savedElection: Election
  #logEnd: OffsetAndEpoch
  #deadlineMs = NEVER
  /** Who said yes, and who no, to the vote under way; this node is among the first. */
  readonly #granted = new Set<number>()
  readonly #rejected = new Set<number>()
  #leader: Leader | null = null
  #effects: RaftEffect[] = []

  constructor(options: RaftOptions) {
    this.#options = options
    this.#election = options.election
    this.#savedElection = options.election
    this.#logEnd = options.logEnd
  }

  get state(): RaftState {
    return this.#state
  }

  get epoch(): number {
    return this.#election.epoch
  }

  /** -1 while nobody is known to lead, as when this node has resigned. */
  get leaderId(): number {
    const { leaderId } = this.#election
    return leaderId === this.#options.local.id && !this.isLeader ? NO_NODE : leaderId
  }

  get isLeader(): boolean {
    return this.#leader !== null
  }

  /** The offset that the next record gets. */
  get logEndOffset(): number {
    return this.#logEnd.offset
  }

  get voters(): VoterSet {
    return this.#options.history.voters
  }

  get kraftVersion(): number {
    return this.#options.history.kraftVersion
  }

  /** When a `deadline` event is due; infinity for never. */
  get deadlineMs(): number {
    return this.#deadlineMs
  }

  /** Takes an event; the effects are to be carried out in order. */
  step(event: RaftEvent, nowMs: number): readonly RaftEffect[] {
    switch (event.type) {
      case 'started':
        this.#start(nowMs)
        break
      case 'append':
        this.#append(event.values, nowMs)
        break
      case 'upgradeKRaftVersion':
        this.#upgradeKRaftVersion(event.level, nowMs)
        break
      case 'flushed':
        this.#committed(this.#leader?.flushed(event.endOffset) ?? -1)
        break
      case 'replicaFetched':
        this.#committed(this.#leader?.fetched(event.replica, event.fetchOffset, nowMs) ?? -1)
        break
      case 'voteAnswered':
        if (event.epoch > this.epoch) this.#unattach(event.epoch, nowMs)
        else RaftNode.#STATES[this.#state].voteAnswered(this, event, nowMs)
        break
      case 'deadline':
        if (nowMs >= this.#deadlineMs) RaftNode.#STATES[this.#state].deadline(this, nowMs)
        break
      case 'resign':
        if (this.#leader !== null) this.#become('resigned', nowMs)
        break
    }
    return this.#takeEffects()
  }

  /** What DescribeQuorum tells, or null where this node does not lead. */
  describe(nowMs: number): QuorumDescription | null {
    const quorum = this.#leader?.describe(nowMs) ?? null
    if (quorum === null || this.kraftVersion > 0) return quorum
    // Below kraft.version 1 a voter is known by its node id alone (KIP-853).
    const voters = quorum.voters.map((voter) => {
      return { ...voter, key: { ...voter.key, directoryId: ZERO_UUID } }
    })
    return { ...quorum, voters }
  }

  /** Why kraft.version can't be raised to a level; null where it can, or is there already. */
  kraftVersionError(level: number): string | null {
    const current = this.kraftVersion
    if (level < current) {
      return (
        `Invalid upgrade of kraft.version from version ${current} to ${level} because the new ` +
        'version is a downgrade'
      )
    }
    const { local } = this.#options
    const unknown = this.voters.voters.filter(({ id, kraftVersions }) => {
      return id !== local.id && level > kraftVersions.max
    })
    if (level === current || unknown.length === 0) return null
    const ids = unknown.map(({ id }) => id).join(', ')
    return `voters ${ids} have not said that they support level ${level}`
  }

  static readonly #STATES: Readonly<Record<RaftState, StateRow>> = {
    unattached: {
      enter: (node, nowMs) => node.#waitForElection(nowMs),
      deadline: (node, nowMs) => node.#become('prospective', nowMs),
      voteAnswered: ignore,
    },
    // Asks whether it would be elected, before it disturbs a quorum that may be fine (KIP-996).
    prospective: {
      enter: (node, nowMs) => node.#startVote(true, nowMs),
      deadline: (node, nowMs) => node.#lostVote(nowMs),
      voteAnswered: (node, event, nowMs) => node.#count(event, true, nowMs),
    },
    candidate: {
      enter: (node, nowMs) => node.#startVote(false, nowMs),
      deadline: (node, nowMs) => node.#become('prospective', nowMs),
      voteAnswered: (node, event, nowMs) => node.#count(event, false, nowMs),
    },
    leader: {
      enter: (node, nowMs) => node.#lead(nowMs),
      deadline: ignore,
      voteAnswered: ignore,
    },
    follower: {
      enter: (node, nowMs) => {
        node.#deadlineMs = nowMs + node.#options.fetchTimeoutMs
      },
      deadline: (node, nowMs) => node.#become('prospective', nowMs),
      voteAnswered: ignore,
    },
    // Led in this epoch and must not again: the log may have lost what it wrote then.
    resigned: {
      enter: (node, nowMs) => node.#waitForElection(nowMs),
      deadline: (node, nowMs) => node.#unattach(node.epoch + 1, nowMs),
      voteAnswered: ignore,
    },
  }

  #start(nowMs: number): void {
    const { local, logEnd, history } = this.#options
    const { epoch, leaderId, vote } = this.#election
    const voters = history.voters
    const isOnlyVoter = voters.size === 1 && voters.isVoter(local)
    if (epoch < logEnd.epoch) {
      this.#election = { epoch: logEnd.epoch, leaderId: NO_NODE, vote: null }
      this.#state = 'unattached'
    } else if (leaderId === local.id) this.#state = 'resigned'
    else if (vote !== null && VoterSet.matches(vote, local)) this.#state = 'candidate'
    else if (leaderId !== NO_NODE) this.#state = 'follower'
    if (isOnlyVoter && this.#state !== 'candidate') this.#become('prospective', nowMs)
    else if (this.#state === 'candidate') this.#askForVotes(false, nowMs)
    else RaftNode.#STATES[this.#state].enter(this, nowMs)
  }

  #become(state: RaftState, nowMs: number): void {
    const wasLeader = this.#leader !== null
    this.#state = state
    this.#deadlineMs = NEVER
    if (state !== 'leader') this.#leader = null
    RaftNode.#STATES[state].enter(this, nowMs)
    if (wasLeader) this.#announce()
  }

  #unattach(epoch: number, nowMs: number): void {
    const vote = epoch === this.epoch ? this.#election.vote : null
    this.#election = { epoch, leaderId: NO_NODE, vote }
    this.#become('unattached', nowMs)
  }

  #waitForElection(nowMs: number): void {
    const { electionTimeoutMs, random, local, history } = this.#options
    // An observer never stands.
    if (!history.voters.isVoter(local)) return
    this.#deadlineMs = nowMs + electionTimeoutMs + random.int(electionTimeoutMs)
  }

  #startVote(isPreVote: boolean, nowMs: number): void {
    if (!isPreVote) {
      const { id, directoryId } = this.#options.local
      const vote = { id, directoryId }
      this.#election = { epoch: this.epoch + 1, leaderId: NO_NODE, vote }
    }
    this.#askForVotes(isPreVote, nowMs)
  }

  #askForVotes(isPreVote: boolean, nowMs: number): void {
    const { local } = this.#options
    this.#granted.clear()
    this.#rejected.clear()
    if (this.voters.isVoter(local)) this.#granted.add(local.id)
    this.#waitForElection(nowMs)
    if (this.#wonVote(nowMs)) return
    for (const to of this.voters.voters) {
      if (to.id === local.id) continue
      const { epoch } = this
      this.#effects.push({ type: 'requestVote', to, epoch, isPreVote, logEnd: this.#logEnd })
    }
  }

  #count(event: VoteAnswered, isPreVote: boolean, nowMs: number): void {
    if (event.isPreVote !== isPreVote || event.epoch < this.epoch) return
    if (!this.voters.isVoter(event.from)) return
    const answers = event.isGranted ? this.#granted : this.#rejected
    answers.add(event.from.id)
    if (!this.#wonVote(nowMs) && this.#rejected.size >= this.voters.majority) this.#lostVote(nowMs)
  }

  #wonVote(nowMs: number): boolean {
    if (this.#granted.size < this.voters.majority) return false
    this.#become(this.#state === 'prospective' ? 'candidate' : 'leader', nowMs)
    return true
  }

  #lostVote(nowMs: number): void {
    if (this.#state === 'candidate') this.#become('prospective', nowMs)
    // Who was following goes on following: its leader may be fine.
    else if (this.leaderId !== NO_NODE) this.#become('follower', nowMs)
    else this.#unattach(this.epoch, nowMs)
  }

  #lead(nowMs: number): void {
    const { local, history } = this.#options
    const { epoch } = this
    this.#election = { epoch, leaderId: local.id, vote: null }
    this.#leader = new Leader(local, history.voters, this.#logEnd, epoch)
    this.#effects.push({ type: 'startEpoch', epoch })
    const leaderChange: ControlRecord = {
      kind: 'leaderChange',
      leaderId: local.id,
      voters: history.voters.ids.map((voterId) => ({ voterId })),
      grantingVoters: Array.from(this.#granted, (voterId) => ({ voterId })),
    }
    const entered = history.voters.voter(local.id)!
    // A voter set from the bootstrap file was never in the log, and this node may have moved.
    const isOutdated = history.votersOffset === BOOTSTRAP_OFFSET || !isSameVoter(entered, local)
    const quorum =
      history.kraftVersion > 0 && isOutdated ? this.#quorumRecords(history.kraftVersion) : []
    this.#appendControl([leaderChange, ...quorum], nowMs)
    this.#announce()
  }

  #announce(): void {
    const { epoch, leaderId } = this
    this.#effects.push({ type: 'leaderChanged', leaderId, epoch })
  }

  /** kraft.version and the voters as they are now, this node as it is now among them. */
  #quorumRecords(level: number): ControlRecord[] {
    const voters = this.voters.updated(this.#options.local)
    return [
      { kind: 'kraftVersion', kraftVersion: level },
      { kind: 'voters', voters: voters.toRecord() },
    ]
  }

  #upgradeKRaftVersion(level: number, nowMs: number): void {
    if (level === this.kraftVersion) return
    assert(this.kraftVersionError(level) === null, 'kraft.version raised without a check')
    this.#appendControl(this.#quorumRecords(level), nowMs)
  }

  #append(values: readonly Uint8Array[], nowMs: number): void {
    let batch = this.#newBatch()
    for (const value of values) {
      if (batch.count > 0 && batch.sizeBytes + value.length > MAX_BATCH_BYTES) {
        this.#appendBatch(batch.build(), batch.count)
        batch = this.#newBatch()
      }
      batch.append(nowMs, null, value)
    }
    this.#appendBatch(batch.build(), batch.count)
  }

  #newBatch(): BatchBuilder {
    const { epoch } = this
    return new BatchBuilder({ baseOffset: this.#logEnd.offset, partitionLeaderEpoch: epoch })
  }

  #appendControl(records: readonly ControlRecord[], nowMs: number): void {
    const { history } = this.#options
    const { offset } = this.#logEnd
    const options = { baseOffset: offset, partitionLeaderEpoch: this.epoch }
    const batch = buildControlBatch(options, nowMs, records)
    records.forEach((record, index) => {
      history.replay(record, offset + index)
    })
    this.#appendBatch(batch, records.length)
    this.#leader?.updateVoters(history.voters)
  }

  #appendBatch(batch: Uint8Array, count: number): void {
    assert(this.#leader !== null, 'only the leader of the quorum appends')
    const { epoch } = this
    const offset = this.#logEnd.offset + count
    this.#logEnd = { offset, epoch }
    this.#leader.appended(offset)
    this.#effects.push({ type: 'append', batch, epoch, lastOffset: offset - 1 })
    this.#effects.push({ type: 'flush' })
  }

  #committed(highWatermark: number): void {
    if (highWatermark >= 0) this.#effects.push({ type: 'advanceHighWatermark', highWatermark })
  }

  /** What an election decided goes to the disk before anything that follows from it. */
  #takeEffects(): readonly RaftEffect[] {
    const effects = this.#effects
    this.#effects = []
    if (isSameElection(this.#election, this.#savedElection)) return effects
    this.#savedElection = this.#election
    const dataVersion = this.kraftVersion > 0 ? 1 : 0
    return [{ type: 'saveElection', election: this.#election, dataVersion }, ...effects]
  }
}
