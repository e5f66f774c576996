/**
 * The client that a command works with: where it begins and with which settings, from its flags and
 * the file of --command-config.
 *
 * Invariant: a command first hears from a broker, so that one that is not there is said soon and in
 * one line; and the connections end with the command, so that the process does.
 */
import { messageOf } from '../base/thrown.ts'
import { Kafka } from '../client/kafka.ts'
import { KafkaError } from '../client/kafka-error.ts'
import type { KafkaOptions } from '../client/options.ts'
import { CliError, PropertyError } from './cli-error.ts'
import { clientOptions } from './client-properties.ts'
import { type ConnectionSettings, readFile } from './connection-settings.ts'

export {
  type ConnectionSettings,
  connectionSettings,
  readProperties,
  settingsFrom,
} from './connection-settings.ts'

/** How long a broker may take to answer for the first time. */
const FIRST_ANSWER_MS = 5000

/**
 * Runs `work` with a client that has heard from a broker, and closes it. One that begins at
 * controllers can ask what any of them answers: what the cluster is and which features it has.
 */
export async function withClient<R>(
  settings: ConnectionSettings,
  work: (kafka: Kafka) => Promise<R>,
  endpoints: 'brokers' | 'controllers' = 'brokers',
): Promise<R> {
  const kafka = openClient(settings)
  try {
    await hearFrom(kafka, settings, endpoints)
    return await work(kafka)
  } finally {
    await kafka.close({ timeoutMs: 1000 })
  }
}

/** A client that has heard from nobody yet. */
export function openClient(settings: ConnectionSettings): Kafka {
  const options = optionsOf(settings)
  return checked(settings, () => {
    return new Kafka({ ...options, brokers: settings.brokers, metricsPush: false })
  })
}

/** The client's options; what can't be is said with where it stands. */
export function optionsOf(settings: ConnectionSettings): Omit<KafkaOptions, 'brokers'> {
  return checked(settings, () => clientOptions(settings.properties, readFile))
}

function checked<R>({ origins }: ConnectionSettings, make: () => R): R {
  try {
    return make()
  } catch (error) {
    const isOfProperty = error instanceof PropertyError
    const origin = origins?.get(isOfProperty ? error.property : 'bootstrap.servers')
    if (origin === undefined || origin.startsWith('--')) throw error
    if (isOfProperty) throw new CliError(`${origin}: ${error.message}`)
    if (!(error instanceof KafkaError) || !error.reason.startsWith('brokers')) throw error
    throw new CliError(`${origin}: ${error.reason}`)
  }
}

async function hearFrom(
  kafka: Kafka,
  { brokers, origins }: ConnectionSettings,
  endpoints: 'brokers' | 'controllers',
): Promise<void> {
  try {
    await kafka.admin().describeCluster({ timeoutMs: FIRST_ANSWER_MS, endpoints })
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    if (error.code !== 'TIMED_OUT' && error.code !== 'NETWORK_ERROR') throw error
    const { cause } = error
    // One that answers and does not let us in is there.
    if (cause instanceof KafkaError && cause.code === 'AUTHENTICATION_FAILED') throw cause
    const origin = origins?.get('bootstrap.servers')
    const isFlag = origin === undefined || origin.startsWith('--')
    throw new CliError(noBroker(brokers, isFlag ? null : origin), { cause: error })
  }
}

/** What to say where nobody answers, and what to do. */
export function noBroker(brokers: string, origin: string | null = null): string {
  const isHere = /^(127\.|localhost:|\[::1\])/.test(brokers)
  const next = isHere
    ? 'is the server running? npx millrace server'
    : 'are the address and the security settings right, and is the server running? millrace doctor looks'
  const from = origin === null ? '' : ` (from ${origin})`
  return `no broker answers at ${brokers}${from}: ${next}`
}

/** False for a fault of our own, which has to be told with its stack. */
export function isExpected(error: unknown): boolean {
  return error instanceof KafkaError || error instanceof CliError
}

/** What happened, in the broker's own words where it was the broker that refused. */
export function errorText(error: unknown): string {
  if (error instanceof KafkaError) return error.reason
  return messageOf(error)
}
