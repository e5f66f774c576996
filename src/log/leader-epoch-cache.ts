/**
 * Which leader epoch began at which offset of one log (KIP-101, KIP-279). Small and pure: the log
 * saves it as `leader-epoch-checkpoint` before its recovery point moves; what a crash loses is read
 * again from the batches above that point.
 *
 * Invariant: epochs and start offsets both grow strictly.
 */

export interface EpochEntry {
  readonly epoch: number
  readonly startOffset: number
}

export class LeaderEpochCache {
  #entries: EpochEntry[]
  /** True while the checkpoint file says something else. */
  dirty = false

  constructor(entries: readonly EpochEntry[] = []) {
    this.#entries = []
    for (const entry of entries) this.assign(entry.epoch, entry.startOffset)
    this.dirty = false
  }

  get entries(): readonly EpochEntry[] {
    return this.#entries
  }

  /** The latest epoch, or -1. */
  get latestEpoch(): number {
    return this.#entries.at(-1)?.epoch ?? -1
  }

  get earliest(): EpochEntry | null {
    return this.#entries[0] ?? null
  }

  /** Says that `epoch` begins at `startOffset`; whatever contradicts it is dropped. */
  assign(epoch: number, startOffset: number): void {
    if (epoch < 0) return
    let latest = this.#entries.at(-1)
    if (latest !== undefined && latest.epoch === epoch && startOffset >= latest.startOffset) return
    while (latest !== undefined && (latest.epoch >= epoch || latest.startOffset >= startOffset)) {
      this.#entries.pop()
      latest = this.#entries.at(-1)
    }
    this.#entries.push({ epoch, startOffset })
    this.dirty = true
  }

  /**
   * The largest epoch at or below `epoch` and where it ended, as OffsetForLeaderEpoch answers;
   * (-1, -1) where this log can't tell.
   */
  endOffsetFor(epoch: number, logEndOffset: number): { epoch: number; endOffset: number } {
    if (epoch === -1) return { epoch: -1, endOffset: -1 }
    if (epoch === this.latestEpoch) return { epoch, endOffset: logEndOffset }
    const higher = this.#entries.findIndex((entry) => entry.epoch > epoch)
    if (higher < 0) return { epoch: -1, endOffset: -1 }
    const endOffset = this.#entries[higher]!.startOffset
    return { epoch: this.#entries[higher - 1]?.epoch ?? epoch, endOffset }
  }

  /** The epoch in which `offset` was or will be written, or -1. */
  epochForOffset(offset: number): number {
    let found = -1
    for (const entry of this.#entries) {
      if (entry.startOffset > offset) break
      found = entry.epoch
    }
    return found
  }

  /** The log now ends at `endOffset`. */
  truncateFromEnd(endOffset: number): void {
    while (this.#entries.length > 0 && this.#entries.at(-1)!.startOffset >= endOffset) {
      this.#entries.pop()
      this.dirty = true
    }
  }

  /** The log now starts at `startOffset`. */
  truncateFromStart(startOffset: number): void {
    let dropped = 0
    while (dropped < this.#entries.length && this.#entries[dropped]!.startOffset <= startOffset) {
      dropped++
    }
    if (dropped === 0) return
    const first = this.#entries[dropped - 1]!
    if (dropped === 1 && first.startOffset === startOffset) return
    this.#entries.splice(0, dropped, { epoch: first.epoch, startOffset })
    this.dirty = true
  }

  clear(): void {
    if (this.#entries.length > 0) this.dirty = true
    this.#entries = []
  }
}
