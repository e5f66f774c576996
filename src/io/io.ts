/**
 * The outside world as small interfaces. `node.ts` is the real one, `sim.ts` the simulated one, and
 * one contract suite runs on both. Nothing else of ours touches files, sockets, timers, the date
 * or randomness (rule 2), which is what lets a whole cluster replay from one seed.
 */

/** Two ways to tell the time: the date, which someone may set, and what has passed. */
export interface Clock {
  /** Wall time in whole milliseconds since 1970; what records and retention count in. */
  nowMs(): number
  /** Milliseconds that never run backwards, with a fraction; for all that lasts. */
  monotonicMs(): number
  /** Runs `callback` once, `delayMs` from now at the earliest. Returns a cancel function. */
  after(delayMs: number, callback: () => void): () => void
  /** Runs `callback` in the next turn of the event loop. */
  nextTurn(callback: () => void): void
}

/** Randomness; seeded in the simulator. */
export interface Random {
  /** An integer in [0, bound). */
  int(bound: number): number
  /** A random (version 4) uuid as Kafka prints it: 22 characters of URL-safe base64. */
  uuid(): string
  bytes(length: number): Uint8Array
}

export interface FileStat {
  readonly size: number
  readonly isDirectory: boolean
  readonly modifiedMs: number
}

/**
 * An open file. Synchronous calls are for the page cache; what may touch the platter is a promise.
 */
export interface DiskFile {
  readonly path: string
  size(): number
  /** Writes all pieces one after another at `position`, in one gathered write where it can. */
  write(pieces: readonly Uint8Array[], position: number): void
  /** Reads up to `target.length` bytes at `position`; returns how many there were. */
  read(target: Uint8Array, position: number): number
  /** The same off the event loop, for cold data. */
  readAsync(target: Uint8Array, position: number): Promise<number>
  truncate(size: number): void
  /** fdatasync on this thread: recovery, shutdown, tests, and metadata of a few bytes. */
  syncNow(): void
  /** fdatasync off the event loop. */
  sync(): Promise<void>
  close(): void
}

/** An exclusive lock on a file; freed when the process ends, however it ends. */
export interface DiskLock {
  release(): void
}

/** A file system. Errors are thrown as Error with `code` (ENOENT, ENOSPC, EACCES, EIO …). */
export interface Disk {
  /** `read` and `write` (which reads too): must exist. `create`: as `write`, but made if absent. */
  open(path: string, mode: 'read' | 'write' | 'create'): DiskFile
  /** Names in a directory, sorted. */
  list(path: string): string[]
  /** Null where nothing is there. */
  stat(path: string): FileStat | null
  makeDirectory(path: string): void
  /** Replaces `to` if it exists. */
  rename(from: string, to: string): void
  /** Removes a file; nothing happens where there is none. */
  remove(path: string): void
  /** The same off the event loop: the memory and blocks of a large file take long to free. */
  removeAsync(path: string): Promise<void>
  /** Removes a directory with all in it; nothing happens where there is none. */
  removeTree(path: string): void
  readFile(path: string): Uint8Array
  /** Writes `path + '.tmp'`, syncs it, renames it over `path`, syncs the directory. */
  writeFileAtomic(path: string, content: Uint8Array): void
  /** fsync of a directory, so that created and renamed names survive a power cut. */
  syncDirectory(path: string): void
  /** The same off the event loop. */
  syncDirectoryAsync(path: string): Promise<void>
  /** Takes the lock on `path` (made if absent), or returns null where another process holds it. */
  lock(path: string): DiskLock | null
  /** Bytes of the volume that holds `path`. */
  space(path: string): { readonly totalBytes: number; readonly usableBytes: number }
}

/** One byte stream. Callbacks are set once, right after the connection is handed over. */
export interface Connection {
  /** An IPv4 address in its own form, also where the socket speaks IPv6; so is `localHost`. */
  readonly remoteHost: string
  readonly remotePort: number
  /** The address that the peer dialled. */
  readonly localHost: string
  readonly localPort: number
  onData: (chunk: Uint8Array) => void
  /** Set with the callbacks, false at first: chunks are only lent, for as long as `onData` runs. */
  lendsChunks: boolean
  /**
   * Set with the callbacks: memory that what comes next is read into, to be handed to `onData` as a
   * view of it; or null for memory of the connection. A connection may do without asking.
   */
  nextInput: () => Uint8Array | null
  /** Called once, when nothing more will come or go; `reason` is '' for an orderly end. */
  onClose: (reason: string) => void
  /** Called when `queuedBytes` has fallen to 0 after a write that did not drain at once. */
  onDrain: () => void
  /**
   * Queues all pieces as one gathered write. `onSent` is called once nothing refers to them any
   * more, and never where the connection ends before that.
   */
  write(pieces: readonly Uint8Array[], onSent?: () => void): void
  /** Bytes written and not yet taken by the operating system. */
  readonly queuedBytes: number
  pause(): void
  resume(): void
  /** Flushes what is queued, then ends. */
  end(): void
  /** Ends at once. */
  destroy(): void
}

export interface Listener {
  readonly port: number
  /** Stops listening; open connections go on. */
  close(): void
}

/** What TLS takes; names and forms are those of Node.js, as is the default of what is left out. */
export interface TlsOptions {
  /** Certificates that are trusted, as PEM, instead of those that come with the runtime. */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined
  /** Who we are, as PEM: the certificate with its chain, and its private key. */
  readonly cert?: string | Uint8Array | readonly (string | Uint8Array)[] | undefined
  readonly key?: string | Uint8Array | undefined
  /** The same two as PKCS #12. */
  readonly pfx?: string | Uint8Array | undefined
  /** Opens `key` or `pfx`. */
  readonly passphrase?: string | undefined
  /** The name that the peer's certificate has to be for; the host that is dialled if left out. */
  readonly servername?: string | undefined
  /** False accepts any certificate: anyone between us and the peer can then read and change all. */
  readonly rejectUnauthorized?: boolean | undefined
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined
  readonly ciphers?: string | undefined
}

export interface ConnectOptions {
  /** Speaks TLS; the promise resolves when the peer has proven who it is. */
  readonly tls?: TlsOptions | undefined
  /** Gives up: the promise rejects, and nothing is left behind. */
  readonly signal?: AbortSignal | undefined
}

/** Connections that are listened for, and made. */
export interface Network {
  /** Rejects with an Error that has `code` (EADDRINUSE, EACCES …). Port 0 picks a free one. */
  listen(
    host: string,
    port: number,
    onConnection: (connection: Connection) => void,
  ): Promise<Listener>
  /**
   * Rejects with an Error that has `code` (ECONNREFUSED, ENOTFOUND, ABORT_ERR, or what TLS found
   * wrong). All addresses of a name are tried.
   */
  connect(host: string, port: number, options?: ConnectOptions): Promise<Connection>
}

/** Everything a node is handed. */
export interface Io {
  readonly clock: Clock
  readonly random: Random
  readonly disk: Disk
  readonly network: Network
}
