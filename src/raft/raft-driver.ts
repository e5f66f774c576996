/**
 * The shell around the raft core: carries its effects out on the log and the disk, and tells it
 * what was flushed and when time is up. The one place of raft where something waits for a disk.
 *
 * Invariant: effects are carried out in order; an election is on disk before anything is appended
 * in its epoch; at most one flush is under way, and what comes in meanwhile goes with the next.
 */
import { assert } from '../base/assert.ts'
import { utf8Bytes, utf8Text } from '../base/bytes.ts'
import type { Clock, Disk } from '../io/io.ts'
import { ErrorCode, errorName } from '../protocol/errors.ts'
import * as batch from '../records/batch.ts'
import { forEachBatch } from '../records/batches.ts'
import { readControlBatch } from '../records/control.ts'
import { DamagedMetadataError } from './damaged-metadata-error.ts'
import type { RaftEffect, RaftEvent } from './effects.ts'
import {
  decodeElection,
  type Election,
  encodeElection,
  NO_ELECTION,
  QUORUM_STATE_FILE,
} from './election.ts'
import type { QuorumDescription } from './leader.ts'
import type { OffsetAndEpoch, Voter, VoterSet } from './quorum.ts'
import { BOOTSTRAP_OFFSET, QuorumHistory } from './quorum-history.ts'
import type { RaftLog } from './raft-log.ts'
import { RaftNode } from './raft-node.ts'

import { SnapshotStore } from './snapshot-store.ts'

/** Bytes read from the log in one go. */
const READ_BYTES = 1024 * 1024

export interface RaftDriverOptions {
  readonly disk: Disk
  readonly clock: Clock
  readonly log: RaftLog
  /** The metadata log's directory: its segments, snapshots and `quorum-state`. */
  readonly directory: string
  /** This node as a voter. */
  readonly local: Voter
  /** `controller.quorum.voters`; empty where the quorum is dynamic. */
  readonly staticVoters: VoterSet
  readonly electionTimeoutMs: number
  readonly fetchTimeoutMs: number
  readonly random: { int(bound: number): number }
  /** More is committed. Never called from within a call of the driver's own methods. */
  readonly onCommitted: () => void
  readonly onLeaderChanged: (leaderId: number, epoch: number) => void
  /** The disk failed: the node can't go on. */
  readonly onFailure: (error: Error) => void
}

export class RaftDriver {
  readonly #options: RaftDriverOptions
  readonly #history: QuorumHistory
  readonly #snapshots: SnapshotStore
  readonly #node: RaftNode
  #highWatermark = 0
  #wantsFlush = false
  #isFlushing = false
  #isClosed = false

