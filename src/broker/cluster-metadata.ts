/**
 * The cluster's metadata on this node: what the controller decides goes into the metadata log, and
 * what is committed there is shown to the broker.
 *
 * There are two images. The controller's has everything that was appended, so that a decision sees
 * the one before it; the broker's has what is committed. An answer is parked until the records
 * behind it, and all it could have observed, are committed and published (rule 4).
 */
import type { Logger } from '../base/logger.ts'
import type { Controller } from '../metadata/controller/controller.ts'
import { MetadataDelta } from '../metadata/delta.ts'
import type { MetadataImage } from '../metadata/image.ts'
import type { Decision, MetadataRecord } from '../metadata/records.ts'

/** What this node needs of the quorum: see raft/. */
export interface MetadataQuorum {
  readonly kraftVersion: number
  /** Where the next record will be. */
  readonly endOffset: number
  /** Appends records as one batch; returns the offset of the first. */
  append(records: readonly MetadataRecord[], nowMs: number): number
  /** Writes and syncs what was appended; returns the high watermark. */
  flush(nowMs: number): number
  nextDeadlineMs(): number
  expire(nowMs: number): void
}

interface Parked {
  /** The answer leaves when the high watermark is here or above. */
  readonly offset: number
  readonly complete: () => void
}

export interface ClusterMetadataOptions {
  readonly controller: Controller
  /** The image that the controller decides on. */
  readonly decided: MetadataImage
  /** The image that the broker serves. */
  readonly committed: MetadataImage
  readonly quorum: MetadataQuorum
  readonly logger: Logger
  /** Called after each commit with what it changed, before any answer leaves. */
  readonly publish: (delta: MetadataDelta, nowMs: number) => void
}

export class ClusterMetadata {
  readonly controller: Controller
  readonly #options: ClusterMetadataOptions
  #uncommitted: { readonly record: MetadataRecord; readonly offset: number }[] = []
  #parked: Parked[] = []

  constructor(options: ClusterMetadataOptions) {
    this.controller = options.controller
    this.#options = options
  }

  get quorum(): MetadataQuorum {
    return this.#options.quorum
  }

  get kraftVersion(): number {
    return this.#options.quorum.kraftVersion
  }

  /** Lets the controller decide, and gives its answer once that is committed. */
  submit<Response>(
    decide: (controller: Controller, nextOffset: number) => Decision<Response>,
    reply: (response: Response) => void,
    nowMs: number,
  ): void {
    const { records, response } = decide(this.controller, this.#options.quorum.endOffset)
    this.append(records, nowMs)
    if (this.#uncommitted.length === 0) {
      reply(response)
      return
    }
    this.#parked.push({ offset: this.#options.quorum.endOffset, complete: () => reply(response) })
  }

  /** Appends records and shows them to the controller. */
  append(records: readonly MetadataRecord[], nowMs: number): void {
    if (records.length === 0) return
    let offset = this.#options.quorum.append(records, nowMs)
    // Nobody is told what changed in the controller's own image.
    const unseen = new MetadataDelta()
    for (const record of records) {
      this.#options.decided.replay(record, offset, unseen)
      this.#uncommitted.push({ record, offset })
      offset += 1
    }
  }

  /** Writes and commits; publishes what is committed. Returns whether there was anything. */
  flush(nowMs: number): boolean {
    if (this.#uncommitted.length === 0) return false
    const highWatermark = this.#options.quorum.flush(nowMs)
    const delta = new MetadataDelta()
    let count = 0
    for (const { record, offset } of this.#uncommitted) {
      if (offset >= highWatermark) break
      this.#options.committed.replay(record, offset, delta)
      count += 1
    }
    if (count === 0) return false
    this.#uncommitted = this.#uncommitted.slice(count)
    if (!delta.isEmpty) this.#options.publish(delta, nowMs)
    const parked = this.#parked
    this.#parked = parked.filter(({ offset }) => offset > highWatermark)
    for (const { offset, complete } of parked) if (offset <= highWatermark) complete()
    return true
  }

  /** Runs what is due: sessions of brokers, elections, NoOp records, snapshots. */
  expire(nowMs: number): void {
    for (;;) {
      const records = nowMs >= this.controller.nextDeadlineMs() ? this.controller.expire(nowMs) : []
      if (records.length === 0) break
      this.append(records, nowMs)
    }
    if (nowMs >= this.quorum.nextDeadlineMs()) this.quorum.expire(nowMs)
  }

  nextDeadlineMs(): number {
    return Math.min(this.controller.nextDeadlineMs(), this.quorum.nextDeadlineMs())
  }
}
