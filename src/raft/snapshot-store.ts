/**
 * The snapshot files in the metadata log's directory: which there are, writing one so that it is
 * there whole or not at all, and deleting those that are no longer needed.
 */
import type { Disk } from '../io/io.ts'
import { DamagedMetadataError } from './damaged-metadata-error.ts'
import type { OffsetAndEpoch } from './quorum.ts'
import {
  compareSnapshots,
  DELETED_SNAPSHOT_SUFFIX,
  decodeSnapshot,
  encodeSnapshot,
  PARTIAL_SNAPSHOT_SUFFIX,
  parseSnapshotName,
  SNAPSHOT_SUFFIX,
  type SnapshotContent,
  type SnapshotHeader,
  snapshotName,
} from './snapshot.ts'

/** A snapshot and how large it is. */
export interface StoredSnapshot extends OffsetAndEpoch {
  readonly sizeBytes: number
}

export class SnapshotStore {
  readonly #disk: Disk
  readonly #directory: string
  #snapshots: StoredSnapshot[] = []

  /** Finds what is there, and removes what a crash left half done and what lies below the log. */
  constructor(disk: Disk, directory: string, logStartOffset: number) {
    this.#disk = disk
    this.#directory = directory
    for (const name of disk.list(directory)) {
      const path = `${directory}/${name}`
      if (name.endsWith(PARTIAL_SNAPSHOT_SUFFIX) || name.endsWith(DELETED_SNAPSHOT_SUFFIX)) {
        disk.remove(path)
        continue
      }
      const id = parseSnapshotName(name)
      if (id === null) continue
      if (id.offset < logStartOffset) disk.remove(path)
      else this.#snapshots.push({ ...id, sizeBytes: disk.stat(path)?.size ?? 0 })
    }
    this.#snapshots.sort(compareSnapshots)
  }

  /** Oldest first. */
  get all(): readonly StoredSnapshot[] {
    return this.#snapshots
  }

  get latest(): StoredSnapshot | null {
    return this.#snapshots.at(-1) ?? null
  }

  /** Reads a snapshot. Throws with its path and the reason where it can't be read. */
  read(id: OffsetAndEpoch, visit: (value: Uint8Array) => void): SnapshotHeader {
    return readSnapshotFile(this.#disk, this.#path(id), visit)
  }

  /** Writes a snapshot; returns its size. */
  write(id: OffsetAndEpoch, content: SnapshotContent): number {
    const path = this.#path(id)
    const sizeBytes = writeSnapshotFile(this.#disk, path, content)
    this.#disk.syncDirectory(this.#directory)
    this.#snapshots.push({ ...id, sizeBytes })
    this.#snapshots.sort(compareSnapshots)
    return sizeBytes
  }

  /** Deletes all snapshots before this one. */
  deleteBefore(id: OffsetAndEpoch): void {
    for (const old of this.#snapshots) {
      if (compareSnapshots(old, id) < 0) this.#disk.remove(this.#path(old))
    }
    this.#snapshots = this.#snapshots.filter((snapshot) => compareSnapshots(snapshot, id) >= 0)
  }

  #path(id: OffsetAndEpoch): string {
    return `${this.#directory}/${snapshotName(id)}`
  }
}

/** Reads a snapshot file wherever it is. */
export function readSnapshotFile(
  disk: Disk,
  path: string,
  visit: (value: Uint8Array) => void,
): SnapshotHeader {
  const bytes = disk.readFile(path)
  try {
    return decodeSnapshot(bytes, visit)
  } catch (error) {
    throw new DamagedMetadataError(path, error)
  }
}

/** Writes a snapshot beside its place and moves it there; the caller syncs the directory. */
export function writeSnapshotFile(disk: Disk, path: string, content: SnapshotContent): number {
  const partialPath = path.replace(SNAPSHOT_SUFFIX, PARTIAL_SNAPSHOT_SUFFIX)
  disk.remove(partialPath)
  const file = disk.open(partialPath, 'create')
  let position = 0
  try {
    for (const bytes of encodeSnapshot(content)) {
      file.write([bytes], position)
      position += bytes.length
    }
    file.syncNow()
  } finally {
    file.close()
  }
  disk.rename(partialPath, path)
  return position
}
