/** The runtime with the smallest state machine: a set of words, and nothing else. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8Bytes, utf8Text } from '../base/bytes.ts'
import { ErrorCode } from '../protocol/errors.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import * as batch from '../records/batch.ts'
import { BatchBuilder } from '../records/builder.ts'
import type { CompressionType } from '../records/compression/compression.ts'
import { RecordCursor } from '../records/record-scan.ts'
import type { Journal, RecordCodec } from './journal.ts'
import { type CoordinatorLog, CoordinatorRuntime, type CoordinatorShard } from './runtime.ts'

/** A word starts with `?` where its type is unknown, with `!` where it can't be read. */
const codec: RecordCodec<string> = {
  encodeKey: (word) => utf8Bytes(word),
  encodeValue: (word) => (word.startsWith('-') ? null : new Uint8Array(1)),
  decode(key) {
    const word = utf8Text(key)
    if (word.startsWith('!')) throw new ProtocolError('unreadable')
    return word.startsWith('?') ? null : word
  },
}

class Words implements CoordinatorShard<string> {
  readonly journal: Journal<string>
  readonly said: string[] = []
  deadlineMs = Number.POSITIVE_INFINITY
  unloadedWith: ErrorCode | null = null

  constructor(journal: Journal<string>) {
    this.journal = journal
  }

  replay(word: string, offset: number, producerId: number): void {
    if (word === 'bug') throw new Error('bug')
    this.said.push(`${word}@${offset}${producerId === -1 ? '' : ` of ${producerId}`}`)
  }

  replayEndTransaction(producerId: number, committed: boolean): void {
    this.said.push(`${committed ? 'commit' : 'abort'} of ${producerId}`)
  }

  loaded(nowMs: number): void {
    this.said.push(`loaded at ${nowMs}`)
  }

  unloaded(error: ErrorCode): void {
    this.unloadedWith = error
  }

  nextDeadlineMs(): number {
    return this.deadlineMs
  }

  expire(): void {
    this.deadlineMs = Number.POSITIVE_INFINITY
    this.journal.append(['due'])
  }
}

class Fixture implements CoordinatorLog {
  readonly batches: Uint8Array[] = []
  readonly shards: Words[] = []
  readonly reloads: string[] = []
  readonly answers: string[] = []
  endOffset = 0
  nextError: ErrorCode = ErrorCode.NONE
  maxBytes = 1_000_000
  compression: CompressionType = 'none'
  readonly runtime = new CoordinatorRuntime<string, Words>({
    log: this,
    codec,
    createShard: (journal) => {
      const shard = new Words(journal)
      this.shards.push(shard)
      return shard
    },
    commitTimeoutMs: () => 5_000,
    compression: () => this.compression,
  })

  append(_partition: number, bytes: Uint8Array): { error: ErrorCode; lastOffset: number } {
    const error = this.nextError
    this.nextError = ErrorCode.NONE
    if (error === ErrorCode.NONE) {
      this.batches.push(bytes)
      this.endOffset += batch.lastOffsetDelta(bytes, 0) + 1
    }
    return { error, lastOffset: this.endOffset - 1 }
  }

  maxBatchBytes(): number {
    return this.maxBytes
  }

  reload(partition: number, leaderEpoch: number): void {
    this.reloads.push(`${partition} in epoch ${leaderEpoch}`)
  }

  get shard(): Words {
    return this.shards.at(-1)!
  }

  load(...batches: Uint8Array[]): ReturnType<CoordinatorRuntime<string, Words>['finishLoad']> {
    this.runtime.beginLoad(7, 3)
    for (const bytes of batches) this.runtime.loadBatches(7, bytes)
    return this.runtime.finishLoad(7, 100)
  }

  /** Says words in one operation, and notes the answer. */
  say(name: string, ...words: string[]): ErrorCode {
    return this.runtime.run(7, 100, (_, journal) => {
      const error = journal.append(words)
      const reply = (answer: string) => void this.answers.push(answer)
      journal.respond(reply, `${name} ${error}`, (failure) => `${name} failed with ${failure}`)
    })
  }

  wordsOf(index: number): string[] {
    const cursor = new RecordCursor(this.batches[index]!)
    const words: string[] = []
    while (cursor.next()) words.push(utf8Text(cursor.key()!))
    return words
  }
}

function batchOf(baseOffset: number, words: readonly string[], options = {}): Uint8Array {
  const builder = new BatchBuilder({ baseOffset, ...options })
  for (const word of words) builder.append(0, utf8Bytes(word), new Uint8Array(1))
  return builder.build()
}

