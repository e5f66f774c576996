/**
 * The server under test, ours or Apache Kafka 4.3.1, as a process on free loopback ports with a
 * folder of its own. Both get the same server.properties and the same two commands: format the
 * storage, run the server.
 */
import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { javaArguments, TOOL_CLASSES } from './jvm.ts'
import { Running, runOrThrow, sleep } from './process.ts'
import { countBrokers } from './wire.ts'

export const SERVER_KINDS = ['millrace', 'kafka'] as const
export type ServerKind = (typeof SERVER_KINDS)[number]

export interface ServerOptions {
  readonly kind: ServerKind
  /** The class path of Apache Kafka, for the reference. */
  readonly classPath: string
  readonly directory: string
  readonly properties?: Readonly<Record<string, string>>
  /** Listeners besides PLAINTEXT, by name, with their security protocols. */
  readonly listeners?: Readonly<Record<string, string>>
  /** Levels of features to format the storage with, where they are not to be the default. */
  readonly features?: Readonly<Record<string, number>>
  /** What each is run with, where that matters: the benches run both as a user would. */
  readonly programs?: ServerPrograms
}

export interface ServerPrograms {
  /** The file that is the `millrace` command. */
  readonly millrace: string
  /** Options of Apache Kafka's JVM, before the class path. */
  readonly javaOptions: readonly string[]
}

const START_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 30_000
const CLUSTER_ID = 'Y29uZm9ybWFuY2UtdGVzdA' // 22 characters, the base64 of 16 bytes
const MAIN = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts')

export class Server {
  readonly kind: ServerKind
  readonly port: number
  readonly directory: string
  readonly dataDirectory: string
  readonly clusterId = CLUSTER_ID
  readonly #classPath: string
  readonly #programs: ServerPrograms | null
  /** Ports of the other listeners by name. */
  readonly #otherPorts = new Map<string, number>()
  #controllerPort = 0
  #running: Running | null = null

  private constructor(options: ServerOptions, port: number) {
    this.kind = options.kind
    this.port = port
    this.directory = options.directory
    this.dataDirectory = join(options.directory, 'data')
    this.#classPath = options.classPath
    this.#programs = options.programs ?? null
  }

