/** What only the simulated io can show: power cuts, faults, partitions, and that a run replays. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Connection, DiskFile, Io } from './io.ts'
import { type SimNode, Simulation, simIo } from './sim.ts'
import { SECTOR_BYTES } from './sim-file.ts'

const filled = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value)

function openNew(io: Io, path: string): DiskFile {
  const file = io.disk.open(path, 'create')
  io.disk.syncDirectory('/')
  return file
}

const seeds = fc.integer({ min: 0, max: 2 ** 31 })

describe('a power cut', () => {
  it('takes what was not synced and nothing else', () => {
    const io = simIo(1)
    const file = openNew(io, '/log')
    file.write([filled(1000, 1)], 0)
    file.syncNow()
    file.write([filled(500, 2)], 1000)
    io.crash('lose')
    assert.deepEqual(io.disk.readFile('/log'), filled(1000, 1))
    assert.throws(() => file.size(), /dead process/)
  })

  it('may keep or tear unsynced sectors, but never mixes in anything else', () => {
    const outcomes = new Set<string>()
    for (let seed = 0; seed < 200; seed++) {
      const io = simIo(seed)
      const file = openNew(io, '/log')
      file.write([filled(2 * SECTOR_BYTES, 1)], 0)
      file.syncNow()
      file.write([filled(3 * SECTOR_BYTES, 2)], SECTOR_BYTES)
      io.crash()
      const content = io.disk.readFile('/log')
      assert.ok(content.length >= 2 * SECTOR_BYTES && content.length <= 4 * SECTOR_BYTES)
      assert.deepEqual(content.subarray(0, SECTOR_BYTES), filled(SECTOR_BYTES, 1))
      const tail = content.subarray(SECTOR_BYTES)
      for (let at = 0; at < tail.length; at += SECTOR_BYTES) {
        const sector = new Set(tail.subarray(at, at + SECTOR_BYTES))
        assert.equal(sector.size, 1, 'a sector is written whole or not at all')
      }
      outcomes.add([...new Set(tail)].join())
    }
    for (const outcome of ['1', '2', '2,0', '1,2']) assert.ok(outcomes.has(outcome), outcome)
  })

  it('leaves what every sync has promised, whatever was written when', () => {
    const command = fc.tuple(
      fc.constantFrom('write', 'truncate', 'sync'),
      fc.nat(3000),
      fc.integer({ min: 1, max: 1500 }),
    )
    fc.assert(
      fc.property(seeds, fc.array(command, { maxLength: 30 }), (seed, commands) => {
        const io = simIo(seed)
        const file = openNew(io, '/file')
        let content = new Uint8Array(0)
        let synced: Uint8Array | null = content
        commands.forEach(([kind, at, length], i) => {
          if (kind === 'sync') {
            file.syncNow()
            synced = content
            return
          }
          const size = kind === 'write' ? Math.max(content.length, at + length) : at
          const next = new Uint8Array(size)
          next.set(content.subarray(0, size))
          if (kind === 'write') {
            file.write([filled(length, i + 1)], at)
            next.fill(i + 1, at, at + length)
          } else {
            file.truncate(at)
          }
          content = next
          synced = null
        })
        assert.deepEqual(io.disk.readFile('/file'), content)
        io.crash()
        if (synced !== null) assert.deepEqual(io.disk.readFile('/file'), synced)
      }),
    )
  })

  it('may come during a background sync, which promises only what came before it', async () => {
    const io = simIo(4)
    const file = openNew(io, '/file')
    file.write([filled(10, 1)], 0)
    const sync = file.sync()
    file.write([filled(10, 2)], 2 * SECTOR_BYTES)
    await io.simulation.settle(sync)
    io.crash('lose')
    assert.deepEqual(io.disk.readFile('/file'), filled(10, 1))

    const again = io.disk.open('/file', 'write')
    again.write([filled(10, 3)], 0)
    let isSettled = false
    const lost = again.sync().finally(() => {
      isSettled = true
    })
    assert.ok(lost)
    io.crash('lose')
    await io.simulation.advance(1000)
    assert.equal(isSettled, false, 'a dead process learns nothing')
    assert.deepEqual(io.disk.readFile('/file'), filled(10, 1))
  })

  it('takes nothing back that a sync has promised while an earlier one was under way', async () => {
    const io = simIo(1)
    const file = io.disk.open('/file', 'create')
    io.disk.syncDirectory('/')
    file.write([filled(3, 1)], 0)
    const earlier = file.sync()
    file.write([filled(3, 2)], 3)
    file.syncNow()
    await io.simulation.settle(earlier)
    io.crash('lose')
    assert.deepEqual(io.disk.readFile('/file'), Uint8Array.of(1, 1, 1, 2, 2, 2))
  })

  it('undoes names that were not synced, latest first', () => {
    const survivors = new Set<string>()
    for (let seed = 0; seed < 100; seed++) {
      const io = simIo(seed)
      io.disk.makeDirectory('/d')
      openNew(io, '/d/a').close()
      io.disk.syncDirectory('/d')
      io.disk.rename('/d/a', '/d/b')
      io.disk.open('/d/c', 'create').close()
      io.disk.remove('/d/b')
      io.crash()
      survivors.add(io.disk.list('/d').join())
    }
    assert.deepEqual([...survivors].sort(), ['a', 'b', 'b,c', 'c'])
  })

  it('never leaves half of an atomic write', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const io = simIo(seed)
        io.disk.writeFileAtomic('/checkpoint', filled(600, 1))
        io.disk.writeFileAtomic('/checkpoint', filled(700, 2))
        io.crash()
        assert.deepEqual(io.disk.readFile('/checkpoint'), filled(700, 2))
      }),
    )
  })

  it('frees locks and restarts the process, as kill -9 does; that keeps the page cache', () => {
    const io = simIo(5)
    openNew(io, '/file').write([filled(5, 1)], 0)
    assert.ok(io.disk.lock('/.lock'))
    const { disk, clock } = io
    let hasRun = false
    clock.after(1, () => {
      hasRun = true
    })
    io.kill()
    io.simulation.advanceSync(10)
    assert.equal(hasRun, false)
    assert.throws(() => disk.list('/'), /dead process/)
    assert.ok(io.disk.lock('/.lock'))
    assert.deepEqual(io.disk.readFile('/file'), filled(5, 1))
    io.crash()
    assert.ok(io.disk.lock('/.lock'))
  })
})

describe('a faulty disk', () => {
  it('fills up: takes what fits, and works again when there is room', () => {
    const io = simIo(1, { disk: { capacityBytes: 1000 } })
    const file = openNew(io, '/file')
    file.write([filled(900, 1)], 0)
    assert.equal(io.disk.space('/').usableBytes, 100)
    assert.throws(() => file.write([filled(60, 2), filled(60, 3)], 900), { code: 'ENOSPC' })
    assert.equal(file.size(), 1000)
    file.write([filled(100, 4)], 0)
    file.truncate(500)
    file.write([filled(500, 5)], 500)
    io.volume.capacityBytes = Infinity
    file.write([filled(500, 5)], 1000)
    assert.equal(file.size(), 1500)
  })

  it('fails on a path, for as long as it is told to', async () => {
    const io = simIo(1)
    io.disk.makeDirectory('/a')
    const file = openNew(io, '/a/file')
    openNew(io, '/ab').close()
    const end = io.volume.inject({ kind: 'read', path: '/a' })
    assert.throws(() => file.read(filled(1, 0), 0), { code: 'EIO' })
    await assert.rejects(io.simulation.settle(file.readAsync(filled(1, 0), 0)), { code: 'EIO' })
    assert.throws(() => io.disk.readFile('/a/file'), { code: 'EIO' })
    io.disk.readFile('/ab')
    end()
    file.read(filled(1, 0), 0)
    io.volume.inject({ kind: 'write', code: 'EDQUOT', times: 1 })
    assert.throws(() => file.write([filled(1, 0)], 0), { code: 'EDQUOT' })
    file.write([filled(1, 0)], 0)
  })

  it('turns read-only', () => {
    const io = simIo(1)
    const file = openNew(io, '/file')
    file.write([filled(1, 7)], 0)
    io.volume.isReadOnly = true
    assert.throws(() => file.write([filled(1, 0)], 0), { code: 'EROFS' })
    assert.throws(() => io.disk.open('/other', 'create'), { code: 'EROFS' })
    assert.throws(() => io.disk.remove('/file'), { code: 'EROFS' })
    assert.deepEqual(io.disk.readFile('/file'), filled(1, 7))
  })

  it('forgets what a failed sync could not write, even if the next one succeeds', () => {
    const io = simIo(1)
    const file = openNew(io, '/file')
    file.write([filled(10, 1)], 0)
    io.volume.inject({ kind: 'sync', path: '/file', times: 1 })
    assert.throws(() => file.syncNow(), { code: 'EIO' })
    file.syncNow()
    assert.deepEqual(io.disk.readFile('/file'), filled(10, 1))
    io.crash()
    assert.deepEqual(io.disk.readFile('/file'), filled(10, 0))
  })
})

/** A server on `b` that notes what it gets, and a connection of `a` to it. */
async function connectedMachines(seed: number) {
  const world = new Simulation(seed)
  const [a, b] = [world.node('a'), world.node('b')]
  const received: number[] = []
  const closed: string[] = []
  await world.settle(
    b.network.listen('', 9092, (connection) => {
      connection.onData = (chunk) => received.push(...chunk)
      connection.onClose = (reason) => closed.push(`b ${reason}`)
    }),
  )
  const connection = await world.settle(a.network.connect('b', 9092))
  connection.onClose = (reason) => closed.push(`a ${reason}`)
  return { world, a, b, connection, received, closed }
}

