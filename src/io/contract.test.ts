/**
 * What every implementation of io has to do, held against the real and the simulated one.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import type { Connection } from './io.ts'
import { realWorld, simulatedWorld, type World } from './worlds.test-support.ts'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

function contract(name: string, makeWorld: () => World): void {
  describe(`${name} io`, () => {
    let world: World
    before(() => {
      world = makeWorld()
    })
    after(() => world.dispose())
    describe('disk', () => diskContract(() => world))
    describe('directories', () => directoryContract(() => world))
    describe('network', () => networkContract(() => world))
    describe('dialling', () => dialContract(() => world))
    describe('clock and randomness', () => clockContract(() => world))
  })
}

function diskContract(world: () => World): void {
  const path = (name: string): string => join(world().directory, name)
  const disk = () => world().io.disk

  it('writes pieces one after another and reads what there is', () => {
    const file = disk().open(path('pieces'), 'create')
    file.write([bytes(1, 2), bytes(), bytes(3), bytes(4, 5, 6)], 2)
    assert.equal(file.size(), 8)
    const target = new Uint8Array(10).fill(9)
    assert.equal(file.read(target, 0), 8)
    assert.deepEqual(target, bytes(0, 0, 1, 2, 3, 4, 5, 6, 9, 9))
    assert.equal(file.read(target, 6), 2)
    assert.equal(file.read(target, 8), 0)
    assert.equal(file.read(target, 100), 0)
    file.write([], 0)
    file.write([bytes(7)], 3)
    assert.equal(file.size(), 8)
    file.close()
    assert.deepEqual(disk().readFile(path('pieces')), bytes(0, 0, 1, 7, 3, 4, 5, 6))
  })

  it('writes more pieces than one system call takes', () => {
    const file = disk().open(path('many'), 'create')
    file.write(
      Array.from({ length: 3000 }, (_, i) => new Uint8Array(7).fill(i)),
      0,
    )
    file.close()
    const content = disk().readFile(path('many'))
    assert.equal(content.length, 21000)
    for (let i = 0; i < content.length; i++) assert.equal(content[i], Math.floor(i / 7) & 255)
  })

  it('gives plain Uint8Arrays, whose slice copies', () => {
    disk().writeFileAtomic(path('plain'), bytes(1))
    assert.equal(Object.getPrototypeOf(disk().readFile(path('plain'))), Uint8Array.prototype)
  })

  it('reads and syncs in the background, also when closed meanwhile', async () => {
    const file = disk().open(path('background'), 'create')
    file.write([bytes(1, 2, 3)], 0)
    const target = new Uint8Array(5)
    const read = file.readAsync(target, 1)
    const sync = file.sync()
    file.close()
    file.close()
    assert.equal(await world().settle(read), 2)
    assert.deepEqual(target, bytes(2, 3, 0, 0, 0))
    await world().settle(sync)
    assert.throws(() => file.size(), /closed/)
  })

  it('truncates and extends with zeros', () => {
    const file = disk().open(path('truncated'), 'create')
    file.write([bytes(1, 2, 3, 4)], 0)
    file.truncate(2)
    file.truncate(4)
    file.syncNow()
    assert.deepEqual(disk().readFile(path('truncated')), bytes(1, 2, 0, 0))
    file.close()
  })

  it('opens what exists, makes what may be made, and says what is wrong', () => {
    const names = (mode: 'read' | 'write'): void => {
      assert.throws(() => disk().open(path('absent'), mode), { code: 'ENOENT' })
    }
    names('read')
    names('write')
    assert.throws(() => disk().open(path('no/file'), 'create'), { code: 'ENOENT' })
    disk().writeFileAtomic(path('exists'), bytes(1, 2))
    assert.throws(() => disk().open(path('exists/file'), 'create'), { code: 'ENOTDIR' })
    assert.throws(() => disk().open(world().directory, 'write'), { code: 'EISDIR' })
    const reader = disk().open(path('exists'), 'read')
    assert.throws(() => reader.write([bytes(1)], 0), { code: 'EBADF', path: reader.path })
    reader.close()
    const writer = disk().open(path('exists'), 'create')
    assert.equal(writer.size(), 2)
    writer.close()
  })

  it('replaces a file atomically and leaves nothing beside it', () => {
    disk().makeDirectory(path('atomic'))
    disk().writeFileAtomic(path('atomic/file'), bytes(1, 2, 3))
    disk().writeFileAtomic(path('atomic/file'), bytes(4))
    assert.deepEqual(disk().readFile(path('atomic/file')), bytes(4))
    assert.deepEqual(disk().list(path('atomic')), ['file'])
    disk().writeFileAtomic(path('atomic/empty'), bytes())
    assert.equal(disk().readFile(path('atomic/empty')).length, 0)
  })

  it('locks a file against everybody else, until released', () => {
    const lock = disk().lock(path('.lock'))
    assert.ok(lock)
    assert.equal(disk().lock(path('.lock')), null)
    lock.release()
    const again = disk().lock(path('.lock'))
    assert.ok(again)
    again.release()
  })

  it('keeps a file that is open when it is removed', () => {
    const file = disk().open(path('open'), 'create')
    file.write([bytes(5)], 0)
    disk().remove(path('open'))
    assert.equal(disk().stat(path('open')), null)
    assert.equal(file.read(new Uint8Array(1), 0), 1)
    file.close()
  })
}

function directoryContract(world: () => World): void {
  const path = (name: string): string => join(world().directory, name)
  const disk = () => world().io.disk

  it('makes, lists, and removes directories', () => {
    disk().makeDirectory(path('tree/a/b'))
    disk().makeDirectory(path('tree/a'))
    for (const name of ['b', 'a-10', 'a-9', 'B']) {
      disk().writeFileAtomic(path(`tree/${name}`), bytes())
    }
    assert.deepEqual(disk().list(path('tree')), ['B', 'a', 'a-10', 'a-9', 'b'])
    disk().syncDirectory(path('tree'))
    disk().removeTree(path('tree'))
    disk().removeTree(path('tree'))
    assert.equal(disk().stat(path('tree')), null)
    assert.throws(() => disk().list(path('tree')), { code: 'ENOENT' })
    assert.throws(() => disk().syncDirectory(path('tree')), { code: 'ENOENT' })
  })

  it('tells files from directories and from nothing', () => {
    disk().writeFileAtomic(path('file'), bytes(1, 2, 3))
    const file = disk().stat(path('file'))!
    assert.equal(file.size, 3)
    assert.equal(file.isDirectory, false)
    assert.ok(Math.abs(file.modifiedMs - world().io.clock.nowMs()) < 60_000)
    assert.equal(disk().stat(world().directory)!.isDirectory, true)
    assert.equal(disk().stat(path('nothing')), null)
    assert.equal(disk().stat(path('file/below')), null)
    assert.throws(() => disk().list(path('file')), { code: 'ENOTDIR' })
    assert.throws(() => disk().makeDirectory(path('file')), { code: 'EEXIST' })
  })

  it('renames files and directories over what was there', () => {
    disk().makeDirectory(path('from'))
    disk().writeFileAtomic(path('from/file'), bytes(1))
    disk().writeFileAtomic(path('from/other'), bytes(2))
    disk().rename(path('from/file'), path('from/other'))
    assert.deepEqual(disk().readFile(path('from/other')), bytes(1))
    disk().rename(path('from'), path('to'))
    assert.deepEqual(disk().list(path('to')), ['other'])
    disk().makeDirectory(path('full/of'))
    assert.throws(() => disk().rename(path('to'), path('full')), { code: 'ENOTEMPTY' })
    assert.throws(() => disk().rename(path('gone'), path('x')), { code: 'ENOENT' })
  })

  it('removes files once and twice, but no directory', async () => {
    disk().writeFileAtomic(path('victim'), bytes(1))
    disk().remove(path('victim'))
    disk().remove(path('victim'))
    disk().makeDirectory(path('spared'))
    assert.throws(() => disk().remove(path('spared')), { code: 'EISDIR' })
    const removed = (name: string): Promise<void> => world().settle(disk().removeAsync(path(name)))
    disk().writeFileAtomic(path('victim'), bytes(1))
    await removed('victim')
    assert.equal(disk().stat(path('victim')), null)
    await removed('victim')
    await assert.rejects(removed('spared'), { code: 'EISDIR' })
  })

  it('syncs a directory off the event loop', async () => {
    await world().settle(disk().syncDirectoryAsync(world().directory))
    await assert.rejects(async () => world().settle(disk().syncDirectoryAsync(path('missing'))), {
      code: 'ENOENT',
    })
  })

  it('knows the space of the volume', () => {
    const space = disk().space(world().directory)
    assert.ok(space.totalBytes >= space.usableBytes && space.usableBytes > 0)
    assert.throws(() => disk().space(path('absent')), { code: 'ENOENT' })
  })
}

/** What one side of a connection has seen. */
class Seen {
  readonly connection: Connection
  readonly received: number[] = []
  closed: string | null = null
  drains = 0