  /** A new server on an empty data directory, ready for clients. */
  static async create(options: ServerOptions): Promise<Server> {
    const names = Object.keys(options.listeners ?? {})
    const [port, controllerPort, ...others] = await freePorts(2 + names.length)
    const server = new Server(options, port!)
    for (const [at, name] of names.entries()) server.#otherPorts.set(name, others[at]!)
    mkdirSync(options.directory, { recursive: true })
    server.#controllerPort = controllerPort!
    server.#writeProperties(controllerPort!, {
      ...server.#listenerProperties(controllerPort!, options.listeners ?? {}),
      ...options.properties,
    })
    const format = ['format', '-t', CLUSTER_ID, '-c', server.#propertiesFile, '--standalone']
    for (const [name, level] of Object.entries(options.features ?? {})) {
      format.push('--feature', `${name}=${level}`)
    }
    await runOrThrow(...server.#command('storage', format), START_TIMEOUT_MS)
    await server.start()
    return server
  }

  /** The same data directory and ports, run by the other kind or the same again. */
  async takeOver(kind: ServerKind): Promise<Server> {
    const { directory } = this
    const server = new Server({ kind, directory, classPath: this.#classPath }, this.port)
    server.#controllerPort = this.#controllerPort
    await server.start()
    return server
  }

  /** Where its controller is reached, which is no broker's listener. */
  get controllers(): string {
    return `127.0.0.1:${this.#controllerPort}`
  }

  get controllerPort(): number {
    return this.#controllerPort
  }

  get bootstrap(): string {
    return `127.0.0.1:${this.port}`
  }

  /** The address of one of the other listeners. */
  addressOf(listener: string): string {
    const port = this.#otherPorts.get(listener)
    if (port === undefined) throw new Error(`there is no listener ${listener}`)
    return `127.0.0.1:${port}`
  }

  /** The process, once it was started. */
  get pid(): number {
    return this.#running?.pid ?? -1
  }

  get isRunning(): boolean {
    return this.#running?.isAlive ?? false
  }

  /** The folder of a partition of a topic. */
  partition(topic: string, partition: number): string {
    return join(this.dataDirectory, `${topic}-${partition}`)
  }

  async start(): Promise<void> {
    const running = new Running(...this.#command('server', [this.#propertiesFile]))
    const log = createWriteStream(this.#logFile, { flags: 'a' })
    running.onOutput = (text) => log.write(text)
    this.#running = running
    const deadline = Date.now() + START_TIMEOUT_MS
    for (;;) {
      if (!running.isAlive) throw new Error(`${this.kind} did not start: ${running.describe()}`)
      const brokers = await countBrokers(this.port).catch(() => 0)
      if (brokers > 0) return
      if (Date.now() > deadline) {
        this.kill()
        throw new Error(`${this.kind} is not ready after ${START_TIMEOUT_MS} ms`)
      }
      await sleep(50)
    }
  }

  /** SIGTERM, as an operator stops it. */
  async stop(): Promise<void> {
    const running = this.#running
    if (running === null || !running.isAlive) return
    running.kill('SIGTERM')
    const timer = setTimeout(() => running.kill('SIGKILL'), STOP_TIMEOUT_MS)
    const status = await running.exited
    clearTimeout(timer)
    // A JVM that ends by SIGTERM reports 143, the signal's number and 128.
    if (status !== 0 && status !== 143) {
      throw new Error(`${this.kind} stopped with status ${status}: ${running.describe()}`)
    }
  }

  /** SIGKILL, as a power cut for the process; resolves when it is gone. */
  async kill(): Promise<void> {
    this.#running?.kill('SIGKILL')
    await this.#running?.exited
  }

  /** What the server said so far, for a failure that has to be explained. */
  describe(): string {
    return this.log().trim().split('\n').slice(-12).join('\n')
  }

  /** All that it has said. */
  log(): string {
    return existsSync(this.#logFile) ? readFileSync(this.#logFile, 'utf8') : ''
  }

  get #propertiesFile(): string {
    return join(this.directory, 'server.properties')
  }

  get #logFile(): string {
    return join(this.directory, 'server.log')
  }

  #command(command: 'storage' | 'server', args: readonly string[]): [string, string[]] {
    if (this.kind === 'millrace') {
      return [process.execPath, [this.#programs?.millrace ?? MAIN, command, ...args]]
    }
    const main = command === 'server' ? 'kafka.Kafka' : TOOL_CLASSES['kafka-storage']
    const options = this.#programs?.javaOptions
    if (options === undefined || command !== 'server') {
      return ['java', [...javaArguments(this.#classPath, '-Xmx512m'), main, ...args]]
    }
    return ['java', [...options, '-cp', this.#classPath, main, ...args]]
  }

  #listenerProperties(controllerPort: number, protocols: Readonly<Record<string, string>>) {
    const ports = { PLAINTEXT: this.port, ...Object.fromEntries(this.#otherPorts) }
    const all = { PLAINTEXT: 'PLAINTEXT', CONTROLLER: 'PLAINTEXT', ...protocols }
    const listeners = Object.entries({ ...ports, CONTROLLER: controllerPort })
    const map = Object.entries(all).map(([name, protocol]) => `${name}:${protocol}`)
    return {
      listeners: listeners.map(([name, port]) => `${name}://127.0.0.1:${port}`).join(','),
      ...(this.#otherPorts.size > 0 && { 'listener.security.protocol.map': map.join(',') }),
    }
  }

  /** The quick start's file, with loopback addresses and one replica of the internal topics. */
  #writeProperties(controllerPort: number, properties: Readonly<Record<string, string>>): void {
    const all: Record<string, string> = {
      'process.roles': 'broker,controller',
      'node.id': '1',
      'controller.quorum.bootstrap.servers': `127.0.0.1:${controllerPort}`,
      'controller.listener.names': 'CONTROLLER',
      'log.dirs': this.dataDirectory,
      'offsets.topic.replication.factor': '1',
      'transaction.state.log.replication.factor': '1',
      'transaction.state.log.min.isr': '1',
      'share.coordinator.state.topic.replication.factor': '1',
      'share.coordinator.state.topic.min.isr': '1',
      'group.initial.rebalance.delay.ms': '100',
      ...properties,
    }
    const lines = Object.entries(all).map(([name, value]) => `${name}=${value}\n`)
    writeFileSync(this.#propertiesFile, lines.join(''))
  }
}

/** Ports that were free a moment ago, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const holders = await Promise.all(
    Array.from({ length: count }, () => {
      const holder = createServer()
      return new Promise<typeof holder>((resolve, reject) => {
        holder.once('error', reject)
        holder.listen(0, '127.0.0.1', () => resolve(holder))
      })
    }),
  )
  const ports = holders.map((holder) => (holder.address() as { port: number }).port)
  await Promise.all(holders.map((holder) => new Promise((resolve) => holder.close(resolve))))
  return ports
}
