/**
 * Which kraft.version and which voters hold from which offset on, as the control records of the log
 * and of its latest snapshot say. A snapshot is written with what held at its end.
 *
 * Invariant: offsets grow; before the first entry kraft.version 0 and the static voters hold.
 */
import { assert } from '../base/assert.ts'
import type { ControlRecord } from '../records/control.ts'
import { VoterSet } from './quorum.ts'

/** A voter set read at this offset has never been written to the log itself. */
export const BOOTSTRAP_OFFSET = -1

interface Entry<T> {
  readonly offset: number
  readonly value: T
}

export class QuorumHistory {
  readonly #staticVoters: VoterSet
  #kraftVersions: Entry<number>[] = []
  #voters: Entry<VoterSet>[] = []

  constructor(staticVoters: VoterSet) {
    this.#staticVoters = staticVoters
  }

  get kraftVersion(): number {
    return this.#kraftVersions.at(-1)?.value ?? 0
  }

  get voters(): VoterSet {
    return this.#voters.at(-1)?.value ?? this.#staticVoters
  }

  /** Where the voters were last written, or null where they are the static ones. */
  get votersOffset(): number | null {
    return this.#voters.at(-1)?.offset ?? null
  }

  /** Takes a control record over; those that say nothing about the quorum are passed. */
  replay(record: ControlRecord, offset: number): void {
    if (record.kind === 'kraftVersion') add(this.#kraftVersions, offset, record.kraftVersion)
    else if (record.kind === 'voters') {
      add(this.#voters, offset, VoterSet.fromRecord(record.voters))
    }
  }

  /** What a snapshot that ends before `offset` carries. */
  before(offset: number): { readonly kraftVersion: number; readonly voters: VoterSet | null } {
    return {
      kraftVersion: lastBefore(this.#kraftVersions, offset) ?? 0,
      voters: lastBefore(this.#voters, offset) ?? null,
    }
  }

  /** Forgets what is superseded before `offset`. */
  forgetBefore(offset: number): void {
    this.#kraftVersions = keptFrom(this.#kraftVersions, offset)
    this.#voters = keptFrom(this.#voters, offset)
  }

  /** Takes back what was cut off the log's end. */
  truncateFrom(offset: number): void {
    this.#kraftVersions = this.#kraftVersions.filter((entry) => entry.offset < offset)
    this.#voters = this.#voters.filter((entry) => entry.offset < offset)
  }
}

function add<T>(entries: Entry<T>[], offset: number, value: T): void {
  assert(offset >= (entries.at(-1)?.offset ?? BOOTSTRAP_OFFSET), 'control records come in order')
  entries.push({ offset, value })
}

function lastBefore<T>(entries: readonly Entry<T>[], offset: number): T | undefined {
  return entries.findLast((entry) => entry.offset < offset)?.value
}

function keptFrom<T>(entries: readonly Entry<T>[], offset: number): Entry<T>[] {
  const last = entries.findLastIndex((entry) => entry.offset < offset)
  return entries.slice(Math.max(last, 0))
}