describe('a bad network', () => {
  it('holds back what a partition cuts off, and delivers it in order after', async () => {
    const { world, connection, received } = await connectedMachines(1)
    world.network.partition('a', 'b')
    connection.write([filled(3, 1)])
    connection.write([filled(3, 2)])
    await world.advance(5000)
    assert.deepEqual(received, [])
    world.network.heal()
    await world.advance(10)
    assert.deepEqual(received, [1, 1, 1, 2, 2, 2])
  })

  it('lets nobody through to an isolated machine, in time', async () => {
    const { world, a } = await connectedMachines(2)
    world.network.isolate('b')
    const startMs = world.nowMs
    await assert.rejects(world.settle(a.network.connect('b', 9092)), { code: 'ETIMEDOUT' })
    assert.ok(world.nowMs - startMs >= 10_000)
    await assert.rejects(world.settle(a.network.connect('nowhere', 9092)), { code: 'ENOTFOUND' })
  })

  it('breaks connections for both sides', async () => {
    const { world, connection, received, closed } = await connectedMachines(3)
    connection.write([filled(3, 1)])
    world.network.breakConnections('a')
    await world.advance(100)
    assert.deepEqual(received, [])
    assert.deepEqual(closed.sort(), ['a ECONNRESET', 'b ECONNRESET'])
  })

  it('resets the peers of a machine that crashes; its listeners are gone', async () => {
    const { world, a, b, closed } = await connectedMachines(4)
    b.crash()
    await world.advance(100)
    assert.deepEqual(closed, ['a ECONNRESET'])
    await assert.rejects(world.settle(a.network.connect('b', 9092)), { code: 'ECONNREFUSED' })
  })

  it('delivers the bytes of the moment of delivery: changing sent bytes is found out', async () => {
    const { world, connection, received } = await connectedMachines(5)
    const reused = filled(2, 1)
    connection.write([reused])
    reused.fill(9)
    await world.advance(100)
    assert.deepEqual(received, [9, 9])
  })

  it('cuts the stream into other chunks than were written', async () => {
    const { world, connection, received } = await connectedMachines(6)
    const sent = Array.from({ length: 500 }, (_, i) => i & 255)
    for (let at = 0; at < sent.length; at += 50) {
      connection.write([Uint8Array.from(sent.slice(at, at + 50))])
    }
    await world.advance(100)
    assert.deepEqual(received, sent)
  })
})

