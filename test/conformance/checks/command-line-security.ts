/**
 * A file of --command-config that Apache Kafka's tool connects with, given to ours: SASL over TLS,
 * and what is said where the password is wrong. Always against Apache Kafka, since Millrace's
 * listeners speak neither yet.
 */
import assert from 'node:assert/strict'
import { captured } from '../../../src/cli/tool-run.test-support.ts'
import { topicsTool } from '../../../src/cli/topics/topics.ts'
import type { Check, CheckContext } from '../check.ts'
import { PASSWORD, securedKafka } from '../secured-kafka.ts'

async function connects(context: CheckContext): Promise<void> {
  const { address, sasl, trust, write } = await securedKafka(context)
  const right = write('right.properties', sasl(PASSWORD) + trust)
  const wrong = write('wrong.properties', sasl('another') + trust)
  const args = (file: string, ...action: string[]) => {
    return [...action, '--bootstrap-server', address, '--command-config', file]
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
