/**
 * SCRAM-SHA-256 and SCRAM-SHA-512 (RFC 5802, RFC 7677): proves that both sides know the password
 * and sends neither it nor anything it could be used for.
 *
 * As in Kafka (and unlike RFC 5802) name and password are taken as UTF-8, without SASLprep.
 *
 * Invariant: the exchange ends well only if the broker has proven that it knows the password too.
 * What the broker says can't make us do more than `ITERATIONS_MAX` rounds of work.
 */
import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto'
import { utf8Bytes, utf8Text } from '../../../base/bytes.ts'
import { KafkaError } from '../../kafka-error.ts'
import type { SaslExchange } from './exchange.ts'

/** What Kafka asks for at least; fewer would make the password easy to guess for an impostor. */
const ITERATIONS_MIN = 4096
const ITERATIONS_MAX = 1_000_000
/** `n,,` in base64: no channel binding, no other identity. */
const NO_BINDING = 'biws'

const HASHES = {
  'SCRAM-SHA-256': { name: 'sha256', bytes: 32 },
  'SCRAM-SHA-512': { name: 'sha512', bytes: 64 },
} as const

export interface ScramOptions {
  readonly mechanism: keyof typeof HASHES
  readonly username: string
  readonly password: string
  /** The two are the id and the HMAC of a delegation token (KIP-48). */
  readonly isDelegationToken?: boolean | undefined
  /** A text without commas that was never used before. */
  readonly nonce: string
}

/** Salted passwords by salt and rounds: a reconnect need not do the work again. */
export type SaltedPasswords = Map<string, Uint8Array>

export function scram(options: ScramOptions, salted: SaltedPasswords = new Map()): SaslExchange {
  const { mechanism, username, password, nonce } = options
  const hash = HASHES[mechanism]
  const name = username.replaceAll('=', '=3D').replaceAll(',', '=2C')
  const firstBare = `n=${name},r=${nonce}${options.isDelegationToken ? ',tokenauth=true' : ''}`
  let serverSignature: Uint8Array | null = null
  let isProven = false

  const saltedPassword = (salt: Uint8Array, iterations: number): Uint8Array => {
    const key = `${mechanism}:${iterations}:${Buffer.from(salt).toString('base64')}`
    let value = salted.get(key)
    if (value === undefined) {
      value = pbkdf2Sync(password, salt, iterations, hash.bytes, hash.name)
      salted.clear() // there is one password; a new salt means that it was changed
      salted.set(key, value)
    }
    return value
  }

  const hmac = (key: Uint8Array, text: string): Uint8Array =>
    createHmac(hash.name, key).update(text, 'utf8').digest()

  const final = (serverFirst: string): Uint8Array => {
    const fields = fieldsOf(serverFirst)
    const refused = fields.get('e')
    if (refused !== undefined) throw failed(`the broker refuses: ${refused}`)
    const { serverNonce, salt, iterations } = checkFirst(fields, nonce)
    const proofless = `c=${NO_BINDING},r=${serverNonce}`
    const message = `${firstBare},${serverFirst},${proofless}`
    const secret = saltedPassword(salt, iterations)
    const clientKey = hmac(secret, 'Client Key')
    const storedKey = createHash(hash.name).update(clientKey).digest()
    const clientSignature = hmac(storedKey, message)
    const proof = clientKey.map((byte, i) => byte ^ clientSignature[i]!)
    serverSignature = hmac(hmac(secret, 'Server Key'), message)
    return utf8Bytes(`${proofless},p=${Buffer.from(proof).toString('base64')}`)
  }

  const verify = (serverFinal: string, expected: Uint8Array): void => {
    const fields = fieldsOf(serverFinal)
    const refused = fields.get('e')
    if (refused !== undefined) throw failed(`the broker refuses: ${refused}`)
    const signature = Buffer.from(fields.get('v') ?? '', 'base64')
    if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) {
      throw failed('the broker does not know the password: it may be an impostor')
    }
  }

  return {
    mechanism,
    first: async () => utf8Bytes(`n,,${firstBare}`),
    next: (challenge) => {
      if (isProven) throw failed('the broker goes on after the last message')
      if (serverSignature === null) return final(utf8Text(challenge))
      verify(utf8Text(challenge), serverSignature)
      isProven = true
      return null
    },
  }
}

/** `r=abc,s=def` by letter; what does not have this form is no message of SCRAM. */
function fieldsOf(message: string): Map<string, string> {
  const fields = new Map<string, string>()
  for (const field of message.split(',')) {
    if (!/^[A-Za-z]=/.test(field)) throw failed('the broker does not speak SCRAM')
    fields.set(field[0]!, field.slice(2))
  }
  return fields
}

function checkFirst(fields: ReadonlyMap<string, string>, nonce: string) {
  const serverNonce = fields.get('r') ?? ''
  const iterations = Number(fields.get('i'))
  const salt = Buffer.from(fields.get('s') ?? '', 'base64')
  if (fields.has('m')) throw failed('the broker asks for an extension that we do not know')
  if (!serverNonce.startsWith(nonce) || serverNonce.length === nonce.length) {
    throw failed('the broker answers something else than what we said')
  }
  if (salt.length === 0) throw failed('the broker sends no salt')
  if (!(iterations >= ITERATIONS_MIN && iterations <= ITERATIONS_MAX)) {
    const accepted = `${ITERATIONS_MIN} to ${ITERATIONS_MAX} are accepted`
    throw failed(`the broker asks for ${fields.get('i')} iterations; ${accepted}`)
  }
  return { serverNonce, salt, iterations }
}

function failed(why: string): KafkaError {
  return new KafkaError('AUTHENTICATION_FAILED', `SCRAM: ${why}`)
}
