/**
 * The whole examination, in the order in which things depend on one another: the way to the
 * addresses that are dialled, whether one is let in, the way to each broker under the address that
 * it advertises, and the cluster.
 *
 * Invariant: what can't be looked at because something before it failed is left out, so that every
 * failure is one to mend.
 */
import type { ClusterDescription, ClusterNode } from '../../client/admin/describe-cluster.ts'
import { type Address, formatAddress, parseAddresses } from '../../client/cluster/address.ts'
import type { Kafka } from '../../client/kafka.ts'
import { KafkaError } from '../../client/kafka-error.ts'
import type { TlsOptions } from '../../io/io.ts'
import { servedApis as servedApisOf } from '../broker-api-versions/served-apis.ts'
import { openClient } from '../connection.ts'
import type { ConnectionSettings } from '../connection-settings.ts'
import { examineCluster } from './cluster.ts'
import { type Finding, failure, ok } from './findings.ts'
import { reach } from './reach.ts'

const FIRST_ANSWER_MS = 5000
/** How long each question to the cluster may take. */
const CALL_MS = 10_000

/** How the client would connect. */
export interface Examined {
  readonly settings: ConnectionSettings
  readonly tls: TlsOptions | null
  /** As SCRAM-SHA-512; null without SASL. */
  readonly mechanism: string | null
  readonly nowMs: () => number
}

/** Looks at everything. */
export async function examine(examined: Examined): Promise<Finding[]> {
  const kafka = openClient(examined.settings) // connects to nobody before it is asked something
  const addresses = parseAddresses(examined.settings.brokers)
  const ways = await Promise.all(
    addresses.map((address) => reach({ ...dialling(examined), address })),
  )
  const findings = ways.flatMap(({ findings: of }) => of)
  try {
    if (!ways.some(({ isReached }) => isReached)) return findings
    const letIn = await enter(kafka, examined)
    findings.push(...letIn.findings)
    if (letIn.cluster === null) return findings
    const brokers = await advertised(letIn.cluster, addresses, examined)
    findings.push(...brokers.flat())
    // A client goes on to the brokers as they are advertised: there is nobody to ask.
    if (!brokers.some((of) => of.at(-1)?.status !== 'failure')) return findings
    const admin = kafka.admin({ defaultTimeoutMs: CALL_MS })
    const { cluster } = letIn
    const servedApis = (id: number) => servedApisOf(kafka.cluster, id, CALL_MS)
    const sight = { admin, cluster, servedApis, nowMs: examined.nowMs }
    return [...findings, ...(await examineCluster(sight))]
  } finally {
    await kafka.close({ timeoutMs: 1000 })
  }
}

function dialling({ tls, nowMs }: Examined) {
  const next = 'is the address right, and does the server run there? npx millrace server'
  return { who: '', next, tls, nowMs: nowMs() }
}

interface LetIn {
  readonly findings: readonly Finding[]
  /** Null where the client was not let in. */
  readonly cluster: ClusterDescription | null
}

async function enter(kafka: Kafka, { mechanism }: Examined): Promise<LetIn> {
  try {
    const cluster = await kafka.admin().describeCluster({ timeoutMs: FIRST_ANSWER_MS })
    const sasl = mechanism === null ? [] : [ok('sasl', `${mechanism}: this client was let in`)]
    const { clusterId, brokers } = cluster
    const found = `cluster ${clusterId ?? 'without an id'} of ${brokers.length} brokers answers`
    return { findings: [...sasl, ok('kafka', found)], cluster }
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    return { findings: [refused(error, mechanism)], cluster: null }
  }
}

function refused(error: KafkaError, mechanism: string | null): Finding {
  const { cause } = error
  const inner = cause instanceof KafkaError ? cause : error
  if (inner.code === 'AUTHENTICATION_FAILED' && mechanism !== null) {
    const next =
      'compare user name, password and sasl.mechanism with what the broker has (millrace configs --describe --users)'
    return failure('sasl', `${mechanism}: ${inner.reason}`, next)
  }
  if (/mechanism/i.test(inner.reason)) {
    const next = 'set sasl.mechanism to one of those that the broker has enabled'
    return failure('sasl', inner.reason, next)
  }
  const next =
    mechanism === null
      ? 'does the listener ask for SASL or TLS? set security.protocol as the broker has it'
      : "is that the listener for this security.protocol? look into the broker's log"
  return failure('kafka', inner.reason, next)
}

/** Dials every broker where it says that it is; what was found of each, the last decides. */
async function advertised(
  { brokers, clusterId }: ClusterDescription,
  addresses: readonly Address[],
  examined: Examined,
): Promise<Finding[][]> {
  return Promise.all(brokers.map((broker) => oneAdvertised(broker, clusterId, addresses, examined)))
}

async function oneAdvertised(
  broker: ClusterNode,
  clusterId: string | null,
  addresses: readonly Address[],
  examined: Examined,
): Promise<Finding[]> {
  const address = { host: broker.host, port: broker.port }
  const text = formatAddress(address)
  if (addresses.some((each) => formatAddress(each) === text)) {
    return [ok('advertised', `broker ${broker.id} is advertised as it was dialled: ${text}`)]
  }
  const dialled = addresses.map(formatAddress).join(', ')
  const next =
    `clients are sent to ${text} though ${dialled} was dialled: set advertised.listeners of broker ${broker.id} ` +
    'to a host and port that clients reach, or have the name resolve here'
  const way = { ...dialling(examined), address, who: `broker ${broker.id}`, next }
  const { findings, isReached } = await reach(way)
  if (!isReached) return findings.map((each) => ({ ...each, check: `advertised ${each.check}` }))
  const other = await clusterAt(text, examined)
  if (other instanceof KafkaError) {
    return [failure('advertised', `broker ${broker.id} at ${text}: ${other.reason}`, next)]
  }
  if (other !== clusterId) {
    const isOther = `broker ${broker.id} is advertised as ${text}, where cluster ${other} answers`
    return [failure('advertised', isOther, next)]
  }
  const found = `broker ${broker.id} is advertised as ${text}, and reached there`
  return [...findings.filter(({ status }) => status !== 'ok'), ok('advertised', found)]
}

/** The id of the cluster that answers there. */
async function clusterAt(
  brokers: string,
  { settings }: Examined,
): Promise<string | null | KafkaError> {
  const kafka = openClient({ ...settings, brokers })
  try {
    return (await kafka.admin().describeCluster({ timeoutMs: FIRST_ANSWER_MS })).clusterId
  } catch (error) {
    if (error instanceof KafkaError) return error
    throw error
  } finally {
    await kafka.close({ timeoutMs: 1000 })
  }
}
