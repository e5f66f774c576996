/**
 * One client's connection: frames in, answers out in request order, memory bounded both ways.
 *
 * Kafka handles one request of a connection at a time. So do we where it shows: while an answer
 * waits for other clients (a long Fetch, a JoinGroup) the next frame stays in the inbox. Requests
 * whose answers only wait for this turn's disk write go on, so that a pipelining client gets one
 * write for many requests.
 *
 * Invariant: the socket is paused while the inbox is over its limit or answers pile up unread.
 */
import type { Piece } from '../base/bytes.ts'
import { messageOf } from '../base/thrown.ts'
import type { Clock, Connection } from '../io/io.ts'
import type { FrameMemory } from '../rpc/frame-memory.ts'
import { FrameReader } from '../rpc/frame-reader.ts'
import { Gathering } from './gathering.ts'
import { Outbox } from './outbox.ts'
import type { ListenerEndpoint, RequestContext } from './request-context.ts'

/** Bytes of unhandled frames at which a socket is paused. */
const INBOX_BYTES_MAX = 1024 * 1024
/** Bytes of unsent answers at which no further request of the connection is handled. */
const OUTBOX_BYTES_MAX = 4 * 1024 * 1024
/** Requests of one connection that may be under way at once. */
const IN_FLIGHT_MAX = 1000

/** What a connection needs of the server that holds it. */
export interface ConnectionOwner {
  /** Frames wait in the inbox of this connection: call `next` in the coming turn. */
  ready(connection: ClientConnection): void
  /** The same, in a turn within GATHER_MS, since more frames are likely to come. */
  readySoon(connection: ClientConnection): void
  /** Answers wait to be written at the end of this turn. */
  writable(connection: ClientConnection): void
  /** Called once, when the connection has ended, with whose doing it was. */
  closed(connection: ClientConnection, reason: string, cause: CloseCause): void
}

/** The peer went or its line broke; this node refused what it sent; this node has an error. */
export type CloseCause = 'peer' | 'refused' | 'error'

export class ClientConnection {
  readonly id: string
  readonly listener: ListenerEndpoint
  readonly remoteHost: string
  readonly localHost: string
  readonly localPort: number
  /** From the first ApiVersions v3+; KIP-511. */
  softwareName = 'unknown'
  softwareVersion = 'unknown'
  lastActiveMs: number
  closed = false
  readonly #socket: Connection
  readonly #owner: ConnectionOwner
  readonly #frames: FrameReader
  readonly #inbox: Uint8Array[] = []
  #inboxBytes = 0
  readonly #gathering = new Gathering()
  /** Bytes of answers that are not written yet: an earlier one is missing, or the turn goes on. */
  #heldBytes = 0
  /** Those of them that are in memory. */
  #heldMemoryBytes = 0
  readonly #outbox: Outbox
  readonly #slots: RequestContext[] = []
  #paused = false
  /** Why nothing more is heard, once the answers to what came before are out; '' while all is. */
  #refusal = ''
  #writeQueued = false
  readonly #clock: Clock

