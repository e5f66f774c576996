/**
 * This node's part in the cluster's metadata: the image, the controller that decides its changes,
 * and the quorum that makes them last.
 *
 * A decision is replayed into the image at once, so that the next one sees it; its answer, and word
 * of what it changed, wait until it is committed (rule 4). What only reads the image and must not
 * tell of anything uncommitted goes through `whenCommitted`.
 */
import { assert } from '../base/assert.ts'
import type {
  DescribeQuorumRequest,
  DescribeQuorumResponse,
} from '../protocol/messages/55-describe-quorum.ts'
import { decodeMetadataRecord, encodeMetadataRecord } from '../protocol/persisted/framing.ts'
import {
  beginTransactionRecord,
  endTransactionRecord,
} from '../protocol/persisted/metadata-records.ts'
import { describeQuorum } from '../raft/describe-quorum.ts'
import { RaftDriver, type RaftDriverOptions } from '../raft/raft-driver.ts'
import { MAX_BATCH_BYTES } from '../raft/raft-node.ts'
import { forEachValue } from '../raft/snapshot.ts'
import * as batch from '../records/batch.ts'
import type { ConfigValidator } from './config-validator.ts'
import type { ControllerRandom, ControllerSettings } from './controller/context.ts'
import { Controller } from './controller/controller.ts'
import { MetadataDelta, type MetadataPosition } from './delta.ts'
import { MetadataImage } from './image.ts'
import { supports } from './metadata-version.ts'
import { type Decision, type MetadataRecord, metadataRecord } from './records.ts'

/** When snapshots are written and how many are kept; Kafka's keys. */
export interface SnapshotPolicy {
  /** `metadata.log.max.record.bytes.between.snapshots`. */
  readonly maxBytesBetween: number
  /** `metadata.log.max.snapshot.interval.ms`; 0 for no limit. */
  readonly maxIntervalMs: number
  /** `metadata.max.retention.bytes`; -1 for no limit. */
  readonly retentionBytes: number
  /** `metadata.max.retention.ms`; -1 for no limit. */
  readonly retentionMs: number
}

export interface MetadataNodeOptions {
  readonly raft: Omit<RaftDriverOptions, 'onCommitted' | 'onLeaderChanged'>
  readonly settings: ControllerSettings
  readonly configValidator: ConfigValidator
  readonly random: ControllerRandom
  /** What a new cluster starts with: see format.ts. */
  readonly bootstrap: readonly MetadataRecord[]
  readonly snapshots: SnapshotPolicy
  /** Told what each committed change touched, before it is answered. */
  readonly onDelta: (delta: MetadataDelta, position: MetadataPosition) => void
  /** Answers were given outside of a turn: the loop has something to send. */
  readonly onWake: () => void
}

/** What waits until everything below an offset is committed. */
interface Waiting {
  readonly endOffset: number
  readonly done: () => void
}

export class MetadataNode {
  readonly image = new MetadataImage()
  readonly controller: Controller
  readonly #options: MetadataNodeOptions
  readonly #raft: RaftDriver
  #waiting: Waiting[] = []
  #bytesSinceSnapshot = 0
  #lastSnapshotMs: number
  #lastTimestampMs = 0

  private constructor(options: MetadataNodeOptions, raft: RaftDriver) {
    this.#options = options
    this.#raft = raft
    this.#lastSnapshotMs = options.raft.clock.nowMs()
    const { settings, configValidator, random } = options
    const { image } = this
    this.controller = new Controller({ image, settings, configValidator, random, quorum: raft })
  }

  /** Loads snapshot and log, takes the lead of the quorum, and brings a new cluster into being. */
  static async open(options: MetadataNodeOptions): Promise<MetadataNode> {
    // Committed outside of any call of ours: the node is there by then.
    const raft: RaftDriver = await RaftDriver.open({
      ...options.raft,
      onCommitted: () => {
        node.#completeCommitted()
        options.onWake()
      },
      onLeaderChanged: () => {},
    })
    const node = new MetadataNode(options, raft)
    await node.#load()
    assert(raft.isLeader, 'the only voter leads')
    const nowMs = options.raft.clock.nowMs()
    const records = node.controller.activate(options.bootstrap, nowMs)
    if (records.length > 0) node.#append(records, new MetadataDelta())
    raft.flushNow()
    return node
  }

  get leaderId(): number {
    return this.#raft.leaderId
  }

  get leaderEpoch(): number {
    return this.#raft.epoch
  }

  /** Everything below is committed. */
  get highWatermark(): number {
    return this.#raft.highWatermark
  }

  /** Decides, appends, replays; `reply` gets the answer once all that it says is committed. */
  submit<Response>(
    decide: (controller: Controller) => Decision<Response>,
    reply: (response: Response) => void,
  ): void {
    const { records, response } = decide(this.controller)
    if (records.length > 0) this.#commitLater(records)
    this.whenCommitted(() => reply(response))
  }

