/**
 * A whole node in this process on a simulated machine and in virtual time, and a client that sends
 * it any message at any version over the simulated network. The same seed gives the same run.
 *
 *     const node = await TestNode.start({ seed: 1 })
 *     const client = await node.connect()
 *     const answer = await client.call(metadataRequest, metadataResponse, 13, { topics: null })
 *     await node.kill()          // kill -9; then node.restart()
 */
import { assert } from '../base/assert.ts'
import { ByteReader, utf8Bytes, utf8Text } from '../base/bytes.ts'
import type { Logger, LogThreshold } from '../base/logger.ts'
import type { Connection, Io } from '../io/io.ts'
import { type SimNode, type SimNodeOptions, Simulation, type SimulationOptions } from '../io/sim.ts'
import type { CrashMode } from '../io/sim-file.ts'
import { decode } from '../protocol/codec.ts'
import { produceRequest, produceResponse } from '../protocol/messages/00-produce.ts'
import { fetchRequest, fetchResponse } from '../protocol/messages/01-fetch.ts'
import { createTopicsRequest, createTopicsResponse } from '../protocol/messages/19-create-topics.ts'
import type { Infer, Input, Message } from '../protocol/schema.ts'
import { lastOffset } from '../records/batch.ts'
import { forEachBatch } from '../records/batches.ts'
import { BatchBuilder, type BatchOptions } from '../records/builder.ts'
import { RecordCursor } from '../records/record-scan.ts'
import { FrameReader } from '../rpc/frame-reader.ts'
import { decodeResponseHeader, encodeRequest } from '../rpc/header.ts'
import { type RunningServer, startServer } from './server.ts'

export const PORT = 9092
export const CONTROLLER_PORT = 9093

/** A combined node with one directory and a small `__consumer_offsets`. */
const PROPERTIES: Readonly<Record<string, string>> = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  listeners: `PLAINTEXT://:${PORT},CONTROLLER://:${CONTROLLER_PORT}`,
  'controller.listener.names': 'CONTROLLER',
  'controller.quorum.bootstrap.servers': `localhost:${CONTROLLER_PORT}`,
  'log.dirs': '/data',
  'offsets.topic.num.partitions': '3',
  'offsets.topic.replication.factor': '1',
  'group.initial.rebalance.delay.ms': '0',
}

export interface TestNodeOptions {
  readonly seed?: number
  readonly properties?: Readonly<Record<string, string>>
  readonly simulation?: SimulationOptions
  readonly machine?: SimNodeOptions
  readonly clusterId?: string
}

/** A node that can be killed, cut off from power, and started again. */
export class TestNode {
  readonly world: Simulation
  readonly machine: SimNode
  /** `level: message` of everything it logged, over all its lives. */
  readonly log: string[] = []
  /** Why the node gave up; null while it has not. */
  fatal: Error | null = null
  properties: Readonly<Record<string, string>>
  server: RunningServer | null = null
  readonly #clusterId: string | null
  /** Counts the deaths. */
  #life = 0

  /** A machine with nothing running on it. */
  constructor({ seed = 1, properties, simulation, machine, clusterId }: TestNodeOptions = {}) {
    this.world = new Simulation(seed, simulation)
    this.machine = this.world.node('broker', machine)
    this.properties = { ...PROPERTIES, ...properties }
    this.#clusterId = clusterId ?? null
  }

  static async start(options: TestNodeOptions = {}): Promise<TestNode> {
    const node = new TestNode(options)
    await node.restart()
    return node
  }

  /** Starts the node on what its disk holds; rejects as `startServer` does. */
  async restart(
    properties: Readonly<Record<string, string>> = {},
    io: Io = this.machine,
  ): Promise<RunningServer> {
    this.properties = { ...this.properties, ...properties }
    this.fatal = null
    const starting = startServer({
      properties: new Map(Object.entries(this.properties)),
      io,
      logger: this.#logger(),
      clusterId: this.#clusterId,
      onFatal: (error) => {
        this.fatal = error
      },
    })
    this.server = await this.world.settle(starting)
    return this.server
  }

  /** The time on the node's own clock. */
  get nowMs(): number {
    return this.machine.clock.nowMs()
  }

  /** Ends the process as `kill -9` does. */
  kill(): void {
    this.#life++
    this.machine.kill()
    this.server = null
  }

  /** Cuts the power. */
  crash(mode: CrashMode = 'random'): void {
    this.#life++
    this.machine.crash(mode)
    this.server = null
  }

