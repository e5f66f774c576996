/**
 * The headers of requests and responses, and whole framed messages made of them.
 *
 * A flexible version of an API has a header that is flexible too (request header v2, response
 * header v1), with one exception: the response header of ApiVersions is always v0, for a client
 * that does not know yet which versions the broker speaks has to be able to read it (KIP-511). The
 * client id is never compact (KIP-482).
 */
import { type ByteReader, ByteWriter, type Piece } from '../base/bytes.ts'
import { apis } from '../protocol/apis.ts'
import { decode, encode, ProtocolError } from '../protocol/codec.ts'
import { requestHeader, responseHeader } from '../protocol/persisted/headers.ts'
import { type Input, type Message, parseVersions } from '../protocol/schema.ts'

const API_VERSIONS_KEY = 18

/** What comes before every request. */
export interface RequestHeader {
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  /** '' where the client sent null: Kafka makes no difference. */
  readonly clientId: string
}

/** For each API key the first version that is flexible, Infinity where none is. */
const firstFlexible: ReadonlyMap<number, number> = new Map(
  apis.map(({ key, request: { flexible } }) => {
    return [key, flexible === 'none' ? Infinity : parseVersions(flexible).min]
  }),
)

/** What a request is, before anything that depends on it; nothing is taken from the reader. */
export function peekRequest(reader: ByteReader): Pick<RequestHeader, 'apiKey' | 'apiVersion'> {
  const start = reader.position
  const asked = { apiKey: reader.int16(), apiVersion: reader.int16() }
  reader.position = start
  return asked
}

/**
 * Reads the header of a request. The version may be one that does not exist: the caller answers
 * that. ProtocolError for an API key that Kafka 4.3 does not have, since its header can't be read.
 */
export function decodeRequestHeader(reader: ByteReader): RequestHeader {
  const { apiKey, apiVersion } = peekRequest(reader)
  const flexibleFrom = firstFlexible.get(apiKey)
  if (flexibleFrom === undefined) throw new ProtocolError(`unknown API key ${apiKey}`)
  const header = decode(requestHeader, apiVersion >= flexibleFrom ? 2 : 1, reader)
  return {
    apiKey,
    apiVersion,
    correlationId: header.correlationId,
    clientId: header.clientId ?? '',
  }
}

/** Reads the header of the response to a request of this API and version: its correlation id. */
export function decodeResponseHeader(
  apiKey: number,
  apiVersion: number,
  reader: ByteReader,
): number {
  const flexible = apiVersion >= (firstFlexible.get(apiKey) ?? Infinity)
  return decode(responseHeader, responseHeaderVersion(apiKey, flexible), reader).correlationId
}

function responseHeaderVersion(apiKey: number, flexible: boolean): number {
  return flexible && apiKey !== API_VERSIONS_KEY ? 1 : 0
}

/** A whole framed response, ready to be sent: length, header, body. */
export function encodeResponse<M extends Message>(
  message: M,
  apiVersion: number,
  correlationId: number,
  body: Input<M>,
): Piece[] {
  const flexible = apiVersion >= (firstFlexible.get(message.apiKey) ?? Infinity)
  const writer = new ByteWriter()
  const lengthAt = writer.reserveInt32()
  encode(responseHeader, responseHeaderVersion(message.apiKey, flexible), { correlationId }, writer)
  encode(message, apiVersion, body, writer)
  writer.patchInt32(lengthAt, writer.length - lengthAt - 4)
  return writer.piecesToSend()
}

/** A whole framed request, ready for a gathered write: length, header, body. */
export function encodeRequest<M extends Message>(
  message: M,
  apiVersion: number,
  correlationId: number,
  clientId: string | null,
  body: Input<M>,
): readonly Uint8Array[] {
  const writer = new ByteWriter()
  const lengthAt = writer.reserveInt32()
  const header = {
    requestApiKey: message.apiKey,
    requestApiVersion: apiVersion,
    correlationId,
    clientId,
  }
  const flexible = apiVersion >= (firstFlexible.get(message.apiKey) ?? Infinity)
  encode(requestHeader, flexible ? 2 : 1, header, writer)
  encode(message, apiVersion, body, writer)
  writer.patchInt32(lengthAt, writer.length - lengthAt - 4)
  return writer.pieces()
}