function endTransaction(baseOffset: number, producerId: number, committed: boolean): Uint8Array {
  const builder = new BatchBuilder({
    baseOffset,
    producerId,
    producerEpoch: 0,
    isTransactional: true,
    isControl: true,
  })
  builder.append(0, new Uint8Array([0, 0, 0, committed ? 1 : 0]), new Uint8Array(6))
  return builder.build()
}

test('records of a turn go to the log in one batch, and answers wait for it', () => {
  const fixture = new Fixture()
  fixture.load()
  assert.equal(fixture.say('first', 'a', 'b'), ErrorCode.NONE)
  fixture.say('second', 'c')
  fixture.say('reads')
  assert.deepEqual(fixture.shard.said, ['loaded at 100', 'a@0', 'b@1', 'c@2'])
  assert.equal(fixture.batches.length, 0)
  fixture.runtime.flush(100)
  assert.deepEqual(fixture.wordsOf(0), ['a', 'b', 'c'])
  fixture.runtime.onHighWatermark(7, 2)
  assert.deepEqual(fixture.answers, ['first 0'])
  fixture.runtime.onHighWatermark(7, 3)
  assert.deepEqual(fixture.answers, ['first 0', 'second 0', 'reads 0'])
  fixture.say('reads')
  assert.equal(fixture.answers.length, 4)
  fixture.runtime.flush(100)
  assert.equal(fixture.batches.length, 1)
})

test('what belongs together stays in one batch, or is refused', () => {
  const fixture = new Fixture()
  fixture.load()
  fixture.maxBytes = 61 + 3 * 32
  const word = 'word56789x'
  fixture.say('two', word, word)
  fixture.say('two more', word, word)
  assert.deepEqual(fixture.wordsOf(0), [word, word])
  fixture.say('four', word, word, word, word)
  fixture.runtime.flush(100)
  fixture.runtime.onHighWatermark(7, 4)
  const tooLarge = ErrorCode.MESSAGE_TOO_LARGE
  assert.deepEqual(fixture.answers, ['two 0', 'two more 0', `four ${tooLarge}`])
  assert.equal(fixture.shard.said.length, 5)

  // Compressed they may fit.
  fixture.compression = 'gzip'
  fixture.say('compressed', ...new Array<string>(8).fill(word))
  fixture.runtime.flush(100)
  assert.equal(fixture.wordsOf(2).length, 8)
  assert.ok(fixture.batches[2]!.length <= fixture.maxBytes)
  fixture.compression = 'none'

  // What need not stay together takes as many batches as it needs.
  fixture.runtime.run(7, 100, (_, journal) => journal.appendEach(new Array(7).fill(word)))
  fixture.runtime.flush(100)
  assert.deepEqual(
    [3, 4, 5].map((index) => fixture.wordsOf(index).length),
    [3, 3, 1],
  )
})

