/** What `startServer` is given and what it gives back: the seam between a node and its shell. */
import type { Logger } from '../base/logger.ts'
import type { Io } from '../io/io.ts'

export interface ServerEnvironment {
  readonly logger: Logger
  /** Formats data directories that are not formatted yet, instead of refusing to start. */
  readonly formatsWhenNew: boolean
  /** The cluster id that a format then takes; null for a random one. */
  readonly clusterId: string | null
}

export interface ServerOptions {
  /** Those of `server.properties`, whole: `BrokerConfig.parse` reads them. */
  readonly properties: ReadonlyMap<string, string>
  readonly io: Io
  readonly environment: ServerEnvironment
}

export interface RunningServer {
  /** Where clients connect, as host:port. */
  readonly address: string
  readonly dataDirectory: string
  readonly clusterId: string
  /** Stops cleanly: resolves when everything is on disk. */
  stop(): Promise<void>
}
