/**
 * Looks at a node that was started on damaged files, and says what is wrong with how it took that.
 *
 * Silent loss is what must not be. A record that was there, and is not, must have been reported: by
 * a warning that names the file or the partition, by an error code for the partition, or by the
 * checksum of the batch, which every client checks. What comes must be what was written. Bytes
 * before the damage are intact: the records in them must be there, unless the partition is refused
 * as a whole. Topics, their ids, committed offsets and the memory of idempotent producers are held
 * to the same.
 */
import { ErrorCode } from '../../protocol/errors.ts'
import { produceRequest, produceResponse } from '../../protocol/messages/00-produce.ts'
import { fetchRequest, fetchResponse } from '../../protocol/messages/01-fetch.ts'
import { listOffsetsRequest, listOffsetsResponse } from '../../protocol/messages/02-list-offsets.ts'
import { metadataRequest, metadataResponse } from '../../protocol/messages/03-metadata.ts'
import { offsetFetchRequest, offsetFetchResponse } from '../../protocol/messages/09-offset-fetch.ts'
import type { Infer, Input, Message } from '../../protocol/schema.ts'
import { baseOffset, batchSizeBytes, isCrcValid, lastOffset } from '../../records/batch.ts'
import { forEachBatch } from '../../records/batches.ts'
import { fetchFrom, produceTo, recordsIn, type StoredRecord } from '../node.test-support.ts'
import type { Damage } from './damages.test-support.ts'
import type { Specimen } from './specimen.test-support.ts'

/** A connection to the node, simulated or not. */
export type Call = <Q extends Message, S extends Message>(
  request: Q,
  response: S,
  version: number,
  body: Input<Q>,
) => Promise<Infer<S>>

/** What was read of a partition. */
interface Reading {
  readonly records: readonly StoredRecord[]
  /** The partition says that it can't be read, from some offset on or at all. */
  readonly error: ErrorCode
  /** Batches that the reader knows to be damaged. */
  readonly corrupt: number
  readonly highWatermark: number
}

const LOADING: readonly number[] = [
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.NOT_COORDINATOR,
]
const LOADING_TRIES = 50
/** Kafka keeps no checksum of these, and what they say is in no other place. */
const UNCHECKED = /\/(log-start-offset-checkpoint|meta\.properties)$/

/** Everything that is wrong; empty where the damage was taken as it must be. */
export async function examine(
  call: Call,
  { truth, files }: Specimen,
  damage: Damage,
  log: readonly string[],
  isSecondLook = false,
): Promise<string[]> {
  const wrong: string[] = []
  const isReported = (partition: string): boolean => reports(log, partition, damage)
  const metadata = await call(metadataRequest, metadataResponse, 12, { topics: null })
  for (const [name, id] of truth.topicIds) {
    const found = metadata.topics.find((topic) => topic.name === name)
    if (found === undefined) wrong.push(`topic ${name} is lost`)
    else if (found.topicId !== id) wrong.push(`topic ${name} has another id`)
  }
  if (wrong.length > 0) {
    // Metadata that was cut off is told by the file, and the topics' files are kept.
    return log.some((line) => line.startsWith('warn') && line.includes(damage.paths[0]!))
      ? []
      : wrong
  }
  for (const [partition, records] of truth.records) {
    // What is there instead is new; its own files are kept.
    if (isSetAside(log, partition) || hasDamagedOffset(files, damage, partition)) continue
    const reading = await readPartition(call, partition)
    const found = new Map(reading.records.map((record) => [record.offset, record]))
    const first = records[0]?.offset ?? 0
    for (const record of reading.records) {
      const known = records.find(({ offset }) => offset === record.offset)
      const isDeleted = record.offset < first && UNCHECKED.test(damage.paths[0]!)
      // After the first look there are records of its own, where others were lost.
      if (isSecondLook && isReported(partition)) continue
      if (known === undefined && !isDeleted)
        wrong.push(`${partition}: offset ${record.offset} is new`)
      else if (known !== undefined && known.value !== record.value) {
        wrong.push(`${partition}: offset ${record.offset} is another record`)
      }
    }
    const missing = records.filter(({ offset }) => !found.has(offset))
    if (missing.length === 0) continue
    const isSeen = reading.error !== ErrorCode.NONE || reading.corrupt > 0
    if (!isSeen && !isReported(partition)) {
      wrong.push(`${partition}: ${missing.length} records from ${missing[0]!.offset} silently lost`)
    }
    const isRefused = reading.error === ErrorCode.KAFKA_STORAGE_ERROR
    if (isRefused && !isReported(partition)) wrong.push(`${partition}: refused without a reason`)
    const intact = isRefused ? 0 : intactBelow(files, damage, partition)
    const needless = missing.filter(({ offset }) => offset < intact)
    if (needless.length > 0) {
      wrong.push(`${partition}: intact records from ${needless[0]!.offset} are gone`)
    }
  }
  wrong.push(...(await examineOffsets(call, truth.committed, log, damage)))
  wrong.push(...(await examineTimes(call, truth.records, log, damage)))
  const isIntact = (truth.lastBatch?.baseOffset ?? 0) < intactBelow(files, damage, 'plain-0')
  if (isIntact) wrong.push(...(await examineProducer(call, truth.lastBatch, log, damage)))
  return wrong
}