  /** Calls back once everything decided so far is committed; at once where it is. */
  whenCommitted(done: () => void): void {
    const { logEndOffset, highWatermark } = this.#raft
    if (logEndOffset <= highWatermark && this.#waiting.length === 0) done()
    else this.#waiting.push({ endOffset: logEndOffset, done })
  }

  /** Once a turn: starts making durable what the turn decided. */
  flush(): void {
    this.#raft.flush()
  }

  /** The same on this thread, answers included: at start and at shutdown. */
  flushNow(): void {
    this.#raft.flushNow()
    this.#completeCommitted()
  }

  /** When `expire` next has something to do. */
  nextDeadlineMs(): number {
    return Math.min(this.controller.nextDeadlineMs(), this.#raft.nextDeadlineMs())
  }

  /** Does what is due. */
  expire(nowMs: number): void {
    this.#raft.expire(nowMs)
    while (this.controller.nextDeadlineMs() <= nowMs) {
      const records = this.controller.expire(nowMs)
      if (records.length > 0) this.#commitLater(records)
    }
  }

  describeQuorum(request: DescribeQuorumRequest, apiVersion: number): DescribeQuorumResponse {
    return describeQuorum(request, apiVersion, this.#raft.describe())
  }

  /** Writes a snapshot of what is committed. Returns whether there was anything new to write. */
  writeSnapshot(): boolean {
    const { image } = this
    const { highWatermark, logEndOffset, latestSnapshot } = this.#raft
    const isStable = logEndOffset === highWatermark && image.transactionStartOffset === -1
    if (!isStable || latestSnapshot?.offset === highWatermark) return false
    this.#raft.writeSnapshot(highWatermark, this.#lastTimestampMs, encoded(image.records()))
    this.#bytesSinceSnapshot = 0
    this.#lastSnapshotMs = this.#options.raft.clock.nowMs()
    const { retentionBytes, retentionMs } = this.#options.snapshots
    this.#raft.clean(retentionBytes, retentionMs)
    return true
  }

  /** Makes all durable, answers it, and ends. */
  close(): void {
    this.flushNow()
    this.#raft.close()
  }

  async #load(): Promise<void> {
    const { image } = this
    const raft = this.#raft
    const delta = new MetadataDelta()
    const snapshot = raft.latestSnapshot
    let offset = 0
    // The snapshot at offset 0 holds the first voters; raft has read it.
    if (snapshot !== null && snapshot.offset > 0) {
      offset = snapshot.offset
      this.#lastTimestampMs = raft.readSnapshot(snapshot, (value) =>
        image.replay(decodeMetadataRecord(value), offset - 1, delta),
      )
    }
    await raft.readCommitted(offset, (bytes, at) => {
      this.#bytesSinceSnapshot += batch.batchSizeBytes(bytes, at)
      this.#lastTimestampMs = batch.maxTimestampMs(bytes, at)
      if (batch.isControl(bytes, at)) return
      forEachValue(bytes, at, (value, recordOffset) =>
        image.replay(decodeMetadataRecord(value), recordOffset, delta),
      )
    })
    image.features.replayKRaftVersion(raft.kraftVersion, delta)
  }

  #commitLater(records: readonly MetadataRecord[]): void {
    const delta = new MetadataDelta()
    this.#append(records, delta)
    const timestampMs = this.#lastTimestampMs
    const offset = this.image.lastOffset
    this.whenCommitted(() => {
      if (delta.isEmpty) return
      this.#options.onDelta(delta, { offset, epoch: this.#raft.epoch, timestampMs })
    })
  }

  #append(decided: readonly MetadataRecord[], delta: MetadataDelta): void {
    const raft = this.#raft
    const before = raft.logSizeBytes
    // Raft may have raised it in the course of the decision.
    this.image.features.replayKRaftVersion(raft.kraftVersion, delta)
    let records = decided
    let values = records.map(encodeMetadataRecord)
    const isTooLarge = values.reduce((sum, { length }) => sum + length, 0) > MAX_BATCH_BYTES / 2
    if (isTooLarge && this.#mayOpenTransaction(records)) {
      // Too much for one batch: a transaction keeps it whole (KIP-868).
      records = [
        metadataRecord(beginTransactionRecord, {}),
        ...records,
        metadataRecord(endTransactionRecord, {}),
      ]
      values = records.map(encodeMetadataRecord)
    }
    const lastOffset = raft.append(values)
    const firstOffset = lastOffset - records.length + 1
    records.forEach((record, index) => {
      this.image.replay(record, firstOffset + index, delta)
    })
    this.#lastTimestampMs = this.#options.raft.clock.nowMs()
    this.#bytesSinceSnapshot += raft.logSizeBytes - before
  }

  #mayOpenTransaction(records: readonly MetadataRecord[]): boolean {
    const { features } = this.image
    return (
      supports.transactions(features.metadataVersion) &&
      records.every(({ message }) => message !== beginTransactionRecord)
    )
  }

  /** Publishes and answers, in the order in which it was decided, what is committed by now. */
  #completeCommitted(): void {
    const highWatermark = this.#raft.highWatermark
    const waiting = this.#waiting
    const rest = waiting.findIndex(({ endOffset }) => endOffset > highWatermark)
    const ready = rest === -1 ? waiting : waiting.slice(0, rest)
    this.#waiting = rest === -1 ? [] : waiting.slice(rest)
    for (const { done } of ready) done()
    this.#snapshotIfDue()
  }

  #snapshotIfDue(): void {
    const { maxBytesBetween, maxIntervalMs } = this.#options.snapshots
    const ageMs = this.#options.raft.clock.nowMs() - this.#lastSnapshotMs
    const isDue =
      this.#bytesSinceSnapshot >= maxBytesBetween || (maxIntervalMs > 0 && ageMs >= maxIntervalMs)
    if (isDue) this.writeSnapshot()
  }
}

function* encoded(records: Iterable<MetadataRecord>): Generator<Uint8Array> {
  for (const record of records) yield encodeMetadataRecord(record)
}
