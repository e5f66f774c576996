/**
 * Timers as data (rule 6): what is due when, in order. Whoever owns one tells the loop `nextMs()`
 * and is told the time in return; nothing here reads a clock. Deadlines of the same millisecond
 * come out in the order they went in, so that a run replays exactly.
 */
import { Heap, type HeapHandle } from './heap.ts'

interface Deadline<T> {
  atMs: number
  /** Orders deadlines of the same time. */
  turn: number
  readonly payload: T
}

/** A deadline that was added; for `cancel` and `move`. */
export type DeadlineHandle<T> = HeapHandle<Deadline<T>>

function isBefore(a: Deadline<unknown>, b: Deadline<unknown>): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.turn < b.turn)
}

/** Payloads ordered by the time at which they are due. */
export class Deadlines<T> {
  readonly #heap: Heap<Deadline<T>>
  #turns: number

  constructor() {
    this.#heap = new Heap<Deadline<T>>(isBefore)
    this.#turns = 0
  }

  get size(): number {
    return this.#heap.size
  }

  /** When the earliest is due; Infinity when there is none. */
  nextMs(): number {
    return this.#heap.peek()?.atMs ?? Infinity
  }

  add(deadlineMs: number, payload: T): DeadlineHandle<T> {
    return this.#heap.push({ atMs: deadlineMs, turn: this.#turns++, payload })
  }

  /** False where it was already cancelled or popped. */
  cancel(handle: DeadlineHandle<T>): boolean {
    return this.#heap.remove(handle)
  }

  /** Changes when a deadline is due. False where it was already cancelled or popped. */
  move(handle: DeadlineHandle<T>, deadlineMs: number): boolean {
    if (!this.#heap.has(handle)) return false
    handle.value.atMs = deadlineMs
    handle.value.turn = this.#turns++
    this.#heap.moved(handle)
    return true
  }

  /** Takes out the earliest one due at `nowMs`; undefined when none is. Call it until then. */
  popExpired(nowMs: number): T | undefined {
    const first = this.#heap.peek()
    if (first === undefined || first.atMs > nowMs) return undefined
    this.#heap.pop()
    return first.payload
  }
}
