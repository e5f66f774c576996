/** Records of lines: what Kafka makes of them, compared with its tool by the check cli-produce. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readJsonLine } from './json-reader.ts'
import { lineReader } from './line-reader.ts'

function reader(...properties: string[]) {
  return lineReader(
    new Map(properties.map((each) => each.split(/=(.*)/s).slice(0, 2) as [string, string])),
  )
}

test('a line is a value, unless keys or headers are to be read', () => {
  assert.deepEqual(reader()('k\tv', 1), { key: null, value: 'k\tv' })
  assert.deepEqual(reader('null.marker=N')('N', 1), { key: null, value: null })
  assert.deepEqual(reader('parse.key= TRUE ')('k\tv\tw', 1), { key: 'k', value: 'v\tw' })
  const both = reader('parse.key=true', 'parse.headers=true', 'null.marker=N')
  assert.deepEqual(both('a:1,b:N\tN\tN', 1), {
    key: null,
    value: null,
    headers: [
      ['a', '1'],
      ['b', null],
    ],
  })
  assert.deepEqual(both('N\tk\tv', 1), { key: 'k', value: 'v' })
})

test('what is missing is told of with the number of its line, or passed over', () => {
  const both = reader('parse.key=true', 'parse.headers=true')
  assert.throws(() => both('a:1', 3), {
    message: "No headers delimiter found on line number 3: 'a:1'",
  })
  assert.throws(() => both('a:1\tk', 4), {
    message: "No key separator found on line number 4: 'a:1\tk'",
  })
  assert.throws(() => both('a\tk\tv', 5), {
    message: "No header key separator found in pair 'a' on line number 5",
  })
  const lax = reader('parse.key=true', 'parse.headers=true', 'ignore.error=true')
  assert.deepEqual(lax('plain', 1), { key: null, value: 'plain' })
  assert.deepEqual(lax('a\tv', 1), { key: null, value: 'v', headers: [['a', null]] })
  assert.throws(() => reader('null.marker=:')('x', 1), {
    message: 'null.marker and headers.key.separator may not be equal',
  })
})

test('the separator of headers is a regular expression, and empty ones at the end are dropped', () => {
  const read = reader('parse.headers=true', 'headers.separator=[;|]')
  const headers = [
    ['a', '1'],
    ['b', '2'],
  ]
  assert.deepEqual(read('a:1;b:2||\tv', 1).headers, headers)
  assert.throws(() => reader('parse.headers=true', 'headers.separator=['), /invalid regex/)
})

test('a line of JSON is the record that was consumed', () => {
  const line = {
    ...{ topic: 't', partition: 2, offset: 9, timestamp: 5, timestampType: 'CreateTime' },
    ...{ key: { base64: '/w==' }, value: 'v' },
    headers: [{ name: 'h', value: null }],
  }
  assert.deepEqual(readJsonLine(JSON.stringify(line), 1), {
    ...{ key: Buffer.from([0xff]), value: 'v', headers: [['h', null]], partition: 2, timestamp: 5 },
  })
  assert.deepEqual(readJsonLine('{"value":null,"timestamp":null}', 1), { key: null, value: null })
})

test('a line of JSON that is no record is refused with what is wrong', () => {
  const cases: Readonly<Record<string, RegExp>> = {
    '{': /^line 7: not JSON: /,
    '[]': /not an object such as/,
    '{"value":"v","keys":1}': /^line 7: "keys" is not one of key, value, topic/,
    '{"key":"k"}': /no "value"; null makes a tombstone/,
    '{"value":1}': /"value" is not text, null or \{"base64":"..."\}/,
    '{"value":{"base64":"?"}}': /"value" is not text/,
    '{"value":"v","partition":-1}': /"partition" is no number/,
    '{"value":"v","timestamp":"now"}': /"timestamp" is no number of milliseconds/,
    '{"value":"v","headers":{"a":"b"}}': /"headers" is not a list/,
  }
  for (const [line, message] of Object.entries(cases)) {
    assert.throws(() => readJsonLine(line, 7), { message })
  }
})
