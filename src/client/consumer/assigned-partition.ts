/**
 * One partition that a consumer reads: where the program is, where fetching is, what lies between,
 * and what is known of the log's ends.
 *
 * Invariant: `seen <= position <= taken <= fetchOffset` once it is active; what is between `taken`
 * and `fetchOffset` is in `queue`, without gaps. A seek and a reset bump `epoch`: what the program
 * holds from before counts no more. Throwing fetched data away bumps `round`: what was asked for
 * before is thrown away too when it comes.
 */
import type { KafkaError } from '../kafka-error.ts'
import type { TopicPartition } from '../topic.ts'
import type { FetchedData, Piece } from './fetched-data.ts'
import type { TopicReader } from './fetched-record.ts'
import type { GroupOffset } from './offset-commits.ts'
import type { AutoOffsetReset } from './options.ts'

/** Where to go: an offset, an end of the log, or the first record from a time on. */
export type SeekTarget = number | 'beginning' | 'end' | { readonly timestamp: number }

/**
 * `committed`: the group's offset is to be read. `reset`: an offset is to be found. `validate`: the
 * leader has changed, and the log may end earlier than it did. `active`: it is fetched.
 */
export type Phase = 'committed' | 'reset' | 'validate' | 'active'

/** A piece for the program. */
export interface Taken {
  readonly piece: Piece
  /** Where the partition goes on behind it, what is hidden there included. */
  readonly end: number
  /** What is free again once the program is done with it. */
  readonly sizeBytes: number
}

export class AssignedPartition implements TopicPartition {
  readonly topic: string
  readonly partition: number
  readonly reader: TopicReader
  readonly key: string
  /** Aborts when it is revoked, lost or closed: handlers get it. */
  readonly abort = new AbortController()
  phase: Phase
  /** What `reset` looks for. */
  target: Exclude<SeekTarget, number> | AutoOffsetReset
  /** Counts seeks and resets. */
  epoch = 0
  /** Counts how often what was fetched was thrown away. */
  round = 0
  /** Set while the program's own `onAssigned` runs: nothing is asked for before it has ended. */
  isStarting = false
  /** `onAssigned` itself waits for where it goes. */
  isSought = false
  isPaused = false
  /** Its last moments: nothing more of it goes to the program. */
  isEnding = false
  /** The id of the topic that its offsets belong to; empty where it is not known yet. */
  topicId = ''
  /** The next record for the program; -1 while it is not known. */
  position = -1
  /** Behind the last piece that was taken out of the queue. */
  taken = -1
  /** The next offset to fetch. */
  fetchOffset = -1
  /** The leader epoch of the record before `fetchOffset`; -1 where it is not known. */
  fetchEpoch = -1
  /** What may be committed; -1 while there is nothing. */
  seen = -1
  seenEpoch = -1
  /** What was last committed by this consumer, or found to be. */
  committed = -1
  /** The leader epoch that fetches and validations are made with. */
  leaderEpoch = -1
  highWatermark = -1
  lastStableOffset = -1
  logStartOffset = -1
  /** A follower that the leader told us to read from (KIP-392); -1 for the leader. */
  replica = -1
  replicaUntilMs = 0
  /** One of them has failed: the leader itself is read until then. */
  leaderUntilMs = 0
  /** The fetch that it is part of has not been answered. */
  isInFlight = false
  /** When it was last asked for. */
  askedAtMs = 0
  /** In the line of partitions that have something for the program. */
  isReady = false
  /** Pieces of it that are with the program. */
  held = 0
  /** Where its data was damaged, and was asked for once more; -1 for nowhere. */
  damagedAt = -1
  /** Fetched and not yet done with; the program's piece included. */
  bufferedBytes = 0
  readonly queue: FetchedData[] = []
  failure: KafkaError | null = null
  /** Failed attempts of what the phase asks for, and not before when to try again. */
  attempts = 0
  retryAtMs = 0
  /** Since when it has been in its phase without progress, for the watchdog. */
  sinceMs: number
  /** What was in the way last, since there was progress. */
  lastProblem: KafkaError | null = null
  /** When a piece was last taken. */
  takenAtMs = 0
  #onIdle: (() => void)[] = []

