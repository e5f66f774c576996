/** Headers of requests and responses, in all their versions. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteReader, concatBytes, inMemory } from '../base/bytes.ts'
import { apis } from '../protocol/apis.ts'
import { decode, ProtocolError } from '../protocol/codec.ts'
import { includesVersion } from '../protocol/layout.ts'
import { heartbeatRequest, heartbeatResponse } from '../protocol/messages/12-heartbeat.ts'
import { apiVersionsRequest, apiVersionsResponse } from '../protocol/messages/18-api-versions.ts'
import { parseVersions } from '../protocol/schema.ts'
import {
  decodeRequestHeader,
  decodeResponseHeader,
  encodeRequest,
  encodeResponse,
} from './header.ts'

const heartbeat = { groupId: 'g', generationId: 1, memberId: 'm' }

function hex(pieces: readonly Uint8Array[]): string {
  return Buffer.from(concatBytes(pieces)).toString('hex')
}

/** Reads past the length, which has to be right. */
function unframe(pieces: readonly Uint8Array[]): ByteReader {
  const reader = new ByteReader(concatBytes(pieces))
  assert.equal(reader.int32(), reader.remaining())
  return reader
}

test('a request carries header version 1 before flexible versions and 2 from then on', () => {
  const old = encodeRequest(heartbeatRequest, 3, 9, 'me', heartbeat)
  assert.equal(hex(old), '00000018000c00030000000900026d65000167000000010001' + '6dffff')
  const flexible = encodeRequest(heartbeatRequest, 4, 9, 'me', heartbeat)
  assert.equal(hex(flexible), '00000017000c00040000000900026d65000267000000' + '01026d0000')
  for (const pieces of [old, flexible]) {
    const reader = unframe(pieces)
    const header = decodeRequestHeader(reader)
    assert.equal(header.apiKey, 12)
    assert.equal(header.correlationId, 9)
    assert.equal(header.clientId, 'me')
    const body = decode(heartbeatRequest, header.apiVersion, reader)
    assert.deepEqual(body, { ...heartbeat, groupInstanceId: null })
  }
})

test('a client id of null counts as an empty one', () => {
  const reader = unframe(encodeRequest(heartbeatRequest, 4, 1, null, heartbeat))
  assert.equal(decodeRequestHeader(reader).clientId, '')
})

test('the header of a version that does not exist yet can be read', () => {
  const reader = new ByteReader(Uint8Array.of(0, 18, 0, 99, 0, 0, 0, 5, 0, 1, 0x61, 0, 0xff))
  const header = { apiKey: 18, apiVersion: 99, correlationId: 5, clientId: 'a' }
  assert.deepEqual(decodeRequestHeader(reader), header)
})

test('an API key that does not exist is refused', () => {
  const reader = new ByteReader(Uint8Array.of(0x7f, 0xff, 0, 0, 0, 0, 0, 1, 0xff, 0xff))
  assert.throws(() => decodeRequestHeader(reader), ProtocolError)
})

test('a response carries header version 1 from flexible versions on, but ApiVersions never', () => {
  assert.equal(
    hex(inMemory(encodeResponse(heartbeatResponse, 3, 7, { errorCode: 0 }))),
    '0000000a00000007000000000000',
  )
  assert.equal(
    hex(inMemory(encodeResponse(heartbeatResponse, 4, 7, { errorCode: 0 }))),
    '0000000c00000007' + '00' + '00000000000000',
  )
  const body = { errorCode: 35, apiKeys: [] }
  const versions = inMemory(encodeResponse(apiVersionsResponse, 3, 7, body))
  assert.equal(hex(versions), '0000000c00000007' + '0023' + '01' + '0000000000')
  assert.equal(decodeResponseHeader(18, 3, unframe(versions)), 7)
})

test('every API has its header versions by its flexible ones', () => {
  for (const { key, request, response } of apis) {
    assert.equal(request.flexible, response.flexible, request.name)
    const { min, max } = parseVersions(request.versions)
    for (let version = min; version <= max; version++) {
      const flexible = includesVersion(request.flexible, version)
      const header = [key >> 8, key & 0xff, 0, version, 0, 0, 0, 1, 0, 0, 0]
      const reader = new ByteReader(Uint8Array.from(header))
      decodeRequestHeader(reader)
      assert.equal(reader.remaining(), flexible ? 0 : 1, `${request.name} v${version}`)
    }
  }
  assert.equal(apiVersionsRequest.apiKey, 18)
})
