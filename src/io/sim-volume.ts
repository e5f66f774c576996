/**
 * The disk of a simulated machine: what outlives its processes. Names change in memory first and
 * reach the platter through a journal, in order; a power cut keeps some beginning of that journal
 * and tears what was not synced of the files. Invariant: what `syncDirectory` and a file's sync
 * have made durable survives every crash.
 */
import type { Prng } from '../base/prng.ts'
import { type CrashMode, SimFile } from './sim-file.ts'
import type { SimTime } from './sim-time.ts'

/** What a fault strikes: looking and reading, any change, or making it durable. */
export type FaultKind = 'read' | 'write' | 'sync'

export interface Fault {
  readonly kind: FaultKind
  /** The path, or a directory above it; all of the volume when absent. */
  readonly path?: string
  /** EIO by default. */
  readonly code?: string
  /** How often it strikes; always when absent. */
  readonly times?: number
}

export interface SimVolumeOptions {
  /** Bytes of file content that fit; any number when absent. */
  readonly capacityBytes?: number
  /** What asynchronous reads and syncs take, from and to. */
  readonly readMs?: readonly [number, number]
  readonly syncMs?: readonly [number, number]
}

export class SimDirectory {
  entries = new Map<string, SimEntry>()
  /** The entries on the platter. */
  durable = new Map<string, SimEntry>()
  readonly modifiedMs: number

  constructor(nowMs: number) {
    this.modifiedMs = nowMs
  }
}

export type SimEntry = SimFile | SimDirectory

/** One name set (or, with null, removed) in a directory. */
interface NameChange {
  readonly directory: SimDirectory
  readonly name: string
  readonly entry: SimEntry | null
}

/** An error as the operating system reports it. */
export function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: simulated, '${path}'`), { code, path })
}

/** The parts of a path that name something. */
function partsOf(path: string): string[] {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return parts
}

export class SimVolume {
  /** Change it to fill the disk, or to make room again. */
  capacityBytes: number
  /** A volume that the kernel has remounted read-only after an error. */
  isReadOnly = false
  readonly time: SimTime
  readonly #random: Prng
  readonly #options: SimVolumeOptions
  readonly #root: SimDirectory
  /** Changes of names that are not yet on the platter; each happens whole or not at all. */
  #journal: (readonly NameChange[])[] = []
  #faults: { fault: Fault; prefix: string; left: number }[] = []

  constructor(time: SimTime, random: Prng, options: SimVolumeOptions = {}) {
    this.time = time
    this.#random = random
    this.#options = options
    this.capacityBytes = options.capacityBytes ?? Infinity
    this.#root = new SimDirectory(time.nowMs)
  }

  /** Makes operations fail from now on. Returns a function that ends it. */
  inject(fault: Fault): () => void {
    const prefix = this.#absolute(fault.path ?? '/')
    const entry = { fault, prefix, left: fault.times ?? Infinity }
    this.#faults.push(entry)
    return () => {
      this.#faults = this.#faults.filter((other) => other !== entry)
    }
  }

  /** Throws where a fault strikes this operation. */
  check(kind: FaultKind, path: string): void {
    if (kind === 'write' && this.isReadOnly) throw systemError('EROFS', path)
    if (this.#faults.length === 0) return
    const absolute = this.#absolute(path)
    for (const entry of this.#faults) {
      const isInside = entry.prefix === '/' || `${absolute}/`.startsWith(`${entry.prefix}/`)
      if (entry.fault.kind !== kind || !isInside || entry.left === 0) continue
      entry.left--
      throw systemError(entry.fault.code ?? 'EIO', path)
    }
  }

  /** What an asynchronous read or sync takes this time. */
  latencyMs(kind: 'read' | 'sync'): number {
    const range = kind === 'read' ? this.#options.readMs : this.#options.syncMs
    const [least, most] = range ?? (kind === 'read' ? [0.05, 0.5] : [0.5, 5])
    return least + this.#random.float() * (most - least)
  }

  /** Bytes by which a file may still grow. */
  freeBytes(): number {
    if (this.capacityBytes === Infinity) return Infinity
    return Math.max(0, this.capacityBytes - this.usedBytes())
  }

  /** Bytes of all files. */
  usedBytes(): number {
    let used = 0
    const add = (entry: SimEntry): void => {
      if (entry instanceof SimFile) used += entry.size
      else for (const child of entry.entries.values()) add(child)
    }
    add(this.#root)
    return used
  }

  /** What `path` names, or null. */
  find(path: string): SimEntry | null {
    let entry: SimEntry | undefined = this.#root
    for (const part of partsOf(path)) {
      entry = entry instanceof SimDirectory ? entry.entries.get(part) : undefined
    }
    return entry ?? null
  }

  /** The directory that holds `path`, and the name in it; throws where there is none. */
  parent(path: string): { readonly directory: SimDirectory; readonly name: string } {
    const parts = partsOf(path)
    const name = parts.pop()
    const directory = this.find(parts.join('/'))
    if (name === undefined) throw systemError('EBUSY', path)
    if (directory === null) throw systemError('ENOENT', path)
    if (directory instanceof SimFile) throw systemError('ENOTDIR', path)
    return { directory, name }
  }

  /** Changes names, all in one step. */
  change(changes: readonly NameChange[]): void {
    for (const { directory, name, entry } of changes) setName(directory.entries, name, entry)
    this.#journal.push(changes)
  }

  /** Writes the journal out up to the last change in `directory`. */
  syncDirectory(directory: SimDirectory): void {
    const touches = (changes: readonly NameChange[]): boolean =>
      changes.some((change) => change.directory === directory)
    this.#commit(this.#journal.findLastIndex(touches) + 1)
  }

  /** Cuts the power: see `CrashMode`. The caller has ended the processes. */
  crash(mode: CrashMode): void {
    this.#commit(mode === 'lose' ? 0 : this.#random.int(this.#journal.length + 1))
    this.#journal = []
    const settle = (entry: SimEntry): void => {
      if (entry instanceof SimFile) {
        entry.crash(this.#random, mode)
        return
      }
      entry.entries = new Map(entry.durable)
      for (const child of entry.entries.values()) settle(child)
    }
    settle(this.#root)
  }

  /** Frees the locks of processes that were killed while the machine went on. */
  releaseLocks(): void {
    const release = (entry: SimEntry): void => {
      if (entry instanceof SimFile) entry.isLocked = false
      else for (const child of entry.entries.values()) release(child)
    }
    release(this.#root)
  }

  #commit(count: number): void {
    for (const changes of this.#journal.splice(0, count)) {
      for (const { directory, name, entry } of changes) setName(directory.durable, name, entry)
    }
  }

  #absolute(path: string): string {
    return `/${partsOf(path).join('/')}`
  }
}

function setName(names: Map<string, SimEntry>, name: string, entry: SimEntry | null): void {
  if (entry === null) names.delete(name)
  else names.set(name, entry)
}
