/** What is left in files reaches the socket in its place, and only as the socket takes it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BufferPool } from '../base/buffer-pool.ts'
import type { LaterBytes } from '../base/bytes.ts'
import type { Connection } from '../io/io.ts'
import { Outbox } from './outbox.ts'

const MIB = 1024 * 1024

/** A socket that takes `room` bytes, and a clock that the reads move. */
class Scene {
  readonly sent: number[] = []
  /** Bytes of each write. */
  readonly writes: number[] = []
  readonly turns: (() => void)[] = []
  readonly failures: unknown[] = []
  room = Infinity
  queuedBytes = 0
  nowMs = 0
  progress = 0
  readonly buffers = new BufferPool(8 * MIB)
  #owed: (() => void)[] = []
  readonly outbox: Outbox

  constructor() {
    const scene = this
    const socket = {
      get queuedBytes() {
        return scene.queuedBytes
      },
      write(pieces: readonly Uint8Array[], onSent?: () => void) {
        scene.writes.push(pieces.reduce((bytes, piece) => bytes + piece.length, 0))
        for (const piece of pieces) scene.#take(piece)
        if (scene.queuedBytes === 0) onSent?.()
        else if (onSent !== undefined) scene.#owed.push(onSent)
      },
    } as unknown as Connection
    const clock = {
      monotonicMs: () => this.nowMs,
      nextTurn: (callback: () => void) => void this.turns.push(callback),
    }
    this.outbox = new Outbox(socket, clock, {
      onProgress: () => void this.progress++,
      onFailure: (error) => void this.failures.push(error),
    })
  }

  #take(piece: Uint8Array): void {
    for (const byte of [piece[0]!, piece.at(-1)!]) this.sent.push(byte)
    const taken = Math.min(this.room, piece.length)
    this.room -= taken
    this.queuedBytes += piece.length - taken
  }

  /** The client takes all there is, and has room for so many bytes more. */
  drain(room: number): void {
    this.queuedBytes = 0
    this.room = room
    for (const each of this.#owed.splice(0)) each()
    this.outbox.drained()
  }

  /** Lets reads and turns go on until there are none. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet++) {
      await new Promise((resolve) => setImmediate(resolve))
      for (const turn of this.turns.splice(0)) {
        turn()
        quiet = 0
      }
    }
  }
}

/** One whose reads have been fast, so that it makes them itself. */
async function trustedScene(): Promise<Scene> {
  const scene = new Scene()
  scene.outbox.send([new FileBytes(scene, 4 * MIB)], [])
  await scene.settle()
  assert.ok(scene.outbox.isNear)
  scene.writes.length = 0
  return scene
}

/** Bytes in a file, each the number of its MiB; a read lasts `readMs`. */
class FileBytes implements LaterBytes {
  readonly length: number
  readonly buffers: BufferPool
  readonly reads: string[] = []
  readMs = 0
  failure: Error | null = null
  readonly #scene: Scene

  constructor(scene: Scene, length: number) {
    this.#scene = scene
    this.buffers = scene.buffers
    this.length = length
  }

  #fill(target: Uint8Array, from: number, how: string): void {
    this.reads.push(how)
    this.#scene.nowMs += this.readMs
    if (this.failure !== null) throw this.failure
    for (let i = 0; i < target.length; i += 1024) {
      target.fill(Math.floor((from + i) / MIB), i, i + 1024)
    }
  }

  readNow(target: Uint8Array, from: number): void {
    this.#fill(target, from, 'now')
  }

  async read(target: Uint8Array, from: number): Promise<void> {
    this.#fill(target, from, 'soon')
  }
}

test('what is in memory goes out at once', () => {
  const scene = new Scene()
  let isSent = false
  scene.outbox.send([Uint8Array.of(1), Uint8Array.of(2)], [() => (isSent = true)])
  assert.deepEqual(scene.sent, [1, 1, 2, 2])
  assert.ok(isSent)
  assert.equal(scene.outbox.waitingBytes, 0)
})

test('all pieces go out in order, whatever comes from files, and each is told of once', async () => {
  const scene = new Scene()
  const told: string[] = []
  const [first, second] = [new FileBytes(scene, 3 * MIB), new FileBytes(scene, 10)]
  scene.outbox.send([Uint8Array.of(90), first, Uint8Array.of(91)], [() => told.push('a')])
  scene.outbox.send([Uint8Array.of(92)], [() => told.push('b')])
  scene.outbox.send([second], [])
  scene.outbox.send([Uint8Array.of(93)], [() => told.push('c')])
  assert.equal(scene.outbox.waitingBytes, 3 * MIB + 13)
  assert.equal(scene.outbox.waitingMemoryBytes, 3)
  await scene.settle()
  assert.deepEqual(scene.sent, [90, 90, 0, 0, 1, 1, 2, 2, 91, 91, 92, 92, 0, 0, 93, 93])
  assert.deepEqual(told, ['a', 'b', 'c'])
  assert.deepEqual([scene.outbox.waitingBytes, scene.outbox.waitingMemoryBytes], [0, 0])
  assert.ok(scene.progress > 0)
})

