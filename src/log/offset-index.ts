/**
 * The sparse index from offsets to positions of one segment: 8 bytes an entry, the offset relative
 * to the segment's base and the byte where the batch that *ends* with that offset begins.
 *
 * Invariant: offsets and positions both grow strictly. The bytes in memory are the bytes of the
 * file; only entries from `savedCount` on are not in the file yet. Offsets here are relative.
 */

const ENTRY_BYTES = 8
const FIRST_CAPACITY = 32

export class OffsetIndex {
  #bytes: Uint8Array
  #view: DataView
  /** Entries. */
  count: number
  /** Entries that the file has. */
  savedCount: number

  private constructor(bytes: Uint8Array, count: number) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.count = count
    this.savedCount = count
  }

  static empty(): OffsetIndex {
    return new OffsetIndex(new Uint8Array(0), 0)
  }

  /**
   * Takes a file's content. Returns null where it can't be the index of a segment of that size.
   * Zero entries at the end are room that Kafka reserves while it runs, and are ignored.
   */
  static parse(content: Uint8Array, segmentBytes: number): OffsetIndex | null {
    if (content.length % ENTRY_BYTES !== 0) return null
    let count = content.length / ENTRY_BYTES
    const view = new DataView(content.buffer, content.byteOffset, content.byteLength)
    while (count > 0 && isZero(view, (count - 1) * ENTRY_BYTES)) count--
    let offset = -1
    let position = -1
    for (let at = 0; at < count * ENTRY_BYTES; at += ENTRY_BYTES) {
      const nextOffset = view.getInt32(at)
      const nextPosition = view.getInt32(at + 4)
      if (nextOffset <= offset || nextPosition <= position) return null
      offset = nextOffset
      position = nextPosition
    }
    if (position >= segmentBytes && count > 0) return null
    return new OffsetIndex(content, count)
  }

  /** Bytes of memory held. */
  get memoryBytes(): number {
    return this.#bytes.length
  }

  /** The last entry's offset, or -1. */
  get lastOffset(): number {
    return this.count === 0 ? -1 : this.#view.getInt32((this.count - 1) * ENTRY_BYTES)
  }

  append(offset: number, position: number): void {
    const at = this.count * ENTRY_BYTES
    if (at + ENTRY_BYTES > this.#bytes.length) this.#grow()
    this.#view.setInt32(at, offset)
    this.#view.setInt32(at + 4, position)
    this.count++
  }

  /** Where to begin to look for `offset`: no batch before this position can hold it. */
  lookup(offset: number): number {
    const slot = this.#floor(offset, 0)
    return slot < 0 ? 0 : this.#view.getInt32(slot * ENTRY_BYTES + 4)
  }

  /** The last entry whose batch begins at or before `position`; 0 where there is none. */
  floorPosition(position: number): number {
    const slot = this.#floor(position, 4)
    return slot < 0 ? 0 : this.#view.getInt32(slot * ENTRY_BYTES + 4)
  }

  /** The position of the first entry after `position`, or -1. */
  nextPosition(position: number): number {
    const slot = this.#floor(position, 4) + 1
    return slot === this.count ? -1 : this.#view.getInt32(slot * ENTRY_BYTES + 4)
  }

  /** The last offset of the first batch with an entry at or after `position`, or -1. */
  offsetFrom(position: number): number {
    const slot = this.#floor(position - 1, 4) + 1
    return slot === this.count ? -1 : this.#view.getInt32(slot * ENTRY_BYTES)
  }

  /** Drops the entries at and above `offset`. */
  truncateTo(offset: number): void {
    this.count = this.#floor(offset - 1, 0) + 1
    this.savedCount = Math.min(this.savedCount, this.count)
  }

  /** The bytes of the entries that are not in the file yet. */
  unsaved(): Uint8Array {
    return this.#bytes.subarray(this.savedCount * ENTRY_BYTES, this.count * ENTRY_BYTES)
  }

  markSaved(): void {
    this.savedCount = this.count
  }

  /** Bytes of the file when all is saved. */
  get fileBytes(): number {
    return this.count * ENTRY_BYTES
  }

  get savedBytes(): number {
    return this.savedCount * ENTRY_BYTES
  }

  /** The last slot whose field at `fieldAt` is at most `target`, or -1. */
  #floor(target: number, fieldAt: 0 | 4): number {
    const view = this.#view
    let low = 0
    let high = this.count - 1
    // Most look-ups are near the end, and a fetch of the tail is right there.
    if (high >= 0 && view.getInt32(high * ENTRY_BYTES + fieldAt) <= target) return high
    while (low <= high) {
      const middle = (low + high) >>> 1
      if (view.getInt32(middle * ENTRY_BYTES + fieldAt) <= target) low = middle + 1
      else high = middle - 1
    }
    return high
  }

  #grow(): void {
    const capacity = Math.max(FIRST_CAPACITY * ENTRY_BYTES, this.#bytes.length * 2)
    const bytes = new Uint8Array(capacity)
    bytes.set(this.#bytes.subarray(0, this.count * ENTRY_BYTES))
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer)
  }
}

function isZero(view: DataView, at: number): boolean {
  return view.getInt32(at) === 0 && view.getInt32(at + 4) === 0
}

/** How many entries an index file of at most `maxBytes` has. */
export function maxOffsetIndexEntries(maxBytes: number): number {
  return Math.floor(maxBytes / ENTRY_BYTES)
}
