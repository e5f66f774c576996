/**
 * For tests: every message there is, and random values of a message at a version, made from the
 * same layout as its codec.
 */
import fc from 'fast-check'
import { INT64_MAX, INT64_MIN } from '../base/int64.ts'
import { uuidFromBytes } from '../base/uuid.ts'
import { apis } from './apis.ts'
import { type FieldLayout, layoutOf, makeDefault, type StructLayout } from './layout.ts'
import * as consumerGroupRecords from './persisted/consumer-group-records.ts'
import * as consumerProtocol from './persisted/consumer-protocol.ts'
import * as controlRecords from './persisted/control-records.ts'
import * as groupRecords from './persisted/group-records.ts'
import * as headers from './persisted/headers.ts'
import * as metadataRecords from './persisted/metadata-records.ts'
import * as quorumState from './persisted/quorum-state.ts'
import * as shareGroupRecords from './persisted/share-group-records.ts'
import * as shareRecords from './persisted/share-records.ts'
import * as storageRecords from './persisted/storage-records.ts'
import * as streamsGroupRecords from './persisted/streams-group-records.ts'
import * as transactionRecords from './persisted/transaction-records.ts'
import { type Message, parseVersions } from './schema.ts'

/** Every request and response. */
export const apiMessages: readonly Message[] = apis.flatMap(({ request, response }) => [
  request,
  response,
])

/** Headers, and what Kafka keeps in its own topics and files. */
export const persistedMessages: readonly Message[] = [
  consumerGroupRecords,
  consumerProtocol,
  controlRecords,
  groupRecords,
  headers,
  metadataRecords,
  quorumState,
  shareGroupRecords,
  shareRecords,
  storageRecords,
  streamsGroupRecords,
  transactionRecords,
].flatMap((module): Message[] => Object.values(module))

/** Every message. */
export const everyMessage: readonly Message[] = [...apiMessages, ...persistedMessages]

/** The layout of every message at every version. */
export function* everyLayout(): Generator<{ message: Message; layout: StructLayout }> {
  for (const message of everyMessage) {
    const { min, max } = parseVersions(message.versions)
    for (let version = min; version <= max; version++) {
      yield { message, layout: layoutOf(message, version) }
    }
  }
}

/** What a decoder gives: every field set. Fields that the version lacks have their defaults. */
export type Members = Record<string, unknown>

const ELEMENTS_MAX = 3

/** Values of a message or struct as a decoder gives them. */
export function arbitraryStruct(layout: StructLayout): fc.Arbitrary<Members> {
  const members: Record<string, fc.Arbitrary<unknown>> = {}
  for (const field of layout.fields) members[field.name] = arbitraryMember(field)
  return fc.record(members, { noNullPrototype: true })
}

function arbitraryMember(field: FieldLayout): fc.Arbitrary<unknown> {
  if (field.presence === 'absent') return fc.constant(null).map(() => makeDefault(field))
  const value = arbitraryValue(field)
  const sometimes = field.nullable ? fc.option(value, { nil: null, freq: 3 }) : value
  // A tagged field with its default is not sent at all: that has to be met as often as a value.
  if (field.presence === 'plain') return sometimes
  return fc.oneof(
    fc.constant(null).map(() => makeDefault(field)),
    sometimes,
  )
}

const arbitraryText = fc.oneof(
  fc.string({ unit: 'grapheme-ascii', maxLength: 40 }),
  fc.string({ unit: 'binary', maxLength: 12 }),
)
const arbitraryBytes = fc.uint8Array({ maxLength: 20 }).map((bytes) => new Uint8Array(bytes))
const arbitraryUuid = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => uuidFromBytes(bytes))

function arbitraryValue(field: FieldLayout): fc.Arbitrary<unknown> {
  switch (field.kind) {
    case 'bool':
      return fc.boolean()
    case 'int8':
      return fc.integer({ min: -128, max: 127 })
    case 'int16':
      return fc.integer({ min: -0x8000, max: 0x7fff })
    case 'uint16':
      return fc.integer({ min: 0, max: 0xffff })
    case 'int32':
      return fc.integer()
    case 'uint32':
      return fc.integer({ min: 0, max: 0xffffffff })
    case 'int64':
      return fc.oneof(
        { arbitrary: fc.maxSafeInteger(), weight: 8 },
        fc.constantFrom(INT64_MAX, INT64_MIN),
      )
    case 'opaque64':
      return fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
    case 'float64':
      return fc.double()
    case 'string':
      return arbitraryText
    case 'uuid':
      return arbitraryUuid
    case 'bytes':
    case 'records':
      return arbitraryBytes
    case 'array':
      return fc.array(arbitraryValue(field.element!), { maxLength: ELEMENTS_MAX })
    case 'struct':
      return arbitraryStruct(field.struct!)
  }
}
