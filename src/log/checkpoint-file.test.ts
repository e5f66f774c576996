/** The small text files of a log directory. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8Bytes, utf8Text } from '../base/bytes.ts'
import {
  CheckpointError,
  decodeEpochs,
  decodeOffsets,
  encodeEpochs,
  encodeOffsets,
} from './checkpoint-file.ts'
import {
  offsetOfName,
  offsetPrefix,
  parsePartitionDirectoryName,
  retiredDirectoryName,
} from './file-names.ts'
import { decodeMetaProperties, encodeMetaProperties } from './meta-properties.ts'
import { decodePartitionMetadata, encodePartitionMetadata } from './partition-metadata.ts'

test('offset and epoch checkpoints are read as they are written, and as Kafka writes them', () => {
  const offsets = [
    { topic: 'a-b', partition: 3, offset: 12 },
    { topic: 'c', partition: 0, offset: 0 },
  ]
  assert.equal(utf8Text(encodeOffsets(offsets)), '0\n2\na-b 3 12\nc 0 0\n')
  assert.deepEqual(
    [...decodeOffsets(encodeOffsets(offsets), '')],
    [
      ['a-b-3', 12],
      ['c-0', 0],
    ],
  )
  assert.equal(decodeOffsets(new Uint8Array(0), '').size, 0)
  const epochs = [{ epoch: 2, startOffset: 40 }]
  assert.equal(utf8Text(encodeEpochs(epochs)), '0\n1\n2 40\n')
  assert.deepEqual(decodeEpochs(encodeEpochs(epochs), ''), epochs)
})

test('a checkpoint that is cut or malformed is told', () => {
  for (const text of ['1\n0\n', '0\nx\n', '0\n2\na 0 1\n', '0\n1\na b 1\n', '0\n1\na 0 1 2\n']) {
    assert.throws(() => decodeOffsets(utf8Bytes(text), 'f'), CheckpointError, text)
  }
  assert.throws(() => decodeEpochs(utf8Bytes('0\n1\n-1 5\n'), 'f'), /f: malformed line "-1 5"/)
})

test('meta.properties of KRaft and of older brokers', () => {
  const ours = {
    version: 1,
    clusterId: 'a:b=c',
    nodeId: 7,
    directoryId: 'AAAAAAAAAAAAAAAAAAAABA',
  }
  assert.deepEqual(decodeMetaProperties(encodeMetaProperties(ours), ''), ours)
  const kafka = '#\n#Sat Nov 21 12:43:26 UTC 2026\nnode.id=1\nversion=1\ncluster.id=x\n'
  assert.deepEqual(decodeMetaProperties(utf8Bytes(kafka), ''), {
    version: 1,
    clusterId: 'x',
    nodeId: 1,
    directoryId: null,
  })
  const old = decodeMetaProperties(utf8Bytes('broker.id=4\n'), '')
  assert.deepEqual([old.version, old.nodeId, old.clusterId], [0, 4, null])
  const wrong = (text: string) => () => decodeMetaProperties(utf8Bytes(text), 'f')
  assert.throws(wrong('version=1\nnode.id=1\n'), /f: no cluster.id/)
  assert.throws(wrong('version=1\ncluster.id=x\n'), /f: no node.id/)
  assert.throws(wrong('version=2\n'), /f: unknown version 2/)
  assert.throws(wrong('version=1\ncluster.id=x\nnode.id=one\n'), /f: node.id is no number: one/)
  const badId = 'version=1\ncluster.id=x\nnode.id=1\ndirectory.id=?\n'
  assert.throws(wrong(badId), /f: directory.id is no uuid: \?/)
})

test('partition.metadata', () => {
  const id = 'AAAAAAAAAAAAAAAAAAAABA'
  assert.equal(decodePartitionMetadata(encodePartitionMetadata(id)), id)
  for (const text of [
    '',
    'version: 0\n',
    'version: 0\ntopic_id: short',
    'topic_id: x\nversion: 0',
  ]) {
    assert.equal(decodePartitionMetadata(utf8Bytes(text)), null)
  }
})

test('names of files and directories', () => {
  assert.equal(offsetPrefix(42), '00000000000000000042')
  assert.equal(offsetOfName('00000000000000000042.log.deleted'), 42)
  assert.equal(offsetOfName('leader-epoch-checkpoint'), -1)
  assert.equal(offsetOfName('partition.metadata'), -1)
  const parsed = (name: string) => {
    const found = parsePartitionDirectoryName(name)
    return found === null ? null : `${found.topic}|${found.partition}|${found.state}`
  }
  assert.equal(parsed('a-b-12'), 'a-b|12|live')
  assert.equal(parsed('a.b-0.0123abcd-delete'), 'a.b|0|delete')
  assert.equal(parsed('x-delete-3'), 'x-delete|3|live')
  for (const name of ['nodash', '-1', 'a-', 'a-b', 'a-1-delete', 'lost+found']) {
    assert.equal(parsed(name), null, name)
  }
  const long = retiredDirectoryName('t'.repeat(249), 11, 'f'.repeat(32), 'stray')
  assert.equal(long.length, 255)
  assert.equal(parsed(long)?.endsWith('|11|stray'), true)
})
