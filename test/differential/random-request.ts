/**
 * Random requests from the layout of their messages: each field draws from what its name can mean
 * in a sequence (vocabulary.ts), mostly something that exists and makes sense, sometimes what does
 * not. What only a server knows (ids that it gave) is drawn as a symbol, for each side to replace.
 */
import type { Prng } from '../../src/base/prng.ts'
import { type FieldLayout, layoutOf, type StructLayout } from '../../src/protocol/layout.ts'
import { type Message, parseVersions } from '../../src/protocol/schema.ts'
import { isSymbol } from './symbols.ts'
import type { Vocabulary } from './vocabulary.ts'

/** A request as it is written down: with symbols, before it is for one server. */
export interface DrawnRequest {
  readonly message: Message
  readonly version: number
  readonly body: Record<string, unknown>
}

const EDGES: Partial<Record<FieldLayout['kind'], readonly unknown[]>> = {
  int8: [0, 1, -1, 127],
  int16: [0, 1, -1, 32_767],
  int32: [0, 1, -1, 2_147_483_647],
  int64: [0, 1, -1, 1_000_000],
}

/** What tells the entries of a list apart. */
export const IDENTIFYING = new Set([
  ...['name', 'topic', 'topicId', 'topicName', 'index', 'partition', 'partitionIndex', 'groupId'],
  ...['resourceType', 'resourceName', 'memberId', 'groupInstanceId', 'feature'],
])
/** Kafka leaves a topic out of some answers that none of its partitions was asked of. */
const LISTS_OF_PARTITIONS = new Set(['partitions', 'partitionIndexes', 'partitionData'])

/** A request of this API at any version that both servers speak. */
export function drawRequest(
  prng: Prng,
  vocabulary: Vocabulary,
  message: Message,
  versions: string = message.versions,
): DrawnRequest {
  const { min, max } = parseVersions(versions)
  const version = min + prng.int(max - min + 1)
  const layout = layoutOf(message, version)
  vocabulary.begin(prng)
  return { message, version, body: drawStruct(prng, vocabulary, layout) }
}

function drawStruct(prng: Prng, vocabulary: Vocabulary, layout: StructLayout) {
  const drawn: Record<string, unknown> = {}
  for (const field of layout.fields) {
    if (field.presence === 'absent') continue
    const value = drawField(prng, vocabulary, field)
    if (value !== undefined) drawn[field.name] = value
  }
  return drawn
}

/** Undefined leaves a field out that may be left out. */
function drawField(prng: Prng, vocabulary: Vocabulary, field: FieldLayout): unknown {
  const meant = vocabulary.draw(prng, field)
  if (meant !== undefined) return meant.value
  if (field.presence === 'tagged') return undefined
  if (field.nullable && prng.chance(0.1)) return null
  switch (field.kind) {
    case 'array': {
      const element = field.element!
      const least = LISTS_OF_PARTITIONS.has(field.name) ? 1 : 0
      const count = Math.max(least, drawCount(prng))
      return withoutTwins(Array.from({ length: count }, () => drawField(prng, vocabulary, element)))
    }
    case 'struct':
      return drawStruct(prng, vocabulary, field.struct!)
    case 'bool':
      return prng.chance(0.5)
    case 'string':
      return prng.chance(0.5) ? '' : 'text'
    case 'bytes':
      return prng.bytes(prng.int(4))
    default: {
      const edges = EDGES[field.kind]
      if (edges === undefined) throw new Error(`${field.path}: nothing to draw`)
      return edges[prng.int(edges.length)]
    }
  }
}

/**
 * Without entries for a thing that has one already: what Kafka does with those differs from API to
 * API and follows from the collection that the handler has, and no client sends them.
 */
function withoutTwins(drawn: readonly unknown[]): unknown[] {
  const byKey = new Map(
    drawn.map((each) => {
      if (typeof each !== 'object' || each === null || isSymbol(each))
        return [JSON.stringify(each), each]
      const values = Object.entries(each).filter(([name]) => IDENTIFYING.has(name))
      return [JSON.stringify(values), each]
    }),
  )
  return [...byKey.values()]
}

/** Mostly one; a list of nothing and lists with the same element twice are of interest too. */
function drawCount(prng: Prng): number {
  return [0, 1, 1, 1, 1, 1, 2, 2, 3][prng.int(9)]!
}
