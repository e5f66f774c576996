/** What the checks of our administrator's client share. */
import assert from 'node:assert/strict'
import type { Admin, Results } from '../../src/client/admin/index.ts'
import { Deadline } from '../../src/client/call.ts'
import { Kafka } from '../../src/client/kafka.ts'
import { KafkaError } from '../../src/client/kafka-error.ts'
import type { KafkaOptions } from '../../src/client/options.ts'
import { apiOf } from '../../src/protocol/apis.ts'
import type { CheckContext } from './check.ts'
import { sleep } from './process.ts'
import { RawMembers } from './raw-members.ts'

const EVENTUALLY_MS = 20_000
const STEP_MS = 100

export interface AdminFixture {
  readonly context: CheckContext
  readonly kafka: Kafka
  readonly admin: Admin
  readonly members: RawMembers
}

/** A client of the server that all checks share, or of another. */
export function adminFixture(
  context: CheckContext,
  options: KafkaOptions = { brokers: context.server.bootstrap },
): AdminFixture {
  const kafka = new Kafka(options)
  context.defer(() => kafka.close({ timeoutMs: 5000 }))
  return { context, kafka, admin: kafka.admin(), members: new RawMembers(kafka.cluster) }
}

/** Whether the broker has an API, by its key. */
export async function isServed({ kafka }: AdminFixture, apiKey: number): Promise<boolean> {
  const deadline = new Deadline(kafka.cluster.clock, 'versions', EVENTUALLY_MS)
  return (await kafka.cluster.versionsOf('any', apiKey, deadline)) !== null
}

/**
 * Runs `part` where the broker has these APIs. Where it does not have the first, `call` has to be
 * refused, as UNSUPPORTED_BY_BROKER unless there is another way to ask.
 */
export async function whereServed(
  fixture: AdminFixture,
  apiKeys: readonly number[],
  call: () => Promise<unknown>,
  part: () => Promise<void>,
  code = 'UNSUPPORTED_BY_BROKER',
): Promise<void> {
  const missing: string[] = []
  for (const key of apiKeys) {
    if (!(await isServed(fixture, key))) missing.push(apiOf(key)!.name)
  }
  if (missing.length === 0) return part()
  assert.equal(fixture.context.kind, 'millrace', `Apache Kafka serves ${missing}`)
  fixture.context.note(`${missing.join(', ')} not served; not looked at`)
  if (await isServed(fixture, apiKeys[0]!)) return
  await rejectsWith(code, call)
}

/** Fails unless `call` rejects, or something that it asked about failed, with this code. */
export async function rejectsWith(code: string, call: () => Promise<unknown>): Promise<KafkaError> {
  try {
    const answer = await call()
    if (typeof answer === 'object' && answer !== null && 'orThrow' in answer) {
      const results = answer as Results<unknown, unknown>
      results.orThrow()
    }
  } catch (error) {
    assert.ok(error instanceof KafkaError, String(error))
    assert.equal(error.code, code, error.message)
    return error
  }
  return assert.fail(`nothing failed with ${code}`)
}

/** Asks again until `look` passes, for what takes a broker a moment. */
export async function eventually<T>(look: () => Promise<T>): Promise<T> {
  const giveUpAt = Date.now() + EVENTUALLY_MS
  for (;;) {
    try {
      return await look()
    } catch (error) {
      if (Date.now() > giveUpAt) throw error
    }
    await sleep(STEP_MS)
  }
}

/** Lines without the width of columns. */
export function squeezed(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/\s+/g, ' ').trim())
    .filter((line) => line !== '')
}
