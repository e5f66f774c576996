/**
 * Tokens from an identity provider for client credentials (RFC 6749, section 4.4; KIP-768).
 *
 * Invariant: a token is asked for once, however many connections want one, and used until
 * `REUSED_PART` of its life is over. Neither secret nor token get into an error.
 */
import type { Clock } from '../../../io/io.ts'
import { KafkaError } from '../../kafka-error.ts'
import type { ClientCredentials, OAuthToken } from '../../options.ts'

export type Fetch = (url: string, init: RequestInit) => Promise<Response>

const REUSED_PART = 0.8
/** The most that is read of an answer. */
const ANSWER_BYTES_MAX = 1_048_576

export class OidcTokens {
  readonly #credentials: ClientCredentials
  readonly #clock: Clock
  readonly #fetch: Fetch
  readonly #timeoutMs: number
  #token: OAuthToken | null = null
  #reusedUntilMs = 0
  #asking: Promise<OAuthToken> | null = null

  constructor(credentials: ClientCredentials, clock: Clock, fetch: Fetch, timeoutMs: number) {
    this.#credentials = credentials
    this.#clock = clock
    this.#fetch = fetch
    this.#timeoutMs = timeoutMs
  }

  /** A token that is good for a while. */
  async token(): Promise<OAuthToken> {
    if (this.#token !== null && this.#clock.monotonicMs() < this.#reusedUntilMs) return this.#token
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = null
    })
    return this.#asking
  }

  async #ask(): Promise<OAuthToken> {
    const { clientId, clientSecret, scope, parameters, extensions } = this.#credentials
    const form = new URLSearchParams({ grant_type: 'client_credentials', ...parameters })
    if (scope !== undefined) form.set('scope', scope)
    const basic = `${formEncoded(clientId)}:${formEncoded(clientSecret)}`
    const abort = new AbortController()
    const cancel = this.#clock.after(this.#timeoutMs, () =>
      abort.abort(new Error(`no answer in ${this.#timeoutMs} ms`)),
    )
    try {
      const response = await this.#fetch(this.#credentials.tokenEndpoint, {
        method: 'POST',
        headers: {
          accept: 'application/json',
          authorization: `Basic ${Buffer.from(basic).toString('base64')}`,
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: form.toString(),
        redirect: 'error', // it would take the secret elsewhere
        signal: abort.signal,
      })
      const answer = parsed(await boundedText(response))
      if (!response.ok) throw this.#refused(response.status, answer)
      return this.#take(answer, extensions)
    } catch (error) {
      if (error instanceof KafkaError) throw error
      const why = abort.signal.aborted ? abort.signal.reason : error
      throw KafkaError.of(why, 'NETWORK_ERROR', `token endpoint ${this.#where}`)
    } finally {
      cancel()
    }
  }

  #take(
    { access_token: value, token_type: type, expires_in: expiresIn }: Record<string, unknown>,
    extensions: ClientCredentials['extensions'],
  ): OAuthToken {
    if (typeof value !== 'string' || String(type).toLowerCase() !== 'bearer') {
      throw new KafkaError(
        'AUTHENTICATION_FAILED',
        `token endpoint ${this.#where}: no bearer token`,
      )
    }
    const lifeMs = Number(expiresIn) > 0 ? Number(expiresIn) * 1000 : 0
    this.#reusedUntilMs = this.#clock.monotonicMs() + lifeMs * REUSED_PART
    this.#token = { value, extensions }
    return this.#token
  }

  #refused(status: number, { error, error_description: text }: Record<string, unknown>) {
    const said = [error, text].filter((each) => typeof each === 'string').join(': ')
    // 5xx and 429 say that it may work later; everything else that it will not.
    const isFinal = status < 500 && status !== 429
    return new KafkaError(
      isFinal ? 'AUTHENTICATION_FAILED' : 'NETWORK_ERROR',
      `token endpoint ${this.#where}: status ${status}${said === '' ? '' : `, ${said}`}`,
    )
  }

  /** The endpoint without a user, password or query in it. */
  get #where(): string {
    try {
      const { origin, pathname } = new URL(this.#credentials.tokenEndpoint)
      return `${origin}${pathname}`
    } catch {
      return '(not a URL)'
    }
  }
}

/** As a form encodes it (RFC 6749, section 2.3.1). */
function formEncoded(text: string): string {
  return new URLSearchParams({ t: text }).toString().slice('t='.length)
}

async function boundedText(response: Response): Promise<string> {
  if (response.body === null) return ''
  const decoder = new TextDecoder()
  let text = ''
  let length = 0
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    length += chunk.length
    if (length > ANSWER_BYTES_MAX) throw new Error(`more than ${ANSWER_BYTES_MAX} bytes`)
    text += decoder.decode(chunk, { stream: true })
  }
  return text + decoder.decode()
}

/** An object, also where the answer is something else: a page of HTML, say. */
function parsed(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
  } catch {
    return {}
  }
}
