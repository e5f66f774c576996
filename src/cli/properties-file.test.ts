/** .properties files, read as java.util.Properties reads them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PropertiesError, parseProperties } from './properties-file.ts'

const parse = (text: string) => Object.fromEntries(parseProperties(new TextEncoder().encode(text)))

test('keys end at =, : or space', () => {
  assert.deepEqual(parse('a=1\nb:2\nc 3\nd = 4\ne : 5\nf\t=\t6\ng\nh==7\ni: =8'), {
    a: '1',
    b: '2',
    c: '3',
    d: '4',
    e: '5',
    f: '6',
    g: '',
    h: '=7',
    i: '=8',
  })
})

test('comments, blank lines and spaces before keys do not count; spaces behind values do', () => {
  assert.deepEqual(parse('# a\n! b\n\n   \n  # c\n  key=value \nx=#no comment'), {
    key: 'value ',
    x: '#no comment',
  })
})

test('a line goes on after an odd number of backslashes', () => {
  assert.deepEqual(parse('a=1,\\\n    2,\\\n\t3\nb=c\\\\\nd=e\nf=g\\'), {
    a: '1,2,3',
    b: 'c\\',
    d: 'e',
    f: 'g',
  })
  assert.deepEqual(parse('a=1\\\n# no comment here'), { a: '1# no comment here' })
})

test('escapes', () => {
  assert.deepEqual(parse('a\\=b\\:c\\ d=\\t\\n\\u00e4\\q\\\\'), { 'a=b:c d': '\t\näq\\' })
  assert.throws(() => parse('ok=1\nbad=\\u12'), {
    name: 'PropertiesError',
    message: 'line 2: \\u12 is not \\u and four hex digits',
  })
  assert.ok(new PropertiesError('') instanceof Error)
})

test('ends of lines of all systems; the last of equal keys counts', () => {
  assert.deepEqual(parse('a=1\r\nb=2\rc=3\na=4'), { a: '4', b: '2', c: '3' })
})

test('UTF-8, and Latin-1 where it is not', () => {
  assert.deepEqual(parse('dir=/tmp/größe'), { dir: '/tmp/größe' })
  const latin1 = Uint8Array.of(...Buffer.from('dir=/tmp/größe', 'latin1'))
  assert.deepEqual([...parseProperties(latin1)], [['dir', '/tmp/größe']])
})
