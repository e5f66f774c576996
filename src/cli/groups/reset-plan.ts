/**
 * Files of offsets, as --export writes them and --from-file reads them: CSV without a header, with
 * `topic,partition,offset` for one group or `group,topic,partition,offset`.
 */
import { readFileSync } from 'node:fs'
import type { TopicPartition } from '../../client/topic.ts'
import { JavaFailure } from './java-failure.ts'
import { javaLong, javaSplit } from './java-values.ts'
import { partitionName } from './topic-partitions.ts'

/** An offset to go on at. */
export interface PlannedOffset extends TopicPartition {
  readonly offset: bigint
}

/** The offsets of each group. */
export type ResetPlan = ReadonlyMap<string, readonly PlannedOffset[]>

const DATABIND = 'com.fasterxml.jackson.databind'
const LIMITS = {
  int: { max: 0x7fffffffn, name: 'int' },
  long: { max: 2n ** 63n - 1n, name: 'long (-9223372036854775808 - 9223372036854775807)' },
} as const

/** Reads a file. `oneGroup` is whose offsets are in it where it does not name groups. */
export function readPlan(file: string, oneGroup: string | null): ResetPlan {
  const lines = javaSplit(readText(file), '\n')
  const isOfOne = oneGroup !== null && isReadable(lines[0]!)
  const plan = new Map<string, Map<string, PlannedOffset>>()
  for (const line of lines) {
    const fields = fieldsOf(line, isOfOne ? 3 : 4)
    const [topic = '', partition = '', offset = ''] = isOfOne ? fields : fields.slice(1)
    const group = isOfOne ? oneGroup : fields[0]!
    const of = plan.get(group) ?? new Map<string, PlannedOffset>()
    plan.set(group, of)
    const key = { topic, partition: Number(numberOf(partition, 'int')) }
    of.set(partitionName(key), { ...key, offset: numberOf(offset, 'long') })
  }
  return new Map([...plan].map(([group, offsets]) => [group, [...offsets.values()]]))
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw JavaFailure.within('java.io.IOException', `Unable to read file ${file}`)
  }
}

/** Whether a line is one of a file that names no groups. */
function isReadable(line: string): boolean {
  try {
    const [, partition = '', offset = ''] = fieldsOf(line, 3)
    numberOf(partition, 'int')
    numberOf(offset, 'long')
    return true
  } catch (error) {
    if (error instanceof JavaFailure) return false
    throw error
  }
}

/** The values of a line; quotes stand twice within quotes. */
function fieldsOf(line: string, count: number): string[] {
  if (line === '') {
    const text = 'No content to map due to end-of-input'
    throw JavaFailure.within(`${DATABIND}.exc.MismatchedInputException`, text)
  }
  const fields: string[] = []
  for (let rest: string | null = line.replace(/\r$/, ''); rest !== null; ) {
    const match: RegExpExecArray | null = /^(?: *"((?:[^"]|"")*)" *|(?! *")([^,]*))(?:,|$)/.exec(
      rest,
    )
    if (match === null) {
      const after = /^ *"(?:[^"]|"")*" *([^"])/.exec(rest)?.[1]
      const text =
        after === undefined
          ? 'Missing closing quote for value'
          : `Unexpected character ('${after}' (code ${after.charCodeAt(0)})): Expected column ` +
            "separator character (',' (code 44)) or end-of-line"
      throw JavaFailure.within('com.fasterxml.jackson.core.JsonParseException', text)
    }
    fields.push(match[1]?.replaceAll('""', '"') ?? match[2]!)
    rest = match[0].endsWith(',') ? rest.slice(match[0].length) : null
  }
  if (fields.length === count + 1 && fields.at(-1) === '') fields.pop()
  if (fields.length <= count) return fields
  const extra = fields[count]!
  throw JavaFailure.within(
    'com.fasterxml.jackson.dataformat.csv.CsvReadException',
    `Too many entries: expected at most ${count} (value #${count} (${extra.length} chars) "${extra}")`,
  )
}

/** What is left out is 0. */
function numberOf(field: string, type: keyof typeof LIMITS): bigint {
  const text = field.trim()
  if (text === '' || text === 'null') return 0n
  if (!/^[+-]?\d+$/.test(text)) {
    const problem =
      `Cannot deserialize value of type \`${type}\` from String "${field}": ` +
      `not a valid \`${type}\` value`
    throw JavaFailure.within(`${DATABIND}.exc.InvalidFormatException`, problem)
  }
  const value = javaLong(text)
  const { max, name } = LIMITS[type]
  if (value !== null && value <= max && value >= -max - 1n) return value
  const problem = `Numeric value (${text}) out of range of ${name}`
  throw JavaFailure.within(`${DATABIND}.JsonMappingException`, problem)
}
