/**
 * A client that behaves, while others do not: it produces numbered records, reads them back, asks
 * for offsets and commits them, and holds every answer against what it knows. Any answer that is
 * not the right one ends it with an error.
 */
import assert from 'node:assert/strict'
import { batchOf, recordsIn } from '../../src/broker/node.test-support.ts'
import { produceRequest, produceResponse } from '../../src/protocol/messages/00-produce.ts'
import { fetchRequest, fetchResponse } from '../../src/protocol/messages/01-fetch.ts'
import {
  listOffsetsRequest,
  listOffsetsResponse,
} from '../../src/protocol/messages/02-list-offsets.ts'
import { metadataRequest, metadataResponse } from '../../src/protocol/messages/03-metadata.ts'
import {
  offsetCommitRequest,
  offsetCommitResponse,
} from '../../src/protocol/messages/08-offset-commit.ts'
import {
  offsetFetchRequest,
  offsetFetchResponse,
} from '../../src/protocol/messages/09-offset-fetch.ts'
import {
  findCoordinatorRequest,
  findCoordinatorResponse,
} from '../../src/protocol/messages/10-find-coordinator.ts'
import { BenchClient, createTopics } from '../bench/client.ts'
import { eventually } from '../conformance/process.ts'

const LATEST = -1
const RECORDS_PER_BATCH = 3
const READY_TIMEOUT_MS = 20_000

export class ServedClient {
  /** Rounds of produce, fetch, look and commit that were answered rightly. */
  rounds = 0
  /** The longest that a round took. */
  slowestMs = 0
  readonly #client: BenchClient
  readonly #topic: string
  readonly #group: string
  #endOffset = 0
  #isOver = false

  private constructor(client: BenchClient, topic: string) {
    this.#client = client
    this.#topic = topic
    this.#group = `${topic}-group`
  }

  static async start(port: number, topic: string): Promise<ServedClient> {
    await createTopics(port, [{ name: topic, partitions: 1 }])
    const served = new ServedClient(await BenchClient.open(port), topic)
    await eventually(READY_TIMEOUT_MS, () => served.#commit())
    return served
  }

  /** Goes on until `end`; rejects with what was wrong. */
  async run(): Promise<void> {
    while (!this.#isOver) await this.round()
  }

  end(): void {
    this.#isOver = true
  }

  close(): void {
    this.#client.close()
  }

  async round(): Promise<void> {
    const started = performance.now()
    const from = this.#endOffset
    const values = Array.from({ length: RECORDS_PER_BATCH }, (_, i) => `value ${from + i}`)
    await this.#produce(values)
    await this.#fetch(from, values)
    await this.#look()
    await this.#commit()
    this.rounds++
    this.slowestMs = Math.max(this.slowestMs, performance.now() - started)
  }

  /** Every record from the first on is there, in order, and nothing else. */
  async checkAll(): Promise<void> {
    for (let offset = 0; offset < this.#endOffset; ) {
      const records = await this.#read(offset)
      assert.ok(records.length > 0, `nothing at offset ${offset} of ${this.#endOffset}`)
      for (const record of records) {
        if (record.offset < offset) continue // the batch begins before
        assert.equal(record.offset, offset)
        assert.equal(record.value, `value ${offset}`)
        offset++
      }
    }
  }

  async #produce(values: readonly string[]): Promise<void> {
    const records = batchOf(values, Date.now())
    const topicData = [{ name: this.#topic, partitionData: [{ index: 0, records }] }]
    const body = { transactionalId: null, acks: -1, timeoutMs: 30_000, topicData }
    const answer = await this.#client.request(produceRequest, produceResponse, 9, body)
    const { errorCode, baseOffset } = answer.responses[0]!.partitionResponses[0]!
    assert.deepEqual([errorCode, baseOffset], [0, this.#endOffset], 'produced')
    this.#endOffset += values.length
  }

  async #fetch(from: number, values: readonly string[]): Promise<void> {
    const records = await this.#read(from)
    assert.deepEqual(
      records.map(({ offset, value }) => [offset, value]),
      values.map((value, i) => [from + i, value]),
    )
  }

  async #read(fetchOffset: number) {
    const asked = { partition: 0, fetchOffset, partitionMaxBytes: 1 << 20, currentLeaderEpoch: -1 }
    const partition = { ...asked, lastFetchedEpoch: -1 }
    const body = {
      maxWaitMs: 1000,
      minBytes: 1,
      maxBytes: 1 << 20,
      isolationLevel: 0,
      sessionEpoch: -1,
      topics: [{ topic: this.#topic, partitions: [partition] }],
      forgottenTopicsData: [],
    }
    const answer = await this.#client.request(fetchRequest, fetchResponse, 12, body)
    const { errorCode, records } = answer.responses[0]!.partitions[0]!
    assert.equal(errorCode, 0, 'fetched')
    return recordsIn(records)
  }

  async #look(): Promise<void> {
    const partitions = [{ partitionIndex: 0, timestamp: LATEST }]
    const asked = { replicaId: -1, topics: [{ name: this.#topic, partitions }] }
    const list = await this.#client.request(listOffsetsRequest, listOffsetsResponse, 7, asked)
    const { errorCode, offset } = list.topics[0]!.partitions[0]!
    assert.deepEqual([errorCode, offset], [0, this.#endOffset], 'the end of the log')
    const metadata = { topics: [{ name: this.#topic }], allowAutoTopicCreation: false }
    const found = await this.#client.request(metadataRequest, metadataResponse, 12, metadata)
    assert.deepEqual([found.brokers.length, found.topics[0]?.errorCode], [1, 0], 'metadata')
  }

  async #commit(): Promise<void> {
    const find = { key: this.#group, keyType: 0 }
    await this.#client.request(findCoordinatorRequest, findCoordinatorResponse, 3, find)
    const committedMetadata = `at ${this.rounds}`
    const partition = { partitionIndex: 0, committedOffset: this.#endOffset, committedMetadata }
    const topics = [{ name: this.#topic, partitions: [partition] }]
    const commit = { groupId: this.#group, memberId: '', topics }
    const done = await this.#client.request(offsetCommitRequest, offsetCommitResponse, 8, commit)
    assert.equal(done.topics[0]!.partitions[0]!.errorCode, 0, 'committed')
    const asked = [{ name: this.#topic, partitionIndexes: [0] }]
    const fetch = { groups: [{ groupId: this.#group, topics: asked }] }
    const answer = await this.#client.request(offsetFetchRequest, offsetFetchResponse, 8, fetch)
    const found = answer.groups[0]!.topics[0]!.partitions[0]!
    assert.deepEqual(
      [found.errorCode, found.committedOffset, found.metadata],
      [0, this.#endOffset, committedMetadata],
      'the committed offset',
    )
  }
}