test('an answer begins at once, with what of it is in memory', async () => {
  const scene = await trustedScene()
  const bytes = new FileBytes(scene, 10)
  scene.outbox.send([Uint8Array.of(1), Uint8Array.of(2), bytes, Uint8Array.of(3)], [])
  assert.deepEqual(scene.writes, [2, 11])
  // Behind what waits nothing does.
  scene.drain(0)
  scene.outbox.send([new FileBytes(scene, 2 * MIB)], [])
  scene.outbox.send([Uint8Array.of(4), bytes], [])
  assert.deepEqual(scene.writes, [2, 11, MIB])
})

test('partitions that a chunk does not hold together are read whole, one by one', async () => {
  const scene = await trustedScene()
  const files = [MIB - 1000, MIB - 1000, MIB, 1000, 1000].map(
    (bytes) => new FileBytes(scene, bytes),
  )
  scene.outbox.send(
    files.flatMap((file) => [new Uint8Array(2000), file]),
    [],
  )
  await scene.settle()
  assert.deepEqual(scene.writes, [2000, MIB + 1000, MIB + 1000, MIB, 6000])
  assert.deepEqual(
    files.map((file) => file.reads),
    files.map(() => ['now']),
  )
})

test('a client that takes nothing has one chunk read for it', async () => {
  const scene = new Scene()
  scene.room = 1
  const bytes = new FileBytes(scene, 50 * MIB)
  scene.outbox.send([Uint8Array.of(9), bytes], [])
  await scene.settle()
  assert.equal(bytes.reads.length, 1)
  assert.equal(scene.outbox.waitingBytes, 49 * MIB)
  for (let i = 0; i < 3; i++) {
    scene.drain(1)
    await scene.settle()
  }
  assert.equal(bytes.reads.length, 4)
  scene.drain(Infinity)
  await scene.settle()
  assert.equal(bytes.reads.length, 50)
})

test('reads move to this thread while they are fast, and away from it when one is slow', async () => {
  const scene = new Scene()
  const read = async (mib: number, readMs: number): Promise<string> => {
    const bytes = new FileBytes(scene, mib * MIB)
    bytes.readMs = readMs
    scene.outbox.send([bytes], [])
    await scene.settle()
    return bytes.reads.join(' ')
  }
  assert.equal(await read(6, 0.1), 'soon soon soon soon now now')
  assert.ok(scene.outbox.isNear)
  assert.equal(await read(1, 30), 'now')
  assert.ok(!scene.outbox.isNear)
  assert.match(await read(16, 0.1), /^(soon ){15}soon$/)
  assert.equal(await read(1, 0.1), 'now')
  scene.outbox.noteRead(30)
  assert.ok(!scene.outbox.isNear, 'whatever was read slowly counts')
  const cold = new Scene()
  const bytes = new FileBytes(cold, 20 * MIB)
  bytes.readMs = 5
  cold.outbox.send([bytes], [])
  await cold.settle()
  assert.match(bytes.reads.join(' '), /^(soon ){19}soon$/, 'a disk never holds up the loop')
})

test('others have their turn while much is sent', async () => {
  const scene = new Scene()
  const bytes = new FileBytes(scene, 10 * MIB)
  scene.outbox.send([new FileBytes(scene, 4 * MIB), bytes], [])
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(bytes.reads.length, 1, 'a MiB, and then the next turn')
  await scene.settle()
  assert.equal(bytes.reads.length, 10)
})

test('an answer whose bytes are gone is told of, and nothing follows it', async () => {
  for (const isNear of [false, true]) {
    const scene = new Scene()
    if (isNear) {
      scene.outbox.send([new FileBytes(scene, 4 * MIB)], [])
      await scene.settle()
    }
    const before = scene.sent.length
    const bytes = new FileBytes(scene, 10)
    bytes.failure = new Error('gone')
    scene.outbox.send([Uint8Array.of(1), bytes, Uint8Array.of(2)], [])
    await scene.settle()
    assert.deepEqual(scene.failures, [bytes.failure])
    assert.ok(!scene.sent.slice(before).includes(2))
  }
})

test('a closed one sends no more', async () => {
  const scene = new Scene()
  scene.outbox.send([new FileBytes(scene, 4 * MIB), Uint8Array.of(7)], [])
  scene.outbox.close()
  await scene.settle()
  assert.deepEqual(scene.sent, [])
  assert.deepEqual(scene.failures, [])
})
