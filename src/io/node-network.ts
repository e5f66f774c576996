/**
 * TCP through Node.js: every connection without Nagle's delay and with keep-alive, as Kafka sets
 * them. Invariant: callbacks of a connection never come from within a call of ours, and none comes
 * after `onClose`.
 *
 * Connections are half-open: a client may send its requests and shut down its sending side at once.
 * What the current turn of the loop answers still reaches it; then we end as well. Ending waits a
 * while for the peer to end too, since closing with unread input would reset the connection and
 * could take the last response with it.
 */
import * as net from 'node:net'
import type { Connection, Listener, Network } from './io.ts'

/** How long a peer may take to end its side after we have ended ours. */
const LINGER_MS = 1000

const OPTIONS = { noDelay: true, keepAlive: true, allowHalfOpen: true }

/** The address without the prefix that an IPv4 peer has on a socket of both families. */
function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/, '')
}

function ignore(): void {}

class NodeConnection implements Connection {
  readonly remoteHost: string
  readonly remotePort: number
  readonly localHost: string
  readonly localPort: number
  onData: (chunk: Uint8Array) => void = ignore
  onClose: (reason: string) => void = ignore
  onDrain: () => void = ignore
  readonly #socket: net.Socket
  readonly #afterWrite: () => void
  /** A write did not drain at once, and `onDrain` is owed. */
  #isStalled = false
  /** We have ended; nothing more is handed in or taken. */
  #hasEnded = false
  #reason = ''

  constructor(socket: net.Socket) {
    this.#socket = socket
    this.remoteHost = plainAddress(socket.remoteAddress)
    this.remotePort = socket.remotePort ?? 0
    this.localHost = plainAddress(socket.localAddress)
    this.localPort = socket.localPort ?? 0
    this.#afterWrite = () => {
      if (!this.#isStalled || socket.writableLength > 0 || socket.destroyed) return
      this.#isStalled = false
      this.onDrain()
    }
    socket.on('data', (chunk: Buffer) => {
      if (this.#hasEnded) return
      this.onData(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length))
    })
    // The turn that handles what came before the end comes first, and its answers are sent.
    socket.on('end', () => setImmediate(() => this.end()))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#reason = error.code ?? error.message
    })
    socket.on('close', () => {
      this.#hasEnded = true
      this.onClose(this.#reason)
    })
  }

  get queuedBytes(): number {
    return this.#socket.writableLength
  }

  write(pieces: readonly Uint8Array[], onSent?: () => void): void {
    const socket = this.#socket
    if (this.#hasEnded || socket.destroyed || pieces.length === 0) return
    const last = pieces.length - 1
    if (last > 0) {
      socket.cork()
      for (let i = 0; i < last; i++) socket.write(pieces[i]!)
    }
    socket.write(pieces[last]!, onSent === undefined ? this.#afterWrite : this.#after(onSent))
    if (last > 0) socket.uncork()
    if (socket.writableLength > 0) this.#isStalled = true
  }

  /** After the last piece all are sent: they go in order. */
  #after(onSent: () => void): (error?: Error | null) => void {
    return (error) => {
      if (error === null || error === undefined) onSent()
      this.#afterWrite()
    }
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    const socket = this.#socket
    socket.resume() // or the peer's end would never be seen
    socket.end(() => {
      const timer = setTimeout(() => socket.destroy(), LINGER_MS)
      timer.unref()
      socket.once('close', () => clearTimeout(timer))
    })
  }

  destroy(): void {
    this.#hasEnded = true
    this.#socket.destroy()
  }
}

/** The real network. */
export class NodeNetwork implements Network {
  /** An empty host listens on all addresses of both families. */
  listen(
    host: string,
    port: number,
    onConnection: (connection: Connection) => void,
  ): Promise<Listener> {
    return new Promise((resolve, reject) => {
      const server = net.createServer(OPTIONS, (socket) => onConnection(new NodeConnection(socket)))
      server.once('error', reject)
      server.listen(host === '' ? { port } : { host, port }, () => {
        server.off('error', reject)
        // From here on the system may refuse a single connection (too many open files). Its client
        // sees that; there is nothing to tell the owner of the listener, and no state to repair.
        server.on('error', ignore)
        resolve({
          port: (server.address() as net.AddressInfo).port,
          close: () => server.close(),
        })
      })
    })
  }

  connect(host: string, port: number): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ ...OPTIONS, host, port })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new NodeConnection(socket))
      })
    })
  }
}
