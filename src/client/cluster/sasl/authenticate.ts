/**
 * The SASL exchange on a connection: SaslHandshake names the mechanism, SaslAuthenticate carries
 * its messages (KIP-43, KIP-152). The same is done again, on the same connection, before the
 * session that the broker grants is over (KIP-368).
 */
import { ErrorCode } from '../../../protocol/errors.ts'
import {
  saslHandshakeRequest,
  saslHandshakeResponse,
} from '../../../protocol/messages/17-sasl-handshake.ts'
import {
  saslAuthenticateRequest,
  saslAuthenticateResponse,
} from '../../../protocol/messages/36-sasl-authenticate.ts'
import { KafkaError } from '../../kafka-error.ts'
import type { ApiVersions } from '../api-versions.ts'
import type { BrokerConnection } from '../connection.ts'
import type { SaslExchange } from './exchange.ts'

/** Messages of ours that one exchange may take; SCRAM takes two. */
const STEPS_MAX = 8

export interface AuthenticateOptions {
  readonly broker: string
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** Proves who we are. Resolves with how long that is good for, 0 for as long as the connection. */
export async function authenticate(
  connection: BrokerConnection,
  versions: ApiVersions,
  exchange: SaslExchange,
  options: AuthenticateOptions,
): Promise<number> {
  const { broker, timeoutMs, signal } = options
  const first = await exchange.first(signal)
  await handshake(connection, versions, exchange.mechanism, options)
  const version = versions.choose(saslAuthenticateRequest, {}, () => broker)
  const call = { request: saslAuthenticateRequest, response: saslAuthenticateResponse }
  let message: Uint8Array | null = first
  let lifetimeMs = 0
  for (let step = 0; message !== null; step++) {
    if (step === STEPS_MAX) throw failed(exchange, broker, 'the exchange does not end')
    const answer = await connection.ask(call, version, { authBytes: message }, { timeoutMs })
    if (answer.errorCode !== ErrorCode.NONE) {
      const text = [answer.errorMessage, exchange.said].filter((each) => each).join('; ')
      if (KafkaError.ofCode(answer.errorCode).retriable) {
        throw KafkaError.ofCode(answer.errorCode, text, { api: 'SaslAuthenticate', broker })
      }
      throw failed(exchange, broker, text || KafkaError.ofCode(answer.errorCode).message)
    }
    lifetimeMs = answer.sessionLifetimeMs
    message = exchange.next(answer.authBytes)
  }
  return lifetimeMs
}

async function handshake(
  connection: BrokerConnection,
  versions: ApiVersions,
  mechanism: string,
  { broker, timeoutMs }: AuthenticateOptions,
): Promise<void> {
  const version = versions.choose(saslHandshakeRequest, { minVersion: 1 }, () => broker)
  const call = { request: saslHandshakeRequest, response: saslHandshakeResponse }
  const answer = await connection.ask(call, version, { mechanism }, { timeoutMs })
  if (answer.errorCode === ErrorCode.NONE) return
  const context = { api: 'SaslHandshake', apiVersion: version, broker }
  if (answer.errorCode === ErrorCode.UNSUPPORTED_SASL_MECHANISM) {
    const text = `broker ${broker} does not take ${mechanism}; it takes ${answer.mechanisms.join(', ')}`
    throw new KafkaError('AUTHENTICATION_FAILED', text, context)
  }
  if (answer.errorCode === ErrorCode.ILLEGAL_SASL_STATE) {
    const text = `broker ${broker} does not ask for SASL on this listener; leave out \`sasl\``
    throw new KafkaError('AUTHENTICATION_FAILED', text, context)
  }
  const { message } = KafkaError.ofCode(answer.errorCode)
  throw new KafkaError('AUTHENTICATION_FAILED', `broker ${broker}: ${message}`, context)
}

function failed({ mechanism }: SaslExchange, broker: string, why: string): KafkaError {
  const text = `broker ${broker} refuses us (${mechanism}): ${why}`
  return new KafkaError('AUTHENTICATION_FAILED', text, { api: 'SaslAuthenticate', broker })
}
