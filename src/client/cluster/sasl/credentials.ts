/** Makes an exchange for each connection out of the options; what can be used again is kept. */
import type { Clock, Random } from '../../../io/io.ts'
import type { SaslOptions } from '../../options.ts'
import type { SaslExchange } from './exchange.ts'
import { oauthbearer } from './oauthbearer.ts'
import { type Fetch, OidcTokens } from './oidc-tokens.ts'
import { plain } from './plain.ts'
import { type SaltedPasswords, scram } from './scram.ts'

const NONCE_BYTES = 24

export interface CredentialSources {
  readonly clock: Clock
  readonly random: Random
  readonly fetch: Fetch
  readonly timeoutMs: number
}

/** A function that begins an exchange. */
export function credentials(
  sasl: SaslOptions,
  { clock, random, fetch, timeoutMs }: CredentialSources,
): () => SaslExchange {
  if (sasl.mechanism === 'PLAIN') return () => plain(sasl)
  if (sasl.mechanism === 'OAUTHBEARER') {
    if ('token' in sasl) return () => oauthbearer((signal) => sasl.token({ signal }))
    const tokens = new OidcTokens(sasl.clientCredentials, clock, fetch, timeoutMs)
    return () => oauthbearer(() => tokens.token())
  }
  const salted: SaltedPasswords = new Map()
  const nonce = () => Buffer.from(random.bytes(NONCE_BYTES)).toString('base64')
  return () => scram({ ...sasl, nonce: nonce() }, salted)
}
