/**
 * Our client on listeners with TLS and SASL: each mechanism, authentication again before a session
 * ends, and every way of being refused, in words that help. Always against Apache Kafka, also in a
 * run against Millrace, whose listeners speak neither yet.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { Deadline } from '../../../src/client/call.ts'
import { Kafka } from '../../../src/client/kafka.ts'
import type { KafkaError } from '../../../src/client/kafka-error.ts'
import * as kafkajs from '../../../src/client/kafkajs/index.ts'
import type { KafkaOptions, SaslOptions } from '../../../src/client/options.ts'
import {
  AUTHORITY,
  CLIENT_CERTIFICATE,
  CLIENT_KEY,
  SERVER_CERTIFICATE,
  SERVER_KEY,
} from '../../../src/io/certificates.test-support.ts'
import { eventually } from '../admin-fixture.ts'
import type { Check, CheckContext } from '../check.ts'
import type { Server } from '../server.ts'

const LOGIN = 'org.apache.kafka.common.security'
const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'] as const
const PASSWORDS = { 'SCRAM-SHA-256': 'pw-256', 'SCRAM-SHA-512': 'pw-512', PLAIN: 'pw' }
/** How long a session lasts: the client has to authenticate again and again. */
const SESSION_MS = 3000
const RENEWALS = 2
const CALL_MS = 30_000

function tlsProperties(directory: string): Record<string, string> {
  const [keys, authorities] = ['keys.pem', 'authorities.pem'].map((name) => join(directory, name))
  writeFileSync(keys!, SERVER_KEY + SERVER_CERTIFICATE)
  writeFileSync(authorities!, AUTHORITY)
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': keys!,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': authorities!,
    'listener.name.mutual.ssl.client.auth': 'required',
  }
}

function saslProperties(): Record<string, string> {
  const plain = `${LOGIN}.plain.PlainLoginModule required user_alice="${PASSWORDS.PLAIN}";`
  const scram = `${LOGIN}.scram.ScramLoginModule required;`
  const oauth = `${LOGIN}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`
  const properties: Record<string, string> = {
    'sasl.enabled.mechanisms': MECHANISMS.join(','),
    'connections.max.reauth.ms': String(SESSION_MS),
    'inter.broker.listener.name': 'PLAINTEXT',
    'delegation.token.secret.key': 'a secret of the cluster',
  }
  for (const listener of ['secure', 'open']) {
    const prefix = `listener.name.${listener}`
    properties[`${prefix}.plain.sasl.jaas.config`] = plain
    properties[`${prefix}.scram-sha-256.sasl.jaas.config`] = scram
    properties[`${prefix}.scram-sha-512.sasl.jaas.config`] = scram
    properties[`${prefix}.oauthbearer.sasl.jaas.config`] = oauth
  }
  return properties
}

async function start(context: CheckContext): Promise<Server> {
  const server = await context.startServer('secured', 'kafka', {
    listeners: { TLS: 'SSL', MUTUAL: 'SSL', SECURE: 'SASL_SSL', OPEN: 'SASL_PLAINTEXT' },
    properties: { ...tlsProperties(context.directory), ...saslProperties() },
  })
  for (const mechanism of ['SCRAM-SHA-256', 'SCRAM-SHA-512'] as const) {
    const credentials = `${mechanism}=[password=${PASSWORDS[mechanism]}]`
    const user = ['--entity-type', 'users', '--entity-name', 'alice']
    const change = ['--alter', ...user, '--add-config', credentials]
    await context.jvm.output('kafka-configs', ['--bootstrap-server', server.bootstrap, ...change])
  }
  // The controller has both; the broker knows the second a moment later.
  const options = { brokers: server.addressOf('OPEN'), sasl: saslFor('SCRAM-SHA-512') }
  await eventually(() => uses(options, 0))
  return server
}