  constructor(connection: Connection) {
    this.connection = connection
    connection.onData = (chunk) => {
      assert.equal(Object.getPrototypeOf(chunk), Uint8Array.prototype)
      this.received.push(...chunk)
    }
    connection.onClose = (reason) => {
      assert.equal(this.closed, null, 'closed once')
      this.closed = reason
    }
    connection.onDrain = () => {
      this.drains++
    }
  }
}

function networkContract(world: () => World): void {
  const network = () => world().io.network

  /** A connection to a listener of its own, both sides watched. */
  async function connected(): Promise<[client: Seen, server: Seen]> {
    let server: Seen | null = null
    const listener = await world().settle(
      network().listen('localhost', 0, (connection) => {
        server = new Seen(connection)
      }),
    )
    const client = new Seen(await world().settle(network().connect('localhost', listener.port)))
    await world().until(() => server !== null)
    listener.close()
    return [client, server!]
  }

  it('carries bytes both ways, in order', async () => {
    const [client, server] = await connected()
    client.connection.write([bytes(1, 2), bytes(), bytes(3)])
    client.connection.write([bytes(4)])
    await world().until(() => server.received.length === 4)
    server.connection.write([bytes(5, 6), bytes(7)])
    await world().until(() => client.received.length === 3)
    assert.deepEqual(server.received, [1, 2, 3, 4])
    assert.deepEqual(client.received, [5, 6, 7])
    assert.equal(client.connection.queuedBytes, 0)
    client.connection.destroy()
    await world().until(() => client.closed !== null && server.closed !== null)
  })

  it('says when nothing refers to what was written any more', async () => {
    const [client, server] = await connected()
    const piece = bytes(1, 2, 3)
    let isSent = false
    client.connection.write([piece, bytes(4)], () => {
      piece.fill(9)
      isSent = true
    })
    await world().until(() => isSent && server.received.length === 4)
    assert.deepEqual(server.received, [1, 2, 3, 4])
    client.connection.destroy()
    await world().until(() => server.closed !== null)
  })

  it('knows the addresses of both sides', async () => {
    const [client, server] = await connected()
    assert.match(client.connection.remoteHost, /^(127\.0\.0\.1|::1)$/)
    assert.equal(client.connection.remoteHost, server.connection.localHost)
    assert.equal(client.connection.remotePort, server.connection.localPort)
    assert.equal(client.connection.localPort, server.connection.remotePort)
    client.connection.destroy()
    await world().until(() => server.closed !== null)
  })

  it('ends in order: what was written first still arrives', async () => {
    const [client, server] = await connected()
    server.connection.write([new Uint8Array(300_000).fill(1)])
    server.connection.end()
    server.connection.write([bytes(9)]) // dropped
    await world().until(() => client.closed !== null && server.closed !== null)
    assert.equal(client.received.length, 300_000)
    assert.equal(client.closed, '')
    assert.equal(server.closed, '')
  })

  it('still sends what the turn that saw the end of the stream answers', async () => {
    const [client, server] = await connected()
    server.connection.onData = () => {
      world().io.clock.nextTurn(() => server.connection.write([bytes(8)]))
    }
    client.connection.write([bytes(1)])
    client.connection.end()
    // Our own side takes no more once it has ended; the server must get through without a reset.
    await world().until(() => client.closed !== null && server.closed !== null)
    assert.equal(server.closed, '')
  })

  it('queues what the peer does not take, and tells when it has', async () => {
    const [client, server] = await connected()
    server.connection.pause()
    for (let i = 0; i < 40; i++) client.connection.write([new Uint8Array(262_144).fill(i)])
    assert.ok(client.connection.queuedBytes > 0)
    assert.equal(client.drains, 0)
    let received = 0
    server.connection.onData = (chunk) => {
      received += chunk.length
    }
    server.connection.resume()
    await world().until(() => received === 40 * 262_144)
    await world().until(() => client.drains === 1)
    assert.equal(client.connection.queuedBytes, 0)
    client.connection.destroy()
    await world().until(() => server.closed !== null)
  })

  it('takes a paused connection no data', async () => {
    const [client, server] = await connected()
    server.connection.pause()
    client.connection.write([bytes(1)])
    let isLater = false
    world().io.clock.after(20, () => {
      isLater = true
    })
    await world().until(() => isLater)
    assert.equal(server.received.length, 0)
    server.connection.resume()
    await world().until(() => server.received.length === 1)
    client.connection.destroy()
    await world().until(() => server.closed !== null)
  })

  it('closes both sides once when one is destroyed, and takes nothing after', async () => {
    const [client, server] = await connected()
    client.connection.destroy()
    client.connection.destroy()
    client.connection.write([bytes(1)])
    client.connection.end()
    assert.equal(client.closed, null, 'not from within the call')
    await world().until(() => client.closed !== null && server.closed !== null)
    assert.equal(client.closed, '')
    assert.equal(server.received.length, 0)
  })

  it('refuses where nobody listens, and a port that is taken', async () => {
    const listener = await world().settle(network().listen('localhost', 0, () => {}))
    const second = network().listen('localhost', listener.port, () => {})
    await assert.rejects(world().settle(second), { code: 'EADDRINUSE' })
    listener.close()
    const nobody = network().connect('localhost', listener.port)
    await assert.rejects(world().settle(nobody), { code: 'ECONNREFUSED' })
    // A port is free again as soon as its listener has closed.
    const again = await world().settle(network().listen('', listener.port, () => {}))
    assert.equal(again.port, listener.port)
    again.close()
  })
}

