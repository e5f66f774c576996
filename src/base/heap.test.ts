/** The heap and the deadlines against a sorted list. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type DeadlineHandle, Deadlines } from './deadlines.ts'
import { Heap, type HeapHandle } from './heap.ts'

const ascending = (a: { key: number }, b: { key: number }): boolean => a.key < b.key

describe('Heap', () => {
  it('behaves as a sorted list under any pushes, pops, removals and moves', () => {
    const command = fc.tuple(fc.constantFrom('push', 'pop', 'remove', 'move'), fc.nat(50), fc.nat())
    fc.assert(
      fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
        const heap = new Heap(ascending)
        const model: HeapHandle<{ key: number }>[] = []
        for (const [kind, key, pick] of commands) {
          const chosen = model[pick % model.length]
          if (kind === 'push') {
            model.push(heap.push({ key }))
          } else if (kind === 'pop') {
            const popped = heap.pop()
            const index = model.findIndex((handle) => handle.value === popped)
            assert.equal(popped?.key, lowest(model))
            if (index >= 0) model.splice(index, 1)
          } else if (chosen !== undefined && kind === 'remove') {
            assert.equal(heap.remove(chosen), true)
            assert.equal(heap.remove(chosen), false)
            assert.equal(heap.has(chosen), false)
            model.splice(model.indexOf(chosen), 1)
          } else if (chosen !== undefined) {
            chosen.value.key = key
            heap.moved(chosen)
          }
          assert.equal(heap.size, model.length)
          assert.equal(heap.peek()?.key, lowest(model))
        }
      }),
    )
  })

  it('refuses a handle of another heap', () => {
    const handle = new Heap(ascending).push({ key: 1 })
    assert.throws(() => new Heap(ascending).remove(handle), /another heap/)
  })
})

function lowest(handles: readonly HeapHandle<{ key: number }>[]): number | undefined {
  return handles.length === 0 ? undefined : Math.min(...handles.map(({ value }) => value.key))
}

describe('Deadlines', () => {
  it('pops what is due, earliest first, and in the order of adding within a millisecond', () => {
    const deadlines = new Deadlines<string>()
    assert.equal(deadlines.nextMs(), Infinity)
    for (const name of ['a', 'b', 'c', 'd', 'e']) deadlines.add(10, name)
    deadlines.add(5, 'first')
    deadlines.add(11, 'last')
    assert.equal(deadlines.nextMs(), 5)
    assert.deepEqual(expired(deadlines, 10), ['first', 'a', 'b', 'c', 'd', 'e'])
    assert.equal(deadlines.nextMs(), 11)
    assert.equal(deadlines.size, 1)
  })

  it('cancels and moves', () => {
    const deadlines = new Deadlines<string>()
    const handles = ['a', 'b', 'c'].map((name) => deadlines.add(10, name))
    const [a, b, c] = handles as [H, H, H]
    type H = DeadlineHandle<string>
    assert.equal(deadlines.cancel(b), true)
    assert.equal(deadlines.cancel(b), false)
    assert.equal(deadlines.move(b, 1), false)
    assert.equal(deadlines.move(c, 7), true)
    assert.equal(deadlines.move(a, 7), true)
    assert.deepEqual(expired(deadlines, 6), [])
    assert.deepEqual(expired(deadlines, 7), ['c', 'a'])
  })
})

function expired(deadlines: Deadlines<string>, nowMs: number): string[] {
  const payloads: string[] = []
  for (let payload = deadlines.popExpired(nowMs); payload !== undefined; ) {
    payloads.push(payload)
    payload = deadlines.popExpired(nowMs)
  }
  return payloads
}
