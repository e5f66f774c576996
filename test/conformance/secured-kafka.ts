/**
 * An Apache Kafka that lets in who speaks SASL over TLS, for checks of what connects to one:
 * Millrace's listeners speak neither yet.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  AUTHORITY,
  SERVER_CERTIFICATE,
  SERVER_KEY,
} from '../../src/io/certificates.test-support.ts'
import type { CheckContext } from './check.ts'
import type { Server } from './server.ts'

/** The password of its one user, alice. */
export const PASSWORD = 'the secret'

const MODULE = 'org.apache.kafka.common.security.plain.PlainLoginModule required'

/** The server, and lines for a file of client properties. */
export interface SecuredKafka {
  readonly server: Server
  /** Where it speaks SASL over TLS; it speaks plainly at `server.bootstrap`. */
  readonly address: string
  /** How alice logs in with a password. */
  sasl(password: string): string
  /** Whom to trust. */
  readonly trust: string
  /** Writes a file into the check's folder; returns its path. */
  write(name: string, content: string): string
}

/** Starts it for one check. */
export async function securedKafka(context: CheckContext): Promise<SecuredKafka> {
  const write = (name: string, content: string) => {
    const file = join(context.directory, name)
    writeFileSync(file, content)
    return file
  }
  const server = await context.startServer('secured', 'kafka', {
    listeners: { SECURE: 'SASL_SSL' },
    properties: {
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': write('keys.pem', SERVER_KEY + SERVER_CERTIFICATE),
      'sasl.enabled.mechanisms': 'PLAIN',
      'inter.broker.listener.name': 'PLAINTEXT',
      'listener.name.secure.plain.sasl.jaas.config': `${MODULE} user_alice="${PASSWORD}";`,
    },
  })
  const authority = write('authority.pem', AUTHORITY)
  return {
    server,
    address: server.addressOf('SECURE'),
    sasl: (password) =>
      `security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.jaas.config=${MODULE} \\\n` +
      `  username="alice" password="${password}";\n`,
    trust: `ssl.truststore.type=PEM\nssl.truststore.location=${authority}\n`,
    write,
  }
}
