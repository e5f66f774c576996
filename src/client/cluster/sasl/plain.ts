/** SASL PLAIN (RFC 4616): the password as it is. Use it over TLS only. */
import { utf8Bytes } from '../../../base/bytes.ts'
import type { SaslExchange } from './exchange.ts'

export function plain({
  username,
  password,
}: {
  readonly username: string
  readonly password: string
}): SaslExchange {
  return {
    mechanism: 'PLAIN',
    first: async () => utf8Bytes(`\0${username}\0${password}`),
    next: () => null,
  }
}
