/** Tokens: as they are sent, and as an identity provider gives them. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { utf8Bytes, utf8Text } from '../../../base/bytes.ts'
import { simIo } from '../../../io/sim.ts'
import type { KafkaError } from '../../kafka-error.ts'
import type { ClientCredentials } from '../../options.ts'
import { oauthbearer } from './oauthbearer.ts'
import { OidcTokens } from './oidc-tokens.ts'

const signal = new AbortController().signal

describe('OAUTHBEARER', () => {
  it('sends the token and extensions in the form of RFC 7628', async () => {
    const token = { value: 'abc.def', extensions: { traceId: '123', logicalCluster: 'lkc-1' } }
    const exchange = oauthbearer(() => token)
    assert.equal(
      utf8Text(await exchange.first(signal)),
      'n,,\x01auth=Bearer abc.def\x01traceId=123\x01logicalCluster=lkc-1\x01\x01',
    )
    assert.equal(exchange.next(new Uint8Array()), null)
  })

  it('hears the broker out when that refuses', async () => {
    const exchange = oauthbearer(async () => ({ value: 'abc' }))
    await exchange.first(signal)
    const reason = '{"status":"invalid_token"}'
    assert.deepEqual(exchange.next(utf8Bytes(reason)), Uint8Array.of(1))
    assert.equal(exchange.said, reason)
    assert.equal(exchange.next(utf8Bytes(reason)), null)
  })

  it('sends nothing that would change the message, and shows no token', async () => {
    for (const token of [
      { value: '' },
      { value: 'a b' },
      { value: 'secret\x01k=v' },
      { value: 'ok', extensions: { auth: 'x' } },
      { value: 'ok', extensions: { 'a-b': 'x' } },
      { value: 'ok', extensions: { a: 'x\x01y' } },
    ]) {
      await assert.rejects(oauthbearer(() => token).first(signal), (error: KafkaError) => {
        assert.equal(error.code, 'INVALID_ARGUMENT')
        assert.doesNotMatch(error.message, /secret/)
        return true
      })
    }
    const broken = oauthbearer(() => {
      throw new Error('vault sealed')
    })
    await assert.rejects(broken.first(signal), {
      code: 'USER_CODE_FAILED',
      message: /vault sealed/,
    })
  })
})

describe('client credentials', () => {
  const credentials: ClientCredentials = {
    tokenEndpoint: 'https://user:pw@idp.example/token?x=1',
    clientId: 'my client',
    clientSecret: 's3:cr/et',
    scope: 'kafka write',
    parameters: { audience: 'cluster' },
    extensions: { logicalCluster: 'lkc-1' },
  }

  /** A provider that gives these answers, one after another. */
  function provider(...answers: (readonly [status: number, body: string] | Error)[]) {
    const io = simIo(1)
    const asked: RequestInit[] = []
    const fetch = async (_: string, init: RequestInit) => {
      const answer = answers[asked.length] ?? answers.at(-1)!
      asked.push(init)
      if (answer instanceof Error) throw answer
      return new Response(answer[1], { status: answer[0] })
    }
    const tokens = new OidcTokens(credentials, io.clock, fetch, 5000)
    return { io, asked, tokens }
  }

  const good = [200, '{"access_token":"t0k","token_type":"Bearer","expires_in":100}'] as const

  it('are sent as RFC 6749 says; the token is used for most of its life, by all', async () => {
    const { io, asked, tokens } = provider(good)
    const got = await Promise.all([tokens.token(), tokens.token(), tokens.token()])
    for (const token of got) {
      assert.deepEqual(token, { value: 't0k', extensions: { logicalCluster: 'lkc-1' } })
    }
    assert.equal(asked.length, 1)
    const { method, headers, body, redirect } = asked[0]!
    assert.equal(method, 'POST')
    assert.equal(redirect, 'error')
    assert.equal(body, 'grant_type=client_credentials&audience=cluster&scope=kafka+write')
    const { authorization, 'content-type': type } = headers as Record<string, string>
    assert.equal(type, 'application/x-www-form-urlencoded')
    const basic = Buffer.from(authorization!.replace('Basic ', ''), 'base64').toString()
    assert.equal(basic, 'my+client:s3%3Acr%2Fet')
    io.simulation.advanceSync(79_000)
    await tokens.token()
    assert.equal(asked.length, 1)
    io.simulation.advanceSync(2000)
    await tokens.token()
    assert.equal(asked.length, 2)
  })

  it('that are refused are said to be, without secrets', async () => {
    for (const [answer, code, text] of [
      [
        [401, '{"error":"invalid_client","error_description":"who?"}'],
        'AUTHENTICATION_FAILED',
        /idp.example\/token: status 401, invalid_client: who\?/,
      ],
      [[503, '<html>'], 'NETWORK_ERROR', /status 503$/],
      [[429, '{}'], 'NETWORK_ERROR', /status 429/],
      [[200, '{"access_token":"x","token_type":"mac"}'], 'AUTHENTICATION_FAILED', /no bearer/],
      [[200, '[]'], 'AUTHENTICATION_FAILED', /no bearer/],
      [[200, ' '.repeat(2 ** 21)], 'NETWORK_ERROR', /more than 1048576 bytes/],
      [new Error('getaddrinfo ENOTFOUND'), 'NETWORK_ERROR', /ENOTFOUND/],
    ] as const) {
      const { tokens, asked } = provider(answer, good)
      await assert.rejects(tokens.token(), (error: KafkaError) => {
        assert.equal(error.code, code)
        assert.match(error.message, text)
        assert.doesNotMatch(error.message, /s3|pw@/)
        return true
      })
      assert.equal((await tokens.token()).value, 't0k')
      assert.equal(asked.length, 2)
    }
  })

  it('are given up when the provider does not answer', async () => {
    const io = simIo(1)
    const fetch = (_: string, { signal }: RequestInit) =>
      new Promise<Response>((_, reject) => {
        signal!.addEventListener('abort', () => reject(signal!.reason))
      })
    const token = new OidcTokens(credentials, io.clock, fetch, 5000).token()
    const rejected = assert.rejects(token, {
      code: 'NETWORK_ERROR',
      message: /no answer in 5000 ms/,
    })
    io.simulation.advanceSync(5001)
    await rejected
  })
})
