/**
 * Fuzzed frames over real sockets from many connections, while a client that behaves is served:
 * every one of its answers must be right, the node must say nothing of an internal error, and its
 * memory must stay within what docs/operations.md allows.
 *
 * A frame counts once the server has answered it or ended the connection for it; what was sent
 * behind such a frame does not count. What fuzzed requests make (topics, groups) is a legitimate
 * use of memory, so somebody cleans up behind them.
 */
import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { metadataRequest, metadataResponse } from '../../src/protocol/messages/03-metadata.ts'
import {
  listGroupsRequest,
  listGroupsResponse,
} from '../../src/protocol/messages/16-list-groups.ts'
import {
  deleteTopicsRequest,
  deleteTopicsResponse,
} from '../../src/protocol/messages/20-delete-topics.ts'
import {
  deleteGroupsRequest,
  deleteGroupsResponse,
} from '../../src/protocol/messages/42-delete-groups.ts'
import { FrameReader } from '../../src/rpc/frame-reader.ts'
import { BenchClient } from '../bench/client.ts'
import { ProcessUsage } from '../bench/process-usage.ts'
import type { Check, CheckContext } from '../conformance/check.ts'
import { sleep } from '../conformance/process.ts'
import type { Server } from '../conformance/server.ts'
import { FrameMaker } from './frames.ts'
import { MEBIBYTE, MEMORY } from './memory-bounds.ts'
import { ServedClient } from './served-client.ts'

const CONNECTIONS = 48
/** Addresses of the loopback, so that no address runs out of ports. */
const HOSTS = 16
const FRAMES_PER_BURST_MAX = 8
/** Some answers wait for others: then the burst is given up, and what was answered counts. */
const BURST_TIMEOUT_MS = 150
const ANSWER_BYTES_MAX = 100 * 1024 * 1024
const FRAMES_PER_SEED = 50_000
const CLEAN_INTERVAL_MS = 3_000
const SAMPLE_INTERVAL_MS = 100
/** An idle machine does 4,500; one that is busy with other things takes its time. */
const FRAMES_PER_SECOND_MIN = 100
/** What the frames of each connection may hold while they are handled. */
const FUZZED_BYTES = 1024 * 1024
const MEMORY_BYTES_MAX =
  MEMORY.nodeBytes + MEMORY.sharedBytes + MEMORY.slackBytes + CONNECTIONS * FUZZED_BYTES

interface Burst {
  readonly answered: number
  readonly closedByServer: boolean
}

/** Sends frames on a connection of its own; ends when the server has, or has answered all. */
function burst(port: number, host: string, frames: readonly Uint8Array[]): Promise<Burst> {
  return new Promise((resolve, reject) => {
    const socket: Socket = connect({ port, host: '127.0.0.1', localAddress: host, noDelay: true })
    const reader = new FrameReader(ANSWER_BYTES_MAX)
    let answered = 0
    let isOver = false
    const finish = (closedByServer: boolean): void => {
      if (isOver) return
      isOver = true
      clearTimeout(timer)
      // A reset leaves no port waiting.
      socket.resetAndDestroy()
      resolve({ answered, closedByServer })
    }
    const timer = setTimeout(() => finish(false), BURST_TIMEOUT_MS)
    socket.on('connect', () => socket.write(Buffer.concat(frames)))
    socket.on('data', (chunk: Buffer) => {
      const error = reader.push(chunk, () => {
        answered++
      })
      if (error !== null) reject(new Error(`an answer that is no frame: ${error}`))
      if (answered >= frames.length) finish(false)
    })
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
      else finish(true)
    })
    socket.on('close', () => finish(true))
  })
}

class FuzzRun {
  handled = 0
  sent = 0
  connections = 0
  peakBytes = 0
  readonly #server: Server
  readonly #frames: number
  readonly #usage = new ProcessUsage()
  readonly #topicIds: readonly string[]
  #maker: FrameMaker
  #seed: number
  #isOver = false

  constructor(server: Server, topicIds: readonly string[], frames: number, seed: number) {
    this.#server = server
    this.#topicIds = topicIds
    this.#frames = frames
    this.#seed = seed
    this.#maker = new FrameMaker(seed, topicIds, Date.now())
  }

