/**
 * kafkajs's assigner, by its own name in the group, so that members of kafkajs and of the drop-in
 * share a group while a program is moved; and the bytes that members send each other.
 *
 * Invariant: members agree on a name, not on code, so whoever leads may deal out.
 */
import { ByteReader, ByteWriter } from '../../base/bytes.ts'
import { decode, encode } from '../../protocol/codec.ts'
import {
  consumerProtocolAssignment,
  consumerProtocolSubscription,
} from '../../protocol/persisted/consumer-protocol.ts'
import type { Assignor } from '../consumer/assignors/assignor.ts'
import { roundRobinAssignor } from '../consumer/assignors/round-robin.ts'
import { KafkaJSNotImplemented } from './errors.ts'

/** An assigner of kafkajs; the drop-in knows those of `PartitionAssigners` only. */
export type PartitionAssigner = (config: never) => unknown

function roundRobin(): never {
  throw new KafkaJSNotImplemented('an assigner is to be given to a consumer, not to be called')
}

export const PartitionAssigners: { readonly roundRobin: PartitionAssigner } = { roundRobin }

const NAME_IN_GROUP = 'RoundRobinAssigner'

/** The native assignors for what a program gave; `onLead` is told when this member deals out. */
export function assignorsOf(
  given: readonly (PartitionAssigner | Assignor)[] | undefined,
  onLead: () => void,
): Assignor[] {
  return (given ?? [roundRobin]).map((one) => {
    const native: Assignor | null =
      one === roundRobin ? { ...roundRobinAssignor, name: NAME_IN_GROUP } : nativeOne(one)
    if (native !== null) return leading(native, onLead)
    throw new KafkaJSNotImplemented(
      'partitionAssigners: assigners of your own are not supported in their form for kafkajs; ' +
        'give an Assignor as `millrace` has it (docs: moving from kafkajs)',
    )
  })
}

function nativeOne(given: PartitionAssigner | Assignor): Assignor | null {
  return typeof given === 'object' && typeof given.assign === 'function' ? given : null
}

function leading(assignor: Assignor, onLead: () => void): Assignor {
  return {
    name: assignor.name,
    protocols: assignor.protocols,
    assign: (input) => {
      onLead()
      return assignor.assign(input)
    },
    ...(assignor.userData !== undefined && {
      userData: (topics, last) => assignor.userData!(topics, last),
    }),
  }
}

export interface MemberMetadata {
  version: number
  topics: string[]
  userData: Buffer
}

export interface MemberAssignment {
  version: number
  assignment: { [topic: string]: number[] }
  userData: Buffer
}

export interface Serializer<In, Out> {
  encode(value: In): Buffer
  decode(buffer: Buffer): Out | null
}

export type WithoutUserData<T> = Omit<T, 'userData'> & { readonly userData?: Buffer }

const NEWEST_VERSION = 3

export const AssignerProtocol: {
  MemberMetadata: Serializer<WithoutUserData<MemberMetadata>, MemberMetadata>
  MemberAssignment: Serializer<WithoutUserData<MemberAssignment>, MemberAssignment>
} = {
  MemberMetadata: {
    encode({ version, topics, userData }) {
      const writer = new ByteWriter()
      writer.int16(version)
      const value = {
        topics,
        userData: userData ?? Buffer.alloc(0),
        ownedPartitions: [],
        generationId: -1,
        rackId: null,
      }
      encode(consumerProtocolSubscription, Math.min(version, NEWEST_VERSION), value, writer)
      return Buffer.from(writer.toBytes())
    },
    decode(buffer) {
      if (buffer.length < 2) return null
      const reader = new ByteReader(buffer)
      const version = reader.int16()
      const read = decode(consumerProtocolSubscription, Math.min(version, NEWEST_VERSION), reader)
      return { version, topics: [...read.topics], userData: Buffer.from(read.userData ?? []) }
    },
  },
  MemberAssignment: {
    encode({ version, assignment, userData }) {
      const writer = new ByteWriter()
      writer.int16(version)
      const assignedPartitions = Object.entries(assignment).map(([topic, partitions]) => {
        return { topic, partitions }
      })
      const value = { assignedPartitions, userData: userData ?? Buffer.alloc(0) }
      encode(consumerProtocolAssignment, Math.min(version, NEWEST_VERSION), value, writer)
      return Buffer.from(writer.toBytes())
    },
    decode(buffer) {
      if (buffer.length < 2) return null
      const reader = new ByteReader(buffer)
      const version = reader.int16()
      const read = decode(consumerProtocolAssignment, Math.min(version, NEWEST_VERSION), reader)
      const assignment: { [topic: string]: number[] } = {}
      for (const { topic, partitions } of read.assignedPartitions) {
        assignment[topic] = [...partitions]
      }
      return { version, assignment, userData: Buffer.from(read.userData ?? []) }
    },
  },
}