/** A small ping-pong among machines with crashes; returns all that happened, with times. */
async function story(seed: number): Promise<string> {
  const world = new Simulation(seed)
  const lines: string[] = []
  const note = (node: SimNode, text: string): void => {
    lines.push(`${world.nowMs} ${node.host} ${text}`)
  }
  const start = async (node: SimNode, peer: string): Promise<void> => {
    await node.network.listen('', 1, (connection: Connection) => {
      connection.onData = (chunk) => {
        note(node, `got ${chunk.length}`)
        connection.write([chunk])
      }
    })
    const file = node.disk.open('/file', 'create')
    file.write([node.random.bytes(node.random.int(2000))], file.size())
    if (node.random.int(2) === 0) await file.sync()
    note(node, `has ${file.size()}`)
    const connection = await node.network.connect(peer, 1)
    connection.onData = (chunk) => note(node, `back ${chunk.length}`)
    connection.onClose = (reason) => note(node, `closed ${reason}`)
    connection.write([node.random.bytes(5000), node.random.bytes(3)])
  }
  const [a, b] = [world.node('a'), world.node('b', { skewMs: 50 })]
  for (let round = 0; round < 5; round++) {
    const failures: unknown[] = []
    start(a, 'b').catch((error) => failures.push(error))
    start(b, 'a').catch((error) => failures.push(error))
    await world.advance(world.random.int(10))
    a.crash()
    b.crash()
    lines.push(`failures ${failures.length}`)
  }
  return lines.join('\n')
}

describe('a simulation', () => {
  it('replays from its seed, and differs between seeds', async () => {
    const first = await story(11)
    assert.ok(first.split('\n').length > 10)
    assert.equal(await story(11), first)
    assert.notEqual(await story(12), first)
  })

  it('passes time only as events need it, and gives up on what never happens', async () => {
    const io = simIo(1, { startMs: 1000, skewMs: 7 })
    const { simulation } = io
    assert.equal(io.clock.nowMs(), 1007)
    await simulation.advance(24 * 3_600_000)
    assert.equal(io.clock.nowMs(), 1007 + 24 * 3_600_000)
    const { clock } = io
    const beforeMs = clock.monotonicMs()
    io.skewMs = -1000
    assert.equal(clock.nowMs(), 24 * 3_600_000, 'the date is set back')
    assert.ok(clock.monotonicMs() - beforeMs < 1)
    let turns = 0
    const spin = (): void => {
      turns++
      io.clock.nextTurn(spin)
    }
    spin()
    await assert.rejects(
      simulation.runUntil(() => false, 5),
      /seed 1: not so within 5 ms/,
    )
    assert.ok(turns > 100)
  })
})

describe('time', () => {
  it('waits for all code that can go on without it', async () => {
    const world = new Simulation(1)
    const { clock } = world.node('client')
    let isDone = false
    clock.after(10, () => {
      void (async () => {
        for (let i = 0; i < 100; i++) await null
        isDone = true
      })()
    })
    clock.after(1000, () => {})
    const startMs = world.nowMs
    await world.runUntil(() => isDone)
    assert.ok(world.nowMs - startMs < 11)
  })
})
