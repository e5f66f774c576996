/** When requests of a connection wait for more, and when that is given up. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Gathering } from './gathering.ts'

const FRAME_BYTES = 96 * 1024

describe('gathering', () => {
  it('waits for more bulk until there is enough, and never for little', () => {
    const gathering = new Gathering()
    assert.equal(gathering.waits(3, 1000), false)
    const waits = [1, 2, 3, 4].map((count) => gathering.waits(count, count * FRAME_BYTES))
    assert.deepEqual(waits, [true, true, true, false])
    gathering.end(4)
    assert.equal(gathering.waits(1, FRAME_BYTES), true, 'since something came')
  })

  it('hardly ever waits for a client that itself waits for each answer', () => {
    const gathering = new Gathering()
    let waits = 0
    for (let i = 0; i < 1000; i++) {
      if (gathering.waits(1, FRAME_BYTES)) waits += 1
      gathering.end(1)
    }
    assert.ok(waits > 1 && waits < 25, `${waits} of 1000`)
  })
})
