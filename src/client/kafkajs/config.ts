/**
 * What `new Kafka` takes in kafkajs's form, and the native options that it becomes.
 *
 * Invariant: an option that would have no effect is refused with its name, unless it has its
 * default value.
 */
import type { Io } from '../../io/io.ts'
import type { KafkaOptions, OAuthToken, SaslOptions, TlsOptions } from '../options.ts'
import type { logLevel } from './constants.ts'
import { KafkaJSNonRetriableError, KafkaJSNotImplemented } from './errors.ts'
import { type Logger, type logCreator, nativeLogger } from './logger.ts'
import { type RetryBudget, type RetryOptions, retryBudget } from './retry-budget.ts'

export type BrokersFunction = () => string[] | Promise<string[]>

export interface OauthbearerProviderResponse {
  value: string
  extensions?: Record<string, string>
}

export type SASLOptions =
  | {
      mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512'
      username: string
      password: string
    }
  | {
      mechanism: 'oauthbearer'
      oauthBearerProvider: () => Promise<OauthbearerProviderResponse>
    }
export type SASLMechanism = SASLOptions['mechanism']

export interface KafkaConfig {
  brokers: string[] | BrokersFunction
  ssl?: TlsOptions | boolean
  sasl?: SASLOptions
  clientId?: string
  connectionTimeout?: number
  authenticationTimeout?: number
  reauthenticationThreshold?: number
  requestTimeout?: number
  enforceRequestTimeout?: boolean
  retry?: RetryOptions
  /** Not supported. */
  socketFactory?: never
  logLevel?: logLevel
  logCreator?: logCreator
  /** The world that the client lives in, for tests. */
  io?: Pick<Io, 'clock' | 'random' | 'network'>
}

const KNOWN = [
  ...['brokers', 'ssl', 'sasl', 'clientId', 'connectionTimeout', 'authenticationTimeout'],
  ...['reauthenticationThreshold', 'requestTimeout', 'enforceRequestTimeout', 'retry'],
  ...['logLevel', 'logCreator', 'io'],
]

const DEFAULT_CONNECTION_TIMEOUT_MS = 1000
const MAX_ATTEMPTS = 64
export const DEFAULT_REQUEST_TIMEOUT_MS = 30_000

/** Throws for options that the drop-in knows nothing of. */
export function refuseUnknown(what: string, options: object, known: readonly string[]): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || known.includes(name)) continue
    throw new KafkaJSNotImplemented(`${what}: the option ${name} is not supported`)
  }
}

/** Throws for an option that is fixed here, where it says otherwise. */
export function refuseOther(name: string, value: unknown, fixed: unknown, why: string): void {
  if (value === undefined || value === null || value === fixed) return
  throw new KafkaJSNotImplemented(`${name}: ${String(value)} is not supported: ${why}`)
}

/** What a part has of its own. */
export interface PartOptions {
  readonly retry: RetryOptions | undefined
  readonly metadataMaxAge: number | undefined
  readonly maxInFlightRequests: number | undefined
}

/** The part of the options that all parts of a client share. */
export class ClientConfig {
  readonly io: Pick<Io, 'clock' | 'random' | 'network'>
  readonly logger: Logger
  readonly requestTimeoutMs: number
  readonly #config: KafkaConfig

  constructor(config: KafkaConfig, io: Pick<Io, 'clock' | 'random' | 'network'>, logger: Logger) {
    refuseUnknown('Kafka', config, KNOWN)
    const why = 'a broker that does not answer in time is given up'
    refuseOther('enforceRequestTimeout', config.enforceRequestTimeout, true, why)
    const bounded = 'requestTimeout is how long each step of authentication may take'
    refuseOther('authenticationTimeout', config.authenticationTimeout, 10_000, bounded)
    const early = 'connections are authenticated anew when 85 to 95 % of their time is over'
    refuseOther('reauthenticationThreshold', config.reauthenticationThreshold, 10_000, early)
    this.#config = config
    this.io = io
    this.logger = logger
    this.requestTimeoutMs = config.requestTimeout ?? DEFAULT_REQUEST_TIMEOUT_MS
    this.nativeOptions({
      retry: undefined,
      metadataMaxAge: undefined,
      maxInFlightRequests: undefined,
    })
  }