test('an append that fails tells everybody, and asks for a load', () => {
  const fixture = new Fixture()
  fixture.load()
  fixture.say('committed', 'a')
  fixture.runtime.flush(100)
  fixture.say('lost', 'b')
  fixture.nextError = ErrorCode.NOT_ENOUGH_REPLICAS
  const shard = fixture.shard
  fixture.runtime.flush(100)
  const error = ErrorCode.COORDINATOR_NOT_AVAILABLE
  assert.deepEqual(fixture.answers, [`committed failed with ${error}`, `lost failed with ${error}`])
  assert.equal(shard.unloadedWith, error)
  assert.deepEqual(fixture.reloads, ['7 in epoch 3'])
  assert.equal(fixture.say('loading', 'c'), ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
  fixture.load(...fixture.batches)
  assert.deepEqual(fixture.shard.said, ['a@0', 'loaded at 100'])
  fixture.say('again', 'd')
  assert.equal(fixture.shard.said.at(-1), 'd@1')
})

test('an append that fails in the middle of an operation', () => {
  const fixture = new Fixture()
  fixture.load()
  fixture.maxBytes = 61 + 32
  fixture.say('first', 'word56789x')
  fixture.nextError = ErrorCode.KAFKA_STORAGE_ERROR
  fixture.say('second', 'word56789x')
  const error = ErrorCode.NOT_COORDINATOR
  assert.deepEqual(fixture.answers, [`first failed with ${error}`, `second failed with ${error}`])
  assert.equal(fixture.reloads.length, 1)
})

test('a log whose end is not where it was expected', () => {
  const fixture = new Fixture()
  fixture.load()
  fixture.endOffset = 5
  fixture.say('word', 'a')
  fixture.runtime.flush(100)
  assert.deepEqual(fixture.answers, [`word failed with ${ErrorCode.NOT_COORDINATOR}`])
  assert.equal(fixture.reloads.length, 1)
})

test('a bug in the state machine stops the shard, not the answers', () => {
  const fixture = new Fixture()
  fixture.load()
  fixture.say('first', 'a')
  assert.throws(() => fixture.say('second', 'bug'), /bug/)
  assert.deepEqual(fixture.answers, [`first failed with ${ErrorCode.UNKNOWN_SERVER_ERROR}`])
  assert.equal(fixture.reloads.length, 1)
})

test('answers that wait too long fail; timers run, and what they write is flushed', () => {
  const fixture = new Fixture()
  fixture.load()
  fixture.say('late', 'a')
  fixture.runtime.flush(100)
  assert.equal(fixture.runtime.nextDeadlineMs(), 5_100)
  fixture.runtime.run(7, 100, (shard) => {
    shard.deadlineMs = 5_050
  })
  assert.equal(fixture.runtime.nextDeadlineMs(), 5_050)
  fixture.runtime.expire(5_100)
  assert.deepEqual(fixture.answers, [`late failed with ${ErrorCode.REQUEST_TIMED_OUT}`])
  assert.deepEqual(fixture.wordsOf(1), ['due'])
  assert.equal(fixture.runtime.nextDeadlineMs(), Number.POSITIVE_INFINITY)
})

test('a partition that goes away', () => {
  const fixture = new Fixture()
  assert.equal(fixture.say('nothing'), ErrorCode.NOT_COORDINATOR)
  fixture.load()
  fixture.say('waits', 'a')
  const { shard } = fixture
  fixture.runtime.unload(7)
  assert.deepEqual(fixture.answers, [`waits failed with ${ErrorCode.NOT_COORDINATOR}`])
  assert.equal(shard.unloadedWith, ErrorCode.NOT_COORDINATOR)
  assert.equal(fixture.say('gone', 'b'), ErrorCode.NOT_COORDINATOR)
  assert.deepEqual([...fixture.runtime.partitions()], [])
})

test('loading replays batches, compressed ones and transactions too, and skips unknown types', () => {
  const fixture = new Fixture()
  const producer = { producerId: 9, producerEpoch: 0, baseSequence: 0, isTransactional: true }
  const result = fixture.load(
    batchOf(0, ['a', '?new', 'b']),
    batchOf(3, ['c', 'd'], { compression: 'zstd' }),
    batchOf(5, ['t'], producer),
    endTransaction(6, 9, true),
    Buffer.concat([batchOf(7, ['u'], producer), endTransaction(8, 9, false)]),
    batchOf(20, ['after a gap']),
  )
  assert.deepEqual(result, { recordCount: 10, skippedCount: 1, endOffset: 21, failure: null })
  assert.deepEqual(fixture.shard.said, [
    'a@0',
    'b@2',
    'c@3',
    'd@4',
    't@5 of 9',
    'commit of 9',
    'u@7 of 9',
    'abort of 9',
    'after a gap@20',
    'loaded at 100',
  ])
  fixture.endOffset = 21
  fixture.say('next', 'e')
  assert.equal(fixture.shard.said.at(-1), 'e@21')
})

test('a log that is longer than its last batch, and not all committed', () => {
  const fixture = new Fixture()
  fixture.runtime.beginLoad(7, 3)
  fixture.runtime.loadBatches(7, batchOf(0, ['a']))
  fixture.runtime.finishLoad(7, 100, { endOffset: 4, highWatermark: 0 })
  fixture.say('reads')
  assert.deepEqual(fixture.answers, [])
  fixture.runtime.onHighWatermark(7, 4)
  assert.deepEqual(fixture.answers, ['reads 0'])
})

test('a partition whose log is malformed is not served', () => {
  for (const bytes of [
    batchOf(0, ['a', '!']),
    batchOf(0, ['a']).subarray(0, 69),
    new Uint8Array(80),
    batchOf(0, ['a'], { compression: 'gzip' }).fill(0, 61),
  ]) {
    const fixture = new Fixture()
    const { failure } = fixture.load(bytes)
    assert.notEqual(failure, null)
    assert.equal(fixture.say('word', 'b'), ErrorCode.NOT_COORDINATOR)
    assert.deepEqual(fixture.answers, [])
  }
})
