/**
 * The file system through Node.js. Reads and writes are synchronous, since the page cache answers
 * within microseconds and a detour through the thread pool costs ten times as much; only what may
 * wait for the platter is asynchronous.
 *
 * Invariant: a file descriptor is closed only after its last asynchronous operation, so that a
 * number which the system has given to another file is never read or synced.
 */
import * as fs from 'node:fs'
import { dirname } from 'node:path'
import { assert } from '../base/assert.ts'
import type { Disk, DiskFile, DiskLock, FileStat } from './io.ts'
import { lockFile } from './node-lock.ts'

const FLAGS = {
  read: fs.constants.O_RDONLY,
  write: fs.constants.O_RDWR,
  create: fs.constants.O_RDWR | fs.constants.O_CREAT,
}

/** The `code` of a system error, '' for any other. */
function codeOf(error: unknown): string {
  return String((error as NodeJS.ErrnoException | null)?.code ?? '')
}

/** Whether there is nothing by that name. */
function isMissing(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'ENOENT' || code === 'ENOTDIR'
}

/** Whether the call was merely interrupted and is to be made again. */
function isInterruption(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'EINTR' || code === 'EAGAIN'
}

/** Makes a call until no signal interrupts it. */
function uninterrupted<T>(call: () => T): T {
  for (;;) {
    try {
      return call()
    } catch (error) {
      if (!isInterruption(error)) throw error
    }
  }
}

/** Says of which file it is: what fails on a descriptor does not. */
function named(error: unknown, path: string): unknown {
  const { code, path: known } = error as NodeJS.ErrnoException
  if (!(error instanceof Error) || code === undefined || known !== undefined) return error
  error.message += ` '${path}'`
  return Object.assign(error, { path })
}

class NodeFile implements DiskFile {
  readonly path: string
  readonly #descriptor: number
  #pending: number
  #isClosed: boolean

  constructor(path: string, descriptor: number) {
    this.path = path
    this.#descriptor = descriptor
    this.#pending = 0
    this.#isClosed = false
  }

  size(): number {
    return fs.fstatSync(this.#open()).size
  }

  write(pieces: readonly Uint8Array[], position: number): void {
    const descriptor = this.#open()
    let rest = pieces
    let at = position
    for (;;) {
      const wanted = totalLength(rest)
      if (wanted === 0) return
      const single = rest.length === 1 ? rest[0]! : null
      const written = this.#call(() =>
        single !== null
          ? fs.writeSync(descriptor, single, 0, single.length, at)
          : fs.writevSync(descriptor, rest, at),
      )
      if (written === wanted) return
      rest = dropBytes(rest, written)
      at += written
    }
  }

  read(target: Uint8Array, position: number): number {
    const descriptor = this.#open()
    let done = 0
    while (done < target.length) {
      const count = this.#call(() =>
        fs.readSync(descriptor, target, done, target.length - done, position + done),
      )
      if (count === 0) break
      done += count
    }
    return done
  }

  readAsync(target: Uint8Array, position: number): Promise<number> {
    const descriptor = this.#open()
    return this.#inBackground((resolve, reject) => {
      let done = 0
      const readRest = (): void => {
        fs.read(descriptor, target, done, target.length - done, position + done, onRead)
      }
      const onRead = (error: Error | null, count: number): void => {
        done += error === null ? count : 0
        if (error !== null) reject(error)
        else if (count === 0 || done === target.length) resolve(done)
        else readRest()
      }
      readRest()
    })
  }

  truncate(size: number): void {
    const descriptor = this.#open()
    this.#call(() => fs.ftruncateSync(descriptor, size))
  }

  syncNow(): void {
    const descriptor = this.#open()
    this.#call(() => fs.fdatasyncSync(descriptor))
  }

  sync(): Promise<void> {
    const descriptor = this.#open()
    return this.#inBackground((resolve, reject) => {
      fs.fdatasync(descriptor, (error) => (error === null ? resolve() : reject(error)))
    })
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#pending === 0) fs.closeSync(this.#descriptor)
  }

  #call<T>(call: () => T): T {
    try {
      return uninterrupted(call)
    } catch (error) {
      throw named(error, this.path)
    }
  }

  #open(): number {
    assert(!this.#isClosed, 'a closed file is not used')
    return this.#descriptor
  }

  /** Runs an operation during which the descriptor stays open. */
  async #inBackground<T>(
    operation: (resolve: (value: T) => void, reject: (error: Error) => void) => void,
  ): Promise<T> {
    this.#pending++
    try {
      return await new Promise(operation)
    } catch (error) {
      throw named(error, this.path)
    } finally {
      this.#pending--
      if (this.#isClosed && this.#pending === 0) fs.closeSync(this.#descriptor)
    }
  }
}

