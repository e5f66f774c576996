/**
 * A running node: its listeners, its place in the cluster, its loop, and its end.
 *
 * A clean stop answers what is under way, makes everything durable, and leaves the marker that
 * spares the next start a scan. A fatal error ends the process without it: what was acknowledged is
 * in the files already.
 */
import type { Logger } from '../base/logger.ts'
import { errorOf } from '../base/thrown.ts'
import type { Io, Listener as IoListener } from '../io/io.ts'
import { SteadyClock } from '../io/steady-clock.ts'
import type { LogDirectory } from '../log/log-directory.ts'
import { META_PROPERTIES } from '../log/meta-properties.ts'
import { BrokerConfig } from './config/broker-config.ts'
import { issueLine } from './config/issue.ts'
import type { Listener } from './config/listeners.ts'
import { Connections } from './connections.ts'
import { Loop } from './loop.ts'
import { type OpenNode, openNode } from './node.ts'
import { type RegisteredListener, Registration } from './registration.ts'
import type { ListenerEndpoint } from './request-context.ts'
import { StartupError, startupError } from './startup-error.ts'

export type { Logger } from '../base/logger.ts'
export type { BrokerConfig } from './config/broker-config.ts'
export type { RegisteredListener } from './registration.ts'
export { StartupError } from './startup-error.ts'

export interface ServerOptions {
  /** Properties by Kafka's names. */
  readonly properties: ReadonlyMap<string, string>
  readonly io: Io
  readonly logger: Logger
  /** `CLUSTER_ID` of the environment: the id of a new cluster, and what an old one must have. */
  readonly clusterId?: string | null
  /** Unknown properties are errors. */
  readonly strict?: boolean
  /** Makes a path of the configuration absolute. */
  readonly absolutePath?: (path: string) => string
  /** The node could not go on and has stopped serving. */
  readonly onFatal?: (error: Error) => void
}

export interface RunningServer {
  readonly nodeId: number
  readonly clusterId: string
  readonly dataDirectories: readonly string[]
  /** True where this start formatted the data directories. */
  readonly isNew: boolean
  /** Where it listens, with the ports that were really taken. */
  readonly listeners: readonly RegisteredListener[]
  /** Stops in good order; settles when everything is on disk. */
  stop(): Promise<void>
}

/** Reads the properties: throws StartupError with a line for each that is wrong. */
export function readConfig(
  properties: ReadonlyMap<string, string>,
  { strict, logger }: { readonly strict: boolean; readonly logger: Logger },
): BrokerConfig {
  const { config, errors, warnings } = BrokerConfig.parse(properties, { strict })
  for (const warning of warnings) logger.warn(warning)
  if (config === null) throw new StartupError(errors.map(issueLine))
  return config
}

