/**
 * The file system as one simulated process sees it: a view of its machine's volume that ends with
 * the process. Behaves as node-disk.ts does, error codes included.
 */
import { assert } from '../base/assert.ts'
import type { Disk, DiskFile, DiskLock, FileStat } from './io.ts'
import { SimFile } from './sim-file.ts'
import type { SimProcess } from './sim-time.ts'
import { SimDirectory, type SimVolume, systemError } from './sim-volume.ts'

/** What a volume without a limit says it holds. */
const UNLIMITED_BYTES = 2 ** 40

class SimDiskFile implements DiskFile {
  readonly path: string
  readonly #volume: SimVolume
  readonly #process: SimProcess
  readonly #file: SimFile
  readonly #isWritable: boolean
  #isClosed = false

  constructor(
    path: string,
    volume: SimVolume,
    process: SimProcess,
    file: SimFile,
    isWritable: boolean,
  ) {
    this.path = path
    this.#volume = volume
    this.#process = process
    this.#file = file
    this.#isWritable = isWritable
  }

  size(): number {
    return this.#open().size
  }

  write(pieces: readonly Uint8Array[], position: number): void {
    const file = this.#openForWrite()
    let at = position
    for (const piece of pieces) {
      if (piece.length === 0) continue
      const grows = at + piece.length - file.size
      const missing = grows > 0 ? Math.max(0, grows - this.#volume.freeBytes()) : 0
      const fits = Math.max(0, piece.length - missing) // a disk that fills up takes what still fits
      if (fits > 0) file.write(piece.subarray(0, fits), at)
      file.modifiedMs = this.#volume.time.nowMs
      if (fits < piece.length) throw systemError('ENOSPC', this.path)
      at += piece.length
    }
  }

  read(target: Uint8Array, position: number): number {
    const file = this.#open()
    this.#volume.check('read', this.path)
    return file.read(target, position)
  }

  readAsync(target: Uint8Array, position: number): Promise<number> {
    const file = this.#open()
    return this.#later('read', () => {
      this.#volume.check('read', this.path)
      return file.read(target, position)
    })
  }

  truncate(size: number): void {
    this.#openForWrite().truncate(size)
  }

  syncNow(): void {
    const file = this.#open()
    const finish = file.startSync()
    this.#checkSync(file)
    finish()
  }

  sync(): Promise<void> {
    const file = this.#open()
    const finish = file.startSync()
    return this.#later('sync', () => {
      this.#checkSync(file)
      finish()
    })
  }

  close(): void {
    this.#isClosed = true
  }

  #open(): SimFile {
    assert(!this.#isClosed, 'a closed file is not used')
    assert(this.#process.isAlive, 'a dead process uses no file')
    return this.#file
  }

  #openForWrite(): SimFile {
    const file = this.#open()
    if (!this.#isWritable) throw systemError('EBADF', this.path)
    this.#volume.check('write', this.path)
    return file
  }

  #checkSync(file: SimFile): void {
    try {
      this.#volume.check('sync', this.path)
    } catch (error) {
      file.failSync()
      throw error
    }
  }

  #later<T>(kind: 'read' | 'sync', operation: () => T): Promise<T> {
    return later(this.#volume, this.#process, kind, operation)
  }
}

/** Does `operation` after the disk's latency; never, where the process has died by then. */
function later<T>(
  volume: SimVolume,
  process: SimProcess,
  kind: 'read' | 'sync',
  operation: () => T,
): Promise<T> {
  assert(process.isAlive, 'a dead process uses no disk')
  return new Promise((resolve, reject) => {
    volume.time.settleAfter(volume.latencyMs(kind), () => {
      if (!process.isAlive) return
      try {
        resolve(operation())
      } catch (error) {
        reject(error)
      }
    })
  })
}

/** A process's view of a simulated volume. */
export class SimDisk implements Disk {
  readonly #volume: SimVolume
  readonly #process: SimProcess

  constructor(volume: SimVolume, process: SimProcess) {
    this.#volume = volume
    this.#process = process
  }

