/**
 * TCP and TLS through Node.js: every connection without Nagle's delay and with keep-alive, as Kafka
 * sets them. Invariant: callbacks of a connection never come from within a call of ours, and none
 * comes after `onClose`.
 *
 * Connections are half-open: a client may send its requests and shut down its sending side at once.
 * What the current turn of the loop answers still reaches it; then we end as well. Ending waits a
 * while for the peer to end too, since closing with unread input would reset the connection and
 * could take the last response with it.
 */
import * as net from 'node:net'
import type * as tls from 'node:tls'
import type { Connection, ConnectOptions, Listener, Network, TlsOptions } from './io.ts'
import { NodeInput } from './node-input.ts'

/** How long a peer may take to end its side after we have ended ours. */
const LINGER_MS = 1000

/** How long one of several addresses of a name may take before the next one is tried. */
const ADDRESS_ATTEMPT_MS = 1000

/** Most that is copied for the sake of one write. */
const JOINED_BYTES_MAX = 4096

const OPTIONS = { noDelay: true, keepAlive: true, allowHalfOpen: true }

/** The address without the prefix that an IPv4 peer has on a socket of both families. */
function plainAddress(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/, '')
}

function ignore(): void {}

function nothing(): null {
  return null
}

/** Small pieces as one: to copy them costs less than what Node does to write several. */
function joined(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
  if (pieces.length === 1) return pieces
  let bytes = 0
  for (const piece of pieces) {
    bytes += piece.length
    if (bytes > JOINED_BYTES_MAX) return pieces
  }
  return [Buffer.concat(pieces, bytes)]
}

class NodeConnection implements Connection {
  readonly remoteHost: string
  readonly remotePort: number
  readonly localHost: string
  readonly localPort: number
  onData: (chunk: Uint8Array) => void = ignore
  lendsChunks = false
  nextInput: () => Uint8Array | null = nothing
  onClose: (reason: string) => void = ignore
  onDrain: () => void = ignore
  readonly #socket: net.Socket
  readonly #afterWrite: () => void
  /** A write did not drain at once, and `onDrain` is owed. */
  #isStalled = false
  /** We have ended; nothing more is handed in or taken. */
  #hasEnded = false
  #reason = ''

  /** @param input what an accepted connection reads into; null for one that was dialled */
  constructor(made: net.Socket, input: NodeInput | null = null) {
    const take = (chunk: Uint8Array): void => this.#takeLent(chunk)
    const socket = input === null ? made : input.attach(made, take, () => this.nextInput())
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
    if (input === null) {
      socket.on('data', (chunk: Buffer) => {
        if (this.#hasEnded) return
        this.onData(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length))
      })
    }
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

  #takeLent(chunk: Uint8Array): void {
    if (!this.#hasEnded) this.onData(this.lendsChunks ? chunk : chunk.slice())
  }

  get queuedBytes(): number {
    return this.#socket.writableLength
  }

  write(given: readonly Uint8Array[], onSent?: () => void): void {
    const socket = this.#socket
    if (this.#hasEnded || socket.destroyed || given.length === 0) return
    const pieces = joined(given)
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

function secure(address: net.NetConnectOpts, host: string, options: TlsOptions): tls.TLSSocket {
  // An address can't be a name in TLS (RFC 6066), but it can be in a certificate.
  const servername = options.servername ?? (net.isIP(host) === 0 ? host : '')
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  // Loaded when it is needed first, which for most nodes is never.
  const { connect } = process.getBuiltinModule('node:tls')
  return connect({ ...address, ...Object.fromEntries(given), servername })
}

function aborted(signal: AbortSignal): Error {
  return Object.assign(new Error('gave up', { cause: signal.reason }), { code: 'ABORT_ERR' })
}

/** The real network. */
export class NodeNetwork implements Network {
  readonly #input = new NodeInput()
  readonly #lookup: net.LookupFunction | undefined

  /** `lookup` finds the addresses of a name, where it is not to be the system. */
  constructor(lookup?: net.LookupFunction) {
    this.#lookup = lookup
  }

  /** An empty host listens on all addresses of both families. */
  listen(
    host: string,
    port: number,
    onConnection: (connection: Connection) => void,
  ): Promise<Listener> {
    return new Promise((resolve, reject) => {
      const server = net.createServer({ ...OPTIONS, pauseOnConnect: true }, (accepted) => {
        onConnection(new NodeConnection(accepted, this.#input))
      })
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

  connect(
    host: string,
    port: number,
    { tls: tlsOptions, signal }: ConnectOptions = {},
  ): Promise<Connection> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(aborted(signal))
        return
      }
      const address = {
        ...OPTIONS,
        host,
        port,
        ...(this.#lookup && { lookup: this.#lookup }),
        autoSelectFamilyAttemptTimeout: ADDRESS_ATTEMPT_MS,
      }
      const socket =
        tlsOptions === undefined ? net.connect(address) : secure(address, host, tlsOptions)
      const onAbort = (): void => {
        socket.destroy(aborted(signal!))
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      const done = (): void => signal?.removeEventListener('abort', onAbort)
      const onError = (error: Error): void => {
        done()
        reject(error)
      }
      socket.once('error', onError)
      socket.once(tlsOptions === undefined ? 'connect' : 'secureConnect', () => {
        done()
        socket.off('error', onError)
        resolve(new NodeConnection(socket))
      })
    })
  }
}
