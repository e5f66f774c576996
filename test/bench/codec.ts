/**
 * What encoding and decoding cost, in nanoseconds a message, compiled and by closures:
 *
 *     node test/bench/codec.ts
 *
 * The figures of record are in docs/decisions/0003-codec.md.
 */
import { ByteReader, ByteWriter } from '../../src/base/bytes.ts'
import {
  closureDecoder,
  closureEncoder,
  type Decoder,
  type Encoder,
} from '../../src/protocol/closure-codec.ts'
import { decoderFor, encoderFor } from '../../src/protocol/codec.ts'
import { layoutOf } from '../../src/protocol/layout.ts'
import { produceRequest, produceResponse } from '../../src/protocol/messages/00-produce.ts'
import { fetchRequest, fetchResponse } from '../../src/protocol/messages/01-fetch.ts'
import { metadataResponse } from '../../src/protocol/messages/03-metadata.ts'
import { offsetCommitRequest } from '../../src/protocol/messages/08-offset-commit.ts'
import type { Input, Message } from '../../src/protocol/schema.ts'

const ROUND_MS = 250
const ROUNDS = 5
const TOPIC_ID = 'mXiQn1Y2RRmkLbYpUr3x7w'
const BATCH = new Uint8Array(16 * 1024)

function times<T>(count: number, make: (i: number) => T): T[] {
  return Array.from({ length: count }, (_, i) => make(i))
}

interface Sample {
  readonly name: string
  readonly message: Message
  readonly version: number
  readonly value: unknown
}

function sample<M extends Message>(name: string, message: M, version: number, value: Input<M>) {
  return { name, message, version, value }
}

const SAMPLES: readonly Sample[] = [
  sample('ProduceRequest v12, 1 partition', produceRequest, 12, {
    acks: -1,
    timeoutMs: 30000,
    topicData: [{ name: 'orders', partitionData: [{ index: 0, records: BATCH }] }],
  }),
  sample('ProduceRequest v13, 10 partitions', produceRequest, 13, {
    acks: -1,
    timeoutMs: 30000,
    topicData: [
      { topicId: TOPIC_ID, partitionData: times(10, (index) => ({ index, records: BATCH })) },
    ],
  }),
  sample('ProduceResponse v13, 10 partitions', produceResponse, 13, {
    responses: [
      {
        topicId: TOPIC_ID,
        partitionResponses: times(10, (index) => ({
          index,
          errorCode: 0,
          baseOffset: 123456789 + index,
          logStartOffset: 0,
        })),
      },
    ],
  }),
  sample('FetchRequest v18, 10 partitions', fetchRequest, 18, {
    maxWaitMs: 500,
    minBytes: 1,
    sessionId: 1234567,
    sessionEpoch: 5,
    topics: [
      {
        topicId: TOPIC_ID,
        partitions: times(10, (partition) => ({
          partition,
          currentLeaderEpoch: 3,
          fetchOffset: 123456789 + partition,
          partitionMaxBytes: 1048576,
        })),
      },
    ],
    forgottenTopicsData: [],
  }),
  sample('FetchResponse v18, 10 partitions of 16 KiB', fetchResponse, 18, {
    errorCode: 0,
    sessionId: 1234567,
    responses: [
      {
        topicId: TOPIC_ID,
        partitions: times(10, (partitionIndex) => ({
          partitionIndex,
          errorCode: 0,
          highWatermark: 123456789,
          lastStableOffset: 123456789,
          logStartOffset: 0,
          abortedTransactions: null,
          records: BATCH,
        })),
      },
    ],
  }),
  sample('MetadataResponse v13, 10 topics of 6 partitions', metadataResponse, 13, {
    brokers: times(3, (nodeId) => ({ nodeId, host: `broker-${nodeId}.local`, port: 9092 })),
    clusterId: TOPIC_ID,
    controllerId: 1,
    topics: times(10, (topic) => ({
      errorCode: 0,
      name: `topic-${topic}`,
      topicId: TOPIC_ID,
      partitions: times(6, (partitionIndex) => ({
        errorCode: 0,
        partitionIndex,
        leaderId: 1,
        leaderEpoch: 4,
        replicaNodes: [1, 2, 3],
        isrNodes: [1, 2, 3],
        offlineReplicas: [],
      })),
    })),
  }),
  sample('OffsetCommitRequest v9, 10 partitions', offsetCommitRequest, 9, {
    groupId: 'billing',
    generationIdOrMemberEpoch: 12,
    memberId: 'consumer-billing-1-5c3b6f1e-0a55-4a0e-8b11-2f4f7c8a9d10',
    topics: [
      {
        name: 'orders',
        partitions: times(10, (partitionIndex) => ({
          partitionIndex,
          committedOffset: 123456789,
          committedLeaderEpoch: 3,
          committedMetadata: '',
        })),
      },
    ],
  }),
]

/** The best of some rounds, in nanoseconds a call. */
function measure(run: () => void): number {
  let best = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now()
    let calls = 0
    let spent = 0
    do {
      for (let i = 0; i < 200; i++) run()
      calls += 200
      spent = performance.now() - started
    } while (spent < ROUND_MS)
    best = Math.min(best, (spent * 1e6) / calls)
  }
  return Math.round(best)
}

function encodeCost(encode: Encoder<never>, value: unknown): number {
  const writer = new ByteWriter()
  return measure(() => {
    writer.reset()
    encode(writer, value as never)
    writer.pieces()
  })
}

function decodeCost(decode: Decoder, bytes: Uint8Array): number {
  return measure(() => {
    decode(new ByteReader(bytes))
  })
}

console.log('| message | bytes | decode ns | by closures | encode ns | by closures |')
console.log('|---|---:|---:|---:|---:|---:|')
for (const { name, message, version, value } of SAMPLES) {
  const layout = layoutOf(message, version)
  const encode = encoderFor(message, version)
  const writer = new ByteWriter()
  encode(writer, value as never)
  const bytes = writer.toBytes()
  const figures = [
    bytes.length,
    decodeCost(decoderFor(message, version), bytes),
    decodeCost(closureDecoder(layout), bytes),
    encodeCost(encode as Encoder<never>, value),
    encodeCost(closureEncoder(layout) as Encoder<never>, value),
  ]
  console.log(`| ${name} | ${figures.join(' | ')} |`)
}
