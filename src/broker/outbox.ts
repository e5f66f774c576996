/**
 * What a connection still has to send, in order. What is in memory goes to the socket at once. What
 * was left in files (LaterBytes) is read when the socket has taken what came before, some of it at
 * a time: a client that reads slowly costs no memory, however large its answers are, and what a
 * fast one gets is still in the processor's cache when the system copies it.
 *
 * A read may find its bytes in the page cache or wait for a disk, and Node can't tell which before.
 * So the first ones go off the loop; when some of them were as fast as memory is, the next ones are
 * made right here, which costs less, until one of them was slow. That one has kept
 * everybody waiting, so it takes many fast ones until this connection is trusted again.
 *
 * Invariant: bytes reach the socket in the order in which they were given; at most one read is
 * under way; nothing is read while the socket has something that it could not send.
 */
import { areInMemory, type LaterBytes, type Piece } from '../base/bytes.ts'
import type { Clock, Connection } from '../io/io.ts'

/** What is read and written at a time: about what a processor's cache holds. */
const CHUNK_BYTES = 1024 * 1024
/** What one connection sends of its files before others have their turn. */
const TURN_BYTES_MAX = 1024 * 1024
/** A read within that time has waited for no disk. */
const FAST_MS = 2
/** Fast reads in a row after which this thread reads. */
const TRUSTED_AFTER = 4
/** The same after a read on this thread that was slow. */
const TRUSTED_AGAIN_AFTER = 16

/** What an outbox needs of its connection. */
export interface OutboxOwner {
  /** Some of what waited was sent. */
  onProgress(): void
  /** An answer can't be ended. */
  onFailure(error: unknown): void
}

type Callbacks = readonly (() => void)[]

interface Item {
  readonly piece: Piece
  /** Called once the piece, and so all before it, is sent. */
  readonly onSent: Callbacks
}

export class Outbox {
  /** Bytes that were not handed to the socket yet. */
  waitingBytes = 0
  /** Those of them that are in memory. */
  waitingMemoryBytes = 0
  readonly #socket: Connection
  readonly #clock: Pick<Clock, 'monotonicMs' | 'nextTurn'>
  readonly #owner: OutboxOwner
  #items: Item[] = []
  /** How much of the first item was read, where that comes from a file. */
  #firstDone = 0
  /** A read, or the next turn, goes on with this. */
  #isBusy = false
  #isClosed = false
  #trust = TRUSTED_AFTER

  constructor(
    socket: Connection,
    clock: Pick<Clock, 'monotonicMs' | 'nextTurn'>,
    owner: OutboxOwner,
  ) {
    this.#socket = socket
    this.#clock = clock
    this.#owner = owner
  }

  /** Whether what this client reads has been in the page cache of late. */
  get isNear(): boolean {
    return this.#trust === 0
  }

  /** A read on this thread has taken that long. */
  noteRead(ms: number): void {
    if (ms > FAST_MS) this.#trust = TRUSTED_AGAIN_AFTER
  }

  /** Sends `pieces` behind all that came before; `onSent` are those of `Connection.write`. */
  send(pieces: readonly Piece[], onSent: Callbacks): void {
    if (areInMemory(pieces) && this.#items.length === 0) {
      this.#write(pieces, onSent)
      return
    }
    const begun = this.#items.length === 0 ? this.#begin(pieces) : 0
    for (let at = begun; at < pieces.length; at++) {
      const piece = pieces[at]!
      this.#items.push({ piece, onSent: at === pieces.length - 1 ? onSent : [] })
      this.waitingBytes += piece.length
      if (piece instanceof Uint8Array) this.waitingMemoryBytes += piece.length
    }
    this.#pump()
  }

