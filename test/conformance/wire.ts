/**
 * Kafka's frames by hand: a socket, big-endian fields, nothing of our own protocol code, so that
 * what is checked with it cannot agree with us by sharing a mistake.
 */
import { connect, type Socket } from 'node:net'

/** Builds a request field by field. */
export class Fields {
  #pieces: Buffer[] = []

  int8(value: number): this {
    return this.raw(Buffer.from([value & 0xff]))
  }

  int16(value: number): this {
    const piece = Buffer.alloc(2)
    piece.writeInt16BE(value)
    return this.raw(piece)
  }

  int32(value: number): this {
    const piece = Buffer.alloc(4)
    piece.writeInt32BE(value)
    return this.raw(piece)
  }

  int64(value: number): this {
    const piece = Buffer.alloc(8)
    piece.writeBigInt64BE(BigInt(value))
    return this.raw(piece)
  }

  string(value: string | null): this {
    if (value === null) return this.int16(-1)
    const text = Buffer.from(value)
    return this.int16(text.length).raw(text)
  }

  bytes(value: Uint8Array | null): this {
    return value === null ? this.int32(-1) : this.int32(value.length).raw(value)
  }

  raw(value: Uint8Array): this {
    this.#pieces.push(Buffer.from(value))
    return this
  }

  build(): Buffer {
    return Buffer.concat(this.#pieces)
  }
}

/** The request header, version 1: key, version, correlation id, client id. */
export function header(apiKey: number, apiVersion: number, correlationId: number): Fields {
  const fields = new Fields().int16(apiKey).int16(apiVersion).int32(correlationId)
  return fields.string('conformance')
}

/** A body with its four-byte length first. */
export function frame(body: Uint8Array): Buffer {
  return new Fields().bytes(body).build()
}

/** A connection that gives what arrives as whole frames, and says when the other side closes. */
export class RawConnection {
  readonly socket: Socket
  #received = Buffer.alloc(0)
  #isClosed = false

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk])
    })
    socket.on('close', () => {
      this.#isClosed = true
    })
    socket.on('error', () => {}) // 'close' follows
  }

  static open(port: number): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('error', reject)
      socket.once('connect', () => resolve(new RawConnection(socket)))
    })
  }

  send(bytes: Uint8Array): void {
    this.socket.write(bytes)
  }

  /** The next frame without its length, null where the other side closed instead. */
  async receive(timeoutMs = 10_000): Promise<Buffer | null> {
    const deadline = Date.now() + timeoutMs
    for (;;) {
      if (this.#received.length >= 4) {
        const size = this.#received.readInt32BE(0)
        if (this.#received.length >= 4 + size) {
          const body = this.#received.subarray(4, 4 + size)
          this.#received = this.#received.subarray(4 + size)
          return body
        }
      }
      if (this.#isClosed) return null
      if (Date.now() > deadline) throw new Error(`nothing arrived within ${timeoutMs} ms`)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }

  async request(body: Uint8Array): Promise<Buffer> {
    this.send(frame(body))
    const answer = await this.receive()
    if (answer === null) throw new Error('the server closed the connection instead of answering')
    return answer
  }

  /** Whether the other side closes within the time, without having sent anything. */
  async isClosedSilently(timeoutMs = 5_000): Promise<boolean> {
    try {
      return (await this.receive(timeoutMs)) === null
    } catch {
      return false
    }
  }

  /** Whether nothing arrives and the connection stays open for that long. */
  async isSilent(durationMs: number): Promise<boolean> {
    await new Promise((resolve) => setTimeout(resolve, durationMs))
    return this.#received.length === 0 && !this.#isClosed
  }

  close(): void {
    this.socket.destroy()
  }
}

/** How many brokers the server's Metadata (version 1) names: 0 until it is ready. */
export async function countBrokers(port: number): Promise<number> {
  const connection = await RawConnection.open(port)
  try {
    const body = header(3, 1, 1).int32(0).build() // version 1: an empty list means no topics
    const answer = await connection.request(body)
    return answer.readInt32BE(4)
  } finally {
    connection.close()
  }
}

/** A Produce request, version 3, of one partition of one topic. */
export function produceRequest(
  correlationId: number,
  topic: string,
  acks: number,
  records: Uint8Array,
): Buffer {
  const fields = header(0, 3, correlationId).string(null).int16(acks).int32(10_000)
  return fields.int32(1).string(topic).int32(1).int32(0).bytes(records).build()
}
