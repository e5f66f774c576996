/**
 * The `.snapshot` files of one log: the producer state as of an offset, one file an offset, with a
 * checksum. The newest is where loading starts; a torn or corrupt one is passed over and removed.
 *
 * Invariant: `offsets` are the snapshots in the directory, rising.
 */
import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { crc32c } from '../base/crc32c.ts'
import { decode, encode } from '../protocol/codec.ts'
import { producerSnapshot } from '../protocol/persisted/storage-records.ts'
import {
  DELETED_SUFFIX,
  offsetOfName,
  offsetPrefix,
  PRODUCER_SNAPSHOT_SUFFIX,
} from './file-names.ts'
import { ProducerEntry } from './producer-state.ts'
import type { SegmentHome } from './segment.ts'

const VERSION = 1
const CRC_AT = 2
const ENTRIES_AT = 6

/** The bytes of a snapshot file. */
export function encodeSnapshot(entries: Iterable<ProducerEntry>): Uint8Array {
  const producerEntries = Array.from(entries, (entry) => {
    const last = entry.batches.at(-1)
    return {
      producerId: entry.producerId,
      epoch: entry.epoch,
      lastSequence: last?.lastSequence ?? -1,
      lastOffset: last?.lastOffset ?? -1,
      offsetDelta: last?.offsetDelta ?? 0,
      timestamp: entry.lastTimestampMs,
      coordinatorEpoch: entry.coordinatorEpoch,
      currentTxnFirstOffset: entry.transactionFirstOffset,
    }
  })
  const writer = new ByteWriter()
  writer.int16(VERSION)
  encode(producerSnapshot, VERSION, { crc: 0, producerEntries }, writer)
  const bytes = writer.toBytes()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  view.setUint32(CRC_AT, crc32c(bytes, ENTRIES_AT, bytes.length))
  return bytes
}

/** Reads a snapshot file; null where it is torn, corrupt or of another version. */
export function decodeSnapshot(bytes: Uint8Array): ProducerEntry[] | null {
  if (bytes.length < ENTRIES_AT) return null
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (view.getInt16(0) !== VERSION) return null
  if (view.getUint32(CRC_AT) !== crc32c(bytes, ENTRIES_AT, bytes.length)) return null
  const snapshot = decode(producerSnapshot, VERSION, new ByteReader(bytes, 2))
  return snapshot.producerEntries.map((entry) => {
    const last = {
      lastSequence: entry.lastSequence,
      lastOffset: entry.lastOffset,
      offsetDelta: entry.offsetDelta,
      timestampMs: entry.timestamp,
    }
    return new ProducerEntry(
      entry.producerId,
      entry.epoch,
      entry.coordinatorEpoch,
      entry.timestamp,
      entry.currentTxnFirstOffset,
      entry.lastOffset >= 0 ? [last] : [],
    )
  })
}

/** One that was written, and may be in the page cache only. */
interface UnsyncedSnapshot {
  readonly path: string
}

export class ProducerSnapshots {
  readonly #home: SegmentHome
  #offsets: number[] = []
  /** Written and not yet synced. */
  #unsynced: UnsyncedSnapshot[] = []

  constructor(home: SegmentHome, names: readonly string[]) {
    this.#home = home
    for (const name of names) {
      if (!name.endsWith(PRODUCER_SNAPSHOT_SUFFIX)) continue
      const offset = offsetOfName(name)
      if (offset >= 0) this.#offsets.push(offset)
    }
    this.#offsets.sort((a, b) => a - b)
  }

  get offsets(): readonly number[] {
    return this.#offsets
  }

  /** The offset of the newest snapshot, or -1. */
  get latest(): number {
    return this.#offsets.at(-1) ?? -1
  }

  write(offset: number, entries: Iterable<ProducerEntry>): void {
    const bytes = encodeSnapshot(entries)
    const file = this.#home.disk.open(this.path(offset), 'create')
    try {
      file.write([bytes], 0)
      if (file.size() > bytes.length) file.truncate(bytes.length)
    } finally {
      file.close()
    }
    if (offset > this.latest) this.#offsets.push(offset)
    this.#unsynced.push({ path: this.path(offset) })
  }

  /** What was written and not synced; the caller syncs it, and says so. */
  get unsynced(): readonly UnsyncedSnapshot[] {
    return this.#unsynced
  }

  /** That one is durable; another of the same offset may have been written meanwhile. */
  noteSynced(snapshot: UnsyncedSnapshot): void {
    this.#unsynced = this.#unsynced.filter((other) => other !== snapshot)
  }

  /** The newest readable snapshot; what can't be read is removed. */
  loadLatest(): { offset: number; entries: ProducerEntry[] } | null {
    for (;;) {
      const offset = this.latest
      if (offset < 0) return null
      const entries = decodeSnapshot(this.#home.disk.readFile(this.path(offset)))
      if (entries !== null) return { offset, entries }
      this.#home.warn(`${this.path(offset)}: corrupt producer snapshot, removed`)
      this.remove(offset)
    }
  }

  /** Removes those for which `unwanted` holds. */
  removeWhere(unwanted: (offset: number) => boolean): void {
    for (const offset of this.#offsets.filter(unwanted)) this.remove(offset)
  }

  remove(offset: number): void {
    this.#forget(offset)
    this.#home.disk.remove(this.path(offset))
  }

  /** Renames a snapshot out of the way; returns its path, or null where there is none. */
  retire(offset: number): string | null {
    if (!this.#offsets.includes(offset)) return null
    const path = this.path(offset)
    this.#forget(offset)
    this.#home.disk.rename(path, path + DELETED_SUFFIX)
    return path + DELETED_SUFFIX
  }

  /**
   * Removes those that belong to no segment, as after a crash in the middle of a deletion, but for
   * the newest, if it is beyond all segments: that one is from closing the log.
   */
  removeStray(baseOffsets: readonly number[]): void {
    const bases = new Set(baseOffsets)
    const newestBase = baseOffsets.at(-1) ?? -1
    const stray = this.#offsets.filter((offset) => !bases.has(offset))
    const kept = stray.at(-1) ?? -1
    this.removeWhere((offset) => !bases.has(offset) && (offset !== kept || offset < newestBase))
  }

  path(offset: number): string {
    return `${this.#home.directory}/${offsetPrefix(offset)}${PRODUCER_SNAPSHOT_SUFFIX}`
  }

  #forget(offset: number): void {
    this.#offsets = this.#offsets.filter((other) => other !== offset)
  }
}