  /** Stops the node in good order. */
  async stop(): Promise<void> {
    assert(this.server !== null, 'the node runs')
    await this.world.settle(this.server.stop())
    this.server = null
    // The process ends: its sockets with it.
    this.machine.kill()
  }

  /** A connection from another machine. */
  async connect(options: ConnectOptions = {}): Promise<TestClient> {
    return this.world.settle(this.dial(options))
  }

  /** The same, where the caller lets time pass. */
  async dial({ host = 'client', port = PORT, clientId = 'test' }: ConnectOptions = {}) {
    const connection = await this.world.node(host).network.connect('broker', port)
    return new TestClient(this.world, connection, clientId)
  }

  #logger(): Logger {
    const life = this.#life
    const at = (level: string) => (message: string) => {
      // A process that is gone says nothing more.
      if (life === this.#life) this.log.push(`${level}: ${message}`)
    }
    // Everything is kept; what a program would show of it can be asked and set.
    const threshold: LogThreshold = { level: 'info' }
    return {
      threshold,
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
    }
  }
}

export interface ConnectOptions {
  readonly host?: string
  readonly port?: number
  readonly clientId?: string
}

interface Expected {
  readonly correlationId: number
  readonly resolve: (body: unknown) => void
  readonly reject: (error: Error) => void
  readonly response: Message
  readonly version: number
}

/** One connection to a node. Answers must come in the order of the requests. */
export class TestClient {
  readonly connection: Connection
  /** Why the connection ended; null while it is open. */
  closed: string | null = null
  /** Bytes that have come. */
  receivedBytes = 0
  readonly #world: Simulation
  readonly #clientId: string
  readonly #frames = new FrameReader(1 << 30)
  readonly #expected: Expected[] = []
  #nextCorrelationId = 1

