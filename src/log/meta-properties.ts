/**
 * `meta.properties` of a log directory: which cluster, node and directory this is, so that a node
 * never starts on another's data. Java properties; version 1 is what KRaft writes, version 0 (with
 * `broker.id`) is what a broker of old left.
 *
 * KIP-858 (directory ids).
 */
import { utf8Bytes, utf8Text } from '../base/bytes.ts'
import { parseUuid } from '../base/uuid.ts'

export const META_PROPERTIES = 'meta.properties'

export interface MetaProperties {
  readonly version: number
  readonly clusterId: string | null
  readonly nodeId: number | null
  readonly directoryId: string | null
}

/** `meta.properties` says something that can't be. */
export class MetaPropertiesError extends Error {
  override readonly name = 'MetaPropertiesError'
}

export function encodeMetaProperties(properties: MetaProperties): Uint8Array {
  const lines = [`version=${properties.version}`]
  if (properties.clusterId !== null) lines.push(`cluster.id=${escapeValue(properties.clusterId)}`)
  if (properties.nodeId !== null) lines.push(`node.id=${properties.nodeId}`)
  if (properties.directoryId !== null) lines.push(`directory.id=${properties.directoryId}`)
  return utf8Bytes(`${lines.join('\n')}\n`)
}

/** Throws MetaPropertiesError with the key and the value that are wrong. */
export function decodeMetaProperties(content: Uint8Array, path: string): MetaProperties {
  const values = parseProperties(utf8Text(content))
  const version = integer(values, 'version', path) ?? 0
  if (version > 1) throw new MetaPropertiesError(`${path}: unknown version ${version}`)
  const clusterId = values.get('cluster.id') ?? null
  const nodeId = integer(values, version === 0 ? 'broker.id' : 'node.id', path)
  if (version > 0 && clusterId === null) throw new MetaPropertiesError(`${path}: no cluster.id`)
  if (version > 0 && nodeId === null) throw new MetaPropertiesError(`${path}: no node.id`)
  const directoryText = values.get('directory.id')
  const directoryId = directoryText === undefined ? null : parseUuid(directoryText)
  if (directoryText !== undefined && directoryId === null) {
    throw new MetaPropertiesError(`${path}: directory.id is no uuid: ${directoryText}`)
  }
  return { version, clusterId, nodeId, directoryId }
}

function parseProperties(text: string): Map<string, string> {
  const values = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const match = /^\s*([^#!\s=:][^\s=:]*)\s*[=:]?\s*(.*)$/.exec(line)
    if (match !== null) values.set(match[1]!, match[2]!.replace(/\\(.)/g, '$1').trimEnd())
  }
  return values
}

function integer(values: Map<string, string>, key: string, path: string): number | null {
  const text = values.get(key)
  if (text === undefined) return null
  if (!/^\d{1,10}$/.test(text))
    throw new MetaPropertiesError(`${path}: ${key} is no number: ${text}`)
  return Number(text)
}

function escapeValue(value: string): string {
  return value.replace(/[\\=:#!]/g, (character) => `\\${character}`)
}
