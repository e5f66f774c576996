/**
 * What Java's deserializers make of bytes, as text: `toString` of the object that they give.
 *
 * Invariant: for the classes in the table the text is Java's, and bytes that they refuse are
 * refused in their words. Two have no text that could be the same: a byte array, which Java prints
 * as its address, is written as it is; and classes that are not Kafka's can't be loaded.
 */
import { CliError } from '../cli-error.ts'
import { doubleText } from '../java-double.ts'
import { javaText } from '../java-text.ts'

/** Makes text of bytes, or gives bytes to be written as they are. */
export type Deserializer = (bytes: Uint8Array) => string | Uint8Array

const PACKAGE = 'org.apache.kafka.common.serialization.'
const UUID_GROUPS = /^([0-9a-f]+)-([0-9a-f]+)-([0-9a-f]+)-([0-9a-f]+)-([0-9a-f]+)$/i
const UUID_DIGITS = [8, 4, 4, 4, 12] as const

const BY_CLASS: Readonly<Record<string, Deserializer>> = {
  ByteArrayDeserializer: (bytes) => bytes,
  BytesDeserializer: bytesText,
  ByteBufferDeserializer: ({ length }) => {
    return `java.nio.HeapByteBuffer[pos=0 lim=${length} cap=${length}]`
  },
  BooleanDeserializer: (bytes) => {
    const value = sized(bytes, 1, 'BooleanDeserializer').getUint8(0)
    if (value <= 1) return value === 1 ? 'true' : 'false'
    const signed = value > 0x7f ? value - 0x100 : value
    throw new CliError(`Unexpected byte received by BooleanDeserializer: ${signed}`)
  },
  ShortDeserializer: (bytes) => String(sized(bytes, 2, 'ShortDeserializer').getInt16(0)),
  IntegerDeserializer: (bytes) => String(sized(bytes, 4, 'IntegerDeserializer').getInt32(0)),
  LongDeserializer: (bytes) => String(sized(bytes, 8, 'LongDeserializer').getBigInt64(0)),
  FloatDeserializer: (bytes) => floatText(sized(bytes, 4, 'Deserializer').getFloat32(0)),
  DoubleDeserializer: (bytes) => doubleText(sized(bytes, 8, 'Deserializer').getFloat64(0)),
  UUIDDeserializer: (bytes) => uuidText(javaText(bytes)),
  VoidDeserializer: () => {
    throw new CliError('Data should be null for a VoidDeserializer.')
  },
}

/**
 * The deserializer of a class; null for one that can't be had. `settings` are those of the
 * deserializer itself, `part` is what it reads.
 */
export function deserializerOf(
  name: string,
  part: 'key' | 'value',
  settings: ReadonlyMap<string, string>,
): Deserializer | null {
  if (!name.startsWith(PACKAGE)) return null
  const bare = name.slice(PACKAGE.length)
  if (bare === 'StringDeserializer') {
    const own = settings.get(`${part}.deserializer.encoding`)
    return textDeserializer(own ?? settings.get('deserializer.encoding') ?? 'UTF-8')
  }
  return Object.hasOwn(BY_CLASS, bare) ? BY_CLASS[bare]! : null
}

function textDeserializer(encoding: string): Deserializer {
  if (/^utf-?8$/i.test(encoding)) return (bytes) => javaText(bytes)
  if (/^(iso-?8859-1|latin-?1)$/i.test(encoding)) {
    return (bytes) => Buffer.from(bytes).toString('latin1') // TextDecoder's is Windows-1252
  }
  try {
    const decoder = new TextDecoder(encoding)
    return (bytes) => decoder.decode(bytes)
  } catch {
    return () => {
      throw new CliError(
        `Error when deserializing byte[] to string due to unsupported encoding ${encoding}`,
      )
    }
  }
}

function sized(bytes: Uint8Array, length: number, who: string): DataView {
  if (bytes.length === length) return new DataView(bytes.buffer, bytes.byteOffset, length)
  throw new CliError(`Size of data received by ${who} is not ${length}`)
}

/** Printable ASCII as it is, all else as \xNN. */
function bytesText(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x5c
    const hex = () => `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`
    text += isPlain ? String.fromCharCode(byte) : hex()
  }
  return text
}

/** Float.toString: the fewest digits that tell the value from other floats. */
function floatText(value: number): string {
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return doubleText(short)
  }
  return doubleText(Number.isFinite(value) ? Number(value.toPrecision(9)) : value)
}

/** UUID.fromString and back: Java takes groups that are too short. */
function uuidText(text: string): string {
  const groups = UUID_GROUPS.exec(text)?.slice(1)
  if (groups === undefined || text.length > 36) throw new CliError('Error parsing data into UUID')
  const padded = groups.map((group, at) => group.toLowerCase().padStart(UUID_DIGITS[at]!, '0'))
  return padded.map((group, at) => group.slice(-UUID_DIGITS[at]!)).join('-')
}