  /**
   * Sends what `pieces` begin with in memory, and returns how many of them that is: the client
   * learns how long its answer is, and makes room for it, while the first bytes are being read.
   */
  #begin(pieces: readonly Piece[]): number {
    const inMemory: Uint8Array[] = []
    for (const piece of pieces) {
      if (!(piece instanceof Uint8Array)) break
      inMemory.push(piece)
    }
    if (inMemory.length > 0) this.#write(inMemory, [])
    return inMemory.length
  }

  /** The socket has taken all it had. */
  drained(): void {
    this.#pump()
  }

  /** Nothing more is sent. */
  close(): void {
    this.#isClosed = true
    this.#items = []
    this.waitingBytes = 0
    this.waitingMemoryBytes = 0
  }

  #pump(): void {
    if (this.#isBusy || this.#isClosed) return
    let sentBytes = 0
    while (this.#items.length > 0 && this.#socket.queuedBytes === 0) {
      if (sentBytes >= TURN_BYTES_MAX) {
        this.#goOnLater()
        return
      }
      const next = this.#sendChunk()
      if (next === null) return
      sentBytes += next
    }
  }

  #goOnLater(): void {
    this.#isBusy = true
    this.#clock.nextTurn(() => this.#goOn())
  }

  #goOn(): void {
    this.#isBusy = false
    if (this.#isClosed) return
    this.#pump()
    this.#owner.onProgress()
  }

  /**
   * Sends the next chunk, which begins with `read` where that was read of the first item already.
   * Returns its bytes, or null where it has to be waited for.
   */
  #sendChunk(read: Uint8Array | null = null): number | null {
    const pieces: Uint8Array[] = []
    const sent: (() => void)[] = []
    let bytes = 0
    while (bytes < CHUNK_BYTES && this.#items.length > 0) {
      const { piece } = this.#items[0]!
      if (bytes > 0 && !this.#canFollow(piece, bytes)) break
      const next = bytes === 0 && read !== null ? read : this.#next(piece)
      if (next === null) return null
      if (!(piece instanceof Uint8Array)) sent.push(() => piece.buffers.give(next))
      pieces.push(next)
      bytes += next.length
      this.#took(next.length, sent)
    }
    this.#write(pieces, sent)
    return bytes
  }

  /** What is next of the first item, `piece`; null where it has to be waited for. */
  #next(piece: Piece): Uint8Array | null {
    if (piece instanceof Uint8Array) return piece
    if (this.isNear) return this.#readNow(piece)
    this.#readSoon(piece)
    return null
  }

  /**
   * Whether the first item, `piece`, goes out together with `bytes` before it. A file's does where
   * it fits whole: one that is cut would leave some bytes that cost a read of their own.
   */
  #canFollow(piece: Piece, bytes: number): boolean {
    if (piece instanceof Uint8Array) return true
    return this.isNear && piece.length - this.#firstDone <= CHUNK_BYTES - bytes
  }

  /** Notes that `bytes` more of the first item are on their way. */
  #took(bytes: number, sent: (() => void)[]): void {
    const { piece, onSent } = this.#items[0]!
    this.waitingBytes -= bytes
    if (piece instanceof Uint8Array) this.waitingMemoryBytes -= bytes
    this.#firstDone += bytes
    if (this.#firstDone < piece.length) return
    this.#firstDone = 0
    this.#items.shift()
    sent.push(...onSent)
  }

  #write(pieces: readonly Uint8Array[], sent: Callbacks): void {
    const onSent = (): void => {
      for (const each of sent) each()
    }
    this.#socket.write(pieces, sent.length === 0 ? undefined : onSent)
  }

  #takeMemory(piece: LaterBytes): Uint8Array {
    return piece.buffers.take(Math.min(CHUNK_BYTES, piece.length - this.#firstDone))
  }

  #readNow(piece: LaterBytes): Uint8Array | null {
    const buffer = this.#takeMemory(piece)
    const startMs = this.#clock.monotonicMs()
    try {
      piece.readNow(buffer, this.#firstDone)
    } catch (error) {
      this.#owner.onFailure(error)
      return null
    }
    this.noteRead(this.#clock.monotonicMs() - startMs)
    return buffer
  }

  #readSoon(piece: LaterBytes): void {
    const buffer = this.#takeMemory(piece)
    const startMs = this.#clock.monotonicMs()
    this.#isBusy = true
    piece.read(buffer, this.#firstDone).then(
      () => {
        if (this.#isClosed) return
        const wasFast = this.#clock.monotonicMs() - startMs <= FAST_MS
        if (!wasFast) this.#trust = Math.max(this.#trust, TRUSTED_AFTER)
        else if (this.#trust > 0) this.#trust -= 1
        this.#sendChunk(buffer)
        this.#goOn()
      },
      (error: unknown) => {
        if (!this.#isClosed) this.#owner.onFailure(error)
      },
    )
  }
}