function totalLength(pieces: readonly Uint8Array[]): number {
  let total = 0
  for (const piece of pieces) total += piece.length
  return total
}

/** The pieces without their first `count` bytes. */
function dropBytes(pieces: readonly Uint8Array[], count: number): Uint8Array[] {
  let index = 0
  let left = count
  while (left >= pieces[index]!.length) left -= pieces[index++]!.length
  return [pieces[index]!.subarray(left), ...pieces.slice(index + 1)]
}

/** The real file system. */
export class NodeDisk implements Disk {
  open(path: string, mode: 'read' | 'write' | 'create'): DiskFile {
    return new NodeFile(path, fs.openSync(path, FLAGS[mode]))
  }

  list(path: string): string[] {
    return fs.readdirSync(path).sort()
  }

  stat(path: string): FileStat | null {
    try {
      const stat = fs.statSync(path)
      return { size: stat.size, isDirectory: stat.isDirectory(), modifiedMs: stat.mtimeMs }
    } catch (error) {
      if (isMissing(error)) return null
      throw error
    }
  }

  makeDirectory(path: string): void {
    makeLevelByLevel(path)
  }

  rename(from: string, to: string): void {
    fs.renameSync(from, to)
  }

  remove(path: string): void {
    try {
      fs.unlinkSync(path)
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  }

  removeAsync(path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      fs.unlink(path, (error) => (error === null || isMissing(error) ? resolve() : reject(error)))
    })
  }

  removeTree(path: string): void {
    fs.rmSync(path, { recursive: true, force: true })
  }

  readFile(path: string): Uint8Array {
    const buffer = fs.readFileSync(path)
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
  }

  writeFileAtomic(path: string, content: Uint8Array): void {
    const temporary = `${path}.tmp`
    const file = this.open(temporary, 'create')
    try {
      file.truncate(0)
      file.write([content], 0)
      file.syncNow()
    } finally {
      file.close()
    }
    this.rename(temporary, path)
    this.syncDirectory(dirname(path))
  }

  syncDirectory(path: string): void {
    if (process.platform === 'win32') return // a directory can't be opened there
    const descriptor = fs.openSync(path, fs.constants.O_RDONLY)
    try {
      fs.fsyncSync(descriptor)
    } finally {
      fs.closeSync(descriptor)
    }
  }

  syncDirectoryAsync(path: string): Promise<void> {
    if (process.platform === 'win32') return Promise.resolve()
    return new Promise((resolve, reject) => {
      const descriptor = fs.openSync(path, fs.constants.O_RDONLY)
      fs.fsync(descriptor, (error) => {
        fs.closeSync(descriptor)
        if (error === null) resolve()
        else reject(named(error, path))
      })
    })
  }

  lock(path: string): DiskLock | null {
    return lockFile(path)
  }

  space(path: string): { readonly totalBytes: number; readonly usableBytes: number } {
    const { blocks, bavail, bsize } = fs.statfsSync(path)
    return { totalBytes: blocks * bsize, usableBytes: bavail * bsize }
  }
}

/** Node's own recursive mkdir never ends where a file system answers ENOENT, as /proc does. */
function makeLevelByLevel(path: string): void {
  if (fs.statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return
  const parent = dirname(path)
  if (parent !== path) makeLevelByLevel(parent)
  try {
    fs.mkdirSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    if (!fs.statSync(path).isDirectory()) throw error
  }
}