/** Starts a node. Throws StartupError where it can't run, before it serves anything. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { properties, strict = false, logger } = options
  const { disk, network, random } = options.io
  const io = { clock: new SteadyClock(options.io.clock), disk, network, random }
  const server = new Server({ ...options, io }, readConfig(properties, { strict, logger }))
  await server.start()
  return server
}

class Server implements RunningServer {
  readonly #options: ServerOptions
  readonly #config: BrokerConfig
  readonly #loop: Loop
  #node: OpenNode | null = null
  #connections: Connections | null = null
  #registration: Registration | null = null
  #sockets: IoListener[] = []
  #serving = false
  #ended = false
  #stopped: Promise<void> | null = null
  /** What `start` is to tell, where it is too early for `onFatal`. */
  #failure: unknown = null
  listeners: readonly RegisteredListener[] = []

  constructor(options: ServerOptions, config: BrokerConfig) {
    this.#options = options
    this.#config = config
    this.#loop = new Loop(
      options.io.clock,
      (nowMs) => this.#turn(nowMs),
      (error) => this.#fatal(error),
    )
  }

  get nodeId(): number {
    return this.#config.get('node.id')
  }

  get clusterId(): string {
    return this.#node?.identity.clusterId ?? ''
  }

  get isNew(): boolean {
    return this.#node?.identity.isNew ?? false
  }

  get dataDirectories(): readonly string[] {
    return this.#node?.directories.map(({ path }) => path) ?? []
  }

  async start(): Promise<void> {
    const { io, logger, clusterId = null, absolutePath = (path) => path } = this.#options
    const metadataDirectory = absolutePath(this.#config.metadataLogDir)
    if (io.disk.stat(`${metadataDirectory}/${META_PROPERTIES}`) === null) await this.#tryPorts()
    this.#node = await openNode({
      config: this.#config,
      io,
      logger,
      clusterId,
      absolutePath,
      wake: () => this.#loop.wake(),
      onCordoned: () => this.#heartbeatSoon(),
      onFatal: (error) => this.#fatal(error),
    })
    try {
      await this.#listen(this.#node)
      this.#enterService(this.#node)
      if (this.#failure !== null) throw this.#failure
    } catch (error) {
      this.#giveUp()
      throw startupError(error)
    }
    this.#serving = true
    this.#loop.wake()
  }

  /** Before the first start writes anything: where it can't listen it is to leave nothing. */
  async #tryPorts(): Promise<void> {
    for (const listener of this.#config.listeners) {
      if (listener.port === 0) continue
      const socket = await this.#bind(listener, (connection) => connection.destroy())
      socket.close()
    }
  }

  async #listen({ broker }: OpenNode): Promise<void> {
    const connections = new Connections(broker, this.#loop)
    broker.connections = connections
    this.#connections = connections
    const registered: RegisteredListener[] = []
    for (const listener of this.#config.listeners) {
      const endpoint = endpointOf(listener)
      const socket = await this.#bind(listener, (connection) => {
        if (this.#ended) connection.destroy()
        else connections.accept(connection, endpoint)
      })
      this.#sockets.push(socket)
      registered.push({
        name: listener.name,
        kind: listener.kind,
        host: listener.advertisedHost ?? (listener.host === '' ? 'localhost' : listener.host),
        port: listener.advertisedPort ?? socket.port,
      })
    }
    this.listeners = registered
  }

  async #bind(
    { name, host, port }: Listener,
    onConnection: Parameters<Io['network']['listen']>[2],
  ): Promise<IoListener> {
    try {
      return await this.#options.io.network.listen(host, port, onConnection)
    } catch (error) {
      const { code } = error as { code?: string }
      const address = `${host === '' ? '*' : host}:${port}`
      const reasons: Record<string, string> = {
        EADDRINUSE: 'another process listens there: stop it, or change `listeners`',
        EACCES: 'this user may not listen there: use a port above 1023',
        EADDRNOTAVAIL: 'this machine has no such address: change `listeners`',
        ENOTFOUND: 'the name does not resolve: change `listeners`',
      }
      const reason = (code === undefined ? undefined : reasons[code]) ?? (error as Error).message
      throw new StartupError(`listener ${name} can't use ${address}: ${reason}`)
    }
  }

  /** Registers with the controller and lets the partitions and coordinators begin. */
  #enterService({ broker, metadata, identity, directories }: OpenNode): void {
    const { io, logger } = this.#options
    const nowMs = io.clock.nowMs()
    const registration = new Registration({
      metadata,
      logger,
      nodeId: this.nodeId,
      clusterId: identity.clusterId,
      rack: this.#config.get('broker.rack'),
      incarnationId: io.random.uuid(),
      directories: identity.directoryIds,
      partitions: broker.partitions,
      listeners: this.listeners,
      supportedFeatures: broker.supportedFeatures,
      previousBrokerEpoch: previousEpoch(directories),
    })
    this.#registration = registration
    registration.register(nowMs)
    broker.partitions.start(nowMs)
    const beat = (): void => {
      const beatMs = io.clock.nowMs()
      registration.heartbeat(beatMs)
      broker.deadlines.add(beatMs + this.#config.get('broker.heartbeat.interval.ms'), beat)
    }
    broker.deadlines.add(nowMs + this.#config.get('broker.heartbeat.interval.ms'), beat)
  }

  /** Before any further request is handled. */
  #heartbeatSoon(): void {
    const broker = this.#node?.broker
    broker?.resume(() => this.#registration?.heartbeat(broker.nowMs))
  }

  #turn(nowMs: number): number {
    return this.#serving && this.#node !== null ? this.#node.broker.turn(nowMs) : Infinity
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    if (this.#ended || this.#node === null) return
    const { broker } = this.#node
    for (const socket of this.#sockets) socket.close()
    broker.turn(this.#options.io.clock.nowMs())
    this.#registration?.shutDown(this.#options.io.clock.nowMs())
    broker.turn(this.#options.io.clock.nowMs())
    this.#endService()
    // What this syncs off the loop, `close` does not have to sync one after another.
    await Promise.allSettled(this.#node.directories.map((directory) => directory.prepareClose()))
    this.#close()
  }

  /** From here on no client is heard and no turn is taken. */
  #endService(): void {
    this.#serving = false
    this.#loop.stop()
    for (const socket of this.#sockets) socket.close()
    this.#connections?.endAll()
  }

  /** Ends a node that could not start; the first error is the one to tell. */
  #giveUp(): void {
    try {
      this.#close()
    } catch {
      for (const directory of this.#node?.directories ?? []) directory.fail('the start has failed')
    }
  }

  /** Ends everything; what is in memory goes to disk. */
  #close(): void {
    if (this.#ended) return
    this.#ended = true
    this.#endService()
    if (this.#node === null) return
    this.#node.metadata.close()
    const epoch = this.#registration?.brokerEpoch ?? -1
    for (const directory of this.#node.directories) directory.close(epoch)
  }

  /** Stops serving at once and says so: going on could lose or invent data. */
  #fatal(error: unknown): void {
    if (this.#ended) return
    if (!this.#serving) {
      this.#failure ??= error
      return
    }
    this.#ended = true
    this.#endService()
    this.#options.onFatal?.(errorOf(error))
  }
}

function endpointOf(listener: Listener): ListenerEndpoint {
  const { name, kind, host, advertisedHost, advertisedPort } = listener
  const isWildcard = host === '' || host === '0.0.0.0' || host === '::'
  return {
    name,
    kind,
    advertisedHost: advertisedHost ?? (isWildcard ? null : host),
    advertisedPort,
  }
}

/** The epoch that all directories were closed under; -1 where they do not agree. */
function previousEpoch(directories: readonly LogDirectory[]): number {
  const [first, ...others] = directories.map(({ previousBrokerEpoch }) => previousBrokerEpoch)
  return first !== undefined && others.every((epoch) => epoch === first) ? first : -1
}
