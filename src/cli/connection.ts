/**
 * The client that a command works with: where it begins and with which settings, from its flags and
 * the file of --command-config.
 *
 * Invariant: a command first hears from a broker, so that one that is not there is said soon and in
 * one line; and the connections end with the command, so that the process does.
 */
import { readFileSync } from 'node:fs'
import { Kafka } from '../client/kafka.ts'
import { KafkaError } from '../client/kafka-error.ts'
import { CliError } from './cli-error.ts'
import { clientOptions } from './client-properties.ts'
import type { Flags } from './flags.ts'
import { PropertiesError, parseProperties } from './properties-file.ts'

/** How long a broker may take to answer for the first time. */
const FIRST_ANSWER_MS = 5000
/** Where a server is that was started without settings. */
const DEFAULT_BROKERS = '127.0.0.1:9092'

/** Where to connect, checked. */
export interface ConnectionSettings {
  readonly brokers: string
  readonly properties: ReadonlyMap<string, string>
}

/** Reads --bootstrap-server and --command-config; the flag wins over the file. */
export function connectionSettings(flags: Flags): ConnectionSettings {
  const file = flags.text('command-config')
  const properties = file === null ? new Map<string, string>() : readProperties(file)
  const brokers = flags.text('bootstrap-server') ?? properties.get('bootstrap.servers')
  return { brokers: brokers ?? DEFAULT_BROKERS, properties }
}

function readProperties(file: string): Map<string, string> {
  try {
    return parseProperties(readFile(file))
  } catch (error) {
    if (error instanceof PropertiesError) throw new CliError(`${file}: ${error.message}`)
    throw error
  }
}

function readFile(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw new CliError(`${file}: ${code === 'ENOENT' ? 'no such file' : `can't be read (${code})`}`)
  }
}

/** Runs `work` with a client that has heard from a broker, and closes it. */
export async function withClient<R>(
  { brokers, properties }: ConnectionSettings,
  work: (kafka: Kafka) => Promise<R>,
): Promise<R> {
  const options = clientOptions(properties, readFile)
  const kafka = new Kafka({ ...options, brokers, metricsPush: false })
  try {
    await hearFrom(kafka, brokers)
    return await work(kafka)
  } finally {
    await kafka.close({ timeoutMs: 1000 })
  }
}

async function hearFrom(kafka: Kafka, brokers: string): Promise<void> {
  try {
    await kafka.admin().describeCluster({ timeoutMs: FIRST_ANSWER_MS })
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    if (error.code !== 'TIMED_OUT' && error.code !== 'NETWORK_ERROR') throw error
    const { cause } = error
    // One that answers and does not let us in is there.
    if (cause instanceof KafkaError && cause.code === 'AUTHENTICATION_FAILED') throw cause
    throw new CliError(noBroker(brokers), { cause: error })
  }
}

/** What to say where nobody answers, and what to do. */
export function noBroker(brokers: string): string {
  const isHere = /^(127\.|localhost:|\[::1\])/.test(brokers)
  const next = isHere
    ? 'is the server running? npx millrace server'
    : 'are the address and the security settings right, and is the server running?'
  return `no broker answers at ${brokers}: ${next}`
}

/** False for a fault of our own, which has to be told with its stack. */
export function isExpected(error: unknown): boolean {
  return error instanceof KafkaError || error instanceof CliError
}

/** What happened, in the broker's own words where it was the broker that refused. */
export function errorText(error: unknown): string {
  if (error instanceof KafkaError) return error.reason
  return error instanceof Error ? error.message : String(error)
}
