/** Forms of records beyond what the check cli-consume compares with Kafka's. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RecordHeaders } from '../../client/headers.ts'
import { type Flag, parseFlags } from '../flags.ts'
import { flagTable } from './consume-flags.ts'
import { deserializerOf } from './deserializers.ts'
import { checkFormatFlags, formatterOf } from './formatters.ts'
import { Output } from './output.ts'
import type { BytesRecord } from './record-formatter.ts'

const RECORD = {
  ...{ topic: 't', partition: 1, offset: 7, leaderEpoch: 0 },
  ...{ timestamp: 1000, timestampType: 'CreateTime' },
  ...{ key: Buffer.from('k'), value: Buffer.from([0xff, 0x41]) },
  headers: new RecordHeaders([
    ['a', Buffer.from('1')],
    ['b', null],
  ]),
} as const

async function printed(args: readonly string[], more: Partial<BytesRecord> = {}, isAlias = false) {
  const table: readonly Flag[] = flagTable(isAlias)
  const flags = parseFlags(args, table)
  checkFormatFlags(flags)
  const chunks: Uint8Array[] = []
  const output = new Output((bytes) => void chunks.push(bytes))
  const warnings: string[] = []
  const format = formatterOf(flags, new Map(), isAlias, (line) => void warnings.push(line))
  format({ ...RECORD, ...more } as BytesRecord, output)
  await output.flush()
  return Buffer.concat(chunks).toString('latin1') + warnings.join('')
}

test('JSON keeps every byte', async () => {
  const head =
    '{"topic":"t","partition":1,"offset":7,"timestamp":1000,"timestampType":"CreateTime",'
  const rest = '"key":"k","value":{"base64":"/0E="},'
  const headers = '"headers":[{"name":"a","value":"1"},{"name":"b","value":null}]}\n'
  assert.equal(await printed(['--json']), head + rest + headers)
  const none = await printed(['--json'], { timestamp: -1, key: null, value: null })
  assert.ok(none.includes('"timestamp":null') && none.includes('"key":null,"value":null'))
})

test("kcat's tokens", async () => {
  const format = String.raw`%t %p %o %k %K %S %T %h %%%%\x41\n`
  assert.equal(await printed(['--format', format]), 't 1 7 k 1 2 1000 a=1,b=NULL %%A\n')
  const bare = await printed(['--format', '%k|%s|%K|%S|%R'], { key: null, value: null })
  assert.equal(bare, '||-1|-1|\xff\xff\xff\xff')
  await assert.rejects(printed(['--format', '%x']), {
    message: /^--format: %x is not one of %% %s/,
  })
  await assert.rejects(printed(['--format', '50%']), { message: /^--format: % is not one of/ })
})

test('a key with a separator; one form at a time', async () => {
  assert.equal(await printed(['--key-separator', String.raw`\t`]), 'k\t\xffA\n')
  assert.equal(await printed(['--key-separator', ':'], { key: null, value: null }), ':\n')
  const both = printed(['--json', '--format', '%s'])
  await assert.rejects(both, { message: '--json and --format cannot be specified together.' })
})

test('formatters by the last part of their name, under our own name', async () => {
  assert.equal(await printed(['--formatter', 'NoOpMessageFormatter']), '')
  await assert.rejects(
    printed(['--formatter', 'NoOpMessageFormatter'], {}, true),
    /is no formatter/,
  )
})

test('what deserializers refuse', () => {
  const name = (bare: string) => `org.apache.kafka.common.serialization.${bare}Deserializer`
  const text = (bare: string, hex: string) => {
    return deserializerOf(name(bare), 'value', new Map())!(Buffer.from(hex, 'hex'))
  }
  const shown: readonly (readonly [string, string, string])[] = [
    ['Long', 'ffffffffffffffff', '-1'],
    ['Long', '7fffffffffffffff', '9223372036854775807'],
    ['Integer', '80000000', '-2147483648'],
    ['Short', '8000', '-32768'],
    ['Double', '3ff0000000000000', '1.0'],
    ['Double', '7ff8000000000000', 'NaN'],
    ['Float', '3dcccccd', '0.1'],
    ['Float', '4b800000', '1.6777216E7'],
    ['Float', '7f800000', 'Infinity'],
    ['Boolean', '01', 'true'],
    ['Bytes', '41005c7fff', 'A\\x00\\x5C\\x7F\\xFF'],
    ['ByteBuffer', '4142', 'java.nio.HeapByteBuffer[pos=0 lim=2 cap=2]'],
    ['UUID', Buffer.from('1-2-3-4-5').toString('hex'), '00000001-0002-0003-0004-000000000005'],
  ]
  for (const [bare, hex, expected] of shown) assert.equal(text(bare, hex), expected)
  assert.throws(() => text('Boolean', '02'), /Unexpected byte received by BooleanDeserializer: 2/)
  assert.throws(() => text('Float', '00'), /Size of data received by Deserializer is not 4/)
  assert.throws(() => text('UUID', '41'), /Error parsing data into UUID/)
  assert.equal(deserializerOf('no.such.Class', 'key', new Map()), null)
  assert.equal(deserializerOf(name('List'), 'key', new Map()), null)
})