  /** How long it may take to find out that no broker can be reached: all attempts at it. */
  connectMs(retry: RetryOptions | undefined): number {
    const budget = this.budget(retry)
    const attemptMs = this.#config.connectionTimeout ?? DEFAULT_CONNECTION_TIMEOUT_MS
    return budget.callMs(attemptMs * (Math.min(budget.retries, MAX_ATTEMPTS) + 1))
  }

  budget(retry: RetryOptions | undefined): RetryBudget {
    return retryBudget(this.#config.retry, retry)
  }

  /** Each producer, consumer and admin is a native client of its own, as in kafkajs. */
  nativeOptions({ retry, metadataMaxAge, maxInFlightRequests }: PartOptions): KafkaOptions {
    const { brokers, clientId, ssl, sasl, connectionTimeout } = this.#config
    const budget = this.budget(retry)
    return {
      brokers: brokersOf(brokers),
      clientId: clientId ?? 'kafkajs',
      tls: tlsOf(ssl),
      sasl: saslOf(sasl),
      connectTimeoutMs: connectionTimeout ?? DEFAULT_CONNECTION_TIMEOUT_MS,
      requestTimeoutMs: this.requestTimeoutMs,
      retryBackoffMs: budget.firstPauseMs,
      retryBackoffMaxMs: Math.max(budget.firstPauseMs, budget.longestPauseMs),
      metadataMaxAgeMs: metadataMaxAge,
      maxInFlightRequests,
      logger: nativeLogger(this.logger),
      io: this.io,
    }
  }
}

function brokersOf(brokers: KafkaConfig['brokers']): KafkaOptions['brokers'] {
  if (typeof brokers === 'function') {
    return async () => {
      const found = await brokers()
      if (Array.isArray(found) && found.length > 0) return found
      throw new KafkaJSNonRetriableError('Failed to connect: brokers() gave no list of brokers')
    }
  }
  if (!Array.isArray(brokers))
    throw new KafkaJSNonRetriableError('Failed to connect: brokers is no list')
  if (
    brokers.length === 0 ||
    brokers.some((broker) => typeof broker !== 'string' || broker === '')
  ) {
    throw new KafkaJSNonRetriableError('Failed to connect: brokers has an entry that is no broker')
  }
  return brokers
}

const TLS_OPTIONS = [
  ...['ca', 'cert', 'key', 'pfx', 'passphrase', 'servername', 'rejectUnauthorized'],
  ...['minVersion', 'ciphers'],
]

function tlsOf(ssl: KafkaConfig['ssl']): KafkaOptions['tls'] {
  if (typeof ssl === 'object' && ssl !== null) refuseUnknown('ssl', ssl, TLS_OPTIONS)
  return ssl
}

const MECHANISMS = {
  plain: 'PLAIN',
  'scram-sha-256': 'SCRAM-SHA-256',
  'scram-sha-512': 'SCRAM-SHA-512',
} as const

function saslOf(sasl: SASLOptions | undefined): SaslOptions | undefined {
  if (sasl === undefined) return undefined
  const mechanism = String(sasl.mechanism).toLowerCase()
  if (sasl.mechanism === 'oauthbearer') {
    const { oauthBearerProvider } = sasl
    const token = async (): Promise<OAuthToken> => await oauthBearerProvider()
    return { mechanism: 'OAUTHBEARER', token }
  }
  if (Object.hasOwn(MECHANISMS, mechanism)) {
    const { username, password } = sasl
    return { mechanism: MECHANISMS[mechanism as keyof typeof MECHANISMS], username, password }
  }
  const known = [...Object.keys(MECHANISMS), 'oauthbearer'].join(', ')
  throw new KafkaJSNotImplemented(`sasl.mechanism: ${mechanism} is not supported, but ${known} are`)
}
