/**
 * A disk under which the machine dies at a given operation, in the middle of a turn: between the
 * bytes and their sync, between two renames, halfway through a start.
 */
import type { Disk, DiskFile, Io } from './io.ts'

export interface FatalDiskOptions {
  /** Told before each operation that changes something, with its number. */
  readonly onStep?: (count: number, what: string) => void
  /** How much of the last write still happens, given its bytes: a write can be torn. */
  readonly tornBytes?: (bytes: number) => number
}

type Step = (what: string, lastWords?: () => void) => void

/**
 * Calls `die` at the operation with number `at` (from 1), which does not happen any more, unless
 * `die` says false: then nothing dies.
 */
export function fatalDisk(
  io: Io,
  at: number,
  die: () => boolean,
  { onStep, tornBytes }: FatalDiskOptions = {},
): Io {
  let count = 0
  const { disk } = io
  const step: Step = (what, lastWords = () => {}) => {
    count += 1
    onStep?.(count, what)
    if (count !== at) return
    lastWords()
    if (die() === false) return
    throw new Error('the machine has died')
  }
  const torn = (inner: DiskFile, pieces: readonly Uint8Array[], position: number): void => {
    if (tornBytes === undefined) return
    const bytes = new Uint8Array(Buffer.concat(pieces))
    inner.write([bytes.subarray(0, tornBytes(bytes.length))], position)
  }
  const fatal: Disk = {
    list: (path) => disk.list(path),
    stat: (path) => disk.stat(path),
    readFile: (path) => disk.readFile(path),
    lock: (path) => disk.lock(path),
    space: (path) => disk.space(path),
    open: (path, mode) => {
      if (mode === 'create') step(`create ${path}`)
      return fatalFile(disk.open(path, mode), step, torn)
    },
    makeDirectory: (path) => {
      step(`makeDirectory ${path}`)
      disk.makeDirectory(path)
    },
    rename: (from, to) => {
      step(`rename ${from} ${to}`)
      disk.rename(from, to)
    },
    remove: (path) => {
      step(`remove ${path}`)
      disk.remove(path)
    },
    removeAsync: (path) => {
      step(`remove ${path}`)
      return disk.removeAsync(path)
    },
    removeTree: (path) => {
      step(`removeTree ${path}`)
      disk.removeTree(path)
    },
    syncDirectory: (path) => {
      step(`syncDirectory ${path}`)
      disk.syncDirectory(path)
    },
    syncDirectoryAsync: (path) => {
      step(`syncDirectory ${path}`)
      return disk.syncDirectoryAsync(path)
    },
    // In its parts, as it is on a real disk.
    writeFileAtomic: (path, content) => {
      const temporary = fatal.open(`${path}.tmp`, 'create')
      temporary.truncate(0)
      temporary.write([content], 0)
      temporary.syncNow()
      temporary.close()
      fatal.rename(`${path}.tmp`, path)
      fatal.syncDirectory(path.slice(0, path.lastIndexOf('/')) || '/')
    },
  }
  return { clock: io.clock, random: io.random, network: io.network, disk: fatal }
}

/** A file of such a disk. */
function fatalFile(
  inner: DiskFile,
  step: Step,
  torn: (inner: DiskFile, pieces: readonly Uint8Array[], position: number) => void,
): DiskFile {
  return {
    path: inner.path,
    size: () => inner.size(),
    read: (target, position) => inner.read(target, position),
    readAsync: (target, position) => inner.readAsync(target, position),
    close: () => inner.close(),
    write: (pieces, position) => {
      step(`write ${inner.path}`, () => torn(inner, pieces, position))
      inner.write(pieces, position)
    },
    truncate: (size) => {
      step(`truncate ${inner.path}`)
      inner.truncate(size)
    },
    syncNow: () => {
      step(`sync ${inner.path}`)
      inner.syncNow()
    },
    sync: () => {
      step(`sync ${inner.path}`)
      return inner.sync()
    },
  }
}
