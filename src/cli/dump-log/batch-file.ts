/**
 * The batches of a segment or a snapshot, read one after the other from the file, whatever their
 * format.
 *
 * Invariant: only whole batches are given, as Kafka's reader gives them; what is behind the last is
 * left to the caller, and a size that no batch can have is an error.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { HEADER_BYTES_UP_TO_MAGIC, LOG_OVERHEAD, MAGIC_V2, magic } from '../../records/batch.ts'
import { MIN_LENGTH } from '../../records/batches.ts'
import { CliError } from '../cli-error.ts'

/** A batch and where it begins in its file. */
export interface FileBatch {
  readonly position: number
  /** The whole batch. */
  readonly bytes: Uint8Array
  readonly magic: number
}

/** A file that is open for reading. */
export class BatchFile {
  readonly path: string
  readonly sizeBytes: number
  readonly #fd: number

  constructor(path: string) {
    this.path = path
    this.#fd = opened(path)
    this.sizeBytes = fstatSync(this.#fd).size
  }

  close(): void {
    closeSync(this.#fd)
  }

  /** The batches that lie wholly between two positions. */
  *batches(start: number, maxBytes: number): Generator<FileBatch> {
    const end = Math.min(this.sizeBytes, start + maxBytes)
    const header = new Uint8Array(HEADER_BYTES_UP_TO_MAGIC)
    const view = new DataView(header.buffer)
    let position = start
    while (position < end - HEADER_BYTES_UP_TO_MAGIC) {
      this.#read(header, position)
      const length = view.getInt32(LOG_OVERHEAD - 4)
      if (length < MIN_LENGTH) {
        throw new CliError(
          `Found record size ${length} smaller than minimum record overhead (${MIN_LENGTH}) ` +
            `in file ${this.path}.`,
        )
      }
      if (position > end - LOG_OVERHEAD - length) return
      const bytes = new Uint8Array(LOG_OVERHEAD + length)
      this.#read(bytes, position)
      yield { position, bytes, magic: Math.min(magic(header, 0), MAGIC_V2) }
      position += bytes.length
    }
  }

  #read(into: Uint8Array, position: number): void {
    let done = 0
    while (done < into.length) {
      const count = readSync(this.#fd, into, done, into.length - done, position + done)
      if (count === 0) throw new CliError(`${this.path} became shorter while it was read`)
      done += count
    }
  }
}

function opened(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    throw unreadable(path, error)
  }
}

/** Why a file can't be read, in words. */
export function unreadable(path: string, error: unknown): CliError {
  const { code } = error as NodeJS.ErrnoException
  const reason = code === 'ENOENT' ? 'no such file' : `can't be read (${code})`
  return new CliError(`${path}: ${reason}`)
}
