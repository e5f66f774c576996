/** That each step of the way to an address is told apart, with what to do. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { createServer as createTlsServer } from 'node:tls'
import { AUTHORITY, SERVER_CERTIFICATE, SERVER_KEY } from '../../io/certificates.test-support.ts'
import type { TlsOptions } from '../../io/io.ts'
import { reach } from './reach.ts'

const NEXT = 'mend the address'
const DAY_MS = 86_400_000

async function listening(t: TestContext, isTls: boolean): Promise<number> {
  const server = isTls
    ? createTlsServer({ key: SERVER_KEY, cert: SERVER_CERTIFICATE }, () => {})
    : createServer((socket) => socket.on('data', () => socket.destroy()))
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return (server.address() as AddressInfo).port
}

async function looked(
  port: number,
  tls: TlsOptions | null,
  host = '127.0.0.1',
  nowMs = Date.now(),
) {
  const { findings, isReached } = await reach({
    address: { host, port },
    who: '',
    next: NEXT,
    tls,
    nowMs,
  })
  return {
    findings: findings.map(({ status, check, found, next }) => ({ status, check, found, next })),
    isReached,
  }
}

test('a name that is not there, and a port where nobody listens', async (t) => {
  const name = await looked(1, null, 'nowhere.invalid')
  assert.equal(name.isReached, false)
  assert.deepEqual(
    name.findings.map(({ status, check, next }) => [status, check, next]),
    [['failure', 'name', NEXT]],
  )
  const port = await listening(t, false)
  const there = await looked(port, null)
  assert.deepEqual(
    [there.isReached, there.findings.map(({ check }) => check)],
    [true, ['name', 'tcp']],
  )
  const closed = createServer().listen(0, '127.0.0.1')
  await once(closed, 'listening')
  const free = (closed.address() as AddressInfo).port
  closed.close()
  await once(closed, 'close')
  const refused = await looked(free, null)
  assert.equal(refused.findings.at(-1)?.found, `127.0.0.1:${free}: nobody listens there`)
})

test('a certificate that is trusted and for this name', async (t) => {
  const { findings, isReached } = await looked(await listening(t, true), { ca: AUTHORITY })
  assert.ok(isReached, JSON.stringify(findings))
  const texts = findings.filter(({ check }) => check === 'tls').map(({ found }) => found)
  assert.equal(texts.length, 3)
  assert.match(texts[0]!, /TLSv1\.3, certificate by .* is trusted$/)
  assert.match(texts[1]!, /the certificate is for .*127\.0\.0\.1/)
  assert.match(texts[2]!, /expires on \d{4}-\d\d-\d\d, in \d+ days$/)
})

test('one that nobody of ours trusts, for another name, and out of date', async (t) => {
  const port = await listening(t, true)
  const untrusted = await looked(port, {})
  assert.equal(untrusted.isReached, false)
  const failure = untrusted.findings.find(({ status }) => status === 'failure')
  assert.match(failure!.found, /is not trusted/)
  assert.match(failure!.next!, /ssl\.truststore\.location/)
  const other = await looked(port, { ca: AUTHORITY, servername: 'kafka.example' })
  const name = other.findings.find(({ status }) => status === 'failure')
  assert.match(name!.found, /and not for kafka\.example$/)
  assert.match(name!.next!, /with kafka\.example in its subjectAltName/)
  const { findings } = await looked(port, { ca: AUTHORITY })
  const date = /on (\d{4}-\d\d-\d\d)/.exec(findings.at(-1)!.found)![1]!
  const soon = await looked(port, { ca: AUTHORITY }, undefined, Date.parse(date) - 5 * DAY_MS)
  assert.equal(soon.findings.at(-1)?.status, 'warning')
  const late = await looked(port, { ca: AUTHORITY }, undefined, Date.parse(date) + 5 * DAY_MS)
  assert.equal(late.findings.at(-1)?.status, 'failure')
})

test('TLS where none is spoken', async (t) => {
  const { findings, isReached } = await looked(await listening(t, false), { ca: AUTHORITY })
  assert.equal(isReached, false)
  assert.match(findings.at(-1)!.found, /no TLS is spoken there$/)
  assert.match(findings.at(-1)!.next!, /security\.protocol/)
})
