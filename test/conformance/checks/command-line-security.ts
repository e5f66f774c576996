/**
 * A file of --command-config that Apache Kafka's tool connects with, given to ours: SASL over TLS,
 * and what is said where the password is wrong. Always against Apache Kafka, since Millrace's
 * listeners speak neither yet.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { captured } from '../../../src/cli/tool-run.test-support.ts'
import { topicsTool } from '../../../src/cli/topics/topics.ts'
import {
  AUTHORITY,
  SERVER_CERTIFICATE,
  SERVER_KEY,
} from '../../../src/io/certificates.test-support.ts'
import type { Check, CheckContext } from '../check.ts'

const MODULE = 'org.apache.kafka.common.security.plain.PlainLoginModule required'

async function connects(context: CheckContext): Promise<void> {
  const write = (name: string, content: string) => {
    const file = join(context.directory, name)
    writeFileSync(file, content)
    return file
  }
  const authority = write('authority.pem', AUTHORITY)
  const server = await context.startServer('secured', 'kafka', {
    listeners: { SECURE: 'SASL_SSL' },
    properties: {
      'ssl.keystore.type': 'PEM',
      'ssl.keystore.location': write('keys.pem', SERVER_KEY + SERVER_CERTIFICATE),
      'sasl.enabled.mechanisms': 'PLAIN',
      'inter.broker.listener.name': 'PLAINTEXT',
      'listener.name.secure.plain.sasl.jaas.config': `${MODULE} user_alice="the secret";`,
    },
  })
  const settings = (password: string) => `security.protocol=SASL_SSL
sasl.mechanism=PLAIN
sasl.jaas.config=${MODULE} \\
  username="alice" password="${password}";
ssl.truststore.type=PEM
ssl.truststore.location=${authority}
`
  const right = write('right.properties', settings('the secret'))
  const wrong = write('wrong.properties', settings('another'))
  const args = (file: string, ...action: string[]) => {
    return [...action, '--bootstrap-server', server.addressOf('SECURE'), '--command-config', file]
  }
  const ours = async (file: string, ...action: string[]) => {
    const { status, out, err } = await captured(topicsTool, args(file, ...action), {
      isAlias: true,
    })
    return { status, out: `${out}${err}`.trim() }
  }
  const made = await ours(right, '--create', '--topic', 'secured')
  assert.deepEqual(made, { status: 0, out: 'Created topic secured.' })
  const theirs = await context.jvm.output('kafka-topics', args(right, '--list'))
  assert.equal(theirs.trim(), 'secured', 'what our tool made and theirs lists')
  const refused = await ours(wrong, '--list')
  assert.equal(refused.status, 1)
  assert.match(refused.out, /^Error while executing topic command : .*[Aa]uthentication failed/)
}

export const commandLineSecurity: readonly Check[] = [
  { name: 'cli-command-config', needs: ['java'], run: connects },
]
