/**
 * The network between simulated machines: latency, partitions that hold packets back until they
 * heal, and connections that break. Each machine has a name and an address; `localhost` is the
 * machine itself.
 */
import { assert } from '../base/assert.ts'
import type { Prng } from '../base/prng.ts'
import type { Connection, ConnectOptions, Listener, Network } from './io.ts'
import { type SimAddress, SimConnection } from './sim-connection.ts'
import type { SimProcess, SimTime } from './sim-time.ts'
import { systemError } from './sim-volume.ts'

const FIRST_FREE_PORT = 32768
const LOOPBACK_ADDRESS = '127.0.0.1'

/** How often an unanswered connection attempt is repeated. */
const RETRY_MS = 1000

export interface SimNetworkOptions {
  /** What a packet takes one way, from and to. */
  readonly latencyMs?: readonly [number, number]
  /** Bytes that the operating systems at both ends hold for one direction of a connection. */
  readonly bufferBytes?: number
  /** When an attempt to connect that nobody answers fails. */
  readonly connectTimeoutMs?: number
  /** Whether received bytes come in chunks other than they were sent in. */
  readonly breaksUpChunks?: boolean
}

interface SimListener {
  readonly process: SimProcess
  readonly onConnection: (connection: Connection) => void
}

export class SimNetwork {
  readonly time: SimTime
  readonly random: Prng
  readonly bufferBytes: number
  readonly breaksUpChunks: boolean
  readonly #latencyMs: readonly [number, number]
  readonly #connectTimeoutMs: number
  /** Names of the machines; the index makes the address. */
  readonly #hosts: string[] = []
  readonly #listeners = new Map<string, SimListener>()
  readonly #connections = new Set<SimConnection>()
  readonly #cuts = new Set<string>()
  #nextPort = FIRST_FREE_PORT

  constructor(time: SimTime, random: Prng, options: SimNetworkOptions = {}) {
    this.time = time
    this.random = random
    this.bufferBytes = options.bufferBytes ?? 262144
    this.breaksUpChunks = options.breaksUpChunks ?? true
    this.#latencyMs = options.latencyMs ?? [0.05, 0.5]
    this.#connectTimeoutMs = options.connectTimeoutMs ?? 10_000
  }

  /** Ends of connections that are open. */
  get openEnds(): number {
    return this.#connections.size
  }

