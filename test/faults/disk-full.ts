/**
 * A disk that fills up under producers, on a small file system in memory: as Kafka does, the node
 * takes the log directory offline, and ends when it has no other. After there is room again and a
 * start, all that was acknowledged is there, and the log goes on.
 *
 * Mounting takes root. Where it is refused the check says so and does nothing: the simulated disk
 * has the same in src/broker/faults.test.ts.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { batchOf, fetchFrom, recordsIn } from '../../src/broker/node.test-support.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import { produceRequest, produceResponse } from '../../src/protocol/messages/00-produce.ts'
import { fetchRequest, fetchResponse } from '../../src/protocol/messages/01-fetch.ts'
import { BenchClient, createTopics } from '../bench/client.ts'
import type { Check, CheckContext } from '../conformance/check.ts'
import { eventually } from '../conformance/process.ts'

const SIZE = '24m'
const MORE = '96m'
const VALUE_BYTES = 20_000
const BATCHES_MAX = 5_000
const EXIT_TIMEOUT_MS = 10_000
const TOPIC = 'filling'

/** Mounts a file system of its own; false where this user may not. */
function mounted(context: CheckContext, path: string): boolean {
  mkdirSync(path, { recursive: true })
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', path], { stdio: 'pipe' })
  } catch {
    return false
  }
  context.defer(() => {
    execFileSync('umount', ['-l', path])
  })
  return true
}

function enlarge(path: string): void {
  execFileSync('mount', ['-o', `remount,size=${MORE}`, path])
}

/** Produces to a partition until that is refused or the node ends; the values that it took. */
async function fill(client: BenchClient, index: number): Promise<[string[], ErrorCode | null]> {
  const taken: string[] = []
  while (taken.length < BATCHES_MAX) {
    const value = `${taken.length} ${'x'.repeat(VALUE_BYTES)}`
    const error = await produce(client, index, value).catch(() => null)
    if (error !== ErrorCode.NONE) return [taken, error]
    taken.push(value)
  }
  return [taken, ErrorCode.NONE]
}

async function produce(client: BenchClient, index: number, value: string): Promise<ErrorCode> {
  const partitionData = [{ index, records: batchOf([value], Date.now()) }]
  const topicData = [{ name: TOPIC, partitionData }]
  const body = { transactionalId: null, acks: -1, timeoutMs: 30_000, topicData }
  const answer = await client.request(produceRequest, produceResponse, 9, body)
  return answer.responses[0]!.partitionResponses[0]!.errorCode as ErrorCode
}

async function checkValues(client: BenchClient, index: number, values: readonly string[]) {
  for (let offset = 0; offset < values.length; ) {
    const body = fetchFrom(TOPIC, index, offset)
    const answer = await client.request(fetchRequest, fetchResponse, 12, body)
    const records = recordsIn(answer.responses[0]!.partitions[0]!.records)
    assert.ok(records.length > 0, `nothing at offset ${offset} of ${values.length}`)
    for (const record of records) {
      if (record.offset < offset || offset >= values.length) continue
      assert.equal(record.offset, offset)
      assert.equal(record.value, values[offset])
      offset++
    }
  }
}

async function onlyDirectory(context: CheckContext, full: string): Promise<void> {
  const server = await context.startServer('only', 'millrace', { properties: { 'log.dirs': full } })
  await createTopics(server.port, [{ name: TOPIC, partitions: 1 }])
  const [taken] = await fill(await BenchClient.open(server.port), 0)
  await eventually(EXIT_TIMEOUT_MS, () => assert.ok(!server.isRunning, 'the node goes on'))
  const said = server.log()
  assert.match(said, /log directory \S+ is offline: ENOSPC/)
  assert.match(said, /millrace: .*ENOSPC/)
  assert.doesNotMatch(said, /internal error/)
  enlarge(full)
  await server.start()
  const client = await BenchClient.open(server.port)
  await checkValues(client, 0, taken)
  assert.equal(await produce(client, 0, 'more'), ErrorCode.NONE)
  client.close()
  context.note(`the only directory: ${taken.length} batches acknowledged, and there after a start`)
}

async function oneOfTwo(context: CheckContext, good: string, full: string): Promise<void> {
  const properties = { 'log.dirs': `${good},${full}` }
  const server = await context.startServer('two', 'millrace', { properties })
  await createTopics(server.port, [{ name: TOPIC, partitions: 2 }])
  const client = await BenchClient.open(server.port)
  const index = existsSync(join(full, `${TOPIC}-0`)) ? 0 : 1
  const [taken, error] = await fill(client, index)
  assert.equal(error, ErrorCode.KAFKA_STORAGE_ERROR)
  assert.ok(server.isRunning, server.describe())
  assert.equal(await produce(client, 1 - index, 'goes on'), ErrorCode.NONE)
  client.close()
  enlarge(full)
  await server.stop()
  await server.start()
  const again = await BenchClient.open(server.port)
  await checkValues(again, index, taken)
  await checkValues(again, 1 - index, ['goes on'])
  again.close()
  context.note(`one of two: ${taken.length} batches acknowledged, the other directory went on`)
}

/** No room from the start: one line that says where, and what to do. */
async function atTheStart(context: CheckContext, full: string): Promise<void> {
  const server = await context.startServer('late', 'millrace', { properties: { 'log.dirs': full } })
  await server.kill()
  try {
    for (let i = 0; ; i++) writeFileSync(join(full, `filler-${i}`), new Uint8Array(100_000))
  } catch {
    // Full. What is left is less than a file of that size.
  }
  try {
    for (let i = 0; ; i++) writeFileSync(join(full, `crumb-${i}`), new Uint8Array(4096))
  } catch {
    // Full to the last page.
  }
  const refusal = await server.start().then(
    () => '',
    (error: Error) => error.message,
  )
  assert.match(refusal, /millrace: .*ENOSPC.*the disk is full: free some space/)
  assert.ok(refusal.includes(full), refusal)
  enlarge(full)
  await server.start()
}

async function diskFull(context: CheckContext): Promise<void> {
  const first = join(context.directory, 'first')
  const second = join(context.directory, 'second')
  const third = join(context.directory, 'third')
  if (![first, second, third].every((path) => mounted(context, path))) {
    context.note('skipped: no file system can be mounted here')
    return
  }
  await onlyDirectory(context, first)
  await atTheStart(context, third)
  await oneOfTwo(context, join(context.directory, 'good'), second)
}

export const diskFullCheck: Check = {
  name: 'fault-disk-full',
  needs: ['java'],
  run: diskFull,
}
