/**
 * The numbers by which kafkajs names things: codecs, kinds of resources, what a rule of access
 * allows. Each is an object of constants and the type of its values, as its enums are used.
 */
import {
  type CompressionType,
  compress,
  decompress,
} from '../../records/compression/compression.ts'
import { KafkaJSNonRetriableError } from './errors.ts'

/** The values of a table. */
export type ValueOf<T> = T[keyof T]

export const CompressionTypes = { None: 0, GZIP: 1, Snappy: 2, LZ4: 3, ZSTD: 4 } as const
export type CompressionTypes = ValueOf<typeof CompressionTypes>

const CODEC_NAMES: readonly CompressionType[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

/** The native name of a codec's number. */
export function codecOf(type: number | undefined): CompressionType {
  const name = CODEC_NAMES[type ?? CompressionTypes.None]
  if (name !== undefined) return name
  throw new KafkaJSNonRetriableError(`Compression type ${type} is none of 0 to 4`)
}

/** What kafkajs asks of a codec. */
export interface CompressionCodec {
  compress(encoder: { readonly buffer: Buffer }): Promise<Buffer>
  decompress(buffer: Buffer): Promise<Buffer>
}

const MAX_DECOMPRESSED_BYTES = 2 ** 31 - 1

function builtIn(type: CompressionType): () => CompressionCodec {
  return () => ({
    compress: async ({ buffer }) => Buffer.from(compress(type, buffer)),
    decompress: async (buffer) => {
      const content = decompress(type, buffer, MAX_DECOMPRESSED_BYTES)
      if (content instanceof Uint8Array) return Buffer.from(content)
      throw new KafkaJSNonRetriableError(`${type}: ${content.message}`)
    },
  })
}

export type Codecs = { [type in 1 | 2 | 3 | 4]: () => CompressionCodec }

/**
 * All four are built in. Programs for kafkajs put a codec of a package here: that is accepted and
 * changes nothing, for the bytes are those of the built-in one.
 */
export const CompressionCodecs: Codecs = Object.defineProperties(
  {} as Codecs,
  Object.fromEntries(
    ([1, 2, 3, 4] as const).map((type) => [
      type,
      { enumerable: true, get: () => builtIn(CODEC_NAMES[type]!), set: () => {} },
    ]),
  ),
)

export const ConfigResourceTypes = { UNKNOWN: 0, TOPIC: 2, BROKER: 4, BROKER_LOGGER: 8 } as const
export type ConfigResourceTypes = ValueOf<typeof ConfigResourceTypes>

export const ConfigSource = {
  UNKNOWN: 0,
  TOPIC_CONFIG: 1,
  DYNAMIC_BROKER_CONFIG: 2,
  DYNAMIC_DEFAULT_BROKER_CONFIG: 3,
  STATIC_BROKER_CONFIG: 4,
  DEFAULT_CONFIG: 5,
  DYNAMIC_BROKER_LOGGER_CONFIG: 6,
} as const
export type ConfigSource = ValueOf<typeof ConfigSource>

export const AclResourceTypes = {
  UNKNOWN: 0,
  ANY: 1,
  TOPIC: 2,
  GROUP: 3,
  CLUSTER: 4,
  TRANSACTIONAL_ID: 5,
  DELEGATION_TOKEN: 6,
} as const
export type AclResourceTypes = ValueOf<typeof AclResourceTypes>

export const AclPermissionTypes = { UNKNOWN: 0, ANY: 1, DENY: 2, ALLOW: 3 } as const
export type AclPermissionTypes = ValueOf<typeof AclPermissionTypes>

export const AclOperationTypes = {
  UNKNOWN: 0,
  ANY: 1,
  ALL: 2,
  READ: 3,
  WRITE: 4,
  CREATE: 5,
  DELETE: 6,
  ALTER: 7,
  DESCRIBE: 8,
  CLUSTER_ACTION: 9,
  DESCRIBE_CONFIGS: 10,
  ALTER_CONFIGS: 11,
  IDEMPOTENT_WRITE: 12,
} as const
export type AclOperationTypes = ValueOf<typeof AclOperationTypes>

export const ResourcePatternTypes = {
  UNKNOWN: 0,
  ANY: 1,
  MATCH: 2,
  LITERAL: 3,
  PREFIXED: 4,
} as const
export type ResourcePatternTypes = ValueOf<typeof ResourcePatternTypes>

export const logLevel = { NOTHING: 0, ERROR: 1, WARN: 2, INFO: 4, DEBUG: 5 } as const
export type logLevel = ValueOf<typeof logLevel>
