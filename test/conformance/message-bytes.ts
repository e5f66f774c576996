/**
 * Compares the bytes of every message at every version, with random values, with those that Kafka's
 * own classes write for the same values.
 *
 *     node test/conformance/message-bytes.ts <directory with the jars of Kafka 4.3.1> [--golden]
 *
 * With --golden it prints test/golden/messages.txt instead: fewer messages, with fixed values, for
 * the tests that need no Java.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { ByteWriter } from '../../src/base/bytes.ts'
import {
  arbitraryStruct,
  everyLayout,
  type Members,
} from '../../src/protocol/arbitrary.test-support.ts'
import { encode } from '../../src/protocol/codec.ts'
import { exampleValue } from '../../src/protocol/example-value.test-support.ts'
import { toKafkaJson } from '../../src/protocol/kafka-json.test-support.ts'
import type { StructLayout } from '../../src/protocol/layout.ts'
import type { Message } from '../../src/protocol/schema.ts'
import { javaArguments } from './jvm.ts'

const SEED = 4301
const VALUES_PER_VERSION = 4
const GOLDEN_HEAD = `\
# Messages as the classes of Apache Kafka 4.3.1 (jars from Maven Central) encode them:
# "name version json hex", one a line. Made by GoldenMessages.java beside this file, through
# node test/conformance/message-bytes.ts <directory with the jars> --golden`
const GOLDEN_MESSAGES = new RegExp(
  `^(${[
    '(ApiVersions|BrokerRegistration|ConsumerGroupHeartbeat|CreateTopics)(Request|Response)',
    '(DescribeConfigs|Fetch|FindCoordinator|InitProducerId|JoinGroup)(Request|Response)',
    '(ListOffsets|Metadata)(Request|Response)',
    '(OffsetCommit|OffsetFetch|Produce|SyncGroup|Vote)(Request|Response)',
    '(Request|Response)Header',
    '(OffsetCommit|GroupMetadata|ConsumerGroupMemberMetadata|StreamsGroupMetadata)Value',
    'TransactionLogValue',
    '(RegisterBroker|Partition|PartitionChange|ClientQuota|Voters)Record',
    'LeaderChangeMessage',
    'ConsumerProtocolSubscription',
    'ProducerSnapshot',
  ].join('|')})$`,
)

/** What was compared, and what is not the same. */
export interface BytesComparison {
  /** Values encoded. */
  readonly checked: number
  readonly differences: readonly string[]
}

/**
 * Has Kafka's classes encode; each line is `name version json`, and comes back with hex behind it.
 */
async function encodeByKafka(classPath: string, lines: readonly string[]): Promise<string[]> {
  const program = join(import.meta.dirname, '../golden/GoldenMessages.java')
  const java = spawn('java', [...javaArguments(classPath), program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const exited = new Promise<number | null>((resolve, reject) => {
    java.on('error', reject)
    java.on('close', resolve)
  })
  java.stdin.end(`${lines.join('\n')}\n`)
  const output = await text(java.stdout)
  const status = await exited
  if (status !== 0) throw new Error(`GoldenMessages.java ended with status ${status}`)
  return output.trimEnd().split('\n')
}

function lineOf(layout: StructLayout, value: Members): string {
  return `${layout.path} ${layout.version} ${toKafkaJson(layout, value)}`
}

function encodeByUs(message: Message, version: number, value: Members): string {
  const writer = new ByteWriter()
  encode(message, version, value, writer)
  return Buffer.from(writer.toBytes()).toString('hex')
}

/** Compares all messages; `classPath` is what java takes for `-cp`. */
export async function compareMessageBytes(classPath: string): Promise<BytesComparison> {
  const lines: string[] = []
  const expected: string[] = []
  for (const { message, layout } of everyLayout()) {
    const random = fc.sample(arbitraryStruct(layout), { numRuns: VALUES_PER_VERSION, seed: SEED })
    for (const value of [exampleValue(layout), ...random]) {
      const line = lineOf(layout, value)
      // JSON has no form for these; no message of ours needs them.
      if (/[:,[](NaN|-?Infinity)/.test(line)) continue
      lines.push(line)
      expected.push(`${line} ${encodeByUs(message, layout.version, value)}`)
    }
  }
  const got = await encodeByKafka(classPath, lines)
  const differences: string[] = []
  lines.forEach((line, i) => {
    if (got[i] === expected[i]) return
    const theirs = got[i]?.slice(line.length + 1)
    differences.push(`${line}: we have ${expected[i]?.slice(line.length + 1)}, Kafka ${theirs}`)
  })
  return { checked: lines.length, differences }
}

/** The lines of test/golden/messages.txt. */
async function goldenLines(classPath: string): Promise<string[]> {
  const lines: string[] = []
  for (const { layout } of everyLayout()) {
    if (GOLDEN_MESSAGES.test(layout.path)) lines.push(lineOf(layout, exampleValue(layout)))
  }
  return encodeByKafka(classPath, lines)
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , directory, option] = process.argv
  if (directory === undefined) {
    console.error('usage: node test/conformance/message-bytes.ts <directory with the Kafka jars>')
    process.exit(2)
  }
  const classPath = join(directory, '*')
  if (option === '--golden') {
    console.log(GOLDEN_HEAD)
    for (const line of await goldenLines(classPath)) console.log(line)
  } else {
    const { checked, differences } = await compareMessageBytes(classPath)
    for (const difference of differences) console.log(`FAIL ${difference}`)
    console.log(`${checked} values, ${differences.length} differences`)
    process.exit(differences.length === 0 ? 0 : 1)
  }
}
