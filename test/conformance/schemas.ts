/**
 * Compares our schemas with those that Apache Kafka publishes as JSON in its jars: every message
 * and record, every field, in everything that decides about bytes.
 *
 *     node test/conformance/schemas.ts <directory with the jars of Kafka 4.3.1>
 *
 * Version ranges count as far as versions of the message exist: `0+` in a message of versions 3 to
 * 5 is the same as `3-5`. The jar of Kafka Streams is left out: its schema is private to that
 * library.
 */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { apis } from '../../src/protocol/apis.ts'
import * as consumerGroupRecords from '../../src/protocol/persisted/consumer-group-records.ts'
import * as consumerProtocol from '../../src/protocol/persisted/consumer-protocol.ts'
import * as controlRecords from '../../src/protocol/persisted/control-records.ts'
import * as groupRecords from '../../src/protocol/persisted/group-records.ts'
import * as headers from '../../src/protocol/persisted/headers.ts'
import * as metadataRecords from '../../src/protocol/persisted/metadata-records.ts'
import * as quorumState from '../../src/protocol/persisted/quorum-state.ts'
import * as shareGroupRecords from '../../src/protocol/persisted/share-group-records.ts'
import * as shareRecords from '../../src/protocol/persisted/share-records.ts'
import * as storageRecords from '../../src/protocol/persisted/storage-records.ts'
import * as streamsGroupRecords from '../../src/protocol/persisted/streams-group-records.ts'
import * as transactionRecords from '../../src/protocol/persisted/transaction-records.ts'
import {
  type Field,
  type Fields,
  type Message,
  parseVersions,
  type VersionRange,
} from '../../src/protocol/schema.ts'
import { readJarTexts } from './jar-file.ts'

/** A field as the JSON files write it. */
interface JsonField {
  readonly name: string
  readonly type: string
  readonly versions?: string
  readonly nullableVersions?: string
  readonly taggedVersions?: string
  readonly flexibleVersions?: string
  readonly tag?: number
  readonly default?: unknown
  readonly ignorable?: boolean
  readonly fields?: readonly JsonField[]
}

interface JsonMessage {
  readonly name: string
  readonly apiKey?: number
  readonly type: string
  readonly listeners?: readonly string[]
  readonly validVersions: string
  readonly flexibleVersions?: string
  readonly latestVersionUnstable?: boolean
  readonly fields: readonly JsonField[]
  readonly commonStructs?: readonly {
    readonly name: string
    readonly fields: readonly JsonField[]
  }[]
}

/** What was compared, and what is not the same. */
export interface SchemaComparison {
  /** Messages and records compared. */
  readonly checked: number
  /** Fields in them. */
  readonly fields: number
  readonly differences: readonly string[]
}

/** Every message and record that we have. */
function ourMessages(): Map<string, Message> {
  const persisted = [
    consumerGroupRecords,
    consumerProtocol,
    controlRecords,
    groupRecords,
    headers,
    metadataRecords,
    quorumState,
    shareGroupRecords,
    shareRecords,
    storageRecords,
    streamsGroupRecords,
    transactionRecords,
  ].flatMap((module): Message[] => Object.values(module))
  const all = [...apis.flatMap(({ request, response }) => [request, response]), ...persisted]
  return new Map(all.map((message) => [message.name, message]))
}

/** Every schema in the Kafka jars of a directory, by name. */
function publishedMessages(directory: string): Map<string, JsonMessage> {
  const published = new Map<string, JsonMessage>()
  for (const file of readdirSync(directory).sort()) {
    if (!/^kafka-.*\.jar$/.test(file) || file.startsWith('kafka-streams')) continue
    const texts = readJarTexts(join(directory, file), (name) =>
      /^(common\/)?(message|metadata)\/\w+\.json$/.test(name),
    )
    for (const text of texts.values()) {
      const json: JsonMessage = JSON.parse(text.replace(/^\s*\/\/.*$/gm, ''))
      published.set(json.name, json)
    }
  }
  return published
}

/** Compares all our schemas with all that the jars in the directory have. */
export async function compareSchemas(jarDirectory: string): Promise<SchemaComparison> {
  const ours = ourMessages()
  const differences: string[] = []
  let checked = 0
  let fields = 0
  for (const json of publishedMessages(jarDirectory).values()) {
    const message = ours.get(json.name)
    ours.delete(json.name)
    if (json.validVersions === 'none') {
      if (message !== undefined) differences.push(`${json.name}: Kafka has removed it`)
    } else if (message === undefined) {
      differences.push(`${json.name}: we don't have it`)
    } else {
      checked++
      fields += new MessageComparison(message, json, differences).compare()
    }
  }
  for (const name of ours.keys()) differences.push(`${name}: in none of the jars`)
  return { checked, fields, differences }
}

class MessageComparison {
  readonly #message: Message
  readonly #json: JsonMessage
  readonly #differences: string[]
  readonly #versions: VersionRange
  #fields = 0

