/** What `millrace log-dirs` prints of brokers with directories in every state. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Admin } from '../../client/admin/admin.ts'
import { Results } from '../../client/admin/results.ts'
import { KafkaError } from '../../client/kafka-error.ts'
import { captured } from '../tool-run.test-support.ts'
import { describeLogDirs, logDirsTool } from './log-dirs.ts'

const REPLICA = { sizeBytes: 81, offsetLag: 0, isFuture: false }
const DIRECTORIES = new Map([
  [
    '/data/a',
    {
      error: null,
      totalBytes: 100,
      usableBytes: 19,
      isCordoned: false,
      replicas: [
        { ...REPLICA, topic: 'orders', partition: 0 },
        { ...REPLICA, topic: 'bills', partition: 1 },
      ],
    },
  ],
  [
    '/data/b',
    {
      error: KafkaError.ofCode(56),
      totalBytes: null,
      usableBytes: null,
      isCordoned: true,
      replicas: [],
    },
  ],
])
const ADMIN = {
  describeCluster: async () => ({ brokers: [{ id: 17 }, { id: 1 }] }),
  describeLogDirs: async (ids: number[]) => {
    return new Results(
      String,
      ids.map((key) => ({ key, ok: true, value: DIRECTORIES }) as const),
    )
  },
} as unknown as Admin

async function printed(brokers: number[], isJson: boolean): Promise<string[]> {
  const lines: string[] = []
  const wanted = { brokers, topics: new Set(['orders']) }
  await describeLogDirs(ADMIN, wanted, (line) => void lines.push(line), isJson)
  return lines
}

test('brokers, directories and replicas as Kafka prints them', async () => {
  const [, received, json] = await printed([], false)
  assert.equal(received, 'Received log directory information from brokers 17,1')
  const [first, second] = (JSON.parse(json!) as { brokers: { logDirs: object[] }[] }).brokers
  assert.deepEqual(first, {
    broker: 17,
    logDirs: [
      {
        partitions: [{ partition: 'orders-0', size: 81, offsetLag: 0, isFuture: false }],
        error: null,
        logDir: '/data/a',
      },
      {
        partitions: [],
        error: 'org.apache.kafka.common.errors.KafkaStorageException',
        logDir: '/data/b',
      },
    ],
  })
  assert.deepEqual(second!.logDirs, first!.logDirs)
})

test('JSON of ours is one line and has the space of volumes', async () => {
  const lines = await printed([1], true)
  assert.equal(lines.length, 1)
  const replicas = [{ topic: 'orders', partition: 0, ...REPLICA }]
  assert.deepEqual(JSON.parse(lines[0]!), {
    brokers: [
      {
        id: 1,
        logDirs: [
          {
            path: '/data/a',
            error: null,
            totalBytes: 100,
            usableBytes: 19,
            isCordoned: false,
            replicas,
          },
          {
            path: '/data/b',
            error: 'KAFKA_STORAGE_ERROR',
            totalBytes: null,
            usableBytes: null,
            isCordoned: true,
            replicas: [],
          },
        ],
      },
    ],
  })
})

test('brokers that are not there are named', async () => {
  await assert.rejects(printed([3, 1, 2], false), /from --broker-list: 2,3\. .* brokers: 17,1$/)
})

test('the flag that Kafka wants is wanted', async () => {
  const { status, err } = await captured(logDirsTool, ['--topic-list', 'a'])
  assert.equal(status, 1)
  assert.match(err, /^Missing required argument "\[describe\]"\n/)
})
