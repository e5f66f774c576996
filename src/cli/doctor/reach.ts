/**
 * The way to an address, step by step: its name, a connection, TLS. What the client would only say
 * as one error is told apart here.
 *
 * Invariant: every step ends within its time and leaves no socket; certificates are looked at even
 * where they can't be trusted, and nothing is sent to who has them.
 */
import { lookup } from 'node:dns/promises'
import { connect, isIP, type Socket } from 'node:net'
import {
  type ConnectionOptions,
  checkServerIdentity,
  connect as connectTls,
  type PeerCertificate,
  type TLSSocket,
} from 'node:tls'
import type { Address } from '../../client/cluster/address.ts'
import { formatAddress } from '../../client/cluster/address.ts'
import type { TlsOptions } from '../../io/io.ts'
import { type Finding, failure, ok, warning } from './findings.ts'

const STEP_MS = 5000
const EXPIRES_SOON_DAYS = 30
const DAY_MS = 86_400_000

/** What was found on the way, and whether one gets there. */
export interface Reached {
  readonly findings: readonly Finding[]
  readonly isReached: boolean
}

/** What the words of findings depend on. */
export interface Way {
  readonly address: Address
  /** Whom it leads to: empty, or as `broker 1`. */
  readonly who: string
  /** What to do where the address does not lead anywhere. */
  readonly next: string
  /** Null where the connection is without TLS. */
  readonly tls: TlsOptions | null
  readonly nowMs: number
}

/** Goes the way. */
export async function reach(way: Way): Promise<Reached> {
  const name = await resolve(way)
  if (name.status === 'failure') return { findings: [name], isReached: false }
  const tcp = await dialled(way)
  const findings = [name, tcp]
  if (tcp.status === 'failure') return { findings, isReached: false }
  if (way.tls === null) return { findings, isReached: true }
  const secured = await secure(way, way.tls)
  const isReached = secured.every(({ status }) => status !== 'failure')
  return { findings: [...findings, ...secured], isReached }
}

/** The place in words. */
function placeOf({ address, who }: Way): string {
  return who === '' ? formatAddress(address) : `${who} at ${formatAddress(address)}`
}

async function resolve(way: Way): Promise<Finding> {
  const { host } = way.address
  if (isIP(host) !== 0) return ok('name', `${placeOf(way)}: an address, no name`)
  try {
    const found = await withTime(lookup(host, { all: true }))
    const addresses = [...new Set(found.map(({ address }) => address))]
    return ok('name', `${placeOf(way)}: ${host} is ${addresses.join(', ')}`)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const why = code === 'ENOTFOUND' ? 'no such name' : `the name can't be looked up (${code})`
    return failure('name', `${placeOf(way)}: ${host}: ${why}`, way.next)
  }
}

async function withTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(Object.assign(new Error('late'), { code: 'ETIMEOUT' })),
      STEP_MS,
    )
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Resolves when the socket tells `event`; rejects with its error or when the time is up. */
function settled<S extends Socket>(socket: S, event: string): Promise<S> {
  return new Promise((resolve, reject) => {
    const end = (error: NodeJS.ErrnoException) => {
      socket.destroy()
      reject(error)
    }
    socket.setTimeout(STEP_MS, () => {
      end(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }))
    })
    socket.once('error', end)
    socket.once('close', () => end(Object.assign(new Error('closed'), { code: 'ECONNRESET' })))
    socket.once(event, () => resolve(socket))
  })
}

async function dialled(way: Way): Promise<Finding> {
  const begin = performance.now()
  try {
    const socket = await settled(connect({ ...way.address }), 'connect')
    const ms = Math.round(performance.now() - begin)
    socket.destroy()
    return ok('tcp', `${placeOf(way)}: connected in ${ms} ms`)
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    const words: Readonly<Record<string, string>> = {
      ECONNREFUSED: 'nobody listens there',
      ETIMEDOUT: `no answer in ${STEP_MS / 1000} s, as behind a firewall`,
      EHOSTUNREACH: 'there is no route to it',
      ENETUNREACH: 'there is no route to it',
    }
    const why = words[code] ?? `no connection (${code})`
    return failure('tcp', `${placeOf(way)}: ${why}`, way.next)
  }
}