function dialContract(world: () => World): void {
  const network = () => world().io.network

  it('speaks no TLS with a listener that does not', async () => {
    let seen: Seen | null = null
    const listener = await world().settle(
      network().listen('localhost', 0, (connection) => {
        seen = new Seen(connection)
        connection.onData = () => connection.destroy()
      }),
    )
    const refused = network().connect('localhost', listener.port, { tls: {} })
    await assert.rejects(world().settle(refused), ({ code }) => typeof code === 'string')
    await world().until(() => seen === null || seen.closed !== null)
    listener.close()
  })

  it('gives up when its signal is aborted, before, while and after it connects', async () => {
    const accepted: Seen[] = []
    const listener = await world().settle(
      network().listen('localhost', 0, (connection) => accepted.push(new Seen(connection))),
    )
    const { port } = listener
    const before = network().connect('localhost', port, { signal: AbortSignal.abort() })
    await assert.rejects(world().settle(before), { code: 'ABORT_ERR' })
    const abort = new AbortController()
    const during = network().connect('localhost', port, { signal: abort.signal })
    abort.abort()
    await assert.rejects(world().settle(during), { code: 'ABORT_ERR' })
    const late = new AbortController()
    const made = await world().settle(network().connect('localhost', port, { signal: late.signal }))
    const client = new Seen(made)
    late.abort() // comes too late, and changes nothing
    client.connection.write([bytes(1)])
    await world().until(() => accepted.some(({ received }) => received.length === 1))
    client.connection.destroy()
    await world().until(() => accepted.every(({ closed }) => closed !== null))
    listener.close()
  })
}

