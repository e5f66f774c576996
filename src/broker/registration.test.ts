/** A node's registration as the cluster's metadata.version is raised. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  updateFeaturesRequest,
  updateFeaturesResponse,
} from '../protocol/messages/57-update-features.ts'
import { decodeMetadataRecord } from '../protocol/persisted/framing.ts'
import { registerBrokerRecord } from '../protocol/persisted/metadata-records.ts'
import type { Infer } from '../protocol/schema.ts'
import { isControl } from '../records/batch.ts'
import { forEachBatch } from '../records/batches.ts'
import { RecordCursor } from '../records/record-scan.ts'
import { formatStorage } from './format-storage.ts'
import { TestNode } from './node.test-support.ts'
import { supportedRanges } from './supported-features.ts'

const CLUSTER = 'R5fMXII5RZ6SpkgZ8wOOtA'

/** A static quorum, which every metadata.version can run. */
async function startAt(metadataVersion: number): Promise<TestNode> {
  const properties = {
    'controller.quorum.bootstrap.servers': '',
    'controller.quorum.voters': '1@localhost:9093',
  }
  const node = new TestNode({ properties, clusterId: CLUSTER })
  formatStorage({
    disk: node.machine.disk,
    random: node.machine.random,
    nowMs: node.nowMs,
    nodeId: 1,
    clusterId: CLUSTER,
    directories: ['/data'],
    metadataDirectory: '/data',
    isDynamicQuorum: false,
    voters: null,
    features: new Map([['metadata.version', metadataVersion]]),
    supportedFeatures: supportedRanges(false),
    ignoreFormatted: false,
  })
  await node.restart()
  return node
}

/** Of each registration that the metadata log holds: its kind and how many directories it names. */
function registrations({ machine }: TestNode): string[] {
  const bytes = machine.disk.readFile('/data/__cluster_metadata-0/00000000000000000000.log')
  const found: string[] = []
  forEachBatch(bytes, 0, bytes.length, (at) => {
    if (isControl(bytes, at)) return
    const cursor = new RecordCursor(bytes, at)
    while (cursor.next()) {
      const { message, value } = decodeMetadataRecord(cursor.value() as Uint8Array)
      if (message.name === 'RegisterControllerRecord') found.push('controller')
      if (message !== registerBrokerRecord) continue
      const { logDirs, fenced } = value as Infer<typeof registerBrokerRecord>
      found.push(`broker, ${fenced ? 'fenced' : 'active'}, ${logDirs.length} directories`)
    }
  })
  return found
}

test('a node of the oldest metadata.version registers the rest as it is raised', async () => {
  const node = await startAt(7)
  assert.deepEqual(registrations(node), ['broker, fenced, 0 directories'])
  const client = await node.connect()
  const update = { feature: 'metadata.version', maxVersionLevel: 30, upgradeType: 1 }
  const request = { timeoutMs: 1000, featureUpdates: [update], validateOnly: false }
  const answer = await client.call(updateFeaturesRequest, updateFeaturesResponse, 2, request)
  assert.equal(answer.errorMessage, null)
  await node.world.advance(10_000)
  assert.deepEqual(registrations(node), [
    'broker, fenced, 0 directories',
    'controller',
    'broker, active, 1 directories',
  ])
  assert.deepEqual(
    node.log.filter((line) => /^(warn|error)/.test(line)),
    [],
  )
})
