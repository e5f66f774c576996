/**
 * SASL OAUTHBEARER (RFC 7628, KIP-255) with extensions (KIP-342): a token that the broker checks.
 * A broker that refuses says why in a message of its own, and fails only when that was answered.
 */
import { utf8Bytes, utf8Text } from '../../../base/bytes.ts'
import { KafkaError } from '../../kafka-error.ts'
import type { OAuthToken } from '../../options.ts'
import type { SaslExchange } from './exchange.ts'

/** Separates the parts of a message. */
const SEPARATOR = '\u0001'
const TOKEN = /^[\x21-\x7e]+$/
const EXTENSION_NAME = /^[A-Za-z]+$/
const EXTENSION_VALUE = /^[\x20-\x7e\t\r\n]*$/

export function oauthbearer(
  token: (signal: AbortSignal) => OAuthToken | Promise<OAuthToken>,
): SaslExchange {
  let said: string | undefined
  return {
    mechanism: 'OAUTHBEARER',
    first: async (signal) => firstMessage(await askFor(token, signal)),
    next: (challenge) => {
      if (challenge.length === 0 || said !== undefined) return null
      said = utf8Text(challenge)
      return utf8Bytes(SEPARATOR)
    },
    get said() {
      return said ?? ''
    },
  }
}

async function askFor(
  token: (signal: AbortSignal) => OAuthToken | Promise<OAuthToken>,
  signal: AbortSignal,
): Promise<OAuthToken> {
  let onAbort = () => {}
  try {
    return await new Promise<OAuthToken>((resolve, reject) => {
      onAbort = () => reject(signal.reason)
      signal.addEventListener('abort', onAbort, { once: true })
      Promise.resolve(token(signal)).then(resolve, reject)
    })
  } catch (error) {
    throw KafkaError.of(error, 'USER_CODE_FAILED', 'sasl.token')
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

function firstMessage({ value, extensions = {} }: OAuthToken): Uint8Array {
  if (typeof value !== 'string' || !TOKEN.test(value)) {
    // The token itself is a secret and is not shown.
    throw new KafkaError('INVALID_ARGUMENT', 'sasl.token: gave no token of printable ASCII')
  }
  const parts = [`auth=Bearer ${value}`]
  for (const [name, text] of Object.entries(extensions)) {
    if (name === 'auth' || !EXTENSION_NAME.test(name) || !EXTENSION_VALUE.test(text)) {
      throw new KafkaError('INVALID_ARGUMENT', `sasl.token: "${name}" can't be an extension`)
    }
    parts.push(`${name}=${text}`)
  }
  return utf8Bytes(`n,,${SEPARATOR}${parts.join(SEPARATOR)}${SEPARATOR}${SEPARATOR}`)
}
