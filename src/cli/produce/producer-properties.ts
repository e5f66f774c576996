/**
 * Properties of Kafka's Java producer as options of ours.
 *
 * Invariant: what Java refuses is refused, in its words; what has no counterpart in our producer is
 * passed over, as Java passes over what it does not know.
 */
import type { ProducerOptions } from '../../client/producer/options.ts'
import { CliError } from '../cli-error.ts'

type Properties = ReadonlyMap<string, string>
/** The options without `readonly`, while they are made. */
type Making = { -readonly [K in keyof ProducerOptions]: ProducerOptions[K] }
type NumberOption = 'lingerMs' | 'batchBytes' | 'bufferBytes' | 'maxRequestBytes'
type MoreNumbers = 'maxBlockMs' | 'deliveryTimeoutMs' | 'maxInFlight'
/** Java's types of numbers. */
type NumberType = 'INT' | 'LONG'

const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
const ACKS = ['all', '-1', '0', '1'] as const
/** Properties that are numbers, with their type and the smallest that Java takes. */
const NUMBERS: readonly (readonly [string, NumberOption | MoreNumbers, NumberType, number])[] = [
  ['linger.ms', 'lingerMs', 'LONG', 0],
  ['batch.size', 'batchBytes', 'INT', 0],
  ['buffer.memory', 'bufferBytes', 'LONG', 0],
  ['max.request.size', 'maxRequestBytes', 'INT', 0],
  ['max.block.ms', 'maxBlockMs', 'LONG', 0],
  ['delivery.timeout.ms', 'deliveryTimeoutMs', 'INT', 0],
  ['max.in.flight.requests.per.connection', 'maxInFlight', 'INT', 1],
]
const LEVELS = ['gzip', 'lz4', 'zstd'] as const

/** The options that these properties stand for. */
export function producerOptions(properties: Properties): ProducerOptions {
  const options: Making = {}
  const compression = oneOf(properties, 'compression.type', COMPRESSIONS)
  if (compression !== null) options.compression = compression
  for (const codec of LEVELS) {
    const level = integer(properties, `compression.${codec}.level`, 'INT', -0x80000000)
    if (codec === compression && level !== null) options.compressionLevel = level
  }
  const acks = oneOf(properties, 'acks', ACKS)
  if (acks !== null) options.acks = acks === '1' ? 1 : acks === '0' ? 0 : 'all'
  const isIdempotent = boolean(properties, 'enable.idempotence')
  if (isIdempotent !== null) options.idempotent = isIdempotent
  for (const [name, option, type, least] of NUMBERS) {
    const value = integer(properties, name, type, least)
    if (value !== null) options[option] = value
  }
  if (options.batchBytes === 0) options.batchBytes = 1 // each record by itself
  const isAdaptive = boolean(properties, 'partitioner.adaptive.partitioning.enable')
  if (isAdaptive !== null) options.adaptivePartitioning = isAdaptive
  checkDeliveryTimeout(properties, options)
  return options
}

/** Java's rule between three times, where someone has set the longest. */
function checkDeliveryTimeout(properties: Properties, options: ProducerOptions): void {
  const requestMs = integer(properties, 'request.timeout.ms', 'INT', 0) ?? 30_000
  const { deliveryTimeoutMs = Infinity, lingerMs = 0 } = options
  if (deliveryTimeoutMs >= lingerMs + requestMs) return
  throw new CliError(
    'delivery.timeout.ms should be equal to or larger than linger.ms + request.timeout.ms',
  )
}

/** The value of a property that has to be one of some; null where it is not there. */
export function oneOf<V extends string>(
  properties: Properties,
  name: string,
  accepted: readonly V[],
): V | null {
  const text = properties.get(name)?.trim()
  if (text === undefined) return null
  const found = accepted.find((each) => each === text)
  if (found !== undefined) return found
  const list = accepted.join(', ')
  throw new CliError(
    `Invalid value ${text} for configuration ${name}: String must be one of: ${list}`,
  )
}

/** The value of a property that is an integer; null where it is not there. */
export function integer(
  properties: Properties,
  name: string,
  type: NumberType,
  least: number,
): number | null {
  const text = properties.get(name)?.trim()
  if (text === undefined) return null
  const value = Number(text)
  const fits = type === 'INT' ? value === (value | 0) : Number.isSafeInteger(value)
  if (!/^[+-]?\d+$/.test(text) || !fits) {
    const problem = `Not a number of type ${type}`
    throw new CliError(`Invalid value ${text} for configuration ${name}: ${problem}`)
  }
  if (value >= least) return value
  throw new CliError(
    `Invalid value ${text} for configuration ${name}: Value must be at least ${least}`,
  )
}

/** The value of a property that is true or false; null where it is not there. */
export function boolean(properties: Properties, name: string): boolean | null {
  const text = properties.get(name)?.trim().toLowerCase()
  if (text === undefined) return null
  if (text === 'true' || text === 'false') return text === 'true'
  throw new CliError(
    `Invalid value ${text} for configuration ${name}: Expected value to be either true or false`,
  )
}
