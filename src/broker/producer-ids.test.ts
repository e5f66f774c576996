/** Producer ids: never twice, in order, and only from blocks that are committed. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ErrorCode } from '../protocol/errors.ts'
import { type ProducerIdBlock, ProducerIds } from './producer-ids.ts'

function setup() {
  const asked: ((error: ErrorCode, block: ProducerIdBlock) => void)[] = []
  const ids = new ProducerIds((done) => asked.push(done))
  const given: (number | string)[] = []
  const next = () =>
    ids.next((error, id) => given.push(error === ErrorCode.NONE ? id : `error ${error}`))
  return { asked, given, next }
}

describe('producer ids', () => {
  it('waits for the first block, and asks for it once', () => {
    const { asked, given, next } = setup()
    next()
    next()
    assert.equal(asked.length, 1)
    assert.deepEqual(given, [])
    asked[0]?.(ErrorCode.NONE, { start: 1000, size: 1000 })
    next()
    assert.deepEqual(given, [1000, 1001, 1002])
  })

  it('asks for another block when those who wait need more', () => {
    const { asked, given, next } = setup()
    next()
    next()
    next()
    asked[0]?.(ErrorCode.NONE, { start: 0, size: 2 })
    assert.equal(asked.length, 2)
    asked[1]?.(ErrorCode.NONE, { start: 7, size: 2 })
    assert.deepEqual(given, [0, 1, 7])
  })

  it('tells everybody who waits of an error, and recovers', () => {
    const { asked, given, next } = setup()
    next()
    next()
    asked[0]?.(ErrorCode.NOT_CONTROLLER, { start: 0, size: 0 })
    next()
    asked[1]?.(ErrorCode.NONE, { start: 5, size: 1 })
    assert.deepEqual(given, ['error 41', 'error 41', 5])
  })
})
