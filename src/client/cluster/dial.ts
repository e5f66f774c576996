/**
 * Makes a connection that requests can go over: TCP, TLS, the versions that the broker speaks
 * (KIP-35, KIP-511), SASL.
 *
 * Invariant: it settles in `connectTimeoutMs` and `requestTimeoutMs` together, or when the signal
 * is aborted, and leaves nothing open where it rejects. What went wrong is said in words that help.
 */
import type { ByteReader } from '../../base/bytes.ts'
import type { Connection, Io } from '../../io/io.ts'
import { decode } from '../../protocol/codec.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { apiVersionsRequest, apiVersionsResponse } from '../../protocol/messages/18-api-versions.ts'
import type { Infer } from '../../protocol/schema.ts'
import { KafkaError } from '../kafka-error.ts'
import type { ConnectionObserver } from '../metrics/network-metrics.ts'
import type { Settings } from '../options.ts'
import { SOFTWARE } from '../software.ts'
import { type Address, formatAddress } from './address.ts'
import { ApiVersions, knownVersions } from './api-versions.ts'
import { BrokerConnection } from './connection.ts'
import { authenticate } from './sasl/authenticate.ts'
import type { SaslExchange } from './sasl/exchange.ts'

export interface DialContext {
  readonly io: Pick<Io, 'clock' | 'network'>
  readonly settings: Settings
  /** Begins a SASL exchange; null where there is none. */
  readonly sasl: (() => SaslExchange) | null
}

export interface OpenConnection {
  readonly connection: BrokerConnection
  readonly versions: ApiVersions
  /** How long the authentication is good for; 0 for as long as the connection. */
  readonly sessionLifetimeMs: number
}

export async function dial(
  context: DialContext,
  address: Address,
  broker: () => string,
  signal: AbortSignal,
  observer?: ConnectionObserver,
): Promise<OpenConnection> {
  const { io, settings, sasl } = context
  const stream = await connect(context, address, broker, signal)
  const { clientId, maxResponseBytes, requestTimeoutMs: timeoutMs } = settings
  const options = { clock: io.clock, clientId, maxResponseBytes, broker, observer }
  const connection = new BrokerConnection(stream, options)
  return within(context, timeoutMs, signal, async (inner) => {
    const onAbort = () =>
      connection.end({ code: 'NETWORK_ERROR', text: `gave no access in ${timeoutMs} ms` })
    inner.addEventListener('abort', onAbort, { once: true })
    if (inner.aborted) onAbort() // while the connection was made
    try {
      const versions = await negotiate(connection, timeoutMs, broker())
      if (sasl === null) return { connection, versions, sessionLifetimeMs: 0 }
      const how = { broker: broker(), timeoutMs, signal: inner }
      const sessionLifetimeMs = await authenticate(connection, versions, sasl(), how)
      return { connection, versions, sessionLifetimeMs }
    } catch (error) {
      connection.end({ code: 'NETWORK_ERROR', text: 'gave no access' })
      throw error
    } finally {
      inner.removeEventListener('abort', onAbort)
    }
  })
}

/** Runs `work` with a signal that is aborted when the time is over, or with the outer one. */
export async function within<T>(
  { io }: Pick<DialContext, 'io'>,
  timeoutMs: number,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController()
  const onAbort = () => abort.abort(outer.reason)
  if (outer.aborted) onAbort()
  outer.addEventListener('abort', onAbort, { once: true })
  const cancel = io.clock.after(timeoutMs, () => {
    abort.abort(new KafkaError('NETWORK_ERROR', `not done in ${timeoutMs} ms`))
  })
  try {
    return await work(abort.signal)
  } finally {
    cancel()
    outer.removeEventListener('abort', onAbort)
  }
}

async function connect(
  context: DialContext,
  address: Address,
  broker: () => string,
  signal: AbortSignal,
): Promise<Connection> {
  const { connectTimeoutMs, tls } = context.settings
  return within(context, connectTimeoutMs, signal, async (inner) => {
    const options = { tls: tls ?? undefined, signal: inner }
    try {
      return await context.io.network.connect(address.host, address.port, options)
    } catch (error) {
      const { code, message } = error as Error & { code?: string }
      const why = inner.aborted
        ? `made no connection in ${connectTimeoutMs} ms`
        : `can't be reached: ${systemText(code, message)}`
      const [kind, hint] = tls === null ? (['NETWORK_ERROR', ''] as const) : tlsTrouble(code ?? '')
      const text = `broker ${broker()} ${why}${hint}`
      throw new KafkaError(kind, text, { broker: formatAddress(address), cause: error })
    }
  })
}

/** An error of the system in words, with its code, once. */
function systemText(code: string | undefined, message: string): string {
  if (code === undefined || message.includes(code)) return message
  return message === '' ? code : `${code}, ${message}`
}

/** What a failure of TLS most likely means. */
function tlsTrouble(code: string): ['NETWORK_ERROR' | 'AUTHENTICATION_FAILED', string] {
  if (
    code === 'ECONNRESET' ||
    /WRONG_VERSION_NUMBER|PACKET_LENGTH|UNSUPPORTED_PROTOCOL/.test(code)
  ) {
    return ['NETWORK_ERROR', '; is it a listener without TLS? (option `tls`)']
  }
  if (/CERT|SELF_SIGNED|ISSUER|LEAF_SIGNATURE|ALERT_UNKNOWN_CA|HOSTNAME/.test(code)) {
    return ['AUTHENTICATION_FAILED', '']
  }
  return ['NETWORK_ERROR', '']
}

/**
 * Asks for the versions in the newest that we know. A broker that does not know that one answers in
 * version 0 and, since Kafka 2.4, says up to which it does (KIP-511).
 */
async function negotiate(
  connection: BrokerConnection,
  timeoutMs: number,
  broker: string,
): Promise<ApiVersions> {
  const call = { request: apiVersionsRequest, response: apiVersionsResponse }
  let version = knownVersions(apiVersionsRequest).max
  for (;;) {
    const asked = version
    const options = { timeoutMs, decode: (reader: ByteReader) => decodeAnswer(reader, asked) }
    const answer = await connection.ask(call, asked, SOFTWARE, options)
    connection.lossHint = ''
    if (answer.errorCode === ErrorCode.NONE) return new ApiVersions(answer)
    if (answer.errorCode !== ErrorCode.UNSUPPORTED_VERSION || asked === 0) {
      const context = { api: 'ApiVersions', apiVersion: asked, broker }
      throw KafkaError.ofCode(answer.errorCode, null, context)
    }
    const told = answer.apiKeys.find(({ apiKey }) => apiKey === apiVersionsRequest.apiKey)
    version = Math.min(asked - 1, Math.max(0, told?.maxVersion ?? 0))
  }
}

function decodeAnswer(reader: ByteReader, version: number): Infer<typeof apiVersionsResponse> {
  const { position } = reader
  const errorCode = reader.int16()
  reader.position = position
  const isFallback = errorCode === ErrorCode.UNSUPPORTED_VERSION
  return decode(apiVersionsResponse, isFallback ? 0 : version, reader)
}
