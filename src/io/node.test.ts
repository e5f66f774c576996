/** What only the real io can show: locks between processes, and what a killed process leaves. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it, type TestContext } from 'node:test'
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls'
import {
  AUTHORITY,
  CLIENT_CERTIFICATE,
  CLIENT_KEY,
  SERVER_CERTIFICATE,
  SERVER_KEY,
} from './certificates.test-support.ts'
import type { Connection } from './io.ts'
import { nodeIo } from './node.ts'
import { lockFile } from './node-lock.ts'
import { NodeNetwork } from './node-network.ts'

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

describe('TLS', () => {
  const { network } = nodeIo()

  /** A listener that sends back what it receives and tells who the client says it is. */
  async function echo(context: TestContext, options: TlsOptions = {}) {
    const server = createServer(
      { cert: SERVER_CERTIFICATE, key: SERVER_KEY, ca: AUTHORITY, ...options },
      (socket: TLSSocket) => {
        socket.on('error', () => {})
        socket.write(`${socket.getPeerCertificate().subject?.CN ?? 'nobody'} `)
        socket.pipe(socket)
      },
    )
    server.on('tlsClientError', () => {})
    server.listen(0, '127.0.0.1')
    context.after(() => server.close())
    await once(server, 'listening')
    return (server.address() as { port: number }).port
  }

  /** What comes back for some text. */
  async function answer(connection: Connection, text: string): Promise<string> {
    const closed = Promise.withResolvers<string>()
    let received = ''
    connection.onData = (chunk) => {
      assert.equal(Object.getPrototypeOf(chunk), Uint8Array.prototype)
      received += Buffer.from(chunk).toString()
      if (received.endsWith('!')) connection.end()
    }
    connection.onClose = closed.resolve
    connection.write([Buffer.from(text), Buffer.from('!')])
    assert.equal(await closed.promise, '')
    return received
  }

  it('carries bytes to a peer whose certificate is for the name or address dialled', async (context) => {
    const port = await echo(context)
    for (const [host, servername] of [
      ['localhost', undefined],
      ['127.0.0.1', undefined],
      ['127.0.0.1', 'localhost'],
    ] as const) {
      const tls = { ca: AUTHORITY, servername }
      const connection = await network.connect(host, port, { tls })
      assert.equal(await answer(connection, 'ping'), 'nobody ping!')
    }
  })

  it('refuses a peer that nobody vouches for, or that has another name', async (context) => {
    const port = await echo(context)
    const connect = (tls: object) => network.connect('127.0.0.1', port, { tls })
    await assert.rejects(connect({}), { code: 'SELF_SIGNED_CERT_IN_CHAIN' })
    const other = { ca: AUTHORITY, servername: 'elsewhere' }
    await assert.rejects(connect(other), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    const careless = await connect({ rejectUnauthorized: false })
    assert.equal(await answer(careless, 'ping'), 'nobody ping!')
  })

  it('says who we are', async (context) => {
    const port = await echo(context, { requestCert: true })
    const tls = { ca: [AUTHORITY], cert: CLIENT_CERTIFICATE, key: CLIENT_KEY }
    const connection = await network.connect('localhost', port, { tls })
    assert.equal(await answer(connection, 'ping'), 'millrace-client ping!')
  })

  it('gives up on a peer that says nothing', async () => {
    const silent = await network.listen('127.0.0.1', 0, () => {})
    const abort = new AbortController()
    const tls = { ca: AUTHORITY }
    const made = network.connect('127.0.0.1', silent.port, { tls, signal: abort.signal })
    setImmediate(() => abort.abort())
    await assert.rejects(made, { code: 'ABORT_ERR' })
    silent.close()
  })
})

describe('a name with several addresses', () => {
  it('is reached at whichever of them there is a listener', async () => {
    const addresses = [1, 2, 3].map((last) => ({ address: `127.0.0.${last}`, family: 4 }))
    const network = new NodeNetwork((name, _options, callback) => {
      assert.equal(name, 'kafka.example')
      callback(null, addresses)
    })
    const listener = await network.listen('127.0.0.3', 0, () => {})
    const connection = await network.connect('kafka.example', listener.port)
    assert.equal(connection.remoteHost, '127.0.0.3')
    connection.destroy()
    listener.close()
    const nobody = network.connect('kafka.example', listener.port)
    await assert.rejects(nobody, { code: 'ECONNREFUSED' })
  })
})