function clockContract(world: () => World): void {
  it('calls back in order, once, and not after a cancel', async () => {
    const { clock } = world().io
    const seen: string[] = []
    clock.after(5, () => seen.push('late'))
    clock.after(1, () => seen.push('cancelled'))()
    clock.after(2 ** 40, () => seen.push('far'))() // longer than a timer of the system takes
    clock.nextTurn(() => {
      seen.push('turn')
      clock.nextTurn(() => seen.push('next turn'))
    })
    assert.deepEqual(seen, [], 'not from within the call')
    await world().until(() => seen.length === 3)
    assert.deepEqual(seen, ['turn', 'next turn', 'late'])
  })

  it('measures time that passes', async () => {
    const { clock } = world().io
    const startMs = clock.nowMs()
    const startMonotonicMs = clock.monotonicMs()
    let isOver = false
    clock.after(10, () => {
      isOver = true
    })
    await world().until(() => isOver)
    assert.ok(clock.monotonicMs() - startMonotonicMs >= 9)
    assert.ok(clock.nowMs() - startMs >= 9)
    assert.ok(Number.isInteger(clock.nowMs()))
  })

  it('measures in fractions of a millisecond, and never twice the same for long', () => {
    const { clock } = world().io
    const readings = Array.from({ length: 1000 }, () => clock.monotonicMs())
    assert.deepEqual(
      readings,
      readings.toSorted((a, b) => a - b),
    )
    const passedMs = readings.at(-1)! - readings[0]!
    assert.ok(passedMs > 0, 'time passes while code runs')
    assert.ok(!Number.isInteger(readings[1]! - readings[0]!) || passedMs % 1 > 0)
  })

  it('draws within bounds', () => {
    const { random } = world().io
    for (let i = 0; i < 100; i++) {
      const value = random.int(3)
      assert.ok(Number.isInteger(value) && value >= 0 && value < 3)
      assert.match(random.uuid(), /^[A-Za-z0-9_][A-Za-z0-9_-]{20}[AQgw]$/)
    }
    assert.equal(random.bytes(17).length, 17)
    assert.notDeepEqual(random.bytes(16), random.bytes(16))
  })
}

contract('real', realWorld)
contract('simulated', simulatedWorld)
