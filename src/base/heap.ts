/**
 * A binary heap whose items can be removed or moved by the handle that `push` returned. Invariants:
 * no item comes before its parent, and every handle knows its index.
 */
import { assert } from './assert.ts'

/** An item's place in a heap. Only the heap changes it. */
export interface HeapHandle<T> {
  readonly value: T
}

class Entry<T> implements HeapHandle<T> {
  readonly value: T
  /** Index in the heap, -1 once it is out. */
  index: number

  constructor(value: T, index: number) {
    this.value = value
    this.index = index
  }
}

/** Items in the order of `isBefore`, the first one at hand; all changes take O(log n). */
export class Heap<T> {
  readonly #isBefore: (a: T, b: T) => boolean
  readonly #entries: Entry<T>[]

  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore
    this.#entries = []
  }

  get size(): number {
    return this.#entries.length
  }

  /** The first item, left in place; undefined when empty. */
  peek(): T | undefined {
    return this.#entries[0]?.value
  }

  push(value: T): HeapHandle<T> {
    const entry = new Entry(value, this.#entries.length)
    this.#entries.push(entry)
    this.#moveUp(entry)
    return entry
  }

  /** Takes the first item out; undefined when empty. */
  pop(): T | undefined {
    const first = this.#entries[0]
    if (first === undefined) return undefined
    this.#removeAt(0)
    return first.value
  }

  /** Takes an item out. False where it already was. */
  remove(handle: HeapHandle<T>): boolean {
    const entry = this.#ownEntry(handle)
    if (entry.index < 0) return false
    this.#removeAt(entry.index)
    return true
  }

  /** Whether the item is still in the heap. */
  has(handle: HeapHandle<T>): boolean {
    return this.#ownEntry(handle).index >= 0
  }

  /** Restores the order after the item's own order has changed. */
  moved(handle: HeapHandle<T>): void {
    const entry = this.#ownEntry(handle)
    assert(entry.index >= 0, 'an item that moved must be in the heap')
    this.#moveUp(entry)
    this.#moveDown(entry)
  }

  #ownEntry(handle: HeapHandle<T>): Entry<T> {
    assert(handle instanceof Entry, 'a handle comes from a heap')
    assert(handle.index < 0 || this.#entries[handle.index] === handle, 'handle of another heap')
    return handle
  }

  #removeAt(index: number): void {
    const removed = this.#entries[index]!
    const last = this.#entries.pop()!
    removed.index = -1
    if (last === removed) return
    last.index = index
    this.#entries[index] = last
    this.#moveUp(last)
    this.#moveDown(last)
  }

  #moveUp(entry: Entry<T>): void {
    const entries = this.#entries
    let index = entry.index
    while (index > 0) {
      const parent = entries[(index - 1) >> 1]!
      if (!this.#isBefore(entry.value, parent.value)) break
      entries[index] = parent
      const above = parent.index
      parent.index = index
      index = above
    }
    entries[index] = entry
    entry.index = index
  }

  #moveDown(entry: Entry<T>): void {
    const entries = this.#entries
    let index = entry.index
    for (;;) {
      const left = 2 * index + 1
      if (left >= entries.length) break
      let child = entries[left]!
      const right = entries[left + 1]
      if (right !== undefined && this.#isBefore(right.value, child.value)) child = right
      if (!this.#isBefore(child.value, entry.value)) break
      entries[index] = child
      const below = child.index
      child.index = index
      index = below
    }
    entries[index] = entry
    entry.index = index
  }
}
