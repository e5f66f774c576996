/**
 * The content of a simulated file, twice: as the page cache has it and as the platter has it.
 * Invariant: the two differ only in sectors written since the last sync and in size, unless a sync
 * has failed, after which the kernel has forgotten what it could not write (as Linux does).
 */
import type { Prng } from '../base/prng.ts'

/** What a disk writes whole or not at all. */
export const SECTOR_BYTES = 512

/** What a power cut does to unsynced data: a seeded mixture of outcomes, or the loss of it all. */
export type CrashMode = 'random' | 'lose'

export class SimFile {
  size = 0
  modifiedMs: number
  /** Whether a living process holds the lock. */
  isLocked = false
  #cached: Uint8Array = new Uint8Array(0)
  #durable: Uint8Array = new Uint8Array(0)
  #durableSize = 0
  /** Sectors that differ from the platter, each with the number of the last write to it. */
  #dirty = new Map<number, number>()
  #writes = 0
  #syncsStarted = 0
  /** The latest of the syncs that have ended, by their start. */
  #lastSync = 0

  constructor(nowMs: number) {
    this.modifiedMs = nowMs
  }

  write(bytes: Uint8Array, position: number): void {
    const end = position + bytes.length
    this.#cached = withCapacity(this.#cached, end)
    this.#cached.set(bytes, position)
    this.#markDirty(position, end)
    this.size = Math.max(this.size, end)
  }

  read(target: Uint8Array, position: number): number {
    const count = Math.max(0, Math.min(target.length, this.size - position))
    if (count > 0) target.set(this.#cached.subarray(position, position + count))
    return count
  }

  truncate(size: number): void {
    if (size < this.size) {
      this.#cached.fill(0, size, this.size)
      this.#markDirty(size, Math.max(this.size, this.#durableSize))
    }
    this.#cached = withCapacity(this.#cached, size)
    this.size = size
  }

  /** Starts a sync. The returned function ends it: what was written before the start is durable. */
  startSync(): () => void {
    const lastWrite = this.#writes
    const sizeAtStart = this.size
    const number = ++this.#syncsStarted
    return () => {
      // One that began later has ended already: all of this is durable, and more.
      if (number < this.#lastSync) return
      this.#lastSync = number
      const size = Math.min(sizeAtStart, this.size)
      this.#durable = withCapacity(this.#durable, size)
      if (size < this.#durableSize) this.#durable.fill(0, size, this.#durableSize)
      this.#durableSize = size
      for (const [sector, write] of this.#dirty) {
        if (write > lastWrite) continue
        copySector(this.#cached, this.#durable, sector, this.#durableSize)
        this.#dirty.delete(sector)
      }
    }
  }

  /** A sync has failed: the kernel takes the pages for clean all the same. */
  failSync(): void {
    this.#dirty.clear()
  }

  /** The power was cut: what was not synced survives whole, in part, or not at all. */
  crash(random: Prng, mode: CrashMode): void {
    const outcome = mode === 'lose' ? 0 : random.int(4)
    const sectors = [...this.#dirty.keys()].sort((a, b) => a - b)
    let size = this.size
    let survives = (_index: number): boolean => true
    if (outcome === 0) {
      size = this.#durableSize
      survives = () => false
    } else if (outcome >= 2) {
      const least = Math.min(size, this.#durableSize)
      size = least + random.int(Math.abs(this.size - this.#durableSize) + 1)
      const written = random.int(sectors.length + 1) // in order, or
      survives = outcome === 2 ? (index) => index < written : () => random.chance(0.5)
    }
    const content = new Uint8Array(size)
    content.set(this.#durable.subarray(0, Math.min(size, this.#durableSize)))
    for (let i = 0; i < sectors.length; i++) {
      if (survives(i)) copySector(this.#cached, content, sectors[i]!, size)
    }
    this.size = size
    this.#cached = content
    this.#durable = content.slice()
    this.#durableSize = size
    this.#dirty = new Map()
    this.isLocked = false
  }

  #markDirty(start: number, end: number): void {
    this.#writes++
    for (let at = start - (start % SECTOR_BYTES); at < end; at += SECTOR_BYTES) {
      this.#dirty.set(at / SECTOR_BYTES, this.#writes)
    }
  }
}

/** Copies one sector as far as both arrays and `size` reach; what `from` lacks is zeros. */
function copySector(from: Uint8Array, to: Uint8Array, sector: number, size: number): void {
  const start = sector * SECTOR_BYTES
  const end = Math.min(start + SECTOR_BYTES, size, to.length)
  if (start >= end) return
  to.fill(0, start, end)
  to.set(from.subarray(start, Math.min(end, from.length)), start)
}

function withCapacity(bytes: Uint8Array, capacity: number): Uint8Array {
  if (bytes.length >= capacity) return bytes
  const larger = new Uint8Array(Math.max(capacity, 2 * bytes.length))
  larger.set(bytes)
  return larger
}