  private constructor(
    options: RaftDriverOptions,
    history: QuorumHistory,
    snapshots: SnapshotStore,
    election: Election,
  ) {
    const { log, local, electionTimeoutMs, fetchTimeoutMs, random } = options
    this.#options = options
    this.#history = history
    this.#snapshots = snapshots
    const epoch = Math.max(log.latestEpoch, snapshots.latest?.epoch ?? 0)
    const logEnd = { offset: log.logEndOffset, epoch }
    this.#node = new RaftNode({
      local,
      history,
      election,
      logEnd,
      electionTimeoutMs,
      fetchTimeoutMs,
      random,
    })
  }

  /** Reads the quorum's state and takes part in it; alone, this node leads once that is done. */
  static async open(options: RaftDriverOptions): Promise<RaftDriver> {
    const { disk, directory, log, clock, staticVoters, local } = options
    const snapshots = new SnapshotStore(disk, directory, log.logStartOffset)
    const history = new QuorumHistory(staticVoters)
    const { latest } = snapshots
    const start = latest?.offset ?? 0
    if (start < log.logStartOffset) {
      const reason = `the log starts at offset ${log.logStartOffset}, and no snapshot reaches it`
      throw new DamagedMetadataError(directory, reason)
    }
    if (latest !== null) {
      const isAhead =
        latest.offset > log.logEndOffset || latest.epoch > Math.max(log.latestEpoch, 0)
      if (isAhead) log.truncateFullyAndStartAt(latest.offset, clock.nowMs())
      const at = latest.offset === 0 ? BOOTSTRAP_OFFSET : latest.offset - 1
      for (const record of snapshots.read(latest, () => {}).controlRecords) {
        history.replay(record, at)
      }
    }
    await forEachLogBatch(log, start, log.logEndOffset, (bytes, at) => {
      if (batch.isControl(bytes, at)) {
        const baseOffset = batch.baseOffset(bytes, at)
        readControlBatch(bytes, at).forEach((record, index) => {
          history.replay(record, baseOffset + index)
        })
      }
    })
    checkVoters(history.voters, local, directory)
    const driver = new RaftDriver(options, history, snapshots, readElection(disk, directory))
    driver.#step({ type: 'started' })
    driver.flushNow()
    return driver
  }

  get isLeader(): boolean {
    return this.#node.isLeader
  }

  get epoch(): number {
    return this.#node.epoch
  }

  get leaderId(): number {
    return this.#node.leaderId
  }

  get voterIds(): readonly number[] {
    return this.#node.voters.ids
  }

  /** Everything below is committed. */
  get highWatermark(): number {
    return this.#highWatermark
  }

  get logEndOffset(): number {
    return this.#node.logEndOffset
  }

  get kraftVersion(): number {
    return this.#node.kraftVersion
  }

  kraftVersionError(level: number): string | null {
    return this.#node.kraftVersionError(level)
  }

  upgradeKRaftVersion(level: number): void {
    this.#step({ type: 'upgradeKRaftVersion', level })
  }

  /** Appends records, all or none. Returns the offset of the last one. */
  append(values: readonly Uint8Array[]): number {
    this.#step({ type: 'append', values })
    return this.#node.logEndOffset - 1
  }

  get logSizeBytes(): number {
    return this.#options.log.sizeBytes
  }

  /** Once a turn: starts making durable what the turn appended. */
  flush(): void {
    if (!this.#wantsFlush || this.#isFlushing || this.#isClosed) return
    const { log, onFailure, onCommitted } = this.#options
    const endOffset = this.#node.logEndOffset
    this.#wantsFlush = false
    this.#isFlushing = true
    log.flush().then(
      () => {
        this.#isFlushing = false
        if (this.#isClosed) return
        const before = this.#highWatermark
        this.#step({ type: 'flushed', endOffset })
        if (this.#highWatermark > before) onCommitted()
        this.flush()
      },
      (error: Error) => {
        if (this.#isClosed) return
        // What the disk did not take may be lost though a later sync succeeds: nothing more of
        // this log is ever committed.
        this.#isClosed = true
        onFailure(error)
      },
    )
  }

  /** The same on this thread: at start and at shutdown. */
  flushNow(): void {
    if (this.#isClosed) return
    this.#wantsFlush = false
    this.#options.log.flushNow()
    this.#step({ type: 'flushed', endOffset: this.#node.logEndOffset })
  }

  /** When `expire` has something to do. */
  nextDeadlineMs(): number {
    return this.#node.deadlineMs
  }

  expire(nowMs: number): void {
    if (nowMs >= this.#node.deadlineMs) this.#step({ type: 'deadline' })
  }

  /** What DescribeQuorum tells, or null where this node does not lead. */
  describe(): QuorumDescription | null {
    return this.#node.describe(this.#options.clock.nowMs())
  }

  /** The latest snapshot that holds metadata records, or null. */
  get latestSnapshot(): OffsetAndEpoch | null {
    return this.#snapshots.latest
  }

  /** Calls `visit` with the records of a snapshot; returns when its last one was appended. */
  readSnapshot(id: OffsetAndEpoch, visit: (value: Uint8Array) => void): number {
    return this.#snapshots.read(id, visit).lastContainedLogTimestampMs
  }

  /** Calls `visit` with the committed batches from an offset on. */
  readCommitted(fromOffset: number, visit: (bytes: Uint8Array, at: number) => void): Promise<void> {
    return forEachLogBatch(this.#options.log, fromOffset, this.#highWatermark, visit)
  }

  /** Writes a snapshot of the state before `endOffset`, which is committed. Returns its size. */
  writeSnapshot(
    endOffset: number,
    lastContainedLogTimestampMs: number,
    values: Iterable<Uint8Array>,
  ): number {
    assert(endOffset <= this.#highWatermark, 'a snapshot holds what is committed only')
    const { log, clock } = this.#options
    const epoch = log.epochOfOffset(endOffset - 1)
    const quorum = this.#history.before(endOffset)
    const nowMs = clock.nowMs()
    const content = { epoch, nowMs, lastContainedLogTimestampMs, values, ...quorum }
    const sizeBytes = this.#snapshots.write({ offset: endOffset, epoch }, content)
    this.#history.forgetBefore(endOffset)
    return sizeBytes
  }

  /**
   * Deletes snapshots, and the log before the next one, that exceed what may be kept: the oldest go
   * for as long as all take more than `maxBytes` or it is older than `maxAgeMs`. The latest stays.
   */
  clean(maxBytes: number, maxAgeMs: number): void {
    const { log, clock } = this.#options
    const nowMs = clock.nowMs()
    while (this.#snapshots.all.length > 1) {
      const [oldest, next] = this.#snapshots.all
      const sizeBytes = this.#snapshots.all.reduce((sum, each) => sum + each.sizeBytes, 0)
      const isTooLarge = maxBytes >= 0 && log.sizeBytes + sizeBytes > maxBytes
      const isTooOld = maxAgeMs >= 0 && nowMs - this.readSnapshot(oldest!, () => {}) > maxAgeMs
      if (!isTooLarge && !isTooOld) return
      if (log.incrementLogStartOffset(next!.offset) !== ErrorCode.NONE) return
      log.deleteOldSegments(nowMs)
      this.#snapshots.deleteBefore(next!)
    }
  }

  /** Makes all durable and ends. */
  close(): void {
    if (this.#isClosed) return
    this.flushNow()
    this.#isClosed = true
  }

  #step(event: RaftEvent): void {
    for (const effect of this.#node.step(event, this.#options.clock.nowMs())) this.#carryOut(effect)
  }

  #carryOut(effect: RaftEffect): void {
    const { log, clock, disk, directory, onLeaderChanged } = this.#options
    switch (effect.type) {
      case 'saveElection': {
        const { election, dataVersion } = effect
        const text = encodeElection(election, dataVersion, this.voterIds)
        disk.writeFileAtomic(`${directory}/${QUORUM_STATE_FILE}`, utf8Bytes(text))
        return
      }
      case 'startEpoch':
        log.assignEpoch(effect.epoch)
        return
      case 'append': {
        const context = { leaderEpoch: effect.epoch, nowMs: clock.nowMs() }
        const { error, errorMessage } = log.appendAsFollower(effect.batch, context)
        assert(error === ErrorCode.NONE, `metadata append: ${errorName(error)} ${errorMessage}`)
        assert(log.logEndOffset === effect.lastOffset + 1, 'the metadata log is where raft is')
        return
      }
      case 'flush':
        this.#wantsFlush = true
        return
      case 'advanceHighWatermark':
        this.#highWatermark = effect.highWatermark
        log.advanceHighWatermark(effect.highWatermark)
        return
      case 'leaderChanged':
        onLeaderChanged(effect.leaderId, effect.epoch)
        return
      case 'requestVote':
        // `checkVoters` lets no quorum of several voters start.
        assert(false, 'there are no other voters to ask')
    }
  }
}

function readElection(disk: Disk, directory: string): Election {
  const path = `${directory}/${QUORUM_STATE_FILE}`
  if (disk.stat(path) === null) return NO_ELECTION
  try {
    return decodeElection(utf8Text(disk.readFile(path)))
  } catch (error) {
    throw new DamagedMetadataError(path, error)
  }
}

/** The quorum must be this node: the exchange between several voters is not built yet. */
function checkVoters(voters: VoterSet, local: Voter, directory: string): void {
  if (voters.size === 0) {
    throw new Error(
      'the metadata quorum has no voters: set controller.quorum.voters, or format the directory ' +
        'with --standalone',
    )
  }
  if (!voters.isVoter(local)) {
    const known = voters.voters.map(({ id, directoryId }) => `${id} (directory ${directoryId})`)
    throw new Error(
      `node ${local.id} (directory ${local.directoryId}) is not among the voters of the metadata ` +
        `quorum: ${known.join(', ')}; who it is stands in ` +
        `${directory.slice(0, directory.lastIndexOf('/'))}/meta.properties`,
    )
  }
  if (voters.size > 1) {
    const ids = voters.ids.join(', ')
    throw new Error(`the metadata quorum has the voters ${ids}; more than one is not supported yet`)
  }
}

async function forEachLogBatch(
  log: RaftLog,
  fromOffset: number,
  endOffset: number,
  visit: (bytes: Uint8Array, at: number) => void,
): Promise<void> {
  let offset = fromOffset
  while (offset < endOffset) {
    const options = { minOneMessage: true, upperBound: endOffset }
    const { error, pieces, nextOffset } = await log.read(offset, READ_BYTES, options)
    if (error !== ErrorCode.NONE || nextOffset <= offset) {
      const reason = `it can't be read at offset ${offset} (${errorName(error)})`
      throw new DamagedMetadataError(log.fileOf(offset), reason)
    }
    for (const bytes of pieces) {
      const end = forEachBatch(bytes, 0, bytes.length, (at) => {
        if (batch.lastOffset(bytes, at) >= offset) visitBatch(log, bytes, at, visit)
      })
      if (end !== bytes.length) {
        throw new DamagedMetadataError(log.fileOf(offset), `no whole batch behind offset ${offset}`)
      }
    }
    offset = nextOffset
  }
}

/** Nothing else looks at the checksums of what was closed cleanly. */
function visitBatch(
  log: RaftLog,
  bytes: Uint8Array,
  at: number,
  visit: (bytes: Uint8Array, at: number) => void,
): void {
  const offset = batch.baseOffset(bytes, at)
  try {
    if (!batch.isCrcValid(bytes, at)) throw new Error('the checksum does not match')
    visit(bytes, at)
  } catch (error) {
    const reason = `batch at offset ${offset}: ${(error as Error).message}`
    throw new DamagedMetadataError(log.fileOf(offset), reason)
  }
}
