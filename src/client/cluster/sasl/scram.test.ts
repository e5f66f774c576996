/** SCRAM against the examples of RFC 7677 and RFC 5802, and against brokers that lie. */
import assert from 'node:assert/strict'
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { describe, it } from 'node:test'
import { utf8Bytes, utf8Text } from '../../../base/bytes.ts'
import type { KafkaError } from '../../kafka-error.ts'
import { type ScramOptions, scram } from './scram.ts'

/** The example of RFC 7677, section 3. */
const EXAMPLE = {
  options: {
    mechanism: 'SCRAM-SHA-256',
    username: 'user',
    password: 'pencil',
    nonce: 'rOprNGfwEbeRWgbNEkqO',
  } as const,
  clientFirst: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
  serverFirst:
    'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  clientFinal:
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,' +
    'p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
}

const signal = new AbortController().signal

/** Goes through an exchange; what the client said, or the error that ended it. */
async function run(options: ScramOptions, serverSays: readonly string[]): Promise<string[]> {
  const exchange = scram(options)
  const said = [utf8Text(await exchange.first(signal))]
  for (const message of serverSays) {
    const next = exchange.next(utf8Bytes(message))
    said.push(next === null ? '(done)' : utf8Text(next))
  }
  return said
}

const refused = (text: RegExp) => (error: KafkaError) => {
  assert.equal(error.code, 'AUTHENTICATION_FAILED')
  assert.match(error.message, text)
  assert.doesNotMatch(error.message, /pencil/)
  return true
}

/** What a server that knows the password says, by RFC 5802, section 3. */
function server(options: ScramOptions, hash: string, length: number) {
  const { username, password, nonce } = options
  const serverFirst = `r=${nonce}server,s=${Buffer.from('salt').toString('base64')},i=4096`
  const name = username.replaceAll('=', '=3D').replaceAll(',', '=2C')
  const proofless = `c=biws,r=${nonce}server`
  const message = `n=${name},r=${nonce},${serverFirst},${proofless}`
  const hmac = (key: Uint8Array, text: string) => createHmac(hash, key).update(text).digest()
  const salted = pbkdf2Sync(password, 'salt', 4096, length, hash)
  const clientKey = hmac(salted, 'Client Key')
  const storedKey = createHash(hash).update(clientKey).digest()
  const signature = hmac(storedKey, message)
  const proof = Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]!)).toString('base64')
  const serverFinal = `v=${hmac(hmac(salted, 'Server Key'), message).toString('base64')}`
  return { serverFirst, clientFinal: `${proofless},p=${proof}`, serverFinal }
}

describe('SCRAM', () => {
  it('says what RFC 7677 has it say', async () => {
    const { options, clientFirst, serverFirst, clientFinal, serverFinal } = EXAMPLE
    const said = await run(options, [serverFirst, serverFinal])
    assert.deepEqual(said, [clientFirst, clientFinal, '(done)'])
  })

  it('does so with SHA-512, and with names and passwords of all letters', async () => {
    for (const [mechanism, hash, length] of [
      ['SCRAM-SHA-256', 'sha256', 32],
      ['SCRAM-SHA-512', 'sha512', 64],
    ] as const) {
      const options = { mechanism, username: 'a=b,cé', password: 'pässwörd,=', nonce: 'n0nce' }
      const { serverFirst, clientFinal, serverFinal } = server(options, hash, length)
      const said = await run(options, [serverFirst, serverFinal])
      assert.deepEqual(said, ['n,,n=a=3Db=2Ccé,r=n0nce', clientFinal, '(done)'])
    }
  })

  it('says so where it has a delegation token (KIP-48)', async () => {
    const { options } = EXAMPLE
    const [first] = await run({ ...options, isDelegationToken: true }, [])
    assert.equal(first, `${EXAMPLE.clientFirst},tokenauth=true`)
  })

  it('does the work of a password once for a salt, and anew for another', async () => {
    const { options, serverFirst, clientFinal } = EXAMPLE
    const salted = new Map<string, Uint8Array>()
    for (let i = 0; i < 2; i++) {
      const exchange = scram(options, salted)
      assert.equal(utf8Text(exchange.next(utf8Bytes(serverFirst))!), clientFinal)
      assert.equal(salted.size, 1)
    }
    scram(options, salted).next(utf8Bytes(serverFirst.replace('W22Z', 'AAAA')))
    assert.equal(salted.size, 1)
  })

  it('believes no broker that does not know the password', async () => {
    const { options, serverFirst } = EXAMPLE
    for (const final of ['v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G8=', 'v=', 'v=AAAA', 'x=1']) {
      await assert.rejects(run(options, [serverFirst, final]), refused(/impostor/))
    }
  })

  it('takes no first message that is wrong or asks for too much', async () => {
    const { options, serverFirst } = EXAMPLE
    for (const [from, to, text] of [
      ['r=rOpr', 'r=rOpX', /something else/],
      ['%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0', '', /something else/],
      ['i=4096', 'i=4095', /4095 iterations; 4096 to 1000000/],
      ['i=4096', 'i=2147483647', /2147483647 iterations/],
      ['i=4096', 'i=many', /many iterations/],
      ['s=W22ZaJ0SNY7soEsUEjb6gQ==', 's=', /no salt/],
      ['r=', 'm=ext,r=', /an extension/],
      ['r=', '', /does not speak SCRAM/],
      [serverFirst, '', /does not speak SCRAM/],
      [serverFirst, 'e=unknown-user', /refuses: unknown-user/],
    ] as const) {
      await assert.rejects(run(options, [serverFirst.replace(from, to)]), refused(text))
    }
  })

  it('says why the broker refuses, and takes nothing after the end', async () => {
    const { options, serverFirst, serverFinal } = EXAMPLE
    const invalid = run(options, [serverFirst, 'e=invalid-proof'])
    await assert.rejects(invalid, refused(/invalid-proof/))
    const more = run(options, [serverFirst, serverFinal, serverFinal])
    await assert.rejects(more, refused(/goes on/))
  })
})
