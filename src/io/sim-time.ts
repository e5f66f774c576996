/**
 * Virtual time: a queue of events, and the clock that a simulated process sees of it. Invariant:
 * time moves only when an event is taken from the queue and by a sliver when a clock is read, and
 * events of the same moment come in the order they were added; so a run depends on its seed alone.
 */
import { assert } from '../base/assert.ts'
import { Deadlines } from '../base/deadlines.ts'
import type { Clock } from './io.ts'

/** What a turn of the event loop takes: without it, a busy loop would stop the world's time. */
const TURN_MS = 0.005

/**
 * What reading a clock takes. A real clock never reads the same twice, so what is left of a timeout
 * is no whole number of milliseconds even where nothing was waited for.
 */
const READ_MS = 0.001

/** One life of a simulated process. Nothing that belongs to it happens once it is dead. */
export class SimProcess {
  isAlive = true
}

/** The events to come, and how far time has got. */
export class SimTime {
  /** Milliseconds since 1970, with a fraction. */
  nowMs: number
  readonly #events = new Deadlines<() => void>()

  constructor(startMs: number) {
    this.nowMs = startMs
  }

  /** Timers and packets that wait: what stays the same is no leak. */
  get pendingEvents(): number {
    return this.#events.size
  }

  /** When the next event is; Infinity when there is none. */
  nextEventMs(): number {
    return this.#events.nextMs()
  }

  /** Milliseconds since 1970, with a fraction that no two readings share. */
  read(): number {
    this.nowMs += READ_MS
    return this.nowMs
  }

  /** Runs `callback` in `delayMs`. Returns a cancel function. */
  after(delayMs: number, callback: () => void): () => void {
    const handle = this.#events.add(this.nowMs + Math.max(delayMs, TURN_MS), callback)
    return () => {
      this.#events.cancel(handle)
    }
  }

  nextTurn(callback: () => void): void {
    this.#events.add(this.nowMs + TURN_MS, callback)
  }

  /** Calls `settle`, a function that resolves or rejects a promise, in `delayMs`. */
  settleAfter(delayMs: number, settle: () => void): void {
    this.after(delayMs, settle)
  }

  /** Moves time to the next event and runs it. */
  step(): void {
    const atMs = this.#events.nextMs()
    assert(atMs < Infinity, 'a step needs an event')
    this.nowMs = Math.max(this.nowMs, atMs)
    this.#events.popExpired(atMs)!()
  }
}

/** The clock of one process; its date is off as its machine's is. */
export class SimClock implements Clock {
  readonly #time: SimTime
  readonly #process: SimProcess
  readonly #machine: { readonly skewMs: number }

  constructor(time: SimTime, process: SimProcess, machine: { readonly skewMs: number }) {
    this.#time = time
    this.#process = process
    this.#machine = machine
  }

  nowMs(): number {
    return Math.floor(this.#time.nowMs + this.#machine.skewMs)
  }

  monotonicMs(): number {
    return this.#time.read()
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.#time.after(delayMs, () => {
      if (this.#process.isAlive) callback()
    })
  }

  nextTurn(callback: () => void): void {
    this.#time.nextTurn(() => {
      if (this.#process.isAlive) callback()
    })
  }
}
