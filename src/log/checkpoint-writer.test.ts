/** What a checkpoint file says at any moment, whoever writes it how. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { utf8Bytes, utf8Text } from '../base/bytes.ts'
import type { Disk } from '../io/io.ts'
import { simIo } from '../io/sim.ts'
import { CheckpointWriter } from './checkpoint-writer.ts'

const PATH = '/data/checkpoint'

class Scene {
  readonly io = simIo(3)
  readonly path = '/data'
  readonly failures: unknown[] = []
  offline = false
  readonly writer: CheckpointWriter

  get disk(): Disk {
    return this.io.disk
  }

  constructor() {
    this.disk.makeDirectory('/data')
    this.disk.syncDirectory('/')
    this.writer = new CheckpointWriter(this, 'checkpoint')
  }

  fail(error: unknown): void {
    this.offline = true
    this.failures.push(error)
  }

  soon(text: string): Promise<void> {
    return this.io.simulation.settle(this.writer.writeSoon(utf8Bytes(text)))
  }

  now(text: string): void {
    this.writer.writeNow(utf8Bytes(text))
  }

  text(): string | null {
    return this.disk.stat(PATH) === null ? null : utf8Text(this.disk.readFile(PATH))
  }
}

test('what is written soon is there later, durably, and only the last of it', async () => {
  const scene = new Scene()
  const first = scene.soon('1')
  const more = [scene.soon('2'), scene.soon('3')]
  assert.equal(scene.text(), null)
  await Promise.all([first, ...more])
  assert.equal(scene.text(), '3')
  assert.deepEqual(scene.disk.list('/data'), ['checkpoint'])
  scene.io.crash()
  assert.equal(scene.text(), '3')
})

test('what is written now is durable at once, and nothing that was on its way replaces it', async () => {
  for (let afterMs = 0; afterMs < 20; afterMs += 0.5) {
    const scene = new Scene()
    scene.now('0')
    const before = [scene.soon('1'), scene.soon('2')]
    await scene.io.simulation.advance(afterMs)
    scene.now('now')
    assert.equal(scene.text(), 'now')
    await Promise.all(before)
    assert.equal(scene.text(), 'now', `after ${afterMs} ms`)
    assert.deepEqual(scene.failures, [])
    const later = scene.soon('later')
    scene.now('now')
    await later
    scene.io.crash()
    assert.equal(scene.text(), 'now', `after ${afterMs} ms`)
  }
})

test('what the file says already is not written again', async () => {
  const scene = new Scene()
  await scene.soon('same')
  scene.disk.remove(PATH)
  await scene.soon('same')
  scene.now('same')
  assert.equal(scene.text(), null)
  scene.now('other')
  assert.equal(scene.text(), 'other')
  await scene.soon('same')
  assert.equal(scene.text(), 'same')
})

test('nothing is written to a directory that was given up meanwhile', async () => {
  const scene = new Scene()
  scene.now('0')
  const pending = [scene.soon('1'), scene.soon('2')]
  scene.offline = true
  await Promise.all(pending)
  assert.equal(scene.text(), '0')
})

test('a disk that fails is told of once; what the file said stays', async () => {
  const scene = new Scene()
  scene.now('0')
  scene.io.volume.inject({ kind: 'sync' })
  await Promise.all([scene.soon('1'), scene.soon('2')])
  assert.equal(scene.failures.length, 1)
  assert.match(String(scene.failures[0]), /EIO/)
  assert.equal(scene.text(), '0')
  assert.throws(() => scene.now('3'), /EIO/)
})
