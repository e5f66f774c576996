/**
 * The live segments of one log, by base offset. Invariant: at least one once the log is open; base
 * offsets rise strictly; the last one is active and takes the appends.
 */
import { assert } from '../base/assert.ts'
import type { Segment } from './segment.ts'

export class Segments {
  #segments: Segment[]

  constructor(segments: Segment[] = []) {
    this.#segments = segments
  }

  get all(): readonly Segment[] {
    return this.#segments
  }

  get count(): number {
    return this.#segments.length
  }

  get first(): Segment {
    return this.#segments[0]!
  }

  get active(): Segment {
    return this.#segments[this.#segments.length - 1]!
  }

  get sizeBytes(): number {
    let bytes = 0
    for (const segment of this.#segments) bytes += segment.sizeBytes
    return bytes
  }

  /** The last segment that begins at or before `offset`, or null. */
  floor(offset: number): Segment | null {
    const index = this.#floorIndex(offset)
    return index < 0 ? null : this.#segments[index]!
  }

  /** The segment after the one that begins at `baseOffset`, or null. */
  after(baseOffset: number): Segment | null {
    return this.#segments[this.#floorIndex(baseOffset) + 1] ?? null
  }

  /** Segments that have or may have offsets in [from, to). */
  overlapping(from: number, to: number): Segment[] {
    const start = Math.max(0, this.#floorIndex(from))
    return this.#segments.slice(start).filter((segment) => segment.baseOffset < to)
  }

  add(segment: Segment): void {
    const index = this.#floorIndex(segment.baseOffset)
    const same = this.#segments[index]?.baseOffset === segment.baseOffset
    this.#segments.splice(same ? index : index + 1, same ? 1 : 0, segment)
  }

  remove(segment: Segment): void {
    const index = this.#segments.indexOf(segment)
    assert(index >= 0, 'segment is not of this log')
    this.#segments.splice(index, 1)
  }

  #floorIndex(offset: number): number {
    let low = 0
    let high = this.#segments.length - 1
    if (high >= 0 && this.#segments[high]!.baseOffset <= offset) return high
    while (low <= high) {
      const middle = (low + high) >>> 1
      if (this.#segments[middle]!.baseOffset <= offset) low = middle + 1
      else high = middle - 1
    }
    return high
  }
}
