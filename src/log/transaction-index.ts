/**
 * The aborted transactions of one segment, in the order in which they ended: 34 bytes each
 * (version, producer id, first offset, last offset, last stable offset at that moment).
 *
 * There are few of them, and most segments have none, so an index is a plain list; the file exists
 * only where the list isn't empty.
 */
import { BoundsError, ByteReader, ByteWriter } from '../base/bytes.ts'

const ENTRY_BYTES = 34
const VERSION = 0

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
  /** The offset of the abort marker. */
  readonly lastOffset: number
  readonly lastStableOffset: number
}

export class TransactionIndex {
  readonly entries: AbortedTransaction[]
  /** Entries that the file has. */
  savedCount: number

  constructor(entries: AbortedTransaction[] = []) {
    this.entries = entries
    this.savedCount = entries.length
  }

  /** Takes a file's content; null where it can't be the index of a segment that begins there. */
  static parse(content: Uint8Array, baseOffset: number): TransactionIndex | null {
    if (content.length % ENTRY_BYTES !== 0) return null
    const reader = new ByteReader(content)
    const entries: AbortedTransaction[] = []
    let lastOffset = baseOffset - 1
    while (reader.remaining() > 0) {
      const entry = readEntry(reader)
      if (entry === null || entry.lastOffset <= lastOffset) return null
      lastOffset = entry.lastOffset
      entries.push(entry)
    }
    return new TransactionIndex(entries)
  }

  append(entry: AbortedTransaction): void {
    this.entries.push(entry)
  }

  /**
   * Adds to `found` what a reader of [from, to) must know; returns whether later segments can't
   * have more of it.
   */
  collect(from: number, to: number, found: AbortedTransaction[]): boolean {
    for (const entry of this.entries) {
      if (entry.lastOffset >= from && entry.firstOffset < to) found.push(entry)
      if (entry.lastStableOffset >= to) return true
    }
    return false
  }

  /** Drops the transactions that ended at or above `offset`. */
  truncateTo(offset: number): void {
    const keep = this.entries.findIndex((entry) => entry.lastOffset >= offset)
    if (keep < 0) return
    this.entries.length = keep
    this.savedCount = Math.min(this.savedCount, keep)
  }

  unsaved(): Uint8Array {
    const writer = new ByteWriter((this.entries.length - this.savedCount) * ENTRY_BYTES)
    for (let i = this.savedCount; i < this.entries.length; i++) {
      const entry = this.entries[i]!
      writer.int16(VERSION)
      writer.int64(entry.producerId)
      writer.int64(entry.firstOffset)
      writer.int64(entry.lastOffset)
      writer.int64(entry.lastStableOffset)
    }
    return writer.toBytes()
  }

  markSaved(): void {
    this.savedCount = this.entries.length
  }

  get fileBytes(): number {
    return this.entries.length * ENTRY_BYTES
  }

  get savedBytes(): number {
    return this.savedCount * ENTRY_BYTES
  }
}

function readEntry(reader: ByteReader): AbortedTransaction | null {
  if (reader.int16() > VERSION) return null
  try {
    return {
      producerId: reader.int64(),
      firstOffset: reader.int64(),
      lastOffset: reader.int64(),
      lastStableOffset: reader.int64(),
    }
  } catch (error) {
    if (error instanceof BoundsError) return null // not a number that any offset can be
    throw error
  }
}
