/** Offsets of transactions in the log: pending until their end marker, whoever wrote them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ZERO_UUID } from '../../base/uuid.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { BatchBuilder } from '../../records/builder.ts'
import { groupRecordCodec, offsetRecord } from './records.ts'
import { World } from './world.test.ts'

const GROUP = 'g'

class Transactions {
  readonly world = new World()
  readonly #partition = this.world.coordinator.partitionFor(GROUP)

  /** A producer commits (null: removes) an offset of foo-0 in its transaction; -1: in none. */
  write(producerId: number, offset: number | null): void {
    const value =
      offset === null
        ? null
        : {
            offset,
            leaderEpoch: -1,
            metadata: '',
            commitTimestamp: 0,
            expireTimestamp: -1,
            topicId: ZERO_UUID,
          }
    const record = offsetRecord(GROUP, 'foo', 0, value)
    this.#append(producerId, false, groupRecordCodec.encodeKey(record), encoded(record))
  }

  end(producerId: number, committed: boolean): void {
    const key = new Uint8Array([0, 0, 0, committed ? 1 : 0])
    this.#append(producerId, true, key, new Uint8Array(6))
  }

  /** What the log says of foo-0: its offset as it is now, and as a stable read tells it. */
  read(): { offset: number; stable: number | string } {
    this.world.reload()
    const [now, stable] = [false, true].map((requireStable) => this.#fetch(requireStable))
    const offset = now!.committedOffset
    if (stable!.errorCode === ErrorCode.UNSTABLE_OFFSET_COMMIT)
      return { offset, stable: 'unstable' }
    return { offset, stable: stable!.committedOffset }
  }

  #fetch(requireStable: boolean): { committedOffset: number; errorCode: number } {
    const topics = [{ name: 'foo', topicId: ZERO_UUID, partitionIndexes: [0] }]
    const groups = [{ groupId: GROUP, memberId: null, memberEpoch: -1, topics }]
    let found: { committedOffset: number; errorCode: number } | undefined
    const origin = { clientId: '', clientHost: '', apiVersion: 9 }
    const request = { groupId: '', topics: null, groups, requireStable }
    this.world.coordinator.offsetFetch(origin, request, 0, (response) => {
      found = response.groups![0]!.topics![0]!.partitions![0] as typeof found
    })
    return found!
  }

  #append(producerId: number, isControl: boolean, key: Uint8Array, value: Uint8Array | null): void {
    const log = this.world.log[this.#partition]!
    const isTransactional = producerId !== -1
    const options = { baseOffset: log.endOffset, producerId, isTransactional, isControl }
    const builder = new BatchBuilder({ ...options, producerEpoch: isTransactional ? 0 : -1 })
    builder.append(0, key, value)
    log.batches.push(builder.build())
    log.endOffset++
  }
}

function encoded(record: ReturnType<typeof offsetRecord>): Uint8Array | null {
  return groupRecordCodec.encodeValue(record)
}

test('an offset counts once its transaction is committed', () => {
  const log = new Transactions()
  log.write(-1, 1)
  log.write(7, 2)
  assert.deepEqual(log.read(), { offset: 1, stable: 'unstable' })
  log.end(7, true)
  assert.deepEqual(log.read(), { offset: 2, stable: 2 })
})

test('an offset of an aborted transaction never counts', () => {
  const log = new Transactions()
  log.write(7, 2)
  log.end(7, false)
  assert.deepEqual(log.read(), { offset: -1, stable: -1 })
})

test('of a plain commit and a transaction, the later in the log stays', () => {
  const log = new Transactions()
  log.write(7, 2)
  log.write(-1, 3)
  log.end(7, true)
  assert.deepEqual(log.read(), { offset: 3, stable: 3 })
  log.write(8, 4)
  log.write(9, 5)
  log.end(9, true)
  assert.deepEqual(log.read(), { offset: 5, stable: 'unstable' })
  log.end(8, true)
  assert.deepEqual(log.read(), { offset: 5, stable: 5 })
})

test('a tombstone takes what transactions hold', () => {
  const log = new Transactions()
  log.write(-1, 1)
  log.write(7, 2)
  log.write(-1, null)
  assert.deepEqual(log.read(), { offset: -1, stable: -1 })
  log.end(7, true)
  assert.deepEqual(log.read(), { offset: -1, stable: -1 })
})

test('a group with an open transaction is not expired, and goes with its offsets when deleted', () => {
  const log = new Transactions()
  log.write(7, 2)
  log.read()
  const { world } = log
  const records = () => world.log.reduce((sum, { endOffset }) => sum + endOffset, 0)
  const before = records()
  world.advance(world.config.offsetsRetentionMs + world.config.offsetsRetentionCheckIntervalMs)
  assert.equal(records(), before)
  const origin = { clientId: '', clientHost: '', apiVersion: 2 }
  world.coordinator.deleteGroups(origin, { groupsNames: [GROUP] }, 0, ({ results }) => {
    assert.equal(results![0]!.errorCode, ErrorCode.NONE)
  })
  world.endTurn()
  assert.equal(records(), before + 2)
  assert.deepEqual(log.read(), { offset: -1, stable: -1 })
})
