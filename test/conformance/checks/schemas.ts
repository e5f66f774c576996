/** Our schemas of messages and records against those in Apache Kafka's jars. */
import assert from 'node:assert/strict'
import { delimiter, dirname } from 'node:path'
import type { Check, CheckContext } from '../check.ts'
import { compareMessageBytes } from '../message-bytes.ts'
import { compareSchemas } from '../schemas.ts'

/** Kafka 4.3 publishes more than this many; fewer means that the jars were not read. */
const FEWEST_MESSAGES = 200

async function schemas({ toolbox }: CheckContext): Promise<void> {
  const jars = dirname((await toolbox.prepare('java')).split(delimiter).at(-1)!)
  const { checked, differences } = await compareSchemas(jars)
  assert.equal(differences.length, 0, differences.slice(0, 20).join('; '))
  assert.ok(checked > FEWEST_MESSAGES, `only ${checked} messages compared`)
}

/** Values of every message at every version, written by our codec and by Kafka's own classes. */
async function messageBytes({ toolbox }: CheckContext): Promise<void> {
  const { checked, differences } = await compareMessageBytes(await toolbox.prepare('java'))
  assert.equal(differences.length, 0, differences.slice(0, 20).join('; '))
  assert.ok(checked > FEWEST_MESSAGES, `only ${checked} values compared`)
}

export const schemaChecks: readonly Check[] = [
  { name: 'schemas', needs: ['java'], run: schemas },
  { name: 'message-bytes', needs: ['java'], run: messageBytes },
]
