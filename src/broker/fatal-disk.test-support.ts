/**
 * A disk under which the machine dies at a given operation, in the middle of a turn: between the
 * bytes and their sync, between two renames, halfway through a start.
 */
import type { Disk, DiskFile, Io } from '../io/io.ts'

/** Calls `die` at the operation with number `at` (from 1), which does not happen any more. */
export function fatalDisk(io: Io, at: number, die: () => void): Io {
  let count = 0
  const { disk } = io
  const step = (): void => {
    count += 1
    if (count !== at) return
    die()
    throw new Error('the machine has died')
  }
  const file = (inner: DiskFile): DiskFile => ({
    path: inner.path,
    size: () => inner.size(),
    read: (target, position) => inner.read(target, position),
    readAsync: (target, position) => inner.readAsync(target, position),
    close: () => inner.close(),
    write: (pieces, position) => {
      step()
      inner.write(pieces, position)
    },
    truncate: (size) => {
      step()
      inner.truncate(size)
    },
    syncNow: () => {
      step()
      inner.syncNow()
    },
    sync: () => {
      step()
      return inner.sync()
    },
  })
  const fatal: Disk = {
    list: (path) => disk.list(path),
    stat: (path) => disk.stat(path),
    readFile: (path) => disk.readFile(path),
    lock: (path) => disk.lock(path),
    space: (path) => disk.space(path),
    open: (path, mode) => {
      if (mode === 'create') step()
      return file(disk.open(path, mode))
    },
    makeDirectory: (path) => {
      step()
      disk.makeDirectory(path)
    },
    rename: (from, to) => {
      step()
      disk.rename(from, to)
    },
    remove: (path) => {
      step()
      disk.remove(path)
    },
    removeTree: (path) => {
      step()
      disk.removeTree(path)
    },
    syncDirectory: (path) => {
      step()
      disk.syncDirectory(path)
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
