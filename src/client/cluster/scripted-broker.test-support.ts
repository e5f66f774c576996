/**
 * A broker on the simulated network that says what a test wants it to say, byte by byte where need
 * be, and a client beside it. For what a real broker never does; ours is for test/sim/client.
 *
 *     const { world, broker, cluster } = scripted()
 *     broker.on(heartbeatRequest, () => ({ errorCode: 0 }))
 */
import { ByteReader, inMemory } from '../../base/bytes.ts'
import type { Connection } from '../../io/io.ts'
import { type SimNode, Simulation } from '../../io/sim.ts'
import { apiOf, apis } from '../../protocol/apis.ts'
import { decode } from '../../protocol/codec.ts'
import type { metadataResponse } from '../../protocol/messages/03-metadata.ts'
import type { apiVersionsResponse } from '../../protocol/messages/18-api-versions.ts'
import type { Infer, Input, Message } from '../../protocol/schema.ts'
import { FrameReader } from '../../rpc/frame-reader.ts'
import { decodeRequestHeader, encodeResponse } from '../../rpc/header.ts'
import { Deadline } from '../call.ts'
import { type KafkaOptions, settingsOf } from '../options.ts'
import { knownVersions } from './api-versions.ts'
import { LiveCluster } from './live-cluster.ts'

export const PORT = 9092

/** A request as it came. */
export interface Seen {
  readonly api: string
  readonly version: number
  readonly correlationId: number
  // biome-ignore lint/suspicious/noExplicitAny: whatever the test knows it to be
  readonly body: any
  readonly connection: Connection
  readonly atMs: number
}

/** No answer, or not one that the broker sends by itself. */
export const SILENCE = Symbol('silence')

// biome-ignore lint/suspicious/noExplicitAny: the handlers of all messages in one map
type Handler = (body: any, seen: Seen) => unknown

export class ScriptedBroker {
  readonly machine: SimNode
  readonly seen: Seen[] = []
  readonly connections: Connection[] = []
  /** Why connections ended, in the order in which they did. */
  readonly ended: string[] = []
  readonly #handlers = new Map<number, Handler>()
  readonly #world: Simulation
  #close: () => void = () => {}

  constructor(world: Simulation, host: string) {
    this.#world = world
    this.machine = world.node(host)
  }

  async listen(): Promise<this> {
    const { network } = this.machine
    const listener = await this.#world.settle(
      network.listen('', PORT, (connection) => this.#accept(connection)),
    )
    this.#close = () => listener.close()
    return this
  }

  /** Takes no more connections. */
  stopListening(): void {
    this.#close()
  }

  /** Answers a request with what `handler` returns: a body, or SILENCE. */
  on<Q extends Message>(request: Q, handler: (body: Infer<Q>, seen: Seen) => unknown): void {
    this.#handlers.set(request.apiKey, handler)
  }

  /** Sends the answer to a request that met with silence. */
  answer<R extends Message>(seen: Seen, response: R, body: Input<R>): void {
    const { version, correlationId, connection } = seen
    connection.write(inMemory(encodeResponse(response, version, correlationId, body)))
  }

  /** The requests of an API. */
  of(request: Message): Seen[] {
    return this.seen.filter(({ api }) => `${api}Request` === request.name)
  }

  #accept(connection: Connection): void {
    this.connections.push(connection)
    const frames = new FrameReader(1 << 30)
    connection.onData = (chunk) => {
      frames.push(chunk, (frame) => this.#take(connection, frame))
    }
    connection.onClose = (reason) => this.ended.push(reason)
  }

  #take(connection: Connection, frame: Uint8Array): void {
    const reader = new ByteReader(frame)
    const { apiKey, apiVersion: version, correlationId } = decodeRequestHeader(reader)
    const { name: api, request, response } = apiOf(apiKey)!
    const body = decode(request, version, reader)
    const atMs = this.#world.nowMs
    const seen: Seen = { api, version, correlationId, body, connection, atMs }
    this.seen.push(seen)
    const answer = this.#handlers.get(apiKey)?.(body, seen)
    if (answer === undefined) throw new Error(`nobody answers ${api}`)
    if (answer !== SILENCE) this.answer(seen, response, answer as Input<Message>)
  }
}

/** What a broker of our own age says it speaks; `newest` cuts the versions of some APIs. */
export function speaks(
  newest: Readonly<Record<number, number>> = {},
): Input<typeof apiVersionsResponse> {
  const apiKeys = apis.map(({ key, request }) => {
    const { min, max } = knownVersions(request)
    return { apiKey: key, minVersion: min, maxVersion: Math.min(max, newest[key] ?? max) }
  })
  return { errorCode: 0, apiKeys }
}

/** Metadata with these brokers, by id. */
export function brokersAt(
  hosts: Readonly<Record<number, string>>,
  topics: Input<typeof metadataResponse>['topics'] = [],
): Input<typeof metadataResponse> {
  const brokers = Object.entries(hosts).map(([id, host]) => ({
    nodeId: Number(id),
    host,
    port: PORT,
  }))
  return { clusterId: 'test', controllerId: Number(Object.keys(hosts)[0]), brokers, topics }
}

export interface Scripted {
  readonly world: Simulation
  readonly brokers: readonly ScriptedBroker[]
  readonly broker: ScriptedBroker
  readonly client: SimNode
  readonly cluster: LiveCluster
  /** What the client logged. */
  readonly log: string[]
  deadline(timeoutMs?: number, signal?: AbortSignal): Deadline
  settle<T>(promise: Promise<T>): Promise<T>
}

/** Brokers called b1, b2 … that speak everything, and a client that begins at the first. */
export async function scripted(
  options: Partial<KafkaOptions> & { readonly seed?: number; readonly hosts?: number } = {},
): Promise<Scripted> {
  const { seed = 1, hosts = 1, ...own } = options
  const world = new Simulation(seed)
  const names = Array.from({ length: hosts }, (_, i) => `b${i + 1}`)
  const brokers: ScriptedBroker[] = []
  const cluster = Object.fromEntries(names.map((name, i) => [i + 1, name]))
  for (const name of names) {
    const broker = await new ScriptedBroker(world, name).listen()
    answerBasics(broker, cluster)
    brokers.push(broker)
  }
  const client = world.node('client')
  const log: string[] = []
  const note = (message: string) => log.push(message)
  const logger = { debug: note, info: note, warn: note, error: note }
  const settings = settingsOf({ brokers: `b1:${PORT}`, logger, ...own })
  const fetch = () => Promise.reject(new Error('no fetch here'))
  const live = new LiveCluster({ io: client, settings, fetch })
  return {
    world,
    brokers,
    broker: brokers[0]!,
    client,
    cluster: live,
    log,
    deadline: (timeoutMs = 60_000, signal) =>
      new Deadline(client.clock, 'the call', timeoutMs, { signal }),
    settle: (promise) => world.settle(promise, 3_600_000),
  }
}

function answerBasics(broker: ScriptedBroker, hosts: Readonly<Record<number, string>>): void {
  broker.on(apiOf(18)!.request, () => speaks())
  broker.on(apiOf(3)!.request, () => brokersAt(hosts))
}
