/**
 * kafkajs's partitioners. The default one puts keys where Java does and deals records without a key
 * out in turn; the legacy one is that of kafkajs before 2.0, whose hash is murmur2 computed with
 * doubles, which differs from murmur2 for most keys.
 */
import { murmur2, toPositive } from '../../base/murmur2.ts'
import type { Message } from './producer-types.ts'

export interface PartitionMetadata {
  partitionErrorCode: number
  partitionId: number
  leader: number
  replicas: number[]
  isr: number[]
  offlineReplicas?: number[]
}

export interface PartitionerArgs {
  topic: string
  partitionMetadata: PartitionMetadata[]
  message: Message
}

export type ICustomPartitioner = () => (args: PartitionerArgs) => number
export type DefaultPartitioner = ICustomPartitioner
export type LegacyPartitioner = ICustomPartitioner

/** A key as it is sent. */
function keyBytes(key: unknown): Uint8Array {
  return key instanceof Uint8Array ? key : Buffer.from(String(key))
}

/** Where the round of a topic begins: anywhere, so that many producers do not go in step. */
function firstTurn(topic: string): number {
  const bytes = Buffer.from(topic)
  return toPositive(murmur2(bytes, 0, bytes.length))
}

function partitionerOf(hash: (key: Uint8Array) => number): ICustomPartitioner {
  return () => {
    const turns = new Map<string, number>()
    return ({ topic, partitionMetadata, message }) => {
      const { partition, key } = message
      if (partition !== undefined && partition !== null) return partition
      const count = partitionMetadata.length
      if (key !== undefined && key !== null) return toPositive(hash(keyBytes(key))) % count
      const turn = (turns.get(topic) ?? firstTurn(topic)) + 1
      turns.set(topic, turn)
      const available = partitionMetadata.filter(({ leader }) => leader >= 0)
      if (available.length === 0) return turn % count
      return available[turn % available.length]!.partitionId
    }
  }
}

const SEED = 0x9747b28c
const M = 0x5bd1e995

/**
 * Products are doubles that lose their low bits, and a last word that is not full is mixed in
 * twice: so programs that stayed with it find their keys where they were.
 */
function legacyHash(key: Uint8Array): number {
  const { length } = key
  const byteAt = (index: number) => key[index] ?? 0
  let h = SEED ^ length
  for (let at = 0; at < length; at += 4) {
    let k = byteAt(at) + (byteAt(at + 1) << 8) + (byteAt(at + 2) << 16) + (byteAt(at + 3) << 24)
    k *= M
    k ^= k >>> 24
    k *= M
    h *= M
    h ^= k
  }
  const rest = length % 4
  const end = length - rest
  if (rest === 3) h ^= byteAt(end + 2) << 16
  if (rest >= 2) h ^= byteAt(end + 1) << 8
  if (rest >= 1) {
    h ^= byteAt(end)
    h *= M
  }
  h ^= h >>> 13
  h *= M
  h ^= h >>> 15
  return h
}

const byMurmur2 = partitionerOf((key) => murmur2(key, 0, key.length))

export const Partitioners: {
  readonly DefaultPartitioner: DefaultPartitioner
  readonly LegacyPartitioner: LegacyPartitioner
  readonly JavaCompatiblePartitioner: DefaultPartitioner
} = {
  DefaultPartitioner: byMurmur2,
  LegacyPartitioner: partitionerOf(legacyHash),
  JavaCompatiblePartitioner: byMurmur2,
}
