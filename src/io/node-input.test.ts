/** What accepted sockets read, in shared memory and in Node's own. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as net from 'node:net'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { NodeInput } from './node-input.ts'

const BYTES = 700_000

/** Sends the same byte over each of some connections at once; returns what came, and of whom. */
async function exchange(
  input: NodeInput,
): Promise<{ sums: number[]; memories: Set<ArrayBufferLike> }> {
  const memories = new Set<ArrayBufferLike>()
  const sums: number[] = []
  const server = net.createServer({ allowHalfOpen: true, pauseOnConnect: true }, (accepted) => {
    let sum = 0
    const socket = input.attach(accepted, (chunk) => {
      memories.add(chunk.buffer)
      for (const byte of chunk) sum += byte
    })
    socket.on('end', () => {
      sums.push(sum)
      socket.end('seen')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as net.AddressInfo
  const clients = [1, 2, 3].map((byte) => {
    const client = net.connect({ port, host: '127.0.0.1' })
    client.end(new Uint8Array(BYTES).fill(byte))
    return client.setEncoding('utf8')
  })
  for (const client of clients) assert.deepEqual(await once(client, 'data'), ['seen'])
  server.close()
  return { sums: sums.sort((a, b) => a - b), memories }
}

describe('the input of accepted sockets', () => {
  const expected = [BYTES, 2 * BYTES, 3 * BYTES]

  it('is one memory, from which each gets its own bytes, and the end', async () => {
    const { sums, memories } = await exchange(new NodeInput(true))
    assert.deepEqual(sums, expected)
    // Where this fails, Node has changed what an accepted socket is: reads then cost garbage.
    assert.equal(memories.size, 1)
  })

  it("is Node's own where it can't be shared", async () => {
    const { sums, memories } = await exchange(new NodeInput(false))
    assert.deepEqual(sums, expected)
    assert.ok(memories.size > 3)
  })

  it('is read to memory that is named for it', async () => {
    const own = new Uint8Array(250)
    const got: number[] = []
    let inPlace = 0
    const sent = Uint8Array.from({ length: 300 }, (_, i) => i)
    const server = net.createServer({ pauseOnConnect: true }, (accepted) => {
      const take = (chunk: Uint8Array): void => {
        if (chunk.buffer === own.buffer) inPlace += chunk.length
        got.push(...chunk)
      }
      // The first 100 bytes anywhere, and then 50 at a time.
      const next = () => (got.length < 100 ? null : own.subarray(100, 150))
      new NodeInput(true).attach(accepted, take, next)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as net.AddressInfo
    const client = net.connect({ port, host: '127.0.0.1', noDelay: true })
    client.write(sent.subarray(0, 100))
    while (got.length < 100) await setImmediate()
    client.write(sent.subarray(100))
    while (got.length < sent.length) await setImmediate()
    assert.deepEqual(Uint8Array.from(got), sent)
    assert.equal(inPlace, 200)
    client.destroy()
    server.close()
  })
})
