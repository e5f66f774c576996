/**
 * A client for the benches: one connection that pipelines, on our own codec and frames.
 *
 * Invariant: responses come in the order of the requests, as a broker has to send them.
 */
import { connect, type Socket } from 'node:net'
import { ByteReader } from '../../src/base/bytes.ts'
import { decode } from '../../src/protocol/codec.ts'
import {
  createTopicsRequest,
  createTopicsResponse,
} from '../../src/protocol/messages/19-create-topics.ts'
import {
  deleteTopicsRequest,
  deleteTopicsResponse,
} from '../../src/protocol/messages/20-delete-topics.ts'
import type { Infer, Input, Message } from '../../src/protocol/schema.ts'
import { FrameReader } from '../../src/rpc/frame-reader.ts'
import { decodeResponseHeader, encodeRequest } from '../../src/rpc/header.ts'

const FRAME_BYTES_MAX = 100 * 1024 * 1024
const CLIENT_ID = 'bench'
const CREATE_TOPICS_VERSION = 7
const DELETE_TOPICS_VERSION = 5
const CREATE_TIMEOUT_MS = 120_000
/** Partitions that one CreateTopics may ask for; both servers have such a limit. */
const PARTITIONS_PER_REQUEST = 2000

interface Pending {
  /** Responses that are still to come; the last one is the answer. */
  left: number
  readonly resolve: (frame: Uint8Array) => void
  readonly reject: (error: Error) => void
}

export class BenchClient {
  readonly #socket: Socket
  readonly #pending: Pending[] = []
  #correlationId = 0

  private constructor(socket: Socket) {
    this.#socket = socket
    const frames = new FrameReader(FRAME_BYTES_MAX)
    socket.on('data', (chunk: Buffer) => {
      const error = frames.push(chunk, (frame) => this.#answered(frame))
      if (error !== null) this.#end(new Error(error))
    })
    socket.on('error', (error) => this.#end(error))
    socket.on('close', () => this.#end(new Error('the server closed the connection')))
  }

  static open(port: number): Promise<BenchClient> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port, host: '127.0.0.1', noDelay: true })
      socket.once('error', reject)
      socket.once('connect', () => {
        socket.off('error', reject)
        resolve(new BenchClient(socket))
      })
    })
  }

  /** Sends at once; the answer is the body of the response. */
  async request<Q extends Message, R extends Message>(
    request: Q,
    response: R,
    version: number,
    body: Input<Q>,
  ): Promise<Infer<R>> {
    const pieces = encodeRequest(request, version, this.#correlationId++, CLIENT_ID, body)
    const frame = await this.sendRaw(pieces, 1)
    const reader = new ByteReader(frame)
    decodeResponseHeader(response.apiKey, version, reader)
    return decode(response, version, reader)
  }

  /** Sends that many whole requests at once; gives the last of their responses, as a frame. */
  sendRaw(pieces: readonly Uint8Array[], requests: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ left: requests, resolve, reject })
      this.#socket.cork()
      for (const piece of pieces) this.#socket.write(piece)
      this.#socket.uncork()
    })
  }

  #answered(frame: Uint8Array): void {
    const first = this.#pending[0]
    if (first === undefined || --first.left > 0) return
    this.#pending.shift()
    first.resolve(frame)
  }

  close(): void {
    this.#socket.destroy()
  }

  #end(error: Error): void {
    for (const { reject } of this.#pending.splice(0)) reject(error)
  }
}

/** Makes topics, in requests that a server takes. */
export async function createTopics(
  port: number,
  topics: readonly { readonly name: string; readonly partitions: number }[],
): Promise<void> {
  const client = await BenchClient.open(port)
  try {
    for (let at = 0; at < topics.length; ) {
      let size = 0
      const from = at
      while (at < topics.length && size < PARTITIONS_PER_REQUEST) size += topics[at++]!.partitions
      const wanted = topics.slice(from, at).map(({ name, partitions }) => {
        const placement = { assignments: [], configs: [] }
        return { name, numPartitions: partitions, replicationFactor: 1, ...placement }
      })
      const body = { topics: wanted, timeoutMs: CREATE_TIMEOUT_MS, validateOnly: false }
      const [request, response] = [createTopicsRequest, createTopicsResponse]
      const answer = await client.request(request, response, CREATE_TOPICS_VERSION, body)
      const failed = answer.topics.find(({ errorCode }) => errorCode !== 0)
      if (failed !== undefined) throw new Error(`${failed.name}: ${failed.errorMessage}`)
    }
  } finally {
    client.close()
  }
}

/** Deletes a topic; its files go a moment later. */
export async function deleteTopic(port: number, name: string): Promise<void> {
  const client = await BenchClient.open(port)
  try {
    const body = { topicNames: [name], timeoutMs: CREATE_TIMEOUT_MS }
    const [request, response] = [deleteTopicsRequest, deleteTopicsResponse]
    await client.request(request, response, DELETE_TOPICS_VERSION, body)
  } finally {
    client.close()
  }
}