/** What Kafka's validator takes where it is given no keys. */
function unsecuredToken(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part({ alg: 'none' })}.${part(claims)}.`
}

function token(lifeMs = 3_600_000): string {
  const seconds = Date.now() / 1000
  return unsecuredToken({ sub: 'alice', iat: seconds - 10, exp: seconds + lifeMs / 1000 })
}

function saslFor(mechanism: (typeof MECHANISMS)[number]): SaslOptions {
  return mechanism === 'OAUTHBEARER'
    ? { mechanism, token: () => ({ value: token() }) }
    : { mechanism, username: 'alice', password: PASSWORDS[mechanism] }
}

/** Runs calls through a client, until it has authenticated again often enough. */
async function uses(options: KafkaOptions, renewals: number): Promise<void> {
  let [connected, renewed] = [0, 0]
  const note = (message: string) => {
    if (message === 'connected') connected++
    if (message === 'authenticated again') renewed++
  }
  const logger = { debug: note, info: note, warn: note, error: note }
  await using kafka = new Kafka({ ...options, logger })
  const { cluster } = kafka
  const deadline = () => new Deadline(cluster.clock, 'a call', CALL_MS)
  await cluster.metadata.refresh(deadline())
  assert.equal(cluster.metadata.brokers.size, 1)
  while (renewed < renewals) {
    await Promise.all([cluster.features(deadline()), cluster.metadata.refresh(deadline())])
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  assert.equal(connected, 1, 'one connection for all of it')
}

/** The error of a client that can't get in; what its last attempt failed with. */
async function refused(options: KafkaOptions): Promise<KafkaError> {
  await using kafka = new Kafka(options)
  const { cluster } = kafka
  const deadline = new Deadline(cluster.clock, 'a call', 3000)
  try {
    await cluster.metadata.refresh(deadline)
  } catch (error) {
    const { code, cause } = error as KafkaError
    return (code === 'TIMED_OUT' ? cause : error) as KafkaError
  }
  return assert.fail('it was let in')
}

const tls = { ca: AUTHORITY }

async function mechanisms(context: CheckContext): Promise<void> {
  const server = await start(context)
  const brokers = server.addressOf('SECURE')
  await uses({ brokers: server.addressOf('TLS'), tls }, 0)
  const certificate = { cert: CLIENT_CERTIFICATE, key: CLIENT_KEY }
  await uses({ brokers: server.addressOf('MUTUAL'), tls: { ...tls, ...certificate } }, 0)
  await Promise.all(
    MECHANISMS.map((mechanism) => uses({ brokers, tls, sasl: saslFor(mechanism) }, RENEWALS)),
  )
  await uses({ brokers: server.addressOf('OPEN'), sasl: saslFor('SCRAM-SHA-512') }, RENEWALS)
  await delegationToken(brokers)
  await identityProvider(context, brokers)
  await asKafkaJs(server)
}

/** The same options in kafkajs's form, and how the drop-in says that it was refused. */
async function asKafkaJs(server: Server): Promise<void> {
  const asks = async (config: Partial<kafkajs.KafkaConfig>, listener: string) => {
    const brokers = async () => [server.addressOf(listener)]
    const logging = { logLevel: kafkajs.logLevel.NOTHING, retry: { retries: 1 } }
    const admin = new kafkajs.Kafka({ brokers, ...logging, ...config }).admin()
    try {
      await admin.connect()
      return (await admin.describeCluster()).brokers.length
    } finally {
      await admin.disconnect()
    }
  }
  const username = 'alice'
  const password = PASSWORDS.PLAIN
  const ssl = tls
  const oauthBearerProvider = async () => ({ value: token() })
  const sasls: kafkajs.SASLOptions[] = [
    { mechanism: 'plain', username, password },
    { mechanism: 'scram-sha-256', username, password: PASSWORDS['SCRAM-SHA-256'] },
    { mechanism: 'scram-sha-512', username, password: PASSWORDS['SCRAM-SHA-512'] },
    { mechanism: 'oauthbearer', oauthBearerProvider },
  ]
  for (const sasl of sasls) assert.equal(await asks({ ssl, sasl }, 'SECURE'), 1, sasl.mechanism)
  assert.equal(await asks({ ssl }, 'TLS'), 1)
  const wrong = { mechanism: 'plain', username, password: 'wrong' } as const
  await assert.rejects(asks({ ssl, sasl: wrong }, 'SECURE'), kafkajs.KafkaJSSASLAuthenticationError)
}

/** A token that alice has made for herself stands for her password (KIP-48). */
async function delegationToken(brokers: string): Promise<void> {
  const mechanism = 'SCRAM-SHA-512'
  await using kafka = new Kafka({ brokers, tls, sasl: saslFor(mechanism) })
  const admin = kafka.admin()
  const { tokenId: username, hmac } = await admin.createDelegationToken()
  // The controller has made it; the broker knows it a moment later.
  await eventually(async () => assert.equal((await admin.describeDelegationTokens(null)).length, 1))
  const password = Buffer.from(hmac).toString('base64')
  const withToken = { mechanism, username, password, isDelegationToken: true } as const
  await uses({ brokers, tls, sasl: withToken }, RENEWALS)
  const asUser = await refused({ brokers, tls, sasl: { ...withToken, isDelegationToken: false } })
  assert.equal(asUser.code, 'AUTHENTICATION_FAILED')
}

/** Client credentials, from an identity provider that is here for the check only. */
async function identityProvider(context: CheckContext, brokers: string): Promise<void> {
  let asked = 0
  const provider = createServer((request, response) => {
    asked++
    const isKnown = request.headers.authorization === `Basic ${btoa('alice:s3cret')}`
    const granted = { access_token: token(), token_type: 'Bearer', expires_in: 3600 }
    response.writeHead(isKnown ? 200 : 401, { 'content-type': 'application/json' })
    response.end(JSON.stringify(isKnown ? granted : { error: 'invalid_client' }))
  })
  await new Promise<void>((resolve) => provider.listen(0, '127.0.0.1', resolve))
  context.defer(() => {
    provider.closeAllConnections()
    provider.close()
  })
  const tokenEndpoint = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/token`
  const sasl = (clientSecret: string): SaslOptions => ({
    mechanism: 'OAUTHBEARER',
    clientCredentials: { tokenEndpoint, clientId: 'alice', clientSecret },
  })
  await uses({ brokers, tls, sasl: sasl('s3cret') }, RENEWALS)
  assert.equal(asked, 1, 'one token for all of it')
  const error = await refused({ brokers, tls, sasl: sasl('wrong') })
  assert.equal(error.code, 'AUTHENTICATION_FAILED')
  assert.match(error.message, /invalid_client/)
}

