/** ApiVersions: what is served, to whom, and to those who ask in a version of the future. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ByteReader } from '../../base/bytes.ts'
import { decode } from '../../protocol/codec.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { apiVersionsRequest, apiVersionsResponse } from '../../protocol/messages/18-api-versions.ts'
import { CONTROLLER_PORT, type TestClient, TestNode } from '../node.test-support.ts'
import { servedApis } from './index.ts'

const SOFTWARE = { clientSoftwareName: 'test', clientSoftwareVersion: '1.0' }
const PRODUCE = 0
const API_VERSIONS = 18

function ask(client: TestClient, version: number, body: object = SOFTWARE) {
  return client.call(apiVersionsRequest, apiVersionsResponse, version, body)
}

describe('ApiVersions', () => {
  it('lists the table of handlers, and Produce from 0', async () => {
    const node = await TestNode.start()
    const client = await node.connect()
    for (let version = 0; version <= 4; version++) {
      const { apiKeys } = await ask(client, version, version < 3 ? {} : SOFTWARE)
      const expected = servedApis
        .filter(({ listeners }) => listeners.includes('broker'))
        .map(({ key, minVersion, maxVersion }) => [
          key,
          key === PRODUCE ? 0 : minVersion,
          maxVersion,
        ])
      assert.deepEqual(
        apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, minVersion, maxVersion]),
        expected,
      )
    }
  })

  it('lists for controllers what is served there', async () => {
    const node = await TestNode.start()
    const client = await node.connect({ port: CONTROLLER_PORT })
    const keys = (await ask(client, 4)).apiKeys.map(({ apiKey }) => apiKey)
    const expected = servedApis.filter(({ listeners }) => listeners.includes('controller'))
    assert.deepEqual(
      keys,
      expected.map(({ key }) => key),
    )
    assert.ok(keys.length > 5 && !keys.includes(PRODUCE))
  })

  it('shows features, without those that old clients can not read', async () => {
    const client = await (await TestNode.start()).connect()
    const old = await ask(client, 3)
    const { supportedFeatures, finalizedFeatures, finalizedFeaturesEpoch } = await ask(client, 4)
    assert.ok(old.supportedFeatures.every(({ minVersion }) => minVersion > 0))
    assert.ok(supportedFeatures.some(({ name }) => name === 'kraft.version'))
    assert.ok(finalizedFeatures.some(({ name }) => name === 'metadata.version'))
    assert.ok(finalizedFeaturesEpoch > 0)
  })

  it('serves unstable versions only where that is asked', async () => {
    const initProducerId = 22
    const newest = async (properties: Readonly<Record<string, string>>) => {
      const client = await (await TestNode.start({ properties })).connect()
      const { apiKeys } = await ask(client, 4)
      return apiKeys.find(({ apiKey }) => apiKey === initProducerId)?.maxVersion
    }
    assert.equal(await newest({}), 5)
    assert.equal(await newest({ 'unstable.api.versions.enable': 'true' }), 6)
  })

  it('supports the metadata.version in the making only where that is asked', async () => {
    const newest = async (properties: Readonly<Record<string, string>>) => {
      const client = await (await TestNode.start({ properties })).connect()
      const { supportedFeatures, finalizedFeatures } = await ask(client, 4)
      return [
        supportedFeatures.find(({ name }) => name === 'metadata.version')?.maxVersion,
        finalizedFeatures.find(({ name }) => name === 'metadata.version')?.maxVersionLevel,
      ]
    }
    assert.deepEqual(await newest({}), [30, 30])
    assert.deepEqual(await newest({ 'unstable.feature.versions.enable': 'true' }), [31, 30])
  })

  it('answers a version of the future in version 0, with its own range', async () => {
    const node = await TestNode.start()
    const client = await node.connect()
    // Header v2 of version 99: key, version, correlation id, client id, no tagged fields.
    const request = Uint8Array.of(0, 18, 0, 99, 0, 0, 0, 7, 255, 255, 0, 1, 2, 3)
    let received: Uint8Array = new Uint8Array(0)
    client.connection.onData = (chunk) => {
      received = new Uint8Array([...received, ...chunk])
    }
    client.connection.write([Uint8Array.of(0, 0, 0, request.length), request])
    await node.world.runUntil(() => received.length >= 4)
    await node.world.advance(5)
    const reader = new ByteReader(received)
    assert.equal(reader.int32(), received.length - 4)
    assert.equal(reader.int32(), 7)
    const answer = decode(apiVersionsResponse, 0, reader)
    assert.equal(answer.errorCode, ErrorCode.UNSUPPORTED_VERSION)
    assert.deepEqual(answer.apiKeys, [{ apiKey: API_VERSIONS, minVersion: 0, maxVersion: 4 }])
  })

  it('refuses names of software that can not be one', async () => {
    const client = await (await TestNode.start()).connect()
    for (const clientSoftwareName of ['', '-lib', 'a b', 'lib\n']) {
      const body = { clientSoftwareName, clientSoftwareVersion: '1' }
      assert.equal((await ask(client, 3, body)).errorCode, ErrorCode.INVALID_REQUEST)
    }
    assert.equal((await ask(client, 3)).errorCode, ErrorCode.NONE)
  })
})
