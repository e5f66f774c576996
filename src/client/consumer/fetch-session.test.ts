/** Fetch sessions: what each request names, and when all is said again. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type AskedPartition, FetchSession } from './fetch-session.ts'

function asked(partition: number, fetchOffset = 0, topicId = 'id'): AskedPartition {
  return { topic: 't', topicId, partition, fetchOffset, maxBytes: 10, leaderEpoch: 1 }
}

interface Named {
  readonly partitions?: readonly (number | { readonly partition: number })[] | undefined
}

function numbers(topics: readonly Named[]): number[] {
  return topics.flatMap(({ partitions = [] }) =>
    partitions.map((one) => (typeof one === 'number' ? one : one.partition)),
  )
}

test('the first request is full, the next ones say what has changed', () => {
  const session = new FetchSession()
  const first = session.next([asked(0), asked(1), asked(2)], true)
  assert.deepEqual([first.sessionId, first.sessionEpoch], [0, 0])
  assert.deepEqual(numbers(first.topics), [0, 1, 2])
  session.answered(42)
  const second = session.next([asked(0), asked(1, 5), asked(3)], true)
  assert.deepEqual([second.sessionId, second.sessionEpoch], [42, 1])
  assert.deepEqual(numbers(second.topics), [1, 3])
  assert.deepEqual(numbers(second.forgottenTopicsData), [2])
  session.answered(42)
  const third = session.next([asked(0), asked(1, 5), asked(3)], true)
  assert.deepEqual([third.sessionEpoch, third.topics, third.forgottenTopicsData], [2, [], []])
})

test('a topic that was made anew is forgotten by its old id', () => {
  const session = new FetchSession()
  session.next([asked(0, 7, 'old')], true)
  session.answered(1)
  const next = session.next([asked(0, 0, 'new')], true)
  assert.deepEqual(
    next.forgottenTopicsData.map(({ topicId }) => topicId),
    ['old'],
  )
  assert.deepEqual(
    next.topics.map(({ topicId }) => topicId),
    ['new'],
  )
})

test('by names the same partition is named once', () => {
  const session = new FetchSession()
  session.next([asked(0, 7, 'old')], false)
  session.answered(1)
  const next = session.next([asked(0, 0, 'new')], false)
  assert.deepEqual([numbers(next.topics), next.forgottenTopicsData], [[0], []])
})

test('in doubt all is said again, and the old session is closed by it', () => {
  const session = new FetchSession()
  session.next([asked(0)], true)
  session.answered(9)
  session.next([asked(0)], true)
  session.reset()
  const next = session.next([asked(0)], true)
  assert.deepEqual([next.sessionId, next.sessionEpoch, numbers(next.topics)], [9, 0, [0]])
  session.answered(10)
  assert.deepEqual(session.next([asked(0)], true).sessionEpoch, 1)
  session.forget()
  const { sessionId, sessionEpoch } = session.next([asked(0)], true)
  assert.deepEqual([sessionId, sessionEpoch], [0, 0])
})

test('names and ids are two kinds of sessions', () => {
  const session = new FetchSession()
  session.next([asked(0)], true)
  session.answered(1)
  assert.equal(session.next([asked(0)], false).sessionEpoch, 0)
})

test('a broker that keeps no session is told all each time', () => {
  const session = new FetchSession()
  for (let i = 0; i < 3; i++) {
    const { sessionId, sessionEpoch, topics } = session.next([asked(0), asked(1)], true)
    assert.deepEqual([sessionId, sessionEpoch, numbers(topics)], [0, 0, [0, 1]])
    session.answered(0)
  }
  assert.equal(session.close(), null)
})

test('closing names the session and the last epoch', () => {
  const session = new FetchSession()
  session.next([asked(0)], true)
  session.answered(5)
  assert.deepEqual(session.close(), {
    sessionId: 5,
    sessionEpoch: -1,
    topics: [],
    forgottenTopicsData: [],
  })
})

test('what a broker pieces together from the requests is what was wanted', () => {
  const wish = fc.uniqueArray(
    fc.record({ partition: fc.nat(5), fetchOffset: fc.nat(3), topicId: fc.constantFrom('a', 'b') }),
    { selector: ({ partition }) => partition },
  )
  const step = fc.record({ wish, isLost: fc.boolean() })
  const check = (steps: { wish: Partial<AskedPartition>[]; isLost: boolean }[]) => {
    const session = new FetchSession()
    let known = new Map<string, number>()
    let id = 0
    for (const { wish, isLost } of steps) {
      const wanted = wish.map((one) => ({ ...asked(0), ...one }))
      const part = session.next(wanted, true)
      if (part.sessionEpoch === 0) {
        known = new Map()
        id++
      }
      for (const { topicId, partitions = [] } of part.forgottenTopicsData) {
        for (const partition of partitions) assert.ok(known.delete(`${topicId}/${partition}`))
      }
      for (const { topicId, partitions } of part.topics) {
        for (const { partition, fetchOffset } of partitions) {
          known.set(`${topicId}/${partition}`, fetchOffset)
        }
      }
      const expected = wanted.map(({ topicId, partition, fetchOffset }): [string, number] => [
        `${topicId}/${partition}`,
        fetchOffset,
      ])
      assert.deepEqual([...known].sort(), expected.sort())
      if (isLost) session.reset()
      else session.answered(id)
    }
  }
  fc.assert(fc.property(fc.array(step, { maxLength: 12 }), check))
})
