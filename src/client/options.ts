/**
 * What `new Kafka` takes, and the settings it becomes: every default is here, and every value is
 * checked once, before anything is done with it.
 */
import { type Logger, silentLogger } from '../base/logger.ts'
import type { Io, TlsOptions } from '../io/io.ts'
import { parseAddresses } from './cluster/address.ts'
import { KafkaError } from './kafka-error.ts'
import { checkOptionNames, type OptionNames } from './known-options.ts'
import type { Backoff } from './retry.ts'

export type { TlsOptions } from '../io/io.ts'

/** `host:port`, several with commas between them or as a list; IPv6 as `[::1]:9092`. */
export type Brokers = string | readonly string[]

/** A token of OAuth 2 for SASL OAUTHBEARER. */
export interface OAuthToken {
  /** The token as it is sent, a JWT as a rule. */
  readonly value: string
  /** SASL extensions (KIP-342), where the broker's validator asks for them. */
  readonly extensions?: Readonly<Record<string, string>> | undefined
}

/** How tokens are had from an identity provider with client credentials (RFC 6749, section 4.4). */
export interface ClientCredentials {
  readonly tokenEndpoint: string
  readonly clientId: string
  readonly clientSecret: string
  readonly scope?: string | undefined
  /** Further parameters of the request, as `audience`. */
  readonly parameters?: Readonly<Record<string, string>> | undefined
  /** SASL extensions (KIP-342) that go along with each token. */
  readonly extensions?: Readonly<Record<string, string>> | undefined
}

/** How the client proves who it is. */
export type SaslOptions =
  | { readonly mechanism: 'PLAIN'; readonly username: string; readonly password: string }
  | {
      readonly mechanism: 'SCRAM-SHA-256' | 'SCRAM-SHA-512'
      readonly username: string
      readonly password: string
      /**
       * True where the two are the id and the HMAC (in base64) of a delegation token (KIP-48).
       */
      readonly isDelegationToken?: boolean | undefined
    }
  | {
      readonly mechanism: 'OAUTHBEARER'
      /** Called for each connection and each re-authentication; it may remember tokens. */
      readonly token: (call: { readonly signal: AbortSignal }) => OAuthToken | Promise<OAuthToken>
    }
  | { readonly mechanism: 'OAUTHBEARER'; readonly clientCredentials: ClientCredentials }

/** What `new Kafka` takes. */
export interface KafkaOptions {
  /** Where to begin. A function is asked anew whenever the client has to begin again. */
  readonly brokers: Brokers | (() => Brokers | Promise<Brokers>)
  /** What brokers call this client in logs, quotas and metrics. */
  readonly clientId?: string | undefined
  /** True for TLS with the runtime's trusted certificates. */
  readonly tls?: boolean | TlsOptions | undefined
  readonly sasl?: SaslOptions | undefined
  /** How long a connection may take to be made, TLS included. 10 s. */
  readonly connectTimeoutMs?: number | undefined
  /** How long a broker may take to answer; the connection ends then. 30 s. */
  readonly requestTimeoutMs?: number | undefined
  /** The pause before a call is tried again: 100 ms, growing to 1 s. */
  readonly retryBackoffMs?: number | undefined
  readonly retryBackoffMaxMs?: number | undefined
  /** The pause before a lost connection is made again: 50 ms, growing to 1 s. */
  readonly reconnectBackoffMs?: number | undefined
  readonly reconnectBackoffMaxMs?: number | undefined
  /** How old metadata may get while someone uses them. 5 minutes. */
  readonly metadataMaxAgeMs?: number | undefined
  /** How long metadata may fail to come before the client begins again (KIP-1102). 5 minutes. */
  readonly metadataRebootstrapMs?: number | undefined
  /** When an unused connection is closed. 9 minutes. */
  readonly connectionsMaxIdleMs?: number | undefined
  /** Requests that a connection may wait for at a time. 5. */
  readonly maxInFlightRequests?: number | undefined
  /** The largest response that is read. 256 MiB. */
  readonly maxResponseBytes?: number | undefined
  /**
   * Whether metrics are pushed to brokers that subscribe to them (KIP-714). True; a broker without
   * a receiver of metrics is sent none.
   */
  readonly metricsPush?: boolean | undefined
  /** Where the client says what it does. Nowhere. */
  readonly logger?: Logger | undefined
  /** Aborting it closes the client at once. */
  readonly signal?: AbortSignal | undefined
  /** How tokens are had from an identity provider, where it is not to be the runtime's `fetch`. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined
  /** The world that the client lives in, for tests: a simulated one. */
  readonly io?: Pick<Io, 'clock' | 'random' | 'network'> | undefined
}

/** The checked options, with nothing left out. */
export interface Settings extends Backoff {
  readonly brokers: () => Brokers | Promise<Brokers>
  readonly clientId: string
  readonly tls: TlsOptions | null
  readonly sasl: SaslOptions | null
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  readonly reconnectBackoff: Backoff
  readonly metadataMaxAgeMs: number
  readonly metadataRebootstrapMs: number
  readonly connectionsMaxIdleMs: number
  readonly maxInFlightRequests: number
  readonly maxResponseBytes: number
  readonly metricsPush: boolean
  readonly logger: Logger
}

const MAX_INT32 = 2 ** 31 - 1

const KNOWN: OptionNames<KafkaOptions> = {
  brokers: true,
  clientId: true,
  tls: true,
  sasl: true,
  connectTimeoutMs: true,
  requestTimeoutMs: true,
  retryBackoffMs: true,
  retryBackoffMaxMs: true,
  reconnectBackoffMs: true,
  reconnectBackoffMaxMs: true,
  metadataMaxAgeMs: true,
  metadataRebootstrapMs: true,
  connectionsMaxIdleMs: true,
  maxInFlightRequests: true,
  maxResponseBytes: true,
  metricsPush: true,
  logger: true,
  signal: true,
  fetch: true,
  io: true,
}