  async run(): Promise<void> {
    const background = [this.#every(CLEAN_INTERVAL_MS, () => this.#cleanUp())]
    background.push(this.#every(SAMPLE_INTERVAL_MS, () => this.#sample()))
    const lanes = Array.from({ length: CONNECTIONS }, (_, i) =>
      this.#lane(`127.0.0.${2 + (i % HOSTS)}`),
    )
    try {
      await Promise.race([Promise.all(lanes), Promise.all(background).then(() => {})])
      await Promise.all(lanes)
    } finally {
      this.#isOver = true
    }
    await Promise.all(background)
    await this.#cleanUp()
    this.#sample()
  }

  async #lane(host: string): Promise<void> {
    while (this.handled < this.#frames && !this.#isOver) {
      const frames: Uint8Array[] = []
      while (frames.length < FRAMES_PER_BURST_MAX) {
        const { bytes, isLast } = this.#next()
        frames.push(bytes)
        if (isLast) break
      }
      const { answered, closedByServer } = await burst(this.#server.port, host, frames)
      this.connections++
      this.sent += frames.length
      this.handled += Math.min(frames.length, answered + (closedByServer ? 1 : 0))
      assert.ok(this.#server.isRunning, `the node has ended: ${this.#server.describe()}`)
    }
  }

  #next() {
    // Other values now and then; the seed says which.
    if (this.sent > 0 && Math.floor(this.sent / FRAMES_PER_SEED) > this.#generation) {
      this.#generation = Math.floor(this.sent / FRAMES_PER_SEED)
      this.#maker = new FrameMaker(++this.#seed, this.#topicIds, Date.now())
    }
    return this.#maker.next()
  }

  #generation = 0

  async #every(intervalMs: number, action: () => void | Promise<void>): Promise<void> {
    while (!this.#isOver) {
      await action()
      await sleep(intervalMs)
    }
  }

  #sample(): void {
    const bytes = this.#usage.residentBytes(this.#server.pid)
    this.peakBytes = Math.max(this.peakBytes, bytes)
    assert.ok(bytes <= MEMORY_BYTES_MAX, `${Math.round(bytes / MEBIBYTE)} MiB of memory`)
  }

  /** Deletes the topics and groups that fuzzed requests have made, but for those they speak of. */
  async #cleanUp(): Promise<void> {
    const client = await BenchClient.open(this.#server.port)
    try {
      const all = { topics: null }
      const { topics } = await client.request(metadataRequest, metadataResponse, 12, all)
      const isMade = (name: string) =>
        name !== 't' && !name.startsWith('__') && !name.startsWith('fault')
      const topicNames = topics.map(({ name }) => name!).filter(isMade)
      const body = { topicNames, timeoutMs: 10_000 }
      await client.request(deleteTopicsRequest, deleteTopicsResponse, 5, body)
      const listed = await client.request(listGroupsRequest, listGroupsResponse, 4, {})
      const groupsNames = listed.groups.map(({ groupId }) => groupId)
      const others = groupsNames.filter((name) => !name.startsWith('fault'))
      await client.request(deleteGroupsRequest, deleteGroupsResponse, 2, { groupsNames: others })
    } finally {
      client.close()
    }
  }
}

async function topicIdOf(port: number, name: string): Promise<string> {
  const client = await BenchClient.open(port)
  try {
    const body = { topics: [{ name }], allowAutoTopicCreation: true }
    for (;;) {
      const answer = await client.request(metadataRequest, metadataResponse, 12, body)
      const topic = answer.topics[0]!
      if (topic.errorCode === 0) return topic.topicId
      await sleep(20)
    }
  } finally {
    client.close()
  }
}

async function fuzz(context: CheckContext, frames: number, seed: number): Promise<void> {
  const server = await context.startServer('server')
  const served = await ServedClient.start(server.port, context.topic)
  context.defer(() => served.close())
  const run = new FuzzRun(server, [await topicIdOf(server.port, 't')], frames, seed)
  const started = performance.now()
  const serving = served.run()
  try {
    await Promise.race([run.run(), serving])
    served.end()
    await serving
    await served.checkAll()
  } catch (error) {
    const said = server.describe()
    throw new Error(`seed ${seed}: ${(error as Error).message}\n${said}`, { cause: error })
  }
  const seconds = (performance.now() - started) / 1000
  assert.doesNotMatch(server.log(), /internal error|ERROR/, `seed ${seed}: ${server.describe()}`)
  // It stops and starts as any node does.
  await server.kill()
  await server.start()
  const again = await ServedClient.start(server.port, `${context.topic}-again`)
  await again.round()
  again.close()
  const mebibytes = Math.round(run.peakBytes / MEBIBYTE)
  context.note(
    `seed ${seed}: ${run.handled} frames of ${run.sent} sent on ${run.connections} connections in ` +
      `${Math.round(seconds)} s; ${served.rounds} rounds of the client that behaves, the slowest ` +
      `${Math.round(served.slowestMs)} ms; at most ${mebibytes} MiB`,
  )
}

export function fuzzCheck(frames: number, firstSeed: number): Check {
  return {
    name: 'fault-fuzz',
    needs: ['java'],
    timeoutMs: 60_000 + (frames * 1000) / FRAMES_PER_SECOND_MIN,
    run: (context) => fuzz(context, frames, firstSeed),
  }
}
