/**
 * A data directory to be damaged, and all that is true of it: topics in several shapes (plain,
 * compacted, with deleted records, deleted), idempotent producers, committed offsets, snapshots of
 * the metadata, segments and indexes, closed cleanly or not.
 */
import assert from 'node:assert/strict'
import { Prng } from '../../base/prng.ts'
import type { Disk } from '../../io/io.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import {
  offsetCommitRequest,
  offsetCommitResponse,
} from '../../protocol/messages/08-offset-commit.ts'
import { offsetFetchRequest, offsetFetchResponse } from '../../protocol/messages/09-offset-fetch.ts'
import {
  findCoordinatorRequest,
  findCoordinatorResponse,
} from '../../protocol/messages/10-find-coordinator.ts'
import {
  deleteTopicsRequest,
  deleteTopicsResponse,
} from '../../protocol/messages/20-delete-topics.ts'
import {
  deleteRecordsRequest,
  deleteRecordsResponse,
} from '../../protocol/messages/21-delete-records.ts'
import { COMPRESSION_TYPES } from '../../records/compression/compression.ts'
import { batchOf, type StoredRecord, type TestClient, TestNode } from '../node.test-support.ts'

export const DATA = '/data'
export const CLUSTER_ID = 'damagedamagedamagedamQ'
const SMALL = { 'internal.segment.bytes': '2500', 'index.interval.bytes': '200' }
/** Snapshots of the metadata now and then, an eager cleaner, and few partitions of offsets. */
export const PROPERTIES = {
  'metadata.log.max.record.bytes.between.snapshots': '2500',
  'log.cleaner.backoff.ms': '5',
  'offsets.topic.num.partitions': '2',
}
const GROUPS = ['one', 'two', 'three']
/** Longer than any checkpoint waits. */
const CHECKPOINTS_MS = 70_000

export const SPECIMEN_ENDS = ['stop', 'kill', 'power cut'] as const
export type SpecimenEnd = (typeof SPECIMEN_ENDS)[number]

/** A directory's files by path; directories are those that have files. */
export type Files = Map<string, Uint8Array>

export interface Truth {
  readonly topicIds: ReadonlyMap<string, string>
  /** Records by partition, as `topic-index`. */
  readonly records: ReadonlyMap<string, readonly StoredRecord[]>
  readonly committed: ReadonlyMap<string, number>
  /** The last batch of an idempotent producer and where it went; null where it is not there. */
  readonly lastBatch: { readonly bytes: Uint8Array; readonly baseOffset: number } | null
}

export interface Specimen {
  readonly seed: number
  readonly end: SpecimenEnd
  /** The node's time at that end. */
  readonly endMs: number
  readonly files: Files
  readonly truth: Truth
}

export async function makeSpecimen(seed: number, end: SpecimenEnd): Promise<Specimen> {
  const node = new TestNode({ seed, properties: PROPERTIES, clusterId: CLUSTER_ID })
  await node.restart()
  const maker = new Maker(node, new Prng(seed))
  await maker.make()
  if (end === 'stop') await node.stop()
  else if (end === 'kill') node.kill()
  else node.crash('random')
  const files = filesOf(node.machine.disk, DATA)
  const endMs = node.nowMs
  // What there is to find is what a start finds where nothing is damaged.
  await node.restart()
  const truth = await maker.truth()
  return { seed, end, endMs, files, truth }
}

/** A machine with these files on its disk. */
export function nodeWith(files: Files, seed: number): TestNode {
  const node = new TestNode({ seed, properties: PROPERTIES, clusterId: CLUSTER_ID })
  putFiles(node.machine.disk, files)
  return node
}

export function putFiles(disk: Disk, files: Files): void {
  for (const [path, content] of files) {
    disk.makeDirectory(path.slice(0, path.lastIndexOf('/')))
    const file = disk.open(path, 'create')
    file.write([content], 0)
    file.close()
  }
}

function filesOf(disk: Disk, directory: string, found: Files = new Map()): Files {
  for (const name of disk.list(directory)) {
    const path = `${directory}/${name}`
    if (disk.stat(path)?.isDirectory === true) filesOf(disk, path, found)
    else found.set(path, disk.readFile(path))
  }
  return found
}

