/**
 * What the sticky assignors write into their members' subscriptions, as Kafka's do. `sticky`: what
 * the member had, and (version 1, without a mark of its version) in which generation.
 * `cooperative-sticky`: the generation alone, for leaders that are too old for KIP-792.
 *
 * Invariant: what can't be read counts as nothing owned in no generation; it is another member's.
 */

import { BoundsError } from '../../../base/bounds-error.ts'
import { ByteReader, ByteWriter } from '../../../base/bytes.ts'
import { decode, encode, ProtocolError } from '../../../protocol/codec.ts'
import { array, int32, type Message, message, string } from '../../../protocol/schema.ts'
import type { OwnAssignment } from './assignor.ts'
import { inHashOrder } from './java-order.ts'
import { type MemberClaim, NO_GENERATION } from './sticky-problem.ts'

const previousAssignment = message(
  'StickyAssignorUserData',
  { versions: '0-1', flexible: 'none' },
  {
    previousAssignment: array({ topic: string(), partitions: array(int32()) }),
    generation: int32({ versions: '1+', default: NO_GENERATION }),
  },
)

const generationOnly = message(
  'CooperativeStickyAssignorUserData',
  { versions: '0', flexible: 'none' },
  { generation: int32() },
)

/** The user data of `sticky`. */
export function writePreviousAssignment({ partitions, generationId }: OwnAssignment): Uint8Array {
  const byTopic = new Map<string, number[]>()
  for (const { topic, partition } of partitions) {
    const ofTopic = byTopic.get(topic)
    if (ofTopic === undefined) byTopic.set(topic, [partition])
    else ofTopic.push(partition)
  }
  const topics = inHashOrder(byTopic.keys())
  const writer = new ByteWriter()
  const value = {
    previousAssignment: topics.map((topic) => ({ topic, partitions: byTopic.get(topic)! })),
    generation: generationId,
  }
  encode(previousAssignment, 1, value, writer)
  return writer.toBytes()
}

/** What `sticky` wrote in any client, of either version. */
export function readPreviousAssignment(userData: Uint8Array | null): MemberClaim {
  if (userData === null || userData.length === 0) return { partitions: [], generation: null }
  for (const version of [1, 0]) {
    const read = readOrNull(previousAssignment, version, userData)
    if (read === null) continue
    const partitions = read.previousAssignment.flatMap((of) =>
      of.partitions.map((partition) => ({ topic: of.topic, partition })),
    )
    return { partitions, generation: version === 0 ? null : read.generation }
  }
  return { partitions: [], generation: NO_GENERATION }
}

/** The user data of `cooperative-sticky`. */
export function writeGeneration(last: OwnAssignment | null): Uint8Array {
  const writer = new ByteWriter()
  encode(generationOnly, 0, { generation: last?.generationId ?? NO_GENERATION }, writer)
  return writer.toBytes()
}

/** The generation that `cooperative-sticky` wrote; null where it wrote nothing. */
export function readGeneration(userData: Uint8Array | null): number | null {
  if (userData === null) return null
  return readOrNull(generationOnly, 0, userData)?.generation ?? NO_GENERATION
}

function readOrNull<M extends Message>(message: M, version: number, bytes: Uint8Array) {
  try {
    return decode(message, version, new ByteReader(bytes))
  } catch (error) {
    if (error instanceof ProtocolError || error instanceof BoundsError) return null
    throw error
  }
}
