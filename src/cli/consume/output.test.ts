/** Output in chunks is what was put, in order. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Output } from './output.ts'

const KIB = 1024

test('what was put comes out, however large its pieces are', async () => {
  const piece = fc.oneof(
    fc.nat(200 * KIB).map((length) => Buffer.alloc(length, 'b')),
    fc.nat(70 * KIB).map((length) => '€'.repeat(length)),
    fc.string(),
    fc.constant(null),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
      const chunks: Buffer[] = []
      const output = new Output((bytes) => void chunks.push(Buffer.from(bytes)))
      for (const each of pieces) {
        if (each === null) output.endLine()
        else if (typeof each === 'string') output.text(each)
        else output.put(each)
        if (output.isFull) await output.flush()
      }
      await output.flush()
      const expected = pieces.map((each) => Buffer.from(each ?? '\n'))
      assert.ok(Buffer.concat(chunks).equals(Buffer.concat(expected)))
    }),
    { numRuns: 30 },
  )
})
