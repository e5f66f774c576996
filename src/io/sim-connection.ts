/**
 * One side of a simulated TCP connection. Bytes written wait in a queue on the sender's side until
 * they arrive; they are copied only then, so a sender that changes what it has handed over is found
 * out. Invariant: what arrives is what was written, in order, cut up at random; nothing arrives
 * after a gap.
 */
import type { Connection } from './io.ts'
import type { SimNetwork } from './sim-network.ts'
import type { SimProcess } from './sim-time.ts'

/** The most that one chunk holds, as when reading from a real socket. */
const MAX_CHUNK_BYTES = 65536

/** How long a peer may take to end its side after we have ended ours. */
const LINGER_MS = 1000

/** What a lent chunk holds after its time. */
const LENT = 0xa5

/** Something on its way: bytes, the end of the stream, or a reset. */
type Packet =
  | { readonly kind: 'data'; readonly arrivesMs: number; bytes: Uint8Array }
  | { readonly kind: 'end' | 'reset'; readonly arrivesMs: number }

export interface SimAddress {
  readonly host: string
  readonly address: string
  readonly port: number
}

function ignore(): void {}

function nothing(): null {
  return null
}

export class SimConnection implements Connection {
  readonly remoteHost: string
  readonly remotePort: number
  readonly localHost: string
  readonly localPort: number
  onData: (chunk: Uint8Array) => void = ignore
  lendsChunks = false
  nextInput: () => Uint8Array | null = nothing
  onClose: (reason: string) => void = ignore
  onDrain: () => void = ignore
  readonly process: SimProcess
  /** The machines at both ends. */
  readonly host: string
  readonly peerHost: string
  readonly #network: SimNetwork
  #peer: SimConnection | null = null
  /** Packets to the peer, first come first. */
  #outgoing: Packet[] = []
  #outgoingBytes = 0
  #lastArrivalMs = 0
  #cancelDelivery: () => void = ignore
  #isStalled = false
  #isPaused = false
  #hasEnded = false
  /** The peer has seen our end, and we the peer's. */
  #endArrived = false
  #peerEnded = false
  #isClosed = false

  constructor(network: SimNetwork, process: SimProcess, local: SimAddress, remote: SimAddress) {
    this.#network = network
    this.process = process
    this.host = local.host
    this.peerHost = remote.host
    this.localHost = local.address
    this.localPort = local.port
    this.remoteHost = remote.address
    this.remotePort = remote.port
  }

