/**
 * The lock on a data directory. Invariant: it belongs to the open file of this process, so the
 * kernel frees it when the process ends, however it ends, and no stale lock ever has to be judged.
 *
 * Node.js has no file locks. A small native module takes them the way that the Java runtime sees,
 * so that Millrace and Apache Kafka exclude each other from one directory
 * (docs/decisions/0002-file-lock.md). It has no binary for musl; there an abstract socket named
 * after the file stands in, which excludes other processes of the same network namespace only.
 */
import * as fs from 'node:fs'
import { createServer } from 'node:net'
import { loadPackage } from '../base/native-package.ts'
import type { DiskLock } from './io.ts'

type TryLock = (descriptor: number) => boolean

/** The native part of fs-native-extensions; each system has a binary of its own. */
interface Addon {
  tryLock(descriptor: number, offset: number, length: number, isExclusive: boolean): void
}

const PACKAGE = 'fs-native-extensions'

/**
 * Loads the binary from where the package keeps it: finding it, the package loads five others, a
 * twelfth of a start.
 */
function loadTryLock(): TryLock | null {
  try {
    return tryLockOf(
      loadPackage(
        `${PACKAGE}/prebuilds/${process.platform}-${process.arch}/${PACKAGE}.node`,
      ) as Addon,
    )
  } catch {
    // Another layout of the package, or a binary that does not load: the package knows better.
  }
  try {
    return (loadPackage(PACKAGE) as { tryLock: TryLock }).tryLock
  } catch {
    return null
  }
}

function tryLockOf(addon: Addon): TryLock {
  return (descriptor) => {
    try {
      addon.tryLock(descriptor, 0, 0, true)
      return true
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false
      throw error
    }
  }
}

/** Takes the lock on `path`, made if absent; null where it is taken already. */
export function lockFile(path: string, tryLock: TryLock | null = loadTryLock()): DiskLock | null {
  const descriptor = fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT)
  let lock: DiskLock | null = null
  try {
    lock =
      tryLock !== null
        ? lockByFile(descriptor, tryLock)
        : lockBySocket(fs.fstatSync(descriptor), descriptor)
    return lock
  } finally {
    if (lock === null) fs.closeSync(descriptor)
  }
}

function lockByFile(descriptor: number, tryLock: TryLock): DiskLock | null {
  if (!tryLock(descriptor)) return null
  return { release: () => fs.closeSync(descriptor) } // which frees the lock
}

function lockBySocket(file: fs.Stats, descriptor: number): DiskLock | null {
  if (process.platform !== 'linux') {
    throw Object.assign(new Error('no file locks on this platform'), { code: 'ENOTSUP' })
  }
  const server = createServer()
  server.on('error', () => {}) // comes later and says no more than `listening` does
  // Listening on a local name is done when the call returns; only its event comes later.
  server.listen({ path: `\0millrace.lock.${file.dev}.${file.ino}`, exclusive: true })
  if (!server.listening) return null
  server.unref()
  return {
    release: () => {
      server.close()
      fs.closeSync(descriptor)
    },
  }
}