/** Checks the options; INVALID_ARGUMENT names the one that is wrong. */
export function settingsOf(options: KafkaOptions): Settings {
  checkOptionNames('Kafka', options, KNOWN)
  const number = (name: keyof KafkaOptions, fallback: number, min: number): number => {
    const value = options[name] ?? fallback
    if (typeof value === 'number' && value >= min && !Number.isNaN(value)) return value
    throw invalid(name, value, `a number from ${min} up`)
  }
  return {
    brokers: brokersOf(options.brokers),
    clientId: text('clientId', options.clientId ?? 'millrace'),
    tls: tlsOf(options.tls),
    sasl: saslOf(options.sasl),
    connectTimeoutMs: number('connectTimeoutMs', 10_000, 1),
    // It goes into requests, as an int32.
    requestTimeoutMs: Math.min(Math.ceil(number('requestTimeoutMs', 30_000, 1)), MAX_INT32),
    retryBackoffMs: number('retryBackoffMs', 100, 0),
    retryBackoffMaxMs: number('retryBackoffMaxMs', 1000, 0),
    reconnectBackoff: {
      retryBackoffMs: number('reconnectBackoffMs', 50, 0),
      retryBackoffMaxMs: number('reconnectBackoffMaxMs', 1000, 0),
    },
    metadataMaxAgeMs: number('metadataMaxAgeMs', 300_000, 1),
    metadataRebootstrapMs: number('metadataRebootstrapMs', 300_000, 0),
    connectionsMaxIdleMs: number('connectionsMaxIdleMs', 540_000, 1),
    maxInFlightRequests: Math.floor(number('maxInFlightRequests', 5, 1)),
    maxResponseBytes: Math.floor(number('maxResponseBytes', 268_435_456, 1024)),
    metricsPush: options.metricsPush ?? true,
    logger: options.logger ?? silentLogger,
  }
}

function brokersOf(brokers: KafkaOptions['brokers']): Settings['brokers'] {
  if (typeof brokers === 'function') return brokers
  parseAddresses(brokers) // throws now rather than at the first call
  return () => brokers
}

function tlsOf(tls: KafkaOptions['tls']): TlsOptions | null {
  if (tls === undefined || tls === false) return null
  if (tls === true) return {}
  if (typeof tls === 'object' && tls !== null) {
    checkOptionNames('tls', tls, KNOWN_OF_TLS)
    return tls
  }
  throw invalid('tls', tls, 'true, false or an object of options')
}

function saslOf(sasl: KafkaOptions['sasl']): SaslOptions | null {
  if (sasl === undefined) return null
  if (!Object.hasOwn(KNOWN_OF_SASL, sasl.mechanism)) {
    throw invalid(
      'sasl.mechanism',
      sasl.mechanism,
      `one of ${Object.keys(KNOWN_OF_SASL).join(', ')}`,
    )
  }
  checkOptionNames(`sasl of ${sasl.mechanism}`, sasl, KNOWN_OF_SASL[sasl.mechanism])
  if (sasl.mechanism !== 'OAUTHBEARER') {
    text('sasl.username', sasl.username)
    // The password itself must not get into an error, and from there into a log.
    if (typeof sasl.password !== 'string') throw invalid('sasl.password', '?', 'a string')
  } else if ('token' in sasl) {
    if (typeof sasl.token !== 'function') throw invalid('sasl.token', '?', 'a function')
  } else {
    const { clientCredentials } = sasl
    text('sasl.clientCredentials.tokenEndpoint', clientCredentials?.tokenEndpoint)
    checkOptionNames('sasl clientCredentials', clientCredentials, KNOWN_OF_CREDENTIALS)
    text('sasl.clientCredentials.clientId', clientCredentials.clientId)
    if (typeof clientCredentials.clientSecret !== 'string') {
      throw invalid('sasl.clientCredentials.clientSecret', '?', 'a string')
    }
  }
  return sasl
}

const KNOWN_OF_TLS: OptionNames<TlsOptions> = {
  ca: true,
  cert: true,
  key: true,
  pfx: true,
  passphrase: true,
  servername: true,
  rejectUnauthorized: true,
  minVersion: true,
  ciphers: true,
}

const KNOWN_OF_PLAIN = { mechanism: true, username: true, password: true }
const KNOWN_OF_SCRAM = { ...KNOWN_OF_PLAIN, isDelegationToken: true }
const KNOWN_OF_OAUTH = { mechanism: true, token: true, clientCredentials: true }
const KNOWN_OF_SASL: Readonly<Record<SaslOptions['mechanism'], object>> = {
  PLAIN: KNOWN_OF_PLAIN,
  'SCRAM-SHA-256': KNOWN_OF_SCRAM,
  'SCRAM-SHA-512': KNOWN_OF_SCRAM,
  OAUTHBEARER: KNOWN_OF_OAUTH,
}

const KNOWN_OF_CREDENTIALS: OptionNames<ClientCredentials> = {
  tokenEndpoint: true,
  clientId: true,
  clientSecret: true,
  scope: true,
  parameters: true,
  extensions: true,
}

function text(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  throw invalid(name, value, 'a string')
}

function invalid(name: string, value: unknown, accepted: string): KafkaError {
  return new KafkaError('INVALID_ARGUMENT', `${name}: ${String(value)} is not ${accepted}`)
}