  constructor(message: Message, json: JsonMessage, differences: string[]) {
    this.#message = message
    this.#json = json
    this.#differences = differences
    this.#versions = parseVersions(json.validVersions)
  }

  /** Reports what differs; returns how many fields there are. */
  compare(): number {
    const message = this.#message
    const json = this.#json
    const path = json.name
    this.#same(path, 'versions', message.versions, json.validVersions)
    this.#same(path, 'API key', message.apiKey, json.apiKey ?? -1)
    this.#same(path, 'flexible', this.#range(message.flexible), this.#range(json.flexibleVersions))
    this.#same(path, 'listeners', message.listeners.toString(), `${json.listeners ?? ''}`)
    const unstable = json.latestVersionUnstable ?? false
    this.#same(path, 'unstable', message.latestVersionUnstable, unstable)
    this.#compareFields(path, message.fields, json.fields)
    return this.#fields
  }

  #same(path: string, what: string, ours: unknown, theirs: unknown): void {
    if (ours === theirs) return
    this.#differences.push(`${path}: ${what} is ${String(ours)}, Kafka has ${String(theirs)}`)
  }

  /** The versions of the message that a range contains, as text. */
  #range(versions: string | undefined): string {
    const { min, max } = parseVersions(versions ?? 'none')
    const from = Math.max(min, this.#versions.min)
    const to = Math.min(max, this.#versions.max)
    return from > to ? 'none' : `${from}-${to}`
  }

  #compareFields(path: string, ours: Fields, theirs: readonly JsonField[]): void {
    const names = theirs.map(({ name }) => name.charAt(0).toLowerCase() + name.slice(1))
    this.#same(path, 'order of fields', Object.keys(ours).join(), names.join())
    theirs.forEach((json, i) => {
      const field = ours[names[i]!]
      if (field !== undefined) this.#compareField(`${path}.${json.name}`, field, json)
    })
  }

  #compareField(path: string, field: Field, json: JsonField): void {
    this.#fields++
    const { options } = field
    const ourVersions = options.versions ?? options.taggedVersions ?? this.#message.versions
    const versions = json.versions ?? json.taggedVersions
    this.#same(path, 'versions', this.#range(ourVersions), this.#range(versions))
    this.#same(path, 'nullable', this.#range(options.nullable), this.#range(json.nullableVersions))
    this.#same(path, 'tag', options.tag, json.tag)
    const tagged = this.#range(json.taggedVersions)
    this.#same(path, 'tagged versions', this.#range(options.taggedVersions), tagged)
    this.#same(path, 'ignorable', options.ignorable ?? false, json.ignorable ?? false)
    const flexible = json.flexibleVersions ?? this.#message.flexible
    const ourFlexible = options.flexible ?? this.#message.flexible
    this.#same(path, 'flexible', this.#range(ourFlexible), this.#range(flexible))
    this.#same(path, 'type', typeOf(field), this.#typeOf(json.type))
    this.#same(path, 'default', ourDefault(field), theirDefault(field, json.default))
    const members = field.element?.fields ?? field.fields
    if (members !== undefined) this.#compareFields(path, members, this.#membersOf(json))
  }

  #typeOf(type: string): string {
    return type.replace(/[A-Z]\w*$/, 'struct')
  }

  /** Members of a struct, which may be written once for several fields. */
  #membersOf(json: JsonField): readonly JsonField[] {
    if (json.fields !== undefined) return json.fields
    const name = json.type.replace('[]', '')
    return this.#json.commonStructs?.find((struct) => struct.name === name)?.fields ?? []
  }
}

function typeOf(field: Field): string {
  if (field.element !== undefined) return `[]${typeOf(field.element)}`
  return field.kind === 'opaque64' ? 'int64' : field.kind
}

function ourDefault(field: Field): unknown {
  const value = field.options.default
  return value === undefined
    ? theirDefault(field, '')
    : typeof value === 'bigint'
      ? Number(value)
      : value
}

/** The default that a JSON file states, as a value of ours. A literal null states none. */
function theirDefault({ kind }: Field, json: unknown): unknown {
  const text = String(json ?? '')
  if (text === 'null' && !['bool', 'uuid'].includes(kind)) return null
  switch (kind) {
    case 'bool':
      return text === 'true'
    case 'string':
    case 'uuid':
      return text
    case 'records':
      return null
    case 'bytes':
    case 'array':
    case 'struct':
      return 'empty'
    default:
      return Number(text)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const directory = process.argv[2]
  if (directory === undefined) {
    console.error('usage: node test/conformance/schemas.ts <directory with the Kafka jars>')
    process.exit(2)
  }
  const { checked, fields, differences } = await compareSchemas(directory)
  for (const difference of differences) console.log(`FAIL ${difference}`)
  console.log(`${checked} messages, ${fields} fields, ${differences.length} differences`)
  process.exit(differences.length === 0 ? 0 : 1)
}
