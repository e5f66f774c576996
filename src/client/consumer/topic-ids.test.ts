/** Offsets of topics that are made anew under their old names: they go by ids where they can. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode } from '../../protocol/errors.ts'
import {
  offsetCommitRequest,
  type offsetCommitRequest as Request,
} from '../../protocol/messages/08-offset-commit.ts'
import { offsetFetchRequest } from '../../protocol/messages/09-offset-fetch.ts'
import type { Infer } from '../../protocol/schema.ts'
import { Deadline } from '../call.ts'
import { FakeCluster, fakeTopicId } from '../cluster/fake-cluster.test-support.ts'
import { OffsetCommits } from './offset-commits.ts'
import { scene, settle } from './scene.test-support.ts'

const OFFSET = { topic: 't', partition: 0, offset: 7 }
const COMMIT_KEY = 8
const FETCH_KEY = 9

type Topics = Infer<typeof Request>['topics']

/** A group of which a broker is asked that knows topics by id only, and says so for a while. */
function group(unknownFor: number) {
  const cluster = new FakeCluster()
  cluster.metadata.setTopic('t', 1)
  const asked: Topics[] = []
  cluster.on(offsetCommitRequest, ({ topics }) => {
    const isUnknown = asked.push(topics) <= unknownFor
    const errorCode = isUnknown ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.NONE
    return {
      topics: topics.map(({ topicId }) => {
        return { name: '', topicId, partitions: [{ partitionIndex: 0, errorCode }] }
      }),
    }
  })
  const commits = new OffsetCommits(cluster, 'g', () => null, false)
  const commit = () => commits.commit([OFFSET], new Deadline(cluster.clock, 'commit', 10_000))
  return { cluster, asked, commit }
}

test('offsets are committed and read by ids, and by names where a broker is older', async () => {
  for (const [newest, id] of [
    [10, fakeTopicId('t')],
    [9, null],
  ] as const) {
    const { cluster, logs, consumer } = scene({ groupId: 'g', assigned: true })
    for (const key of [COMMIT_KEY, FETCH_KEY]) cluster.setVersions(key, { min: 2, max: newest })
    await settle(cluster, consumer.commit([OFFSET]))
    assert.equal(logs.committed.get('t/0')?.offset, OFFSET.offset)
    const [found] = await settle(cluster, consumer.committed([OFFSET]))
    assert.deepEqual([found?.topic, found?.offset], ['t', OFFSET.offset])
    const answers = cluster.sent(offsetFetchRequest).flatMap(({ groups }) => groups)
    assert.equal(answers[0]!.topics![0]!.topicId, fakeTopicId('t'))
    assert.equal(logs.askedById, id !== null)
    await settle(cluster, consumer.close())
  }
})

test('a broker that has not heard of the topic yet is asked again, by the same id', async () => {
  const { cluster, asked, commit } = group(2)
  await settle(cluster, commit())
  assert.deepEqual(
    asked.map(([topic]) => topic!.topicId),
    Array.from({ length: 3 }, () => fakeTopicId('t')),
  )
})

test('offsets of a topic that was deleted are not kept for the next one of its name', async () => {
  const { cluster, asked, commit } = group(Infinity)
  const committing = commit()
  await cluster.clock.advance(10)
  cluster.metadata.deleteTopic('t')
  await assert.rejects(settle(cluster, committing), {
    code: 'UNKNOWN_TOPIC_ID',
    retriable: false,
    message: /topic t was deleted/,
  })
  assert.ok(asked.length < 4, `${asked.length} times`)
})
