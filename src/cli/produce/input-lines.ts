/**
 * Input cut into lines as Java's BufferedReader cuts it: a line ends at \n, \r or \r\n, and what
 * stands behind the last one counts where it is not empty.
 *
 * Invariant: no more than a chunk and one line are in memory, and a line has a limit.
 */
import { CliError } from '../cli-error.ts'
import { javaText } from '../java-text.ts'

const LF = 0x0a
const CR = 0x0d
/** A record is smaller than that on any broker; text of twice the size is none in JavaScript. */
const MAX_LINE_BYTES = 256 * 1024 * 1024

/** Takes chunks and gives the lines that end in them. */
export class InputLines {
  /** Pieces of the line that has not ended yet. */
  #pieces: Uint8Array[] = []
  #pieceBytes = 0
  /** The last byte was a CR: a LF behind it belongs to it. */
  #isBehindCr = false

  /** The lines that end in `chunk`, whose memory may not change before the next call. */
  push(chunk: Uint8Array): string[] {
    if (chunk.length === 0) return []
    const begin = this.#isBehindCr && chunk[0] === LF ? 1 : 0
    this.#isBehindCr = chunk[chunk.length - 1] === CR
    const end = Math.max(chunk.lastIndexOf(LF), chunk.lastIndexOf(CR)) + 1
    if (end <= begin) {
      this.#keep(chunk.subarray(begin))
      return []
    }
    const text = this.#join(chunk.subarray(begin, end))
    this.#keep(chunk.subarray(end))
    const lines = text.split(text.includes('\r') ? /\r\n|\n|\r/ : '\n')
    lines.pop() // behind the last end
    return lines
  }

  /** The last line, where input does not end with the end of one. */
  last(): string | null {
    return this.#pieceBytes === 0 ? null : this.#join(new Uint8Array(0))
  }

  #keep(piece: Uint8Array): void {
    if (piece.length === 0) return
    this.#pieces.push(piece)
    this.#pieceBytes += piece.length
    if (this.#pieceBytes <= MAX_LINE_BYTES) return
    throw new CliError(`a line of more than ${MAX_LINE_BYTES} bytes can't be a record`)
  }

  #join(piece: Uint8Array): string {
    if (this.#pieceBytes === 0) return javaText(piece)
    const joined = Buffer.concat([...this.#pieces, piece])
    this.#pieces = []
    this.#pieceBytes = 0
    return javaText(joined)
  }
}
