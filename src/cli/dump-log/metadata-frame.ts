/**
 * Records of `__cluster_metadata` and `__remote_log_metadata`, which both begin with three numbers:
 * the version of this frame, the type of the record and its version.
 *
 * Invariant: what can't be read is a FrameError, in the words in which Kafka tells of it.
 */
import { BoundsError, ByteReader } from '../../base/bytes.ts'
import { decode, ProtocolError } from '../../protocol/codec.ts'
import type { Message } from '../../protocol/schema.ts'
import type { VersionedMessage } from '../internal-records/coordinator-records.ts'

const FRAME_VERSION = 1
const UNKNOWN_TYPE = 'org.apache.kafka.common.errors.UnsupportedVersionException'

/** Bytes that are no record of these topics. */
export class FrameError extends Error {
  override readonly name = 'FrameError'
}

/** The record in these bytes, one of `messages`. */
export function readFramed(bytes: Uint8Array, messages: readonly Message[]): VersionedMessage {
  const reader = new ByteReader(bytes)
  const frame = readNumber(reader, 'frame version')
  if (frame === 0) {
    throw new FrameError(
      'Could not deserialize metadata record with frame version 0. Note that upgrades from the ' +
        'preview release of KRaft in 2.8 to newer versions are not supported.',
    )
  }
  if (frame !== FRAME_VERSION) {
    throw new FrameError(
      `Could not deserialize metadata record due to unknown frame version ${frame}` +
        `(only frame version ${FRAME_VERSION} is supported)`,
    )
  }
  const type = readNumber(reader, 'type')
  const version = readNumber(reader, 'version')
  const message = messages.find(({ apiKey }) => apiKey === type)
  if (message === undefined) throw new FrameError(`${UNKNOWN_TYPE}: Unknown metadata id ${type}`)
  const value = readValue(reader, message, version)
  const left = reader.remaining()
  if (left > 0) throw new FrameError(`Found ${left} byte(s) of garbage after ${type}`)
  return { message, version, value }
}

function readNumber(reader: ByteReader, what: string): number {
  try {
    return reader.uvarint()
  } catch (error) {
    if (!(error instanceof BoundsError)) throw error
    throw new FrameError(`Error while reading ${what}`)
  }
}

function readValue(
  reader: ByteReader,
  message: Message,
  version: number,
): VersionedMessage['value'] {
  try {
    return decode(message, version, reader)
  } catch (error) {
    if (!(error instanceof BoundsError) && !(error instanceof ProtocolError)) throw error
    throw new FrameError(`Failed to deserialize record with type ${message.apiKey}`)
  }
}