  open(path: string, mode: 'read' | 'write' | 'create'): DiskFile {
    this.#check('read', path)
    const entry = this.#volume.find(path)
    if (entry instanceof SimDirectory) throw systemError('EISDIR', path)
    if (mode !== 'read' && this.#volume.isReadOnly) throw systemError('EROFS', path)
    const file = entry ?? (mode === 'create' ? this.#create(path) : null)
    if (file === null) {
      this.#volume.parent(path) // a missing directory and a file in its place differ
      throw systemError('ENOENT', path)
    }
    return new SimDiskFile(path, this.#volume, this.#process, file, mode !== 'read')
  }

  list(path: string): string[] {
    return [...this.#directory(path).entries.keys()].sort()
  }

  stat(path: string): FileStat | null {
    this.#check('read', path)
    const entry = this.#volume.find(path)
    if (entry === null) return null
    const isDirectory = entry instanceof SimDirectory
    return { size: isDirectory ? 0 : entry.size, isDirectory, modifiedMs: entry.modifiedMs }
  }

  makeDirectory(path: string): void {
    this.#check('read', path)
    const entry = this.#volume.find(path)
    if (entry instanceof SimDirectory) return
    if (entry instanceof SimFile) throw systemError('EEXIST', path)
    this.#check('write', path)
    const above = path.replace(/\/+$/, '').replace(/\/?[^/]*$/, '')
    if (above !== '') this.makeDirectory(above)
    const { directory, name } = this.#volume.parent(path)
    const made = new SimDirectory(this.#volume.time.nowMs)
    this.#volume.change([{ directory, name, entry: made }])
  }

  rename(from: string, to: string): void {
    this.#check('write', from)
    this.#check('write', to)
    const entry = this.#volume.find(from)
    if (entry === null) throw systemError('ENOENT', from)
    const source = this.#volume.parent(from)
    const target = this.#volume.parent(to)
    const replaced = target.directory.entries.get(target.name)
    if (replaced === entry) return
    if (replaced instanceof SimDirectory) {
      if (entry instanceof SimFile) throw systemError('EISDIR', to)
      if (replaced.entries.size > 0) throw systemError('ENOTEMPTY', to)
    } else if (replaced instanceof SimFile && entry instanceof SimDirectory) {
      throw systemError('ENOTDIR', to)
    }
    this.#volume.change([
      { ...source, entry: null },
      { ...target, entry },
    ])
  }

  remove(path: string): void {
    this.#check('write', path)
    const entry = this.#volume.find(path)
    if (entry === null) return
    if (entry instanceof SimDirectory) throw systemError('EISDIR', path)
    this.#volume.change([{ ...this.#volume.parent(path), entry: null }])
  }

  removeAsync(path: string): Promise<void> {
    return later(this.#volume, this.#process, 'sync', () => this.remove(path))
  }

  removeTree(path: string): void {
    this.#check('write', path)
    const entry = this.#volume.find(path)
    if (entry === null) return
    if (entry instanceof SimDirectory) {
      for (const name of [...entry.entries.keys()]) this.removeTree(`${path}/${name}`)
    }
    this.#volume.change([{ ...this.#volume.parent(path), entry: null }])
  }

  readFile(path: string): Uint8Array {
    const file = this.open(path, 'read')
    const content = new Uint8Array(file.size())
    file.read(content, 0)
    return content
  }

  writeFileAtomic(path: string, content: Uint8Array): void {
    const temporary = `${path}.tmp`
    const file = this.open(temporary, 'create')
    file.truncate(0)
    file.write([content], 0)
    file.syncNow()
    file.close()
    this.rename(temporary, path)
    this.#volume.check('sync', path)
    this.#volume.syncDirectory(this.#volume.parent(path).directory)
  }

  syncDirectory(path: string): void {
    this.#check('sync', path)
    this.#volume.syncDirectory(this.#directory(path))
  }

  syncDirectoryAsync(path: string): Promise<void> {
    this.#directory(path)
    return later(this.#volume, this.#process, 'sync', () => this.syncDirectory(path))
  }

  lock(path: string): DiskLock | null {
    this.#check('write', path)
    const file = this.#volume.find(path) ?? this.#create(path)
    if (file instanceof SimDirectory) throw systemError('EISDIR', path)
    if (file.isLocked) return null
    file.isLocked = true
    return {
      release: () => {
        if (this.#process.isAlive) file.isLocked = false
      },
    }
  }

  space(path: string): { readonly totalBytes: number; readonly usableBytes: number } {
    this.#check('read', path)
    if (this.#volume.find(path) === null) throw systemError('ENOENT', path)
    const totalBytes = Math.min(this.#volume.capacityBytes, UNLIMITED_BYTES)
    return { totalBytes, usableBytes: Math.max(0, totalBytes - this.#volume.usedBytes()) }
  }

  #check(kind: 'read' | 'write' | 'sync', path: string): void {
    assert(this.#process.isAlive, 'a dead process uses no disk')
    this.#volume.check(kind, path)
  }

  #directory(path: string): SimDirectory {
    this.#check('read', path)
    const entry = this.#volume.find(path)
    if (entry === null) throw systemError('ENOENT', path)
    if (entry instanceof SimFile) throw systemError('ENOTDIR', path)
    return entry
  }

  #create(path: string): SimFile {
    this.#check('write', path)
    const { directory, name } = this.#volume.parent(path)
    const file = new SimFile(this.#volume.time.nowMs)
    this.#volume.change([{ directory, name, entry: file }])
    return file
  }
}