async function secure(way: Way, tls: TlsOptions): Promise<Finding[]> {
  const { host, port } = way.address
  const name = tls.servername ?? host
  const servername = isIP(name) === 0 ? name : undefined
  const place = { host, port, servername, rejectUnauthorized: false }
  const given = Object.entries(tls).filter(([, value]) => value !== undefined)
  const options = { ...(Object.fromEntries(given) as ConnectionOptions), ...place }
  let socket: TLSSocket
  try {
    // Whoever is at the other end: we only look at who it says it is.
    socket = await settled(connectTls(options), 'secureConnect')
  } catch (error) {
    return [tlsFailure(way, error as NodeJS.ErrnoException)]
  }
  const certificate = socket.getPeerCertificate()
  const findings = [
    chain(way, socket, certificate),
    names(way, name, certificate),
    expiry(way, certificate),
  ]
  socket.destroy()
  return findings
}

function tlsFailure(way: Way, { code = '', message }: NodeJS.ErrnoException): Finding {
  if (code === 'ECONNRESET' || /WRONG_VERSION|PACKET_LENGTH|UNSUPPORTED_PROTOCOL/.test(code)) {
    return failure(
      'tls',
      `${placeOf(way)}: no TLS is spoken there`,
      'set security.protocol to PLAINTEXT or SASL_PLAINTEXT, or dial the port of a listener with TLS',
    )
  }
  return failure(
    'tls',
    `${placeOf(way)}: ${message} (${code})`,
    'compare the protocols and ciphers of both sides, and the key and certificate of ours',
  )
}

function chain(way: Way, socket: TLSSocket, { issuer }: PeerCertificate): Finding {
  const { authorizationError } = socket as { authorizationError?: unknown }
  const by = issuer?.CN ?? issuer?.O ?? 'someone without a name'
  const code = String((authorizationError as { code?: string })?.code ?? authorizationError)
  // The names are looked at after the chain was found good.
  if (!authorizationError || code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return ok('tls', `${placeOf(way)}: ${socket.getProtocol()}, certificate by ${by} is trusted`)
  }
  if (code === 'CERT_HAS_EXPIRED') {
    return failure('tls', `${placeOf(way)}: the certificate has expired`, 'renew it at the broker')
  }
  return failure(
    'tls',
    `${placeOf(way)}: the certificate by ${by} is not trusted (${code})`,
    `set ssl.truststore.type=PEM and ssl.truststore.location to a file with the certificate of ${by}`,
  )
}

function names(way: Way, name: string, certificate: PeerCertificate): Finding {
  const error = checkServerIdentity(name, certificate)
  const has = (certificate.subjectaltname ?? `CN:${certificate.subject?.CN ?? ''}`)
    .split(', ')
    .map((each) => each.replace(/^[^:]*:/, ''))
    .join(', ')
  if (error === undefined) return ok('tls', `${placeOf(way)}: the certificate is for ${has}`)
  return failure(
    'tls',
    `${placeOf(way)}: the certificate is for ${has}, and not for ${name}`,
    `dial one of its names, or give the broker a certificate with ${name} in its subjectAltName`,
  )
}

function expiry(way: Way, { valid_to }: PeerCertificate): Finding {
  const at = Date.parse(valid_to)
  const day = Number.isNaN(at) ? valid_to : new Date(at).toISOString().slice(0, 10)
  const days = Math.floor((at - way.nowMs) / DAY_MS)
  const found = `${placeOf(way)}: the certificate expires on ${day}, in ${days} days`
  if (days < 0)
    return failure('tls', `${placeOf(way)}: the certificate expired on ${day}`, 'renew it')
  if (days < EXPIRES_SOON_DAYS) return warning('tls', found, 'renew it before')
  return ok('tls', found)
}
