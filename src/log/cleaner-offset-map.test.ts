/** The offset map is a map, as long as it has room; its hash is the published one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { CleanerOffsetMap, hash128 } from './cleaner-offset-map.ts'

const utf8 = (text: string) => new TextEncoder().encode(text)

test('it says what a map says', () => {
  const writes = fc.array(fc.tuple(fc.uint8Array({ maxLength: 3 }), fc.nat(2 ** 40)))
  fc.assert(
    fc.property(writes, fc.nat(2 ** 31 - 1), (all, seed) => {
      const map = new CleanerOffsetMap(1 << 20, 0.9, all.length, seed)
      const model = new Map<string, number>()
      for (const [key, offset] of all) {
        assert.ok(map.put(key, 0, key.length, offset))
        model.set(String(key), offset)
        assert.equal(map.latestOffset, offset)
      }
      assert.equal(map.size, model.size)
      for (const [key] of all) assert.equal(map.get(key, 0, key.length), model.get(String(key)))
      assert.equal(map.get(utf8('absent'), 0, 6), -1)
    }),
  )
})

test('it takes as many keys as its memory and load factor allow, and goes on with those it has', () => {
  const map = new CleanerOffsetMap(24 * 100, 0.9, 1_000_000, 1)
  assert.equal(map.capacity, 90)
  for (let i = 0; i < 90; i++) assert.ok(map.put(utf8(`k${i}`), 0, 2 + (i > 9 ? 1 : 0), i))
  assert.equal(map.put(utf8('new'), 0, 3, 90), false)
  assert.equal(map.put(utf8('k5'), 0, 2, 91), true)
  assert.equal(map.get(utf8('k5'), 0, 2), 91)
  assert.equal(map.latestOffset, 91)
})

test('it takes no more memory than the keys can need', () => {
  assert.equal(new CleanerOffsetMap(1 << 30, 0.9, 8, 1).capacity, 9)
})

test('the hash is MurmurHash3 x86 128, wherever the key lies', () => {
  const hash = (text: string, seed: number) => {
    const into = new Int32Array(4)
    hash128(utf8(`..${text}..`), 2, text.length, seed, into)
    return Array.from(into, (word) => (word >>> 0).toString(16)).join(' ')
  }
  const cases: [string, number, string][] = [
    ['', 0, '0 0 0 0'],
    ['', 1, '88c4adec 54d201b9 54d201b9 54d201b9'],
    ['a', 0, 'a794933c 5556b01b 5556b01b 5556b01b'],
    ['hello', 0, '2b2444a0 db91def7 9adb31b6 9adb31b6'],
    ['The quick brown fox jumps over the lazy dog', 0, '2f1583c3 ecee2c67 5d7bf66c e5e91d2c'],
    ['0123456789abcdef', 7, 'c4e087f7 8476c26b 64692c88 7dccfc6e'],
    ['0123456789abcdefghijklm', 2 ** 31 - 1, '2e974e51 473eda3c c206237a bea4342e'],
  ]
  for (const [text, seed, expected] of cases) assert.equal(hash(text, seed), expected)
})