  constructor(world: Simulation, connection: Connection, clientId: string) {
    this.#world = world
    this.connection = connection
    this.#clientId = clientId
    connection.onData = (chunk) => {
      this.receivedBytes += chunk.length
      const error = this.#frames.push(chunk, (frame) => this.#answer(frame))
      assert(error === null, `a readable answer: ${error}`)
    }
    connection.onClose = (reason) => {
      this.closed = reason
      for (const { reject } of this.#expected.splice(0)) reject(new Error(`closed: ${reason}`))
    }
  }

  /** Sends a request and lets time pass until its answer is there. */
  async call<Q extends Message, S extends Message>(
    request: Q,
    response: S,
    version: number,
    body: Input<Q>,
  ): Promise<Infer<S>> {
    return this.#world.settle(this.send(request, response, version, body))
  }

  /** Sends a request; the caller lets time pass. */
  send<Q extends Message, S extends Message>(
    request: Q,
    response: S,
    version: number,
    body: Input<Q>,
  ): Promise<Infer<S>> {
    const correlationId = this.#nextCorrelationId++
    const answer = new Promise<unknown>((resolve, reject) => {
      if (this.closed !== null) reject(new Error(`closed: ${this.closed}`))
      else this.#expected.push({ correlationId, resolve, reject, response, version })
    })
    this.post(request, version, body, correlationId)
    return answer as Promise<Infer<S>>
  }

  /** Sends a request that has no answer. */
  post<Q extends Message>(request: Q, version: number, body: Input<Q>, correlationId = -1): void {
    this.connection.write(encodeRequest(request, version, correlationId, this.#clientId, body))
  }

  /** Waits until the node has ended the connection. */
  async untilClosed(): Promise<string> {
    await this.#world.runUntil(() => this.closed !== null)
    return this.closed ?? ''
  }

  #answer(frame: Uint8Array): void {
    const expected = this.#expected.shift()
    assert(expected !== undefined, 'an answer to a request')
    const { response, version, correlationId, resolve, reject } = expected
    try {
      const reader = new ByteReader(frame)
      const got = decodeResponseHeader(response.apiKey, version, reader)
      assert(got === correlationId, `answer ${got} in the place of answer ${correlationId}`)
      const body = decode(response, version, reader)
      assert(reader.remaining() === 0, `${reader.remaining()} bytes after ${response.name}`)
      resolve(body)
    } catch (error) {
      reject(error as Error)
    }
  }

  /** Creates a topic; throws where the broker refuses it. Returns its id. */
  async createTopic(
    name: string,
    numPartitions = 1,
    configs: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const topic = {
      name,
      numPartitions,
      replicationFactor: 1,
      assignments: [],
      configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
    }
    const body = { topics: [topic], timeoutMs: 1000, validateOnly: false }
    const answer = await this.call(createTopicsRequest, createTopicsResponse, 7, body)
    const result = answer.topics[0]!
    assert(result.errorCode === 0, `${name}: error ${result.errorCode} ${result.errorMessage}`)
    return result.topicId
  }

  /** Produces one batch to one partition, by name; returns the partition's answer. */
  async produce(
    topic: string,
    index: number,
    records: Uint8Array,
    { acks = -1, version = 12 }: { readonly acks?: number; readonly version?: number } = {},
  ) {
    const body = produceTo(topic, index, records, acks)
    const answer = await this.call(produceRequest, produceResponse, version, body)
    return answer.responses[0]!.partitionResponses[0]!
  }

  /** Fetches from one partition, by name; returns the partition's answer. */
  async fetch(topic: string, index: number, fetchOffset: number, options: FetchOptions = {}) {
    const { version = 12 } = options
    const body = fetchFrom(topic, index, fetchOffset, options)
    const answer = await this.call(fetchRequest, fetchResponse, version, body)
    return answer.responses[0]!.partitions[0]!
  }

  /** Everything of a partition from `offset` on. */
  async readAll(topic: string, index: number, offset = 0): Promise<StoredRecord[]> {
    const found: StoredRecord[] = []
    for (let at = offset; ; ) {
      const { errorCode, records, highWatermark } = await this.fetch(topic, index, at)
      assert(errorCode === 0, `${topic}-${index} at ${at}: error ${errorCode}`)
      found.push(...recordsIn(records).filter((record) => record.offset >= at))
      const next = nextOffset(records, at)
      // Below the end there may be nothing: after compaction, or where a power cut has struck.
      if (next >= highWatermark || next === at) return found
      at = next
    }
  }
}

/** The offset after the last whole batch; compaction leaves offsets out. */
function nextOffset(bytes: Uint8Array | null, from: number): number {
  let next = from
  if (bytes === null) return next
  forEachBatch(bytes, 0, bytes.length, (at) => {
    next = lastOffset(bytes, at) + 1
  })
  return next
}

export interface FetchOptions {
  readonly version?: number
  readonly maxWaitMs?: number
  readonly minBytes?: number
  readonly maxBytes?: number
  readonly partitionMaxBytes?: number
  readonly isolationLevel?: number
  readonly currentLeaderEpoch?: number
  readonly lastFetchedEpoch?: number
}

/** A fetch of one partition outside any session. */
export function fetchFrom(
  topic: string,
  partition: number,
  fetchOffset: number,
  options: FetchOptions = {},
): Input<typeof fetchRequest> {
  const { maxWaitMs = 0, minBytes = 1, maxBytes = 1 << 20, isolationLevel = 0 } = options
  const { partitionMaxBytes = 1 << 20, currentLeaderEpoch, lastFetchedEpoch } = options
  const asked = { partition, fetchOffset, partitionMaxBytes, currentLeaderEpoch, lastFetchedEpoch }
  return {
    maxWaitMs,
    minBytes,
    maxBytes,
    isolationLevel,
    sessionEpoch: -1,
    topics: [{ topic, partitions: [asked] }],
    forgottenTopicsData: [],
  }
}

export interface StoredRecord {
  readonly offset: number
  readonly timestampMs: number
  readonly key: string | null
  readonly value: string | null
}

/** The records of whole batches; a part of a batch at the end is left out, as by clients. */
export function recordsIn(bytes: Uint8Array | null): StoredRecord[] {
  const found: StoredRecord[] = []
  if (bytes === null) return found
  forEachBatch(bytes, 0, bytes.length, (at) => {
    const cursor = new RecordCursor().open(bytes, at)
    while (cursor.next()) {
      const [key, value] = [cursor.key(), cursor.value()].map((part) =>
        part === null ? null : utf8Text(part),
      )
      found.push({
        offset: cursor.offset,
        timestampMs: cursor.timestampMs,
        key: key!,
        value: value!,
      })
    }
  })
  return found
}

export function produceTo(
  name: string,
  index: number,
  records: Uint8Array | null,
  acks = -1,
): Input<typeof produceRequest> {
  const topicData = [{ name, partitionData: [{ index, records }] }]
  return { transactionalId: null, acks, timeoutMs: 1000, topicData }
}

/** One batch with these values, stamped from `timestampMs` on, a millisecond apart. */
export function batchOf(
  values: readonly string[],
  timestampMs: number,
  options: BatchOptions & { readonly key?: string } = {},
): Uint8Array {
  const builder = new BatchBuilder(options)
  const key = options.key === undefined ? null : utf8Bytes(options.key)
  values.forEach((value, at) => {
    builder.append(timestampMs + at, key, utf8Bytes(value))
  })
  return builder.build()
}
