/** What only the real io can show: locks between processes, and what a killed process leaves. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { nodeIo } from './node.ts'
import { lockFile } from './node-lock.ts'

/** Starts another process that runs `code` with `lockFile` at hand. */
function otherProcess(code: string): ChildProcess {
  const module = new URL('./node-lock.ts', import.meta.url).href
  const script = `const { lockFile } = await import(${JSON.stringify(module)}); ${code}`
  const flags = ['--no-warnings', '--input-type=module', '--eval', script]
  return spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'inherit'] })
}

describe('the lock on a file', () => {
  let directory = ''
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'millrace-lock-'))
  })
  after(() => rmSync(directory, { recursive: true }))

  for (const [kind, argument] of [
    ['native', ''],
    ['socket', ', null'],
  ] as const) {
    const lock = (path: string) => (kind === 'native' ? lockFile(path) : lockFile(path, null))
    const isSupported = kind === 'native' || process.platform === 'linux'

    it(`excludes another process and is freed by kill -9 (${kind})`, async (context) => {
      if (!isSupported) return context.skip('Linux only')
      const path = join(directory, `${kind}.lock`)
      const holder = otherProcess(`
        const lock = lockFile(${JSON.stringify(path)}${argument})
        console.log(lock === null ? 'denied' : 'held')
        setInterval(() => {}, 1000)`)
      const [line] = await once(holder.stdout!, 'data')
      assert.equal(String(line).trim(), 'held')
      assert.equal(lock(path), null)
      holder.kill('SIGKILL')
      await once(holder, 'exit')
      const own = lock(path)
      assert.ok(own)
      assert.equal(lock(path), null, 'nor twice in one process')
      own.release()
      const again = lock(path)
      assert.ok(again)
      again.release()
    })
  }
})

describe('a connection', () => {
  it('answers a client that shut down its sending side with its request', async () => {
    const io = nodeIo()
    let reason: string | null = null
    const listener = await io.network.listen('127.0.0.1', 0, (connection) => {
      connection.onData = (chunk) => io.clock.nextTurn(() => connection.write([chunk, chunk]))
      connection.onClose = (why) => {
        reason = why
      }
    })
    const client = connect({ port: listener.port, host: '127.0.0.1', allowHalfOpen: true })
    client.end('ping')
    let received = ''
    client.on('data', (chunk) => {
      received += chunk
    })
    await once(client, 'close')
    listener.close()
    assert.equal(received, 'pingping')
    while (reason === null) await new Promise((resolve) => setImmediate(resolve))
    assert.equal(reason, '')
  })

  it('tells that its peer has reset it', async () => {
    const io = nodeIo()
    const closed = Promise.withResolvers<string>()
    const listener = await io.network.listen('127.0.0.1', 0, (connection) => {
      connection.onData = () => {}
      connection.onClose = closed.resolve
    })
    const client = connect(listener.port, '127.0.0.1', () => {
      client.write('x', () => client.resetAndDestroy())
    })
    assert.equal(await closed.promise, 'ECONNRESET')
    listener.close()
  })
})
