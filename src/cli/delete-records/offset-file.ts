/**
 * The file of --offset-json-file: which records of which partitions are to go.
 *
 * Invariant: what is no such file is refused in Kafka's words, before anything is deleted; numbers
 * are taken from the text itself, so that none is rounded.
 */
import type { RecordsToDelete } from '../../client/admin/offsets.ts'
import { CliError } from '../cli-error.ts'
import { javaInt } from '../flags.ts'
import { doubleText } from '../java-double.ts'
import { hashMapOrderBy, partitionHash } from '../java-order.ts'

/** A number as it stands in the file. */
class NumberText {
  readonly source: string

  constructor(source: string) {
    this.source = source
  }

  get isWhole(): boolean {
    return /^-?\d+$/.test(this.source)
  }
}

type Json = NumberText | string | boolean | null | readonly Json[] | JsonObject
interface JsonObject {
  readonly [name: string]: Json
}

const MAX_LONG = 2n ** 63n

/** What the file asks for, in the order of the file. */
export function recordsToDelete(text: string): RecordsToDelete[] {
  const file = objectIn(parsed(text))
  const version = file['version'] === undefined ? 1 : integerIn(file['version'])
  if (version !== 1) throw new CliError(`Not supported version field value ${version}`)
  const { partitions } = file
  if (partitions === undefined) throw new CliError('Missing partitions field')
  if (!Array.isArray(partitions)) {
    throw new CliError(`Expected JSON array, received ${jsonText(partitions)}`)
  }
  const found = partitions.map((each): RecordsToDelete => {
    const partition = objectIn(each)
    return {
      topic: stringIn(field(partition, 'topic')),
      partition: integerIn(field(partition, 'partition')),
      beforeOffset: offsetIn(field(partition, 'offset')),
    }
  })
  checkDistinct(found)
  return found
}

function checkDistinct(found: readonly RecordsToDelete[]): void {
  const seen = new Set<string>()
  const twice = new Map<string, RecordsToDelete>()
  for (const each of found) {
    const name = `${each.topic}-${each.partition}`
    if (seen.has(name)) twice.set(name, each)
    seen.add(name)
  }
  if (twice.size === 0) return
  const names = hashMapOrderBy([...twice.values()], partitionHash, null).map((each) => {
    return `${each.topic}-${each.partition}`
  })
  throw new CliError(`Offset json file contains duplicate topic partitions: ${names}`)
}

function parsed(text: string): Json | undefined {
  if (text !== '' && text.trim() === '') return undefined // nothing, to Kafka's parser
  try {
    return JSON.parse(text, (_, value: unknown, context?: { readonly source?: string }) => {
      return typeof value === 'number' ? new NumberText(context!.source!) : value
    }) as Json
  } catch {
    throw new CliError('The input string is not a valid JSON')
  }
}

function objectIn(node: Json | undefined): JsonObject {
  const isObject = typeof node === 'object' && node !== null && !Array.isArray(node)
  if (isObject && !(node instanceof NumberText)) return node as JsonObject
  throw new CliError(`Expected JSON object, received ${jsonText(node)}`)
}

function field(node: JsonObject, name: string): Json {
  const value = Object.hasOwn(node, name) ? node[name] : undefined
  if (value !== undefined) return value
  throw new CliError(`No such field exists: \`${name}\``)
}

function stringIn(node: Json): string {
  if (typeof node === 'string') return node
  throw new CliError(`Expected \`String\` value, received ${jsonText(node)}`)
}

function integerIn(node: Json): number {
  const value = node instanceof NumberText && node.isWhole ? javaInt(node.source) : null
  if (value !== null) return value
  throw new CliError(`Expected \`Integer\` value, received ${jsonText(node)}`)
}

function offsetIn(node: Json): number {
  const value = node instanceof NumberText && node.isWhole ? BigInt(node.source) : null
  if (value === null || value >= MAX_LONG || value < -MAX_LONG) {
    throw new CliError(`Expected \`Long\` value, received ${jsonText(node)}`)
  }
  if (Number.isSafeInteger(Number(value))) return Number(value)
  throw new CliError(`offset ${value}: this client has offsets up to ${Number.MAX_SAFE_INTEGER}`)
}

/** A node as Kafka's parser prints it. */
function jsonText(node: Json | undefined): string {
  if (node === undefined) return ''
  if (node instanceof NumberText) {
    return node.isWhole ? node.source : doubleText(Number(node.source))
  }
  if (Array.isArray(node)) return `[${node.map(jsonText)}]`
  if (typeof node !== 'object' || node === null) return JSON.stringify(node)
  const fields = Object.entries(node).map(([name, value]) => {
    return `${JSON.stringify(name)}:${jsonText(value)}`
  })
  return `{${fields}}`
}
