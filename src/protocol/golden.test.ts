/** Bytes that Kafka's own encoders wrote, read and written again. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { ByteReader, ByteWriter } from '../base/bytes.ts'
import { everyMessage } from './arbitrary.test-support.ts'
import { decode, encode } from './codec.ts'
import { fromKafkaJson, toKafkaJson } from './kafka-json.test-support.ts'
import { layoutOf } from './layout.ts'

test("messages have the same bytes as those of Kafka's own classes", () => {
  const file = new URL('../../test/golden/messages.txt', import.meta.url)
  const messages = new Map(everyMessage.map((message) => [message.name, message]))
  let compared = 0
  for (const line of readFileSync(file, 'utf8').trimEnd().split('\n')) {
    if (line.startsWith('#')) continue
    const [, name, version, json, hex] = /^(\w+) (\d+) (.*) ([0-9a-f]*)$/.exec(line)!
    const message = messages.get(name!)!
    const layout = layoutOf(message, Number(version))
    const value = fromKafkaJson(layout, json!)
    const writer = new ByteWriter()
    encode(message, layout.version, value, writer)
    const bytes = writer.toBytes()
    assert.equal(Buffer.from(bytes).toString('hex'), hex, `${name} v${version}`)
    const decoded = decode(message, layout.version, new ByteReader(bytes))
    assert.equal(toKafkaJson(layout, decoded), json, `${name} v${version}`)
    compared++
  }
  assert.ok(compared > 150, `${compared} compared`)
})
