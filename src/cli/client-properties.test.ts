/** That files of --command-config mean to us what they mean to Java's clients. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientOptions } from './client-properties.ts'

const options = (properties: Record<string, string>) => {
  return clientOptions(new Map(Object.entries(properties)), (path) => Buffer.from(`in ${path}`))
}

test('no properties: plain text, a name of our own', () => {
  assert.deepEqual(options({}), { clientId: 'millrace-cli' })
})

test('SASL over TLS with a PEM trust store', () => {
  const jaas = 'org.apache.kafka.common.security.scram.ScramLoginModule required\n'
  const got = options({
    'client.id': 'me',
    'security.protocol': 'SASL_SSL',
    'sasl.mechanism': 'SCRAM-SHA-512',
    'sasl.jaas.config': `${jaas} username="al\\"ice" password=secret-1;`,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': '/ca.pem',
    'request.timeout.ms': '1500',
  })
  assert.deepEqual(got, {
    clientId: 'me',
    requestTimeoutMs: 1500,
    tls: { ca: Buffer.from('in /ca.pem') },
    sasl: {
      mechanism: 'SCRAM-SHA-512',
      username: 'al"ice',
      password: 'secret-1',
      isDelegationToken: false,
    },
  })
})

test('who we are: PEM in the file itself, or PKCS #12', () => {
  const pem = options({
    'security.protocol': 'SSL',
    'ssl.keystore.certificate.chain': 'chain',
    'ssl.keystore.key': 'key',
  })
  assert.deepEqual(pem.tls, { cert: 'chain', key: 'key' })
  const p12 = options({
    'security.protocol': 'SSL',
    'ssl.keystore.type': 'PKCS12',
    'ssl.keystore.location': '/k.p12',
    'ssl.keystore.password': 'pw',
  })
  assert.deepEqual(p12.tls, { pfx: Buffer.from('in /k.p12'), passphrase: 'pw' })
})

test('tokens of an identity provider', () => {
  const { sasl } = options({
    'security.protocol': 'SASL_PLAINTEXT',
    'sasl.mechanism': 'OAUTHBEARER',
    'sasl.oauthbearer.token.endpoint.url': 'https://id.example/token',
    'sasl.jaas.config': 'x.OAuthBearerLoginModule required clientId=\'a\' clientSecret="b" ;',
  })
  assert.deepEqual(sasl, {
    mechanism: 'OAUTHBEARER',
    clientCredentials: {
      tokenEndpoint: 'https://id.example/token',
      clientId: 'a',
      clientSecret: 'b',
      scope: undefined,
    },
  })
})

test('what would be less safe than it says is refused', () => {
  const refused: readonly [Record<string, string>, RegExp][] = [
    [{ 'security.protocol': 'TLS' }, /^security.protocol=TLS: not one of/],
    [{ 'security.protocol': 'SASL_SSL' }, /^sasl.mechanism=GSSAPI: not one of/],
    [{ 'security.protocol': 'SSL', 'ssl.endpoint.identification.algorithm': '' }, /any host/],
    [{ 'security.protocol': 'SSL', 'ssl.truststore.location': '/a.jks' }, /keytool/],
    [{ 'security.protocol': 'SASL_SSL', 'sasl.mechanism': 'PLAIN' }, /username is missing/],
    [{ 'ssl.engine.factory.class': 'x.Y' }, /classes of Java/],
    [{ 'request.timeout.ms': 'soon' }, /not a number/],
  ]
  for (const [properties, message] of refused) {
    assert.throws(() => options(properties), { name: 'CliError', message })
  }
})
