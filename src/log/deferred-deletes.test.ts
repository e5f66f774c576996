/** Files that go later go off the event loop, one by one, in the order of their times. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { simIo } from '../io/sim.ts'
import { DeferredDeletes } from './deferred-deletes.ts'

function scene() {
  const io = simIo(1)
  io.disk.makeDirectory('/d')
  for (const name of ['a', 'b', 'c', 'kept'])
    io.disk.writeFileAtomic(`/d/${name}`, new Uint8Array(9))
  const failures: unknown[] = []
  const deletes = new DeferredDeletes(io.disk, (error) => failures.push(error))
  const names = (): string => io.disk.list('/d').join(' ')
  return { io, deletes, failures, names }
}

test('files go when it is time, off the event loop', async () => {
  const { io, deletes, names } = scene()
  const told: string[] = []
  deletes.add(20, () => ['/d/c'])
  deletes.add(
    10,
    () => ['/d/a', '/d/gone', '/d/b'],
    () => told.push(names()),
  )
  assert.equal(deletes.nextMs(), 10)
  await deletes.run(9)
  assert.equal(names(), 'a b c kept')
  const deleted = deletes.run(10)
  assert.equal(names(), 'a b c kept', 'nobody waits for it')
  assert.equal(deletes.nextMs(), 20)
  await io.simulation.settle(deleted)
  assert.deepEqual(told, ['c kept'])
  const [first, second] = [deletes.run(20), deletes.run(30)]
  await io.simulation.settle(Promise.all([first, second]))
  assert.equal(names(), 'kept')
  assert.equal(deletes.nextMs(), Infinity)
})

test('once stopped, nothing more goes', async () => {
  const { io, deletes, names } = scene()
  deletes.add(0, () => ['/d/a', '/d/b'])
  deletes.add(0, () => ['/d/c'])
  const deleted = deletes.run(0)
  deletes.stop()
  await io.simulation.settle(deleted)
  assert.equal(names(), 'b c kept')
})

test('a file that can not be deleted is told of, and ends it', async () => {
  const { io, deletes, failures, names } = scene()
  io.disk.makeDirectory('/d/directory')
  deletes.add(0, () => ['/d/directory', '/d/a'])
  deletes.add(0, () => ['/d/b'])
  await io.simulation.settle(deletes.run(0))
  assert.equal(names(), 'a b c directory kept')
  assert.match(String(failures), /EISDIR/)
})
