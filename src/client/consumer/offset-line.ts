/**
 * The records of one partition that handlers are at work on, in order: what may be committed is the
 * lowest offset below which all are done.
 */

/** A record that was handed out. */
export interface LineEntry {
  /** What may be committed when it and all before it are done. */
  readonly after: number
  readonly leaderEpoch: number
  isDone: boolean
}

export class OffsetLine {
  #entries: LineEntry[] = []
  #first = 0

  add(after: number, leaderEpoch: number): LineEntry {
    const entry: LineEntry = { after, leaderEpoch, isDone: false }
    this.#entries.push(entry)
    return entry
  }

  /** Takes all that are done off the front; the last of them, or null where the first is not. */
  advance(): LineEntry | null {
    let last: LineEntry | null = null
    while (this.#first < this.#entries.length && this.#entries[this.#first]!.isDone) {
      last = this.#entries[this.#first++]!
    }
    if (this.#first > 1024 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first)
      this.#first = 0
    }
    return last
  }

  get length(): number {
    return this.#entries.length - this.#first
  }
}