async function refusals(context: CheckContext): Promise<void> {
  const server = await start(context)
  const [open, secure] = [server.addressOf('OPEN'), server.addressOf('SECURE')]
  const wrong = { username: 'alice', password: 'wrong' }
  const expired = { mechanism: 'OAUTHBEARER', token: () => ({ value: token(-60_000) }) } as const
  const cases: readonly (readonly [KafkaOptions, KafkaError['code'], RegExp])[] = [
    ...(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'] as const).map(
      (mechanism) =>
        [
          { brokers: secure, tls, sasl: { mechanism, ...wrong } },
          'AUTHENTICATION_FAILED',
          /Authentication failed|invalid credentials/i,
        ] as const,
    ),
    [{ brokers: secure, tls, sasl: expired }, 'AUTHENTICATION_FAILED', /invalid_token|expired/i],
    [{ brokers: open }, 'NETWORK_ERROR', /does the listener ask for SASL/],
    [{ brokers: secure, tls }, 'NETWORK_ERROR', /does the listener ask for SASL/],
    [{ brokers: server.addressOf('TLS') }, 'NETWORK_ERROR', /TLS listener|answers in TLS/],
    [{ brokers: server.bootstrap, tls }, 'NETWORK_ERROR', /a listener without TLS/],
    [{ brokers: server.addressOf('TLS'), tls: {} }, 'AUTHENTICATION_FAILED', /UNABLE_TO_VERIFY/],
    [
      { brokers: server.addressOf('TLS'), tls: { ...tls, servername: 'elsewhere' } },
      'AUTHENTICATION_FAILED',
      /ERR_TLS_CERT_ALTNAME_INVALID/,
    ],
    [
      { brokers: server.bootstrap, sasl: saslFor('PLAIN') },
      'AUTHENTICATION_FAILED',
      /does not ask for SASL/,
    ],
  ]
  for (const [options, code, text] of cases) {
    const error = await refused(options)
    assert.equal(error.code, code, error.message)
    assert.match(error.message, text)
  }
}

export const clientSecurity: readonly Check[] = [
  { name: 'client-security', needs: ['java'], timeoutMs: 180_000, run: mechanisms },
  { name: 'client-security-refusals', needs: ['java'], timeoutMs: 180_000, run: refusals },
]
