/**
 * What accepted sockets read into: one piece of memory for all of them, used again for each read.
 * Node's own way is new memory of 64 KiB for each, which makes V8 collect garbage all the time
 * (docs/decisions/0005-performance.md).
 *
 * Node has this for sockets that dial (`onread`), not for those that a server accepts: so such a
 * socket is made once more, around its handle. That is no promise of Node's; where the handle is
 * not what it is today, and on Windows, where the system writes into memory between our calls,
 * sockets read in the usual way.
 *
 * Who expects much may name memory of its own for the next read, and so have it without a copy.
 *
 * Invariant: what is handed out of the shared memory is valid until the call returns.
 */
import * as net from 'node:net'

/** Most that is read at once. */
const INPUT_BYTES = 256 * 1024

interface Handle {
  readonly useUserBuffer?: unknown
}

export class NodeInput {
  #memory: Uint8Array | null = null
  readonly #isShared: boolean

  constructor(isShared: boolean = process.platform !== 'win32') {
    this.#isShared = isShared
  }

  /**
   * Has `take` called with all that comes on a paused socket; returns the one to go on with.
   * `nextInput` names what to read into next; null for the shared memory.
   */
  attach(
    accepted: net.Socket,
    take: (chunk: Uint8Array) => void,
    nextInput: () => Uint8Array | null = () => null,
  ): net.Socket {
    const { _handle: handle } = accepted as unknown as { readonly _handle?: Handle | null }
    if (!this.#isShared || typeof handle?.useUserBuffer !== 'function') {
      accepted.on('data', (chunk: Buffer) => {
        take(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length))
      })
      accepted.resume()
      return accepted
    }
    const shared = (this.#memory ??= new Uint8Array(INPUT_BYTES))
    const onread = {
      buffer: () => nextInput() ?? shared,
      callback: (length: number, memory: Uint8Array): boolean => {
        take(memory.subarray(0, length))
        return true
      },
    }
    const options = { allowHalfOpen: accepted.allowHalfOpen, handle, onread }
    return new net.Socket(options as net.SocketConstructorOpts)
  }
}