  /** The network as one process on `host` sees it. */
  endpoint(host: string, process: SimProcess): Network {
    if (!this.#hosts.includes(host)) this.#hosts.push(host)
    return {
      listen: (address, port, onConnection) =>
        this.#listen(host, process, address, port, onConnection),
      connect: (target, port, options) => this.#connect(host, process, target, port, options),
    }
  }

  /** Holds back everything from `from` to `to`, and the other way unless `oneWay`. */
  partition(from: string, to: string, oneWay = false): void {
    this.#cuts.add(`${from}>${to}`)
    if (!oneWay) this.#cuts.add(`${to}>${from}`)
  }

  /** Cuts a machine off from all others. */
  isolate(host: string): void {
    for (const other of this.#hosts) if (other !== host) this.partition(host, other)
  }

  /** Ends all partitions; what was held back arrives. */
  heal(): void {
    this.#cuts.clear()
    for (const connection of this.#connections) connection.deliver()
  }

  /** Breaks the connections of a machine (all of them when absent): both sides see a reset. */
  breakConnections(host?: string): void {
    for (const connection of [...this.#connections]) {
      if (host === undefined || connection.host === host || connection.peerHost === host) {
        connection.reset()
      }
    }
  }

  /** Ends what belongs to a process that has died. */
  kill(process: SimProcess): void {
    for (const [key, listener] of this.#listeners) {
      if (listener.process === process) this.#listeners.delete(key)
    }
    for (const connection of [...this.#connections]) {
      if (connection.process === process) connection.abandon()
    }
  }

  isCut(from: string, to: string): boolean {
    return this.#cuts.size > 0 && this.#cuts.has(`${from}>${to}`)
  }

  latencyMs(): number {
    const [least, most] = this.#latencyMs
    return least + this.random.float() * (most - least)
  }

  forget(connection: SimConnection): void {
    this.#connections.delete(connection)
  }

  #listen(
    host: string,
    process: SimProcess,
    address: string,
    port: number,
    onConnection: (connection: Connection) => void,
  ): Promise<Listener> {
    return new Promise((resolve, reject) => {
      this.time.settleAfter(0, () => {
        if (!process.isAlive) return
        const isOwn = address === '' || address === '0.0.0.0' || address === '::'
        const key = `${host}:${port === 0 ? this.#freePort() : port}`
        if (!isOwn && this.#resolve(host, address) !== host) {
          reject(systemError('EADDRNOTAVAIL', `${address}:${port}`))
        } else if (this.#listeners.has(key)) {
          reject(systemError('EADDRINUSE', key))
        } else {
          resolve(this.#addListener(key, { process, onConnection }))
        }
      })
    })
  }

  #addListener(key: string, listener: SimListener): Listener {
    this.#listeners.set(key, listener)
    return {
      port: Number(key.slice(key.lastIndexOf(':') + 1)),
      close: () => {
        if (this.#listeners.get(key) === listener) this.#listeners.delete(key)
      },
    }
  }

  /** TLS is refused: nobody speaks it here. */
  #connect(
    host: string,
    process: SimProcess,
    target: string,
    port: number,
    { tls, signal }: ConnectOptions = {},
  ): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const deadlineMs = this.time.nowMs + this.#connectTimeoutMs
      const fail = (code: string): void => reject(systemError(code, `${target}:${port}`))
      const peerHost = this.#resolve(host, target)
      const onAbort = (): void => this.time.settleAfter(0, () => fail('ABORT_ERR'))
      signal?.addEventListener('abort', onAbort, { once: true })
      if (signal?.aborted) onAbort()
      const attempt = (): void => {
        if (!process.isAlive || signal?.aborted) return
        if (tls !== undefined) fail('EPROTO')
        else if (peerHost === null) fail('ENOTFOUND')
        else if (!this.isCut(host, peerHost) && !this.isCut(peerHost, host)) {
          this.#reach(host, process, peerHost, port, signal, resolve, fail)
        } else if (this.time.nowMs >= deadlineMs) fail('ETIMEDOUT')
        else this.time.settleAfter(RETRY_MS, attempt)
      }
      this.time.settleAfter(this.latencyMs(), attempt)
    })
  }

  /** An attempt to connect has reached the machine that it was meant for. */
  #reach(
    host: string,
    process: SimProcess,
    peerHost: string,
    port: number,
    signal: AbortSignal | undefined,
    resolve: (connection: Connection) => void,
    fail: (code: string) => void,
  ): void {
    const listener = this.#listeners.get(`${peerHost}:${port}`)
    if (listener === undefined) {
      this.time.settleAfter(this.latencyMs(), () => fail('ECONNREFUSED'))
      return
    }
    const [near, far] = this.#pair(host, process, peerHost, listener.process, port)
    near.pause() // nothing may come before its owner has it
    listener.onConnection(far)
    this.time.settleAfter(this.latencyMs(), () => {
      if (near.isClosed) {
        fail('ECONNRESET')
      } else if (signal?.aborted) {
        near.destroy()
      } else {
        near.resume()
        resolve(near)
      }
    })
  }

  #pair(
    host: string,
    process: SimProcess,
    peerHost: string,
    peerProcess: SimProcess,
    port: number,
  ): [SimConnection, SimConnection] {
    const isLocal = host === peerHost
    const local = this.#address(host, isLocal, this.#freePort())
    const remote = this.#address(peerHost, isLocal, port)
    const near = new SimConnection(this, process, local, remote)
    const far = new SimConnection(this, peerProcess, remote, local)
    SimConnection.join(near, far)
    this.#connections.add(near).add(far)
    return [near, far]
  }

  #address(host: string, isLocal: boolean, port: number): SimAddress {
    const index = this.#hosts.indexOf(host)
    assert(index >= 0, 'a host has an endpoint')
    const address = isLocal ? LOOPBACK_ADDRESS : `10.0.${index >> 8}.${(index & 255) + 1}`
    return { host, address, port }
  }

  /** The machine that `name`, a name or an address, stands for on `host`; null for none. */
  #resolve(host: string, name: string): string | null {
    if (name === 'localhost' || name === LOOPBACK_ADDRESS || name === '::1') return host
    const byAddress = (other: string): boolean => this.#address(other, false, 0).address === name
    return this.#hosts.find((other) => other === name || byAddress(other)) ?? null
  }

  #freePort(): number {
    const port = this.#nextPort++
    if (this.#nextPort > 65535) this.#nextPort = FIRST_FREE_PORT
    return port
  }
}