  constructor(
    id: string,
    socket: Connection,
    listener: ListenerEndpoint,
    owner: ConnectionOwner,
    limits: { readonly frameBytesMax: number },
    memory: FrameMemory,
    clock: Clock,
  ) {
    this.id = id
    this.listener = listener
    this.remoteHost = socket.remoteHost
    this.localHost = socket.localHost
    this.localPort = socket.localPort
    this.#socket = socket
    this.#owner = owner
    this.#frames = new FrameReader(limits.frameBytesMax, memory)
    this.#clock = clock
    this.lastActiveMs = clock.nowMs()
    this.#outbox = new Outbox(socket, clock, {
      onProgress: () => this.#onProgress(),
      onFailure: (error) => this.close(`an answer could not be sent: ${messageOf(error)}`, 'error'),
    })
    socket.lendsChunks = true
    socket.nextInput = () => (this.closed ? null : this.#frames.nextInput())
    socket.onData = (chunk) => this.#onData(chunk)
    socket.onDrain = () => {
      this.#outbox.drained()
      this.#onProgress()
    }
    socket.onClose = (reason) => this.#onPeerClosed(reason)
  }

  #onData(chunk: Uint8Array): void {
    if (this.closed || this.#refusal !== '') return
    this.lastActiveMs = this.#clock.nowMs()
    const error = this.#frames.push(chunk, (frame) => {
      this.#inbox.push(frame)
      this.#inboxBytes += frame.length
    })
    if (error !== null) {
      this.#refusal = error
      this.#wake()
      this.#endRefused()
      return
    }
    if (this.#inboxBytes > INBOX_BYTES_MAX && !this.#paused) {
      this.#paused = true
      this.#socket.pause()
    }
    if (!this.#gathering.waits(this.#inbox.length, this.#inboxBytes)) this.#wake()
    else if (this.#mayHandle()) this.#owner.readySoon(this)
  }

  /** The next frame to handle now, or null. Called in the frames phase of a turn. */
  next(): Uint8Array | null {
    if (this.closed || this.#inbox.length === 0 || !this.#mayHandle()) return null
    this.#gathering.end(this.#inbox.length)
    const frame = this.#inbox.shift()
    if (frame === undefined) return null
    this.#inboxBytes -= frame.length
    if (this.#paused && this.#inboxBytes <= INBOX_BYTES_MAX / 2) {
      this.#paused = false
      this.#socket.resume()
    }
    return frame
  }

  #mayHandle(): boolean {
    if (this.#slots.length >= IN_FLIGHT_MAX) return false
    if (this.unsentBytes > OUTBOX_BYTES_MAX) return false
    const last = this.#slots[this.#slots.length - 1]
    return last === undefined || !last.waiting
  }

  /** Takes the place of a request's answer in the order of the connection. */
  enter(context: RequestContext): void {
    this.#slots.push(context)
  }

  /** Bytes of answers that the client has not taken yet. */
  get unsentBytes(): number {
    return this.#heldBytes + this.#outbox.waitingBytes + this.#socket.queuedBytes
  }

  /** Those of them that are in memory. */
  get unsentMemoryBytes(): number {
    return this.#heldMemoryBytes + this.#outbox.waitingMemoryBytes + this.#socket.queuedBytes
  }

  /** Whether what this client reads from logs has been in the page cache of late. */
  get readsNear(): boolean {
    return this.#outbox.isNear
  }

  /** What was read for it on this thread has taken that long. */
  noteRead(ms: number): void {
    this.#outbox.noteRead(ms)
  }

  /** Called by RequestContext when an answer is there; 0 bytes where there is none to send. */
  answered({ sizeBytes, memoryBytes }: RequestContext): void {
    if (this.closed) return
    this.#heldBytes += sizeBytes
    this.#heldMemoryBytes += memoryBytes
    if (this.#writeQueued) return
    this.#writeQueued = true
    this.#owner.writable(this)
  }

  /** Writes all answers that are next in order, as one gathered write. */
  flush(): void {
    this.#writeQueued = false
    if (this.closed) return
    let pieces: readonly Piece[] | null = null
    let gathered: Piece[] | null = null
    const sent: (() => void)[] = []
    let count = 0
    for (const slot of this.#slots) {
      if (!slot.done) break
      count += 1
      if (slot.pieces.length === 0) continue
      sent.push(...slot.onSent)
      this.#heldBytes -= slot.sizeBytes
      this.#heldMemoryBytes -= slot.memoryBytes
      if (pieces === null) pieces = slot.pieces
      else {
        if (gathered === null) pieces = gathered = [...pieces]
        for (const piece of slot.pieces) gathered.push(piece)
      }
    }
    if (count === 0) return
    this.#slots.splice(0, count)
    this.lastActiveMs = this.#clock.nowMs()
    if (pieces !== null) this.#outbox.send(pieces, sent)
    this.#wake()
    this.#endRefused()
  }

  /** The client has taken some of its answers. */
  #onProgress(): void {
    this.lastActiveMs = this.#clock.nowMs()
    this.#wake()
    this.#endRefused()
  }

  #wake(): void {
    if (!this.closed && this.#inbox.length > 0 && this.#mayHandle()) this.#owner.ready(this)
  }

  /** True while a request is under way or bytes wait: such a connection is not idle. */
  get busy(): boolean {
    return this.#slots.length > 0 || this.#inbox.length > 0
  }

  /** Ends the connection now; `reason` goes to the log. */
  close(reason: string, cause: CloseCause = 'refused'): void {
    if (this.closed) return
    this.#socket.destroy()
    this.#onClose(reason, cause)
  }

  /**
   * Ends the connection for what it sent last, once the client has the answers to what came before:
   * as if it had waited for each answer.
   */
  refuse(reason: string): void {
    if (this.closed) return
    this.#refusal = reason
    this.#inbox.length = 0
    this.#inboxBytes = 0
    this.#endRefused()
  }

  #endRefused(): void {
    if (this.#refusal === '' || this.closed || this.busy || this.unsentBytes > 0) return
    this.#socket.end()
    this.#onClose(this.#refusal, 'refused')
  }

  /** Ends the connection once the answers that are written have gone out. */
  end(): void {
    if (this.closed) return
    this.#socket.end()
    this.#onClose('')
  }

  /** A peer that leaves in the middle of a frame has a fault, or lost its line: that is said. */
  #onPeerClosed(reason: string): void {
    const { pendingBytes } = this.#frames
    if (pendingBytes === 0) this.#onClose(reason)
    else this.#onClose(`it ended in the middle of a frame, ${pendingBytes} bytes in`, 'refused')
  }

  #onClose(reason: string, cause: CloseCause = 'peer'): void {
    if (this.closed) return
    this.closed = true
    this.#outbox.close()
    this.#heldBytes = 0
    this.#heldMemoryBytes = 0
    this.#inbox.length = 0
    this.#inboxBytes = 0
    this.#slots.length = 0
    this.#owner.closed(this, reason, cause)
  }
}