/** Whether the log names the partition, its directory, or the damaged file. */
function reports(log: readonly string[], partition: string, { paths }: Damage): boolean {
  const names = [`/${partition}/`, `/${partition}:`, `${partition} `, ...paths]
  return log.some((line) => /^(warn|error)/.test(line) && names.some((name) => line.includes(name)))
}

/** Its files are all there, under another name; a new one is in its place. */
function isSetAside(log: readonly string[], partition: string): boolean {
  return log.some((line) => line.includes(`${partition} in `) && line.includes('set aside'))
}

/** Kafka's checksum begins behind the offset of a batch: one that is damaged tells nobody. */
function hasDamagedOffset(files: Specimen['files'], damage: Damage, partition: string): boolean {
  const [path] = damage.paths
  if (path === undefined || !path.includes(`/${partition}/`) || !path.endsWith('.log')) return false
  const bytes = files.get(path) ?? new Uint8Array(0)
  const now = damage.files.get(path) ?? new Uint8Array(0)
  let isDamaged = false
  forEachBatch(bytes, 0, Math.min(bytes.length, now.length), (at) => {
    for (let i = at; i < at + 8; i++) if (bytes[i] !== now[i]) isDamaged = true
  })
  return isDamaged
}

/** The offset below which nothing of a partition is damaged: Infinity where no `.log` of it is. */
function intactBelow(files: Specimen['files'], damage: Damage, partition: string): number {
  const [path] = damage.paths
  if (path === undefined || !path.includes(`/${partition}/`)) return Infinity
  if (!path.endsWith('.log')) return Infinity
  const bytes = files.get(path) ?? new Uint8Array(0)
  let intact = Number(path.slice(-24, -4))
  forEachBatch(bytes, 0, bytes.length, (at) => {
    if (at + batchSizeBytes(bytes, at) <= damage.firstByte) intact = lastOffset(bytes, at) + 1
  })
  return intact
}

async function readPartition(call: Call, partition: string): Promise<Reading> {
  const { topic, index } = split(partition)
  const records: StoredRecord[] = []
  let corrupt = 0
  for (let at = -1; ; ) {
    if (at < 0) at = await startOf(call, topic, index)
    const body = fetchFrom(topic, index, Math.max(0, at))
    const answer = await call(fetchRequest, fetchResponse, 12, body)
    const { errorCode, records: bytes, highWatermark } = answer.responses[0]!.partitions[0]!
    const reading = { records, error: errorCode as ErrorCode, corrupt, highWatermark }
    if (errorCode !== ErrorCode.NONE || bytes === null) return reading
    let next = Math.max(0, at)
    forEachBatch(bytes, 0, bytes.length, (from) => {
      const isDamaged = !isCrcValid(bytes, from)
      if (isDamaged) corrupt++
      else records.push(...recordsOf(bytes, from, Math.max(0, at)))
      next = Math.max(next, lastOffset(bytes, from) + 1)
      if (baseOffset(bytes, from) > highWatermark) corrupt++
    })
    // Clients stop at a batch that is damaged; this one looks at what is behind it.
    if (next <= at || next >= highWatermark) return { ...reading, corrupt }
    at = next
  }
}