  /** Makes two sides each other's peer. */
  static join(one: SimConnection, other: SimConnection): void {
    one.#peer = other
    other.#peer = one
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Bytes beyond what the operating system's buffers hold. */
  get queuedBytes(): number {
    return Math.max(0, this.#outgoingBytes - this.#network.bufferBytes)
  }

  /** Where `onSent` is given, the pieces are copied: what the caller then does to them shows. */
  write(pieces: readonly Uint8Array[], onSent?: () => void): void {
    if (this.#hasEnded || this.#isClosed) return
    for (const piece of pieces) {
      if (piece.length === 0) continue
      const bytes = onSent === undefined ? piece : piece.slice()
      this.#outgoing.push({ kind: 'data', arrivesMs: this.#nextArrivalMs(), bytes })
      this.#outgoingBytes += bytes.length
    }
    if (this.queuedBytes > 0) this.#isStalled = true
    onSent?.()
    this.deliver()
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.#peer?.deliver()
  }

  end(): void {
    if (this.#hasEnded || this.#isClosed) return
    this.#hasEnded = true
    this.#isPaused = false
    this.#outgoing.push({ kind: 'end', arrivesMs: this.#nextArrivalMs() })
    this.deliver()
    this.#peer?.deliver()
  }

  destroy(): void {
    if (this.#isClosed) return
    this.abandon()
    this.#closeSoon('')
  }

  /** The process has died, or gives up: no callback here; the peer gets a reset. */
  abandon(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    // What the operating system had taken may still go out before the reset, or be lost.
    if (this.#network.random.chance(0.5)) this.#outgoing = []
    this.#outgoing.push({ kind: 'reset', arrivesMs: this.#nextArrivalMs() })
    this.deliver()
  }

  /** The connection breaks: nothing under way arrives. */
  reset(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#outgoing = []
    this.deliver()
    this.#closeSoon('ECONNRESET')
  }

  /** Sees to it that the next packet is handed over when it is due, unless something holds it. */
  deliver(): void {
    this.#cancelDelivery()
    this.#cancelDelivery = ignore
    const packet = this.#outgoing[0]
    const peer = this.#peer!
    if (packet === undefined) {
      if (this.#isClosed) this.#network.forget(this)
      return
    }
    const isHeld = peer.#isPaused && packet.kind !== 'reset'
    if (isHeld || this.#network.isCut(this.host, this.peerHost)) return
    const delayMs = packet.arrivesMs - this.#network.time.nowMs
    this.#cancelDelivery = this.#network.time.after(delayMs, () => this.#handOver(peer))
  }

  #handOver(peer: SimConnection): void {
    const packet = this.#outgoing[0]!
    if (peer.#isClosed || !peer.process.isAlive) {
      this.#outgoing = []
      this.#outgoingBytes = 0
    } else if (packet.kind === 'data') {
      peer.#receive(this.#takeChunk())
      this.#noteDrained()
    } else {
      this.#outgoing.shift()
      if (packet.kind === 'reset') peer.reset()
      else this.#arriveEnd(peer)
    }
    this.deliver()
  }

  /** Takes some of the bytes that have arrived, as one chunk. */
  #takeChunk(): Uint8Array {
    const { random, time, breaksUpChunks } = this.#network
    let available = 0
    for (const packet of this.#outgoing) {
      if (packet.kind !== 'data' || packet.arrivesMs > time.nowMs) break
      available += packet.bytes.length
    }
    const isBroken = breaksUpChunks && random.chance(0.25)
    const length = Math.min(MAX_CHUNK_BYTES, isBroken ? 1 + random.int(available) : available)
    const chunk = new Uint8Array(length)
    for (let at = 0; at < length; ) {
      const packet = this.#outgoing[0]!
      if (packet.kind !== 'data') break
      const part = packet.bytes.subarray(0, length - at)
      chunk.set(part, at)
      at += part.length
      if (part.length === packet.bytes.length) this.#outgoing.shift()
      else packet.bytes = packet.bytes.subarray(part.length)
    }
    this.#outgoingBytes -= length
    return chunk
  }

  #receive(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length && !this.#hasEnded; ) {
      const given = this.nextInput()
      const part = chunk.subarray(at, given === null ? chunk.length : at + given.length)
      at += part.length
      if (given === null) {
        this.onData(part)
        if (this.lendsChunks) part.fill(LENT) // so that whoever keeps it is found out
      } else {
        given.set(part)
        this.onData(given.subarray(0, part.length))
      }
    }
  }

  #noteDrained(): void {
    if (!this.#isStalled || this.queuedBytes > 0) return
    this.#isStalled = false
    this.#network.time.nextTurn(() => {
      if (!this.#isClosed && this.process.isAlive) this.onDrain()
    })
  }

  #arriveEnd(peer: SimConnection): void {
    this.#endArrived = true
    peer.#peerEnded = true
    // As on a real socket: the turn that handles what came before answers first, then the end.
    this.#network.time.nextTurn(() => peer.end())
    this.#closeWhenDone()
    peer.#closeWhenDone()
    if (!this.#isClosed) this.#network.time.after(LINGER_MS, () => this.destroy())
  }

  #closeWhenDone(): void {
    if (this.#isClosed || !this.#endArrived || !this.#peerEnded) return
    this.#isClosed = true
    this.deliver()
    this.#closeSoon('')
  }

  #closeSoon(reason: string): void {
    this.#network.time.nextTurn(() => {
      if (this.process.isAlive) this.onClose(reason)
    })
  }

  #nextArrivalMs(): number {
    const { time } = this.#network
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, time.nowMs + this.#network.latencyMs())
    return this.#lastArrivalMs
  }
}
