/**
 * How a failure is told. What a person or the machine did is told in a line; a fault of Millrace's
 * own comes with its stack, since someone has to find it.
 */
/** Words for what the operating system refuses. */
const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  EACCES: 'no permission',
  EPERM: 'no permission',
  EADDRINUSE: 'the address is in use by another process',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EROFS: 'the file system is read-only',
  EIO: 'the disk failed',
  ENOTDIR: 'a part of the path is not a directory',
  EMFILE: 'this process may not open more files (ulimit -n)',
  ENFILE: 'the machine cannot open more files',
  ENOTFOUND: 'no such host',
}

/** Errors of these kinds are bugs. */
const BUGS = ['AssertionError', 'TypeError', 'RangeError', 'ReferenceError', 'SyntaxError']

export function errorLines(error: unknown): string[] {
  if (!(error instanceof Error)) return [`millrace: ${String(error)}`]
  const { code, path, address, port } = error as NodeJS.ErrnoException & {
    address?: string
    port?: number
  }
  const words = code === undefined ? undefined : SYSTEM_ERRORS[code]
  if (words !== undefined) {
    const place = path ?? (address === undefined ? undefined : `${address}:${port}`)
    return [`millrace: ${place === undefined ? error.message : `${place}: ${words} (${code})`}`]
  }
  if (BUGS.includes(error.name))
    return [`millrace: internal error: ${error.stack ?? error.message}`]
  return error.message.split('\n').map((line) => `millrace: ${line}`)
}
