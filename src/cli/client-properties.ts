/**
 * Properties of Kafka's Java clients, as in a file of --command-config, as options of ours.
 *
 * Invariant: what has to do with security is either done as it says or refused; a connection is
 * never less safe than its file asks for. Other properties that are not ours are passed over, as
 * Java's clients do.
 */
import type { KafkaOptions, SaslOptions, TlsOptions } from '../client/options.ts'
import { CliError, PropertyError } from './cli-error.ts'

/** Properties of the security that our client has no counterpart for. */
const REFUSED = [
  'sasl.client.callback.handler.class',
  'sasl.login.callback.handler.class',
  'sasl.login.class',
  'ssl.engine.factory.class',
]

const NUMBERS = {
  'request.timeout.ms': 'requestTimeoutMs',
  'retry.backoff.ms': 'retryBackoffMs',
  'retry.backoff.max.ms': 'retryBackoffMaxMs',
  'reconnect.backoff.ms': 'reconnectBackoffMs',
  'reconnect.backoff.max.ms': 'reconnectBackoffMaxMs',
  'socket.connection.setup.timeout.max.ms': 'connectTimeoutMs',
  'connections.max.idle.ms': 'connectionsMaxIdleMs',
} as const

type Properties = ReadonlyMap<string, string>

/** Options of the client but for where the brokers are. `read` reads a file that is named. */
export function clientOptions(
  properties: Properties,
  read: (path: string) => Uint8Array,
): Omit<KafkaOptions, 'brokers'> {
  const refused = REFUSED.find((name) => properties.has(name))
  if (refused !== undefined) {
    throw new PropertyError(refused, `${refused}: classes of Java can't be loaded`)
  }
  const protocol = (properties.get('security.protocol') ?? 'PLAINTEXT').trim().toUpperCase()
  if (!/^(PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL)$/.test(protocol)) {
    throw new PropertyError(
      'security.protocol',
      `security.protocol=${protocol}: not one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL`,
    )
  }
  const numbers: { -readonly [K in (typeof NUMBERS)[keyof typeof NUMBERS]]?: number } = {}
  for (const [name, option] of Object.entries(NUMBERS)) {
    const text = properties.get(name)
    if (text === undefined) continue
    if (!/^\d+$/.test(text.trim())) {
      throw new PropertyError(name, `${name}=${text}: not a number from 0 up`)
    }
    numbers[option] = Number(text)
  }
  return {
    ...numbers,
    clientId: properties.get('client.id') ?? 'millrace-cli',
    ...(protocol.endsWith('SSL') && { tls: tlsOptions(properties, read) }),
    ...(protocol.startsWith('SASL') && { sasl: saslOptions(properties) }),
  }
}

function tlsOptions(properties: Properties, read: (path: string) => Uint8Array): TlsOptions {
  if (properties.get('ssl.endpoint.identification.algorithm') === '') {
    throw new PropertyError(
      'ssl.endpoint.identification.algorithm',
      'ssl.endpoint.identification.algorithm is empty, which would accept the certificate of any ' +
        'host: leave it out, and have the certificate name the host that is dialled',
    )
  }
  const passphrase = properties.get('ssl.key.password') ?? properties.get('ssl.keystore.password')
  const ca = properties.get('ssl.truststore.certificates') ?? trustStore(properties, read)
  return { ...identity(properties, read), ...(ca && { ca }), ...(passphrase && { passphrase }) }
}

function trustStore(properties: Properties, read: (path: string) => Uint8Array) {
  const location = properties.get('ssl.truststore.location')
  if (location === undefined) return undefined
  const type = (properties.get('ssl.truststore.type') ?? 'JKS').toUpperCase()
  if (type === 'PEM') return readNamed('ssl.truststore.location', location, read)
  throw new PropertyError(
    'ssl.truststore.type',
    `ssl.truststore.type=${type}: only PEM can be read. To convert: ` +
      `keytool -list -rfc -keystore ${location} > truststore.pem`,
  )
}

function readNamed(name: string, path: string, read: (path: string) => Uint8Array): Uint8Array {
  try {
    return read(path)
  } catch (error) {
    if (!(error instanceof CliError)) throw error
    throw new PropertyError(name, `${name}=${error.message}`)
  }
}

/** Who we are: the key and its certificate. */
function identity(properties: Properties, read: (path: string) => Uint8Array): TlsOptions {
  const cert = properties.get('ssl.keystore.certificate.chain')
  const key = properties.get('ssl.keystore.key')
  if (cert !== undefined && key !== undefined) return { cert, key }
  const location = properties.get('ssl.keystore.location')
  if (location === undefined) return {}
  const type = (properties.get('ssl.keystore.type') ?? 'JKS').toUpperCase()
  const content = type === 'JKS' ? null : readNamed('ssl.keystore.location', location, read)
  if (content === null) {
    throw new PropertyError(
      'ssl.keystore.type',
      'ssl.keystore.type=JKS: only PEM and PKCS12 can be read. To convert: keytool ' +
        `-importkeystore -srckeystore ${location} -destkeystore keystore.p12 -deststoretype PKCS12`,
    )
  }
  return type === 'PEM' ? { cert: content, key: content } : { pfx: content }
}

function saslOptions(properties: Properties): SaslOptions {
  const mechanism = properties.get('sasl.mechanism') ?? 'GSSAPI'
  const jaas = jaasOptions(properties.get('sasl.jaas.config') ?? '')
  const need = (name: string): string => {
    const value = jaas.get(name)
    if (value !== undefined) return value
    throw new PropertyError(
      'sasl.jaas.config',
      `sasl.jaas.config: ${name} is missing, as in ${name}="..."`,
    )
  }
  if (mechanism === 'PLAIN') {
    return { mechanism, username: need('username'), password: need('password') }
  }
  if (mechanism === 'SCRAM-SHA-256' || mechanism === 'SCRAM-SHA-512') {
    const isDelegationToken = jaas.get('tokenauth') === 'true'
    return { mechanism, username: need('username'), password: need('password'), isDelegationToken }
  }
  if (mechanism === 'OAUTHBEARER') return oauth(properties, need, jaas)
  throw new PropertyError(
    'sasl.mechanism',
    `sasl.mechanism=${mechanism}: not one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, OAUTHBEARER`,
  )
}

function oauth(
  properties: Properties,
  need: (name: string) => string,
  jaas: Properties,
): SaslOptions {
  const tokenEndpoint = properties.get('sasl.oauthbearer.token.endpoint.url')
  if (tokenEndpoint === undefined) {
    throw new PropertyError(
      'sasl.mechanism',
      'sasl.mechanism=OAUTHBEARER: sasl.oauthbearer.token.endpoint.url is missing, where tokens are had from',
    )
  }
  const prefix = 'sasl.oauthbearer.client.credentials.client'
  const scope = properties.get('sasl.oauthbearer.scope') ?? jaas.get('scope')
  const clientCredentials = {
    tokenEndpoint,
    clientId: properties.get(`${prefix}.id`) ?? need('clientId'),
    clientSecret: properties.get(`${prefix}.secret`) ?? need('clientSecret'),
    scope,
  }
  return { mechanism: 'OAUTHBEARER', clientCredentials }
}

/** The options in `Module required name="value" other=value;`. */
function jaasOptions(text: string): Map<string, string> {
  const options = new Map<string, string>()
  for (const match of text.matchAll(
    /([\w.-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s;"']+))/g,
  )) {
    const [, name, double, single, bare] = match
    const quoted = double ?? single
    options.set(name!, quoted === undefined ? bare! : quoted.replace(/\\(.)/g, '$1'))
  }
  return options
}
