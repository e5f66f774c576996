/** Offset commits as fast as one connection takes them, with some thousands under way at a time. */
import { ByteReader } from '../../src/base/bytes.ts'
import { decode } from '../../src/protocol/codec.ts'
import {
  offsetCommitRequest,
  offsetCommitResponse,
} from '../../src/protocol/messages/08-offset-commit.ts'
import {
  findCoordinatorRequest,
  findCoordinatorResponse,
} from '../../src/protocol/messages/10-find-coordinator.ts'
import { decodeResponseHeader, encodeRequest } from '../../src/rpc/header.ts'
import { eventually } from '../conformance/process.ts'
import { BenchClient } from './client.ts'

const COMMIT_VERSION = 8
const FIND_VERSION = 3
const COORDINATOR_TIMEOUT_MS = 60_000
/** Requests that are sent as one piece, and such pieces that are under way at once. */
const BURST = 500
const BURSTS_UNDER_WAY = 4

function commitBody(groupId: string, topic: string, committedOffset: number) {
  const partition = { partitionIndex: 0, committedOffset, committedMetadata: '' }
  const topics = [{ name: topic, partitions: [partition] }]
  return { groupId, memberId: '', generationIdOrMemberEpoch: -1, topics }
}

/** Commits of one group's offset a second, for so many commits. */
export async function commitsPerSecond(
  port: number,
  topic: string,
  commits: number,
): Promise<number> {
  const groupId = `commits-of-${topic}`
  const client = await BenchClient.open(port)
  try {
    await eventually(COORDINATOR_TIMEOUT_MS, () => commitOnce(client, groupId, topic))
    const frames: Uint8Array[] = []
    for (let i = 0; i < BURST; i++) {
      const body = commitBody(groupId, topic, i + 1)
      frames.push(...encodeRequest(offsetCommitRequest, COMMIT_VERSION, i, 'bench', body))
    }
    const burst = Buffer.concat(frames)
    let left = Math.ceil(commits / BURST)
    const started = performance.now()
    const sendInTurn = async (): Promise<void> => {
      while (left-- > 0) checkAnswer(await client.sendRaw([burst], BURST))
    }
    await Promise.all(Array.from({ length: BURSTS_UNDER_WAY }, sendInTurn))
    return commits / ((performance.now() - started) / 1000)
  } finally {
    client.close()
  }
}

async function commitOnce(client: BenchClient, groupId: string, topic: string): Promise<void> {
  const find = { key: groupId, keyType: 0 }
  const [findRequest, findResponse] = [findCoordinatorRequest, findCoordinatorResponse]
  const found = await client.request(findRequest, findResponse, FIND_VERSION, find)
  if (found.errorCode !== 0) throw new Error(`no coordinator: error ${found.errorCode}`)
  const body = commitBody(groupId, topic, 0)
  const [request, response] = [offsetCommitRequest, offsetCommitResponse]
  const answer = await client.request(request, response, COMMIT_VERSION, body)
  failOnError(answer.topics[0]?.partitions[0]?.errorCode)
}

function checkAnswer(frame: Uint8Array): void {
  const reader = new ByteReader(frame)
  decodeResponseHeader(offsetCommitResponse.apiKey, COMMIT_VERSION, reader)
  const answer = decode(offsetCommitResponse, COMMIT_VERSION, reader)
  failOnError(answer.topics[0]?.partitions[0]?.errorCode)
}

function failOnError(errorCode: number | undefined): void {
  if (errorCode !== 0) throw new Error(`commit refused: error ${errorCode}`)
}