async function startOf(call: Call, topic: string, index: number): Promise<number> {
  const { offset } = await offsetAt(call, topic, index, -2)
  return offset
}

function recordsOf(bytes: Uint8Array, at: number, from: number): StoredRecord[] {
  const batch = bytes.subarray(at, at + batchSizeBytes(bytes, at))
  return recordsIn(batch).filter(({ offset }) => offset >= from)
}

async function offsetAt(call: Call, name: string, partitionIndex: number, timestamp: number) {
  const body = { replicaId: -1, topics: [{ name, partitions: [{ partitionIndex, timestamp }] }] }
  const answer = await call(listOffsetsRequest, listOffsetsResponse, 7, body)
  return answer.topics[0]!.partitions[0]!
}

async function examineOffsets(
  call: Call,
  committed: ReadonlyMap<string, number>,
  log: readonly string[],
  damage: Damage,
): Promise<string[]> {
  const wrong: string[] = []
  const topics = [{ name: 'plain', partitionIndexes: [0] }]
  for (const [groupId, offset] of committed) {
    for (let tries = 0; ; tries++) {
      const body = { groups: [{ groupId, topics }] }
      const answer = await call(offsetFetchRequest, offsetFetchResponse, 8, body)
      const { errorCode, topics: found } = answer.groups[0]!
      if (LOADING.includes(errorCode) && tries < LOADING_TRIES) continue
      const isReported = [0, 1].some((i) => reports(log, `__consumer_offsets-${i}`, damage))
      const now = found[0]?.partitions[0]?.committedOffset
      if (errorCode === ErrorCode.NONE && now === offset) break
      if (!isReported)
        wrong.push(`group ${groupId}: ${now} for ${offset}, error ${errorCode}, silently`)
      break
    }
  }
  return wrong
}

/** Looking by time finds the record that is the first at or after it. */
async function examineTimes(
  call: Call,
  records: Specimen['truth']['records'],
  log: readonly string[],
  damage: Damage,
): Promise<string[]> {
  const wrong: string[] = []
  for (const [partition, known] of records) {
    if (damage.paths.some((path) => path.includes(`/${partition}/`) && path.endsWith('.log')))
      continue
    const { topic, index } = split(partition)
    for (const share of [0.1, 0.5, 0.9]) {
      const { timestampMs } = known[Math.floor(share * known.length)]!
      const expected = known.find((record) => record.timestampMs >= timestampMs)!
      const found = await offsetAt(call, topic, index, timestampMs)
      if (found.errorCode === ErrorCode.NONE && found.offset === expected.offset) continue
      if (reports(log, partition, damage)) continue
      const { errorCode, offset } = found
      wrong.push(`${partition}: time of ${expected.offset} gives ${offset}, error ${errorCode}`)
    }
  }
  return wrong
}

/** A batch that is sent again is not appended again. */
async function examineProducer(
  call: Call,
  lastBatch: Specimen['truth']['lastBatch'],
  log: readonly string[],
  damage: Damage,
): Promise<string[]> {
  if (lastBatch === null) return []
  const { bytes, baseOffset: expected } = lastBatch
  const body = produceTo('plain', 0, bytes.slice())
  const answer = await call(produceRequest, produceResponse, 9, body)
  const { errorCode, baseOffset } = answer.responses[0]!.partitionResponses[0]!
  if (errorCode === ErrorCode.NONE && baseOffset === expected) return []
  if (reports(log, 'plain-0', damage) || isSetAside(log, 'plain-0')) return []
  return [`a batch sent again is at ${baseOffset}, not ${expected}, error ${errorCode}`]
}

function split(partition: string): { readonly topic: string; readonly index: number } {
  const at = partition.lastIndexOf('-')
  return { topic: partition.slice(0, at), index: Number(partition.slice(at + 1)) }
}
