/**
 * Which partition a record goes to. Records with a key go where every client of Kafka puts them:
 * murmur2 of the key's bytes. Those without stick to one partition until a batch's worth of bytes
 * is written and then move on at random, more likely to partitions with short queues (KIP-480,
 * KIP-794): that fills batches and spares brokers that are slow.
 */
import { murmur2, toPositive } from '../../base/murmur2.ts'
import type { Random } from '../../io/io.ts'
import type { PartitionInfo } from '../cluster/cluster.ts'

/** What a partitioner of the program's own is told of a record. */
export interface PartitionerInput {
  readonly topic: string
  /** The key as it will be sent; it is only lent. */
  readonly key: Uint8Array | null
  /** The record as it was given. */
  readonly record: { readonly key?: unknown; readonly value: unknown }
  readonly partitionCount: number
  readonly partitions: readonly PartitionInfo[]
}

/** Chooses a partition; null or undefined leave it to the built-in choice. */
export type Partitioner = (input: PartitionerInput) => number | null | undefined

/** Where Java's and most other clients put a key. */
export function partitionForKey(
  key: Uint8Array,
  start: number,
  end: number,
  partitionCount: number,
): number {
  return toPositive(murmur2(key, start, end)) % partitionCount
}

/** What the sticky choice looks at. */
export interface PartitionLoads {
  readonly partitionCount: number
  /** Batches that wait to be sent; -1 for a partition that can't take any now. */
  queueLength(partition: number): number
}

const NONE = -1

/** The choice for records without a key, of one topic. */
export class StickyPartition {
  readonly #random: Random
  readonly #batchBytes: number
  readonly #isAdaptive: boolean
  #current = NONE
  #writtenBytes = 0

  constructor(random: Random, batchBytes: number, isAdaptive: boolean) {
    this.#random = random
    this.#batchBytes = batchBytes
    this.#isAdaptive = isAdaptive
  }

  /** The partition that the next record goes to. */
  partition(loads: PartitionLoads): number {
    const current = this.#current
    if (current !== NONE && current < loads.partitionCount) return current
    return this.#move(loads)
  }

  /**
   * Says that `bytes` went to the current partition. It changes after a batch's worth, at the end
   * of a batch where one is near, so that no batch is left half full.
   */
  wrote(bytes: number, isBatchFull: boolean, loads: PartitionLoads): void {
    this.#writtenBytes += bytes
    const limit = this.#batchBytes
    if (this.#writtenBytes < limit) return
    if (isBatchFull || this.#writtenBytes >= 2 * limit) this.#move(loads)
  }

  /** Chooses anew, where the current one can't take records any more. */
  #move(loads: PartitionLoads): number {
    this.#writtenBytes = 0
    this.#current = choosePartition(loads, this.#random, this.#isAdaptive)
    return this.#current
  }
}

/** At random among those that can take records, weighted by how short their queues are. */
function choosePartition(loads: PartitionLoads, random: Random, isAdaptive: boolean): number {
  const { partitionCount } = loads
  let longest = 0
  let usable = 0
  for (let partition = 0; partition < partitionCount; partition++) {
    const length = loads.queueLength(partition)
    if (length < 0) continue
    usable++
    if (length > longest) longest = length
  }
  if (usable === 0) return random.int(partitionCount)
  let total = 0
  const weightOf = (length: number) => (length < 0 ? 0 : isAdaptive ? longest + 1 - length : 1)
  for (let partition = 0; partition < partitionCount; partition++) {
    total += weightOf(loads.queueLength(partition))
  }
  let left = random.int(total)
  for (let partition = 0; ; partition++) {
    left -= weightOf(loads.queueLength(partition))
    if (left < 0) return partition
  }
}

const SCRATCH_BYTES = 1024
const MAX_UTF8_BYTES_PER_UNIT = 3

/** The choice for records with a key. */
export class KeyPartitioner {
  /** Text is encoded here to be hashed, and once more into its batch. */
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES)

  partition(key: Uint8Array | string, partitionCount: number): number {
    if (typeof key !== 'string') return partitionForKey(key, 0, key.length, partitionCount)
    if (key.length * MAX_UTF8_BYTES_PER_UNIT > SCRATCH_BYTES) {
      const bytes = Buffer.from(key)
      return partitionForKey(bytes, 0, bytes.length, partitionCount)
    }
    return partitionForKey(this.#scratch, 0, this.#scratch.write(key, 0), partitionCount)
  }
}
