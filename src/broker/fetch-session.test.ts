/** Incremental fetch sessions: epochs, forgetting, resolving ids later, and eviction. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ErrorCode } from '../protocol/errors.ts'
import type { FetchRequest } from '../protocol/messages/01-fetch.ts'
import { FetchSessionCache } from './fetch-session.ts'

const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAZA'

function counter() {
  let next = 0
  return { int: () => next++, uuid: () => '', bytes: (n: number) => new Uint8Array(n) }
}

function request(
  sessionId: number,
  sessionEpoch: number,
  partitions: readonly number[],
  forgotten: readonly number[] = [],
): FetchRequest {
  return {
    clusterId: null,
    replicaId: -1,
    replicaState: { replicaId: -1, replicaEpoch: -1 },
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 1000,
    isolationLevel: 0,
    sessionId,
    sessionEpoch,
    topics: [
      {
        topic: 'a',
        topicId: TOPIC_ID,
        partitions: partitions.map((partition) => ({
          partition,
          currentLeaderEpoch: -1,
          fetchOffset: 10 + partition,
          lastFetchedEpoch: -1,
          logStartOffset: -1,
          partitionMaxBytes: 100,
          replicaDirectoryId: '',
          highWatermark: 0,
        })),
      },
    ],
    forgottenTopicsData:
      forgotten.length === 0 ? [] : [{ topic: 'a', topicId: TOPIC_ID, partitions: [...forgotten] }],
    rackId: '',
  }
}

const known = (id: string): string | null => (id === TOPIC_ID ? 'a' : null)

function indexesOf(scope: ReturnType<FetchSessionCache['open']>): number[] {
  return [...scope.partitions.values()].map((partition) => partition.index)
}

describe('fetch sessions', () => {
  it('makes a session for a full fetch and goes on with what changed', () => {
    const cache = new FetchSessionCache(10, counter())
    const full = cache.open(request(0, 0, [0, 1, 2]), 12, known, 0)
    assert.equal(full.incremental, false)
    assert.notEqual(full.sessionId, 0)
    const next = cache.open(request(full.sessionId, 1, [3], [0]), 12, known, 1)
    assert.equal(next.incremental, true)
    assert.deepEqual(indexesOf(next), [1, 2, 3])
  })

  it('refuses an unknown session, a wrong epoch and a change to topic ids', () => {
    const cache = new FetchSessionCache(10, counter())
    const { sessionId } = cache.open(request(0, 0, [0]), 12, known, 0)
    const error = (id: number, epoch: number, version: number) =>
      cache.open(request(id, epoch, []), version, known, 1).error
    assert.equal(error(sessionId + 1, 1, 12), ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
    assert.equal(error(sessionId, 2, 12), ErrorCode.INVALID_FETCH_SESSION_EPOCH)
    assert.equal(error(sessionId, 2, 13), ErrorCode.INVALID_FETCH_SESSION_EPOCH)
    assert.equal(error(sessionId, 1, 13), ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR)
    assert.equal(error(sessionId, 1, 12), ErrorCode.NONE)
  })

  it('ends a session with the final epoch, and one that has nothing left', () => {
    const cache = new FetchSessionCache(10, counter())
    const { sessionId } = cache.open(request(0, 0, [0]), 12, known, 0)
    assert.equal(cache.open(request(sessionId, -1, [0]), 12, known, 1).sessionId, 0)
    assert.equal(cache.size, 0)
    const second = cache.open(request(0, 0, [0]), 12, known, 2)
    assert.equal(cache.open(request(second.sessionId, 1, [], [0]), 12, known, 3).sessionId, 0)
    assert.equal(cache.size, 0)
    const third = cache.open(request(0, 0, [0]), 12, known, 4)
    const both = cache.open(request(third.sessionId, 1, [0], [0]), 12, known, 5)
    assert.deepEqual([both.sessionId, indexesOf(both)], [0, [0]], 'what it asks is answered')
  })

  it('resolves a topic id that becomes known later', () => {
    const cache = new FetchSessionCache(10, counter())
    const { sessionId, partitions } = cache.open(request(0, 0, [0]), 13, () => null, 0)
    assert.equal([...partitions.values()][0]?.topic, '')
    const next = cache.open(request(sessionId, 1, []), 13, known, 1)
    assert.equal([...next.partitions.values()][0]?.topic, 'a')
  })

  it('keeps its bound: a full cache evicts the idle or the smaller, else makes no session', () => {
    const cache = new FetchSessionCache(2, counter())
    const first = cache.open(request(0, 0, [0]), 12, known, 0)
    cache.open(request(0, 0, [0, 1]), 12, known, 0)
    assert.equal(cache.open(request(0, 0, [0]), 12, known, 1).sessionId, 0)
    assert.equal(cache.size, 2)
    assert.notEqual(cache.open(request(0, 0, [0]), 12, known, 130_000).sessionId, 0)
    assert.equal(cache.size, 2)
    const gone = cache.open(request(first.sessionId, 1, []), 12, known, 130_001)
    assert.equal(gone.error, ErrorCode.FETCH_SESSION_ID_NOT_FOUND)
  })
})
