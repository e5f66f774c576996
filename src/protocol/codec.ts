/**
 * Encodes and decodes every message of the protocol, requests and responses, headers, and records
 * that Kafka keeps in its own topics and files, at any of its versions, exactly as Kafka's own code
 * does.
 *
 * Each direction of a message at a version is made of closures at first, and compiled once it is
 * used often: a start meets some forty of them, most of them once or twice. Closures stay where the
 * process may not generate code (`--disallow-code-generation-from-strings`).
 *
 * Decoding throws ProtocolError or BoundsError for bytes that do not have the form of the message,
 * and nothing else. It does not ask that the bytes end with the message, as Kafka does not for
 * requests: where it does, `assertConsumed` follows.
 */
import type { ByteReader, ByteWriter } from '../base/bytes.ts'
import { closureDecoder, closureEncoder, type Decoder, type Encoder } from './closure-codec.ts'
import { compileDecoder } from './compile-decoder.ts'
import { compileEncoder } from './compile-encoder.ts'
import { layoutOf, type StructLayout } from './layout.ts'
import { ProtocolError } from './protocol-error.ts'
import type { Infer, Input, Message } from './schema.ts'

export { ProtocolError } from './protocol-error.ts'

/** Uses of a codec after which it is worth compiling. */
const USES_BEFORE_COMPILED = 8

/** The codecs made so far, by version. They depend on the schema only, so it is all one whose. */
interface Made {
  readonly decoders: (Decoder | undefined)[]
  readonly encoders: (Encoder | undefined)[]
}
const made = new WeakMap<Message, Made>()

function madeFor(message: Message): Made {
  let codecs = made.get(message)
  if (codecs === undefined) {
    codecs = { decoders: [], encoders: [] }
    made.set(message, codecs)
  }
  return codecs
}

/** Uses `compile` unless this process may not generate code. */
function compiledOr<C>(
  layout: StructLayout,
  compile: (layout: StructLayout) => C,
  fallback: (layout: StructLayout) => C,
): C {
  try {
    return compile(layout)
  } catch (error) {
    if (error instanceof EvalError) return fallback(layout)
    throw error
  }
}

/** The compiled decoder of a message at a version; ProtocolError where there is no such version. */
export function decoderFor<M extends Message>(message: M, version: number): Decoder<Infer<M>> {
  const decoder = compiledOr(layoutOf(message, version), compileDecoder, closureDecoder)
  return decoder as Decoder<Infer<M>>
}

/** The compiled encoder of a message at a version; ProtocolError where there is no such version. */
export function encoderFor<M extends Message>(message: M, version: number): Encoder<Input<M>> {
  const fallback = closureEncoder as (layout: StructLayout) => Encoder
  const encoder = compiledOr(layoutOf(message, version), compileEncoder, fallback)
  return encoder as Encoder<Input<M>>
}

function firstDecoder({ decoders }: Made, message: Message, version: number): Decoder {
  const plain = closureDecoder(layoutOf(message, version))
  let uses = 0
  const first: Decoder = (reader) => {
    uses += 1
    if (uses === USES_BEFORE_COMPILED) decoders[version] = decoderFor(message, version)
    return plain(reader)
  }
  decoders[version] = first
  return first
}

function firstEncoder({ encoders }: Made, message: Message, version: number): Encoder {
  const plain = closureEncoder(layoutOf(message, version)) as Encoder
  let uses = 0
  const first: Encoder = (writer, value) => {
    uses += 1
    if (uses === USES_BEFORE_COMPILED) encoders[version] = encoderFor(message, version) as Encoder
    plain(writer, value)
  }
  encoders[version] = first
  return first
}

/**
 * Reads a message. Bytes and records in the result are views of the reader's memory: copy what is
 * to outlive the turn.
 */
export function decode<M extends Message>(
  message: M,
  version: number,
  reader: ByteReader,
): Infer<M> {
  const codecs = madeFor(message)
  const decoder = codecs.decoders[version] ?? firstDecoder(codecs, message, version)
  return decoder(reader) as Infer<M>
}

/**
 * Writes a message. Records are attached, not copied. ProtocolError or BoundsError where the value
 * does not fit the version.
 */
export function encode<M extends Message>(
  message: M,
  version: number,
  value: Input<M>,
  writer: ByteWriter,
): void {
  const codecs = madeFor(message)
  const encoder = codecs.encoders[version] ?? firstEncoder(codecs, message, version)
  encoder(writer, value)
}

/** Throws unless the reader has come to its end. */
export function assertConsumed(reader: ByteReader, what: string): void {
  const left = reader.remaining()
  if (left > 0)
    throw new ProtocolError(`${what} is followed by ${left} bytes that belong to nothing`)
}