class Maker {
  readonly #node: TestNode
  readonly #random: Prng
  readonly #partitions = ['plain-0', 'plain-1', 'compacted-0', 'shortened-0']
  /** Partitions of a topic that is deleted along the way. */
  #doomed = ['gone-0']
  readonly #topicIds = new Map<string, string>()
  #lastBatch: { bytes: Uint8Array; baseOffset: number } = {
    bytes: new Uint8Array(0),
    baseOffset: -1,
  }

  constructor(node: TestNode, random: Prng) {
    this.#node = node
    this.#random = random
  }

  async make(): Promise<void> {
    const client = await this.#node.connect()
    const topic = async (name: string, partitions: number, configs: Record<string, string>) => {
      this.#topicIds.set(name, await client.createTopic(name, partitions, configs))
    }
    await topic('plain', 2, SMALL)
    await topic('shortened', 1, SMALL)
    const compact = { 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '0' }
    await topic('compacted', 1, { ...SMALL, ...compact })
    await client.createTopic('gone', 1, SMALL)
    const find = { key: 'one', keyType: 0 }
    await client.call(findCoordinatorRequest, findCoordinatorResponse, 3, find)
    for (let round = 0; round < 3; round++) {
      await this.#produce(client, 25)
      await this.#commit(client, round)
      if (round === 1) await this.#delete(client)
      // Others come and go, so that the metadata log has something to say.
      for (let i = 0; i < 4; i++) await topic(`other-${round}-${i}`, 1, {})
      await this.#node.world.advance(round === 1 ? CHECKPOINTS_MS : 3000)
    }
    const records = batchOf(['once'], this.#node.nowMs, {
      producerId: 7,
      producerEpoch: 0,
      baseSequence: 0,
    })
    const { errorCode, baseOffset } = await client.produce('plain', 0, records.slice())
    assert.equal(errorCode, ErrorCode.NONE)
    this.#lastBatch = { bytes: records, baseOffset }
  }

  async #produce(client: TestClient, batches: number): Promise<void> {
    const random = this.#random
    for (let i = 0; i < batches; i++) {
      for (const name of [...this.#partitions, ...this.#doomed]) {
        const at = name.lastIndexOf('-')
        const values = Array.from({ length: 1 + random.int(3) }, (_, n) => {
          return `${name} ${i} ${n} ${'x'.repeat(random.int(150))}`
        })
        const compression = COMPRESSION_TYPES[random.int(COMPRESSION_TYPES.length)]!
        const key = { key: `key ${random.int(12)}` }
        const records = batchOf(values, this.#node.nowMs, { compression, ...key })
        const topic = name.slice(0, at)
        const { errorCode } = await client.produce(topic, Number(name.slice(at + 1)), records)
        assert.equal(errorCode, ErrorCode.NONE)
      }
      await this.#node.world.advance(20)
    }
  }

  async #commit(client: TestClient, round: number): Promise<void> {
    for (const groupId of GROUPS) {
      const committedOffset = 3 + round
      const partitions = [{ partitionIndex: 0, committedOffset, committedMetadata: groupId }]
      const body = { groupId, memberId: '', topics: [{ name: 'plain', partitions }] }
      const answer = await client.call(offsetCommitRequest, offsetCommitResponse, 8, body)
      assert.equal(answer.topics[0]!.partitions[0]!.errorCode, ErrorCode.NONE)
    }
  }

  async #delete(client: TestClient): Promise<void> {
    const partitions = [{ partitionIndex: 0, offset: 20 }]
    const shorten = { topics: [{ name: 'shortened', partitions }], timeoutMs: 1000 }
    await client.call(deleteRecordsRequest, deleteRecordsResponse, 2, shorten)
    const gone = { topicNames: ['gone'], timeoutMs: 1000 }
    await client.call(deleteTopicsRequest, deleteTopicsResponse, 3, gone)
    this.#doomed = []
  }

  async truth(): Promise<Truth> {
    const client = await this.#node.connect()
    const records = new Map<string, readonly StoredRecord[]>()
    for (const name of this.#partitions) {
      const at = name.lastIndexOf('-')
      const from = name === 'shortened-0' ? 20 : 0
      records.set(name, await client.readAll(name.slice(0, at), Number(name.slice(at + 1)), from))
    }
    const { bytes, baseOffset } = this.#lastBatch
    const isThere = records.get('plain-0')!.some(({ offset }) => offset === baseOffset)
    const committed = await this.#committed(client)
    const lastBatch = isThere ? { bytes, baseOffset } : null
    return { topicIds: this.#topicIds, records, committed, lastBatch }
  }

  async #committed(client: TestClient): Promise<Map<string, number>> {
    const topics = [{ name: 'plain', partitionIndexes: [0] }]
    const body = { groups: GROUPS.map((groupId) => ({ groupId, topics })) }
    for (;;) {
      const answer = await client.call(offsetFetchRequest, offsetFetchResponse, 8, body)
      if (answer.groups.some(({ errorCode }) => errorCode !== ErrorCode.NONE)) continue
      const offsets = answer.groups.map(({ groupId, topics: [topic] }) => {
        return [groupId, topic!.partitions[0]!.committedOffset] as const
      })
      return new Map(offsets)
    }
  }
}
