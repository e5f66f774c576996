/** Why a node does not start, as one clear line each; the CLI prints them and exits with 1. */
import { CorruptLogError } from '../log/corrupt-log-error.ts'
import { LogDirectoryError } from '../log/log-directory.ts'
import { DamagedMetadataError } from '../raft/damaged-metadata-error.ts'

export class StartupError extends Error {
  override readonly name = 'StartupError'
  readonly lines: readonly string[]

  constructor(lines: readonly string[] | string) {
    const list = typeof lines === 'string' ? [lines] : lines
    super(list.join('\n'))
    this.lines = list
  }
}

/** What a person can do about what the operating system refuses. */
const HINTS: Readonly<Record<string, string>> = {
  EACCES: 'this user may not use it: check its owner and permissions',
  EPERM: 'this user may not use it: check its owner and permissions',
  ENOSPC: 'the disk is full: free some space or name another directory in log.dirs',
  EDQUOT: 'the disk quota is used up: free some space or name another directory in log.dirs',
  EROFS: 'the file system is read-only: name another directory in log.dirs',
  EIO: 'the disk has failed: name another directory in log.dirs',
  ENOTDIR: 'a part of the path is not a directory',
}

/** Whether the operating system refused something: as opposed to a fault of ours. */
export function isSystemError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && typeof (error as { code?: unknown }).code === 'string'
}

/** An error of a start, as lines for the person who started it; what is a bug stays as it is. */
export function startupError(error: unknown): unknown {
  const isOfDisk = [LogDirectoryError, CorruptLogError, DamagedMetadataError].some(
    (kind) => error instanceof kind,
  )
  if (isOfDisk) return new StartupError((error as Error).message)
  const hint = isSystemError(error) ? HINTS[error.code] : undefined
  return hint === undefined ? error : new StartupError(`${(error as Error).message}: ${hint}`)
}
