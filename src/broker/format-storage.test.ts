/** Formatting of data directories, on a simulated disk. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { simIo } from '../io/sim.ts'
import { type FormatRequest, formatStorage, readIdentity } from './format-storage.ts'
import { supportedRanges } from './supported-features.ts'

const CLUSTER = 'R5fMXII5RZ6SpkgZ8wOOtA'
const DIRECTORY = 'JEXY6aqzQY-32P5TStzaFg'

function request(given: Partial<FormatRequest> = {}): FormatRequest {
  const { disk, random } = simIo(1)
  return {
    disk,
    random,
    nowMs: 1000,
    nodeId: 1,
    clusterId: CLUSTER,
    directories: ['/b', '/a'],
    metadataDirectory: '/b',
    isDynamicQuorum: true,
    voters: [
      {
        id: 1,
        directoryId: DIRECTORY,
        endpoints: [{ name: 'CONTROLLER', host: 'localhost', port: 9093 }],
        kraftVersions: { min: 0, max: 1 },
      },
    ],
    features: new Map(),
    supportedFeatures: supportedRanges(false),
    ignoreFormatted: false,
    ...given,
  }
}

test('each directory gets its identity, the one of the metadata also its voters', () => {
  const asked = request()
  assert.deepEqual(formatStorage(asked), [
    'Formatting data directory /a with metadata.version 4.3-IV0.',
    'Formatting dynamic metadata voter directory /b with metadata.version 4.3-IV0.',
  ])
  const [a, b] = ['/a', '/b'].map((path) => readIdentity(asked.disk, path))
  assert.deepEqual(b, { version: 1, clusterId: CLUSTER, nodeId: 1, directoryId: DIRECTORY })
  assert.equal(a?.clusterId, CLUSTER)
  assert.notEqual(a?.directoryId, DIRECTORY)
  assert.ok(asked.disk.list('/b').includes('bootstrap.checkpoint'))
  assert.equal(asked.disk.stat('/a/__cluster_metadata-0'), null)
  assert.deepEqual(asked.disk.list('/b/__cluster_metadata-0'), [
    '00000000000000000000-0000000000.checkpoint',
  ])
})

test('what is formatted is left alone, and only if asked to', () => {
  const first = request({ directories: ['/a'], metadataDirectory: '/a' })
  formatStorage(first)
  const again = { ...request(), disk: first.disk }
  assert.throws(() => formatStorage(again), /^FormatError: Log directory \/a is already formatted/)
  assert.equal(first.disk.stat('/b'), null)
  assert.equal(formatStorage({ ...again, ignoreFormatted: true }).length, 1)
  const other = { ...again, ignoreFormatted: true, clusterId: 'AnotherClusterAltogeth' }
  assert.throws(() => formatStorage(other), /^FormatError: Invalid cluster\.id in: \/a\//)
  assert.throws(
    () => formatStorage({ ...again, ignoreFormatted: true, nodeId: 2 }),
    /^FormatError: Stored node id 1 doesn't match previous node id 2/,
  )
})

test('the metadata.version in the making can be had by name', () => {
  const features = new Map([['metadata.version', 31]])
  const given = { directories: ['/a'], metadataDirectory: '/a', features }
  assert.throws(
    () => formatStorage(request(given)),
    /^FormatError: metadata\.version 31 is not supp/,
  )
  assert.deepEqual(formatStorage(request({ ...given, supportedFeatures: supportedRanges(true) })), [
    'Formatting dynamic metadata voter directory /a with metadata.version 4.4-IV0.',
  ])
})

test('nothing is written for features that cannot be', () => {
  const asked = request({ features: new Map([['no.such.feature', 1]]) })
  assert.throws(() => formatStorage(asked), /^FormatError: Unsupported feature: no\.such\.feature/)
  assert.equal(asked.disk.stat('/a'), null)
})