  constructor(reader: TopicReader, partition: number, phase: Phase, nowMs: number) {
    this.topic = reader.name
    this.partition = partition
    this.reader = reader
    this.key = `${reader.name}/${partition}`
    this.phase = phase
    this.target = 'latest'
    this.sinceMs = nowMs
  }

  get name(): string {
    return `${this.topic}-${this.partition}`
  }

  /** Throws away what was fetched, and returns how many bytes that were. */
  #drop(): number {
    const { bufferedBytes } = this
    this.round++
    this.queue.length = 0
    this.bufferedBytes = 0
    return bufferedBytes
  }

  /** Goes on at `offset`; returns the bytes that were thrown away. */
  moveTo(offset: number, leaderEpoch: number, nowMs: number): number {
    this.epoch++
    this.position = offset
    this.taken = offset
    this.fetchOffset = offset
    this.fetchEpoch = leaderEpoch
    // All below it was seen, or is skipped on purpose.
    this.seen = offset
    this.seenEpoch = leaderEpoch
    this.failure = null
    this.enter('active', nowMs)
    return this.#drop()
  }

  /** Looks for an offset first; returns the bytes that were thrown away. */
  lookFor(target: Exclude<SeekTarget, number> | AutoOffsetReset, nowMs: number): number {
    this.epoch++
    this.target = target
    this.failure = null
    this.position = -1
    this.taken = -1
    this.fetchOffset = -1
    this.fetchEpoch = -1
    this.seen = -1
    this.seenEpoch = -1
    this.enter('reset', nowMs)
    return this.#drop()
  }

  /** Fetches again from what was taken on; returns the bytes that were thrown away. */
  fetchAgain(): number {
    this.fetchOffset = this.taken
    return this.#drop()
  }

  enter(phase: Phase, nowMs: number): void {
    this.phase = phase
    this.attempts = 0
    this.retryAtMs = 0
    this.sinceMs = nowMs
    this.lastProblem = null
  }

  /** Something of it can go to the program. */
  get hasMore(): boolean {
    return this.queue.length > 0 && !this.isPaused && !this.isEnding && !this.isStarting
  }

  /** Takes a piece from the queue; null where what was fetched has nothing for the program. */
  take(maxRecords: number): Taken | null {
    for (let data = this.queue[0]; data !== undefined; data = this.queue[0]) {
      const piece = data.take(this.taken, maxRecords)
      const isLast = data.isExhausted
      if (isLast) this.queue.shift()
      if (piece === null) {
        this.bufferedBytes -= data.sizeBytes
        this.taken = Math.max(this.taken, data.nextOffset)
        continue
      }
      this.taken = isLast ? Math.max(piece.nextOffset, data.nextOffset) : piece.nextOffset
      return { piece, end: this.taken, sizeBytes: isLast ? data.sizeBytes : 0 }
    }
    return null
  }

  /** Puts back what was taken last and not seen: it is taken again from `seen` on. */
  putBack(data: FetchedData): void {
    data.rewind()
    if (this.queue[0] !== data) this.queue.unshift(data)
    this.taken = this.seen
    this.position = this.seen
  }

  /** What the program has committed of what it was given, it has seen. */
  seeUpTo({ offset, leaderEpoch = -1 }: Pick<GroupOffset, 'offset' | 'leaderEpoch'>): void {
    if (this.seen < 0 || offset <= this.seen || offset > this.taken) return
    this.seen = offset
    this.seenEpoch = leaderEpoch
  }

  /** The end of what a program of this isolation may read; -1 while it is not known. */
  end(isReadCommitted: boolean): number {
    return isReadCommitted ? this.lastStableOffset : this.highWatermark
  }

  /** Resolves when the program has given back what it holds, or `signal` aborts. */
  idle(signal: AbortSignal): Promise<void> {
    if (this.held === 0 || signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true })
      this.#onIdle.push(resolve)
    })
  }

  /** The program is done with a piece. */
  letGo(): void {
    this.held--
    if (this.held === 0) for (const resolve of this.#onIdle.splice(0)) resolve()
  }
}
