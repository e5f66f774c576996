/** Lines of input, however they are cut into chunks. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { InputLines } from './input-lines.ts'

function linesOf(chunks: readonly Uint8Array[]): string[] {
  const input = new InputLines()
  const lines = chunks.flatMap((chunk) => input.push(chunk))
  const last = input.last()
  return last === null ? lines : [...lines, last]
}

test('a line ends at LF, CR or both, and the last one need not', () => {
  const cases: readonly (readonly [string, readonly string[]])[] = [
    ['', []],
    ['a', ['a']],
    ['a\n', ['a']],
    ['\n\n', ['', '']],
    ['a\r\nb\rc\n\rd', ['a', 'b', 'c', '', 'd']],
    ['ä\n😀', ['ä', '😀']],
  ]
  for (const [text, lines] of cases) assert.deepEqual(linesOf([Buffer.from(text)]), lines)
  const broken = [Buffer.from([0xe2, 0x82]), Buffer.from([0x0a, 0xff])]
  assert.deepEqual(linesOf(broken), ['\ufffd', '\ufffd'])
})

test('where chunks end does not matter', () => {
  const bytes = fc.uint8Array({ maxLength: 30 })
  const ends = fc.array(fc.constantFrom('\n', '\r', '\r\n', 'x', 'é', '€'), { maxLength: 30 })
  fc.assert(
    fc.property(bytes, ends, fc.nat(40), fc.nat(40), (noise, words, a, b) => {
      const whole = Buffer.concat([Buffer.from(words.join('')), noise])
      const [from, to] = [Math.min(a, b), Math.max(a, b)]
      const cut = [whole.subarray(0, from), whole.subarray(from, to), whole.subarray(to)]
      assert.deepEqual(linesOf(cut), linesOf([whole]))
    }),
  )
})
