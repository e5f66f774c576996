/**
 * Serdes: how keys and values become bytes and come back. Those with a counterpart in Java write
 * what Java's serializers write.
 *
 * A key that is null never reaches a serde: any record may lack one. A value that is null (a
 * tombstone) does, and all serdes but `bytes` and `nullable` refuse it, so that only topics that
 * have tombstones need to look for them.
 */
import { utf8Text } from '../base/bytes.ts'
import type { RecordHeaders } from './headers.ts'
import { KafkaError } from './kafka-error.ts'
import {
  type SchemaInput,
  type SchemaOutput,
  type StandardSchema,
  validated,
} from './standard-schema.ts'

/** Which topic, and which part of its records, a serde is at work on. */
export interface SerdeContext {
  readonly topic: string
  readonly part: 'key' | 'value'
}

/** The record that is being read. */
export interface SerdeSource {
  readonly headers: RecordHeaders
}

/** Writes values of `In`, reads values of `Out`. What it throws is the cause of a KafkaError. */
export interface Serde<In, Out = In> {
  /** Text is written as UTF-8, straight into the batch. The bytes are copied before it returns. */
  serialize(value: In, context: SerdeContext): Uint8Array | string | null
  /** `bytes` are a part of what was received, not a copy: copy what is kept and small. */
  deserialize(bytes: Uint8Array | null, context: SerdeContext, source: SerdeSource): Out
  /** True where `deserialize` gives bytes as UTF-8 text: readers need not cut them out first. */
  readonly isText?: boolean | undefined
}

/** What a plain topic takes: text is sent as UTF-8. */
export type BytesInput = Uint8Array | string | null

/** JavaScript's own JSON values go through this one; a schema makes it strict. */
function json<S extends StandardSchema>(schema: S): Serde<SchemaInput<S>, SchemaOutput<S>>
function json<T = unknown>(): Serde<T>
function json(schema?: StandardSchema): Serde<unknown> {
  return {
    serialize(value) {
      if (schema !== undefined) validated(schema, value)
      const text: string | undefined = JSON.stringify(value)
      if (text === undefined) throw new TypeError(`${typeof value} has no form in JSON`)
      return text
    },
    deserialize(bytes) {
      const value: unknown = JSON.parse(utf8Text(present(bytes)))
      return schema === undefined ? value : validated(schema, value)
    },
  }
}

/** The serdes that come with the client. */
export const serde = {
  /** Bytes as they are; null is a tombstone. Text is sent as UTF-8. */
  bytes(): Serde<BytesInput, Uint8Array | null> {
    return { serialize: (value) => value, deserialize: (bytes) => bytes }
  },

  /** UTF-8. */
  string(): Serde<string> {
    return {
      serialize: (value) => checked(value, 'string'),
      deserialize: (bytes) => utf8Text(present(bytes)),
      isText: true,
    }
  },

  /**
   * JSON. With a schema (Standard Schema: zod, valibot, arktype …) what is sent must fit it and is
   * written as it was given; what is read is what the schema makes of it, defaults and transforms
   * included. Without one, nothing is checked, and `json<Order>()` takes your word for it.
   */
  json,

  /** 4 bytes, big-endian, as Java's IntegerSerializer. */
  int32(): Serde<number> {
    return {
      serialize(value) {
        if (value !== (value | 0)) throw new RangeError(`${value} does not fit int32`)
        return fixed(4, (view) => view.setInt32(0, value))
      },
      deserialize: (bytes) => viewOf(bytes, 4).getInt32(0),
    }
  },

  /** 8 bytes, big-endian, as Java's LongSerializer; safe integers only. */
  int64(): Serde<number> {
    return {
      serialize(value) {
        if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not a safe integer`)
        return fixed(8, (view) => view.setBigInt64(0, BigInt(value)))
      },
      deserialize(bytes) {
        const value = viewOf(bytes, 8).getBigInt64(0)
        if (!Number.isSafeInteger(Number(value))) {
          throw new RangeError(`${value} is not a safe integer`)
        }
        return Number(value)
      },
    }
  },

  /** 8 bytes, as Java's DoubleSerializer. */
  float64(): Serde<number> {
    return {
      serialize: (value) => fixed(8, (view) => view.setFloat64(0, checked(value, 'number'))),
      deserialize: (bytes) => viewOf(bytes, 8).getFloat64(0),
    }
  },

  /** The 36 characters of a uuid, as Java's UUIDSerializer. */
  uuid(): Serde<string> {
    return {
      serialize: (value) => uuidText(value),
      deserialize: (bytes) => uuidText(utf8Text(present(bytes))),
    }
  },

  /** `inner`, with null for a tombstone: for topics that are compacted. */
  nullable<In, Out>(inner: Serde<In, Out>): Serde<In | null, Out | null> {
    return {
      serialize: (value, context) => (value === null ? null : inner.serialize(value, context)),
      deserialize: (bytes, context, source) =>
        bytes === null ? null : inner.deserialize(bytes, context, source),
      isText: inner.isText,
    }
  },
} as const

/** What `writer` writes for `value`; fails with SERIALIZATION_FAILED. */
export function serializeWith<In>(
  writer: Serde<In, unknown>,
  value: In,
  context: SerdeContext,
): Uint8Array | string | null {
  try {
    const written = writer.serialize(value, context)
    return written === null ? null : checkedBytes(written)
  } catch (error) {
    throw KafkaError.of(
      error,
      'SERIALIZATION_FAILED',
      `the ${context.part} of a record for ${context.topic} can't be written`,
      { topic: context.topic },
    )
  }
}

/** What `reader` reads from `bytes`; fails with DESERIALIZATION_FAILED. */
export function deserializeWith<Out>(
  reader: Serde<never, Out>,
  bytes: Uint8Array | null,
  context: SerdeContext,
  source: SerdeSource & { readonly partition: number; readonly offset: number },
): Out {
  try {
    return reader.deserialize(bytes, context, source)
  } catch (error) {
    const { partition, offset } = source
    throw KafkaError.of(
      error,
      'DESERIALIZATION_FAILED',
      `the ${context.part} of ${context.topic}-${partition} at offset ${offset} can't be read`,
      { topic: context.topic, partition, offset },
    )
  }
}

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i

function uuidText(text: string): string {
  if (!UUID.test(text)) throw new TypeError(`${JSON.stringify(text)} is no uuid`)
  return text
}

function present(bytes: Uint8Array | null): Uint8Array {
  if (bytes === null) {
    throw new TypeError('it is null (a tombstone), which serde.nullable(...) would accept')
  }
  return bytes
}

function checkedBytes(written: unknown): Uint8Array | string {
  if (typeof written === 'string' || written instanceof Uint8Array) return written
  throw new TypeError(`its serde gave a ${typeof written}, not a Uint8Array or a string`)
}

function checked<T>(value: T, type: 'string' | 'number'): T {
  if (typeof value === type) return value
  throw new TypeError(`a ${value === null ? 'null' : typeof value} where a ${type} is needed`)
}

function fixed(sizeBytes: number, put: (view: DataView) => void): Uint8Array {
  const bytes = new Uint8Array(sizeBytes)
  put(new DataView(bytes.buffer))
  return bytes
}

function viewOf(bytes: Uint8Array | null, sizeBytes: number): DataView {
  const given = present(bytes)
  if (given.length !== sizeBytes) {
    throw new RangeError(`${given.length} bytes where ${sizeBytes} are needed`)
  }
  return new DataView(given.buffer, given.byteOffset, sizeBytes)
}
