/**
 * The sparse index from timestamps to offsets of one segment: 12 bytes an entry. An entry says that
 * no record up to that (relative) offset is later than that timestamp.
 *
 * Invariant: timestamps grow strictly, offsets never fall. As in the offset index, the bytes in
 * memory are those of the file, and entries from `savedCount` on are not in it yet.
 */
import { int64FromHalves, int64High, int64Low } from '../base/int64.ts'

const ENTRY_BYTES = 12
const FIRST_CAPACITY = 32

export class TimeIndex {
  #bytes: Uint8Array
  #view: DataView
  count: number
  savedCount: number

  private constructor(bytes: Uint8Array, count: number) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.count = count
    this.savedCount = count
  }

  static empty(): TimeIndex {
    return new TimeIndex(new Uint8Array(0), 0)
  }

  /** Takes a file's content; null where it can't be a time index. Zeros at the end are ignored. */
  static parse(content: Uint8Array): TimeIndex | null {
    if (content.length % ENTRY_BYTES !== 0) return null
    const view = new DataView(content.buffer, content.byteOffset, content.byteLength)
    let count = content.length / ENTRY_BYTES
    while (count > 0 && isZero(view, (count - 1) * ENTRY_BYTES)) count--
    const index = new TimeIndex(content, count)
    let timestampMs = -1
    let offset = -1
    for (let slot = 0; slot < count; slot++) {
      const nextOffset = index.offsetAt(slot)
      if (!isTimestamp(view, slot * ENTRY_BYTES) || nextOffset < offset) return null
      const nextTimestampMs = index.timestampAt(slot)
      if (nextTimestampMs <= timestampMs) return null
      timestampMs = nextTimestampMs
      offset = nextOffset
    }
    return index
  }

  get memoryBytes(): number {
    return this.#bytes.length
  }

  timestampAt(slot: number): number {
    const at = slot * ENTRY_BYTES
    return int64FromHalves(this.#view.getInt32(at), this.#view.getInt32(at + 4))
  }

  offsetAt(slot: number): number {
    return this.#view.getInt32(slot * ENTRY_BYTES + 8)
  }

  /** The last entry's timestamp, or -1. */
  get lastTimestampMs(): number {
    return this.count === 0 ? -1 : this.timestampAt(this.count - 1)
  }

  /** The last entry's offset, or -1. */
  get lastOffset(): number {
    return this.count === 0 ? -1 : this.offsetAt(this.count - 1)
  }

  /** Adds an entry if it is later than the last one. */
  append(timestampMs: number, offset: number): void {
    if (timestampMs <= this.lastTimestampMs) return
    const at = this.count * ENTRY_BYTES
    if (at + ENTRY_BYTES > this.#bytes.length) this.#grow()
    this.#view.setInt32(at, int64High(timestampMs))
    this.#view.setInt32(at + 4, int64Low(timestampMs))
    this.#view.setInt32(at + 8, offset)
    this.count++
  }

  /** The offset from which on to look for a record at or after `timestampMs`. */
  lookup(timestampMs: number): number {
    let low = 0
    let high = this.count - 1
    while (low <= high) {
      const middle = (low + high) >>> 1
      if (this.timestampAt(middle) <= timestampMs) low = middle + 1
      else high = middle - 1
    }
    return high < 0 ? 0 : this.offsetAt(high)
  }

  /** Drops the entries at and above `offset`. */
  truncateTo(offset: number): void {
    while (this.count > 0 && this.lastOffset >= offset) this.count--
    this.savedCount = Math.min(this.savedCount, this.count)
  }

  unsaved(): Uint8Array {
    return this.#bytes.subarray(this.savedCount * ENTRY_BYTES, this.count * ENTRY_BYTES)
  }

  markSaved(): void {
    this.savedCount = this.count
  }

  get fileBytes(): number {
    return this.count * ENTRY_BYTES
  }

  get savedBytes(): number {
    return this.savedCount * ENTRY_BYTES
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
  return view.getInt32(at) === 0 && view.getInt32(at + 4) === 0 && view.getInt32(at + 8) === 0
}

/** Whether a number can carry the int64 there; 2^63 - 1 stands for "never". */
function isTimestamp(view: DataView, at: number): boolean {
  const high = view.getUint32(at)
  return high <= 0x1fffff || (high === 0x7fffffff && view.getInt32(at + 4) === -1)
}

/** How many entries a time index file of at most `maxBytes` has; Kafka keeps one for the roll. */
export function maxTimeIndexEntries(maxBytes: number): number {
  return Math.floor(maxBytes / ENTRY_BYTES) - 1
}
