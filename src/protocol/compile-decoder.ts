/**
 * Decoders as straight-line JavaScript, generated from a layout: one function per struct. Fields of
 * fixed width that follow one another are checked against the end of the bytes once and then read
 * in place; the object is made last, by one literal with all fields in the order of the schema, so
 * that all versions of a struct have the same shape.
 *
 * The text is made of our own constants only: names that layout.ts has checked, numbers, and
 * strings through JSON.stringify. docs/decisions/0003-codec.md has the figures.
 */
import { throwUnderflow } from '../base/bounds-error.ts'
import { int64FromHalves } from '../base/int64.ts'
import { uuidFromBytes } from '../base/uuid.ts'
import type { Decoder } from './closure-codec.ts'
import { EMPTY, type FieldLayout, fixedBytes, minBytesOf, type StructLayout } from './layout.ts'
import * as wire from './wire.ts'

const NO_BYTES = new Uint8Array(0)

/** What generated decoders may call. */
const runtime = { ...wire, throwUnderflow, int64FromHalves, uuidFromBytes, NO_BYTES }

/** Compiles the decoder of a message. Throws EvalError where code generation is forbidden. */
export function compileDecoder(layout: StructLayout): Decoder {
  const source = decoderSource(layout)
  return new Function('runtime', source)(runtime) as Decoder
}

/** The text of a decoder: the body of a function of `runtime` that returns the decoder. */
export function decoderSource(layout: StructLayout): string {
  const functions: string[] = []
  const name = emitStruct(layout, functions)
  return `'use strict'
const { ${Object.keys(runtime).join(', ')} } = runtime
${functions.join('\n')}
return ${name}`
}

/** Adds the function that reads a struct, after those it calls, and returns its name. */
function emitStruct(layout: StructLayout, functions: string[]): string {
  const lines: string[] = []
  const fields = layout.fields
  for (let i = 0; i < fields.length; ) {
    const run = fixedRun(fields, i)
    if (run > 0) emitRun(fields.slice(i, i + run), i, lines)
    else lines.push(emitField(fields[i]!, `v${i}`, functions))
    i += Math.max(1, run)
  }
  if (layout.flexible) emitTags(layout, lines, functions)
  const members = fields.map((field, i) => `${field.name}: v${i}`)
  lines.push(`return { ${members.join(', ')} }`)
  const name = `read${functions.length}`
  functions.push(
    `function ${name}(reader) {\nconst bytes = reader.bytes\nlet at\n${lines.join('\n')}\n}`,
  )
  return name
}

/** How many fields from `start` on are in these bytes with a fixed width. */
function fixedRun(fields: readonly FieldLayout[], start: number): number {
  let end = start
  while (end < fields.length && isInPlace(fields[end]!)) end++
  return end - start
}

function isInPlace(field: FieldLayout): boolean {
  return field.presence === 'plain' && inPlace(field.kind, '') !== null
}

/** The expression that reads a fixed-width value at `at`, or null where there is none. */
function inPlace(kind: FieldLayout['kind'], at: string): string | null {
  const byte = (offset: number) => `bytes[${at} + ${offset}]`
  const int16 = (offset: number) => `${byte(offset)} << 8 | ${byte(offset + 1)}`
  const int32 = (offset: number) =>
    `(${byte(offset)} << 24 | ${byte(offset + 1)} << 16 | ${int16(offset + 2)})`
  switch (kind) {
    case 'bool':
      return `${byte(0)} !== 0`
    case 'int8':
      return `${byte(0)} << 24 >> 24`
    case 'int16':
      return `(${int16(0)}) << 16 >> 16`
    case 'uint16':
      return int16(0)
    case 'int32':
      return int32(0)
    case 'uint32':
      return `${int32(0)} >>> 0`
    case 'int64':
      return `int64FromHalves(${int32(0)}, ${int32(4)})`
    case 'uuid':
      return `uuidFromBytes(bytes, ${at})`
    default:
      return null
  }
}

/** Takes `length` bytes, of which `at` becomes the first. */
function take(length: number | string): string {
  return `at = reader.position
if (reader.end - at < ${length}) throwUnderflow(${length}, at, reader.end)
reader.position = at + ${length}`
}

function emitRun(run: readonly FieldLayout[], first: number, lines: string[]): void {
  const length = run.reduce((sum, { kind }) => sum + fixedBytes(kind), 0)
  lines.push(take(length))
  let offset = 0
  run.forEach((field, i) => {
    lines.push(`let v${first + i} = ${inPlace(field.kind, `(at + ${offset})`)}`)
    offset += fixedBytes(field.kind)
  })
}

/**
 * Declares `target` and reads a field into it, or its default where the bytes don't have it here.
 */
function emitField(field: FieldLayout, target: string, functions: string[]): string {
  if (field.presence !== 'plain') return `let ${target} = ${defaultSource(field)}`
  return `let ${target}\n${readInto(field, target, functions)}`
}

/** The statements that read a value into `target`. */
function readInto(field: FieldLayout, target: string, functions: string[]): string {
  const path = JSON.stringify(field.path)
  const compact = field.compact ? 'Compact' : ''
  switch (field.kind) {
    case 'string':
      return `${target} = read${compact}String(reader, ${field.nullable}, ${path})`
    case 'bytes':
    case 'records':
      return `${target} = read${compact}Bytes(reader, ${field.nullable}, ${path})`
    case 'opaque64':
      return `${target} = readOpaque64(reader)`
    case 'array':
      return readArrayInto(field, field.element!, target, functions)
    case 'struct': {
      const read = `${emitStruct(field.struct!, functions)}(reader)`
      if (!field.nullable) return `${target} = ${read}`
      const isNull = field.presence === 'tagged' ? 'reader.uvarint() === 0' : 'reader.int8() < 0'
      return `${target} = ${isNull} ? null : ${read}`
    }
    case 'bool':
      return `${target} = reader.int8() !== 0`
    default:
      return `${target} = reader.${field.kind}()`
  }
}

function readArrayInto(
  field: FieldLayout,
  element: FieldLayout,
  target: string,
  functions: string[],
): string {
  const elementBytes = Math.max(1, minBytesOf(element))
  const countOf = field.compact ? 'readCompactCount' : 'readCount'
  const path = JSON.stringify(field.path)
  const count = `${countOf}(reader, ${elementBytes}, ${field.nullable}, ${path})`
  const nothing = field.nullable ? `if (count < 0) ${target} = null\nelse ` : ''
  const read = inPlace(element.kind, 'at')
  const loop =
    read === null
      ? `for (; count > 0; count--) {
let each
${readInto(element, 'each', functions)}
${target}.push(each)
}`
      : `at = reader.position
for (; count > 0; count--, at += ${elementBytes}) ${target}.push(${read})
reader.position = at`
  return `{
let count = ${count}
${nothing}{
${target} = []
${loop}
}
}`
}

/** Reads the tagged fields, which come last, over the defaults. */
function emitTags(layout: StructLayout, lines: string[], functions: string[]): void {
  if (layout.tagged.length === 0 && layout.foreignTags.length === 0) {
    lines.push('skipTaggedFields(reader)')
    return
  }
  const cases: string[] = []
  for (const field of layout.tagged) {
    const target = `v${layout.fields.indexOf(field)}`
    cases.push(`case ${field.tag}:\n${readInto(field, target, functions)}\nbreak`)
  }
  const path = JSON.stringify(layout.path)
  for (const tag of layout.foreignTags) {
    cases.push(`case ${tag}: throwForeignTag(${path}, ${tag}, ${layout.version})`)
  }
  lines.push(`for (let left = reader.uvarint(); left > 0; left--) {
const tag = reader.uvarint()
const size = reader.uvarint()
switch (tag) {
${cases.join('\n')}
default: reader.skip(size)
}
}`)
}

/** The expression of a new default value. */
function defaultSource(field: FieldLayout): string {
  const value = field.defaultValue
  if (value !== EMPTY) return typeof value === 'bigint' ? `${value}n` : JSON.stringify(value)
  if (field.kind === 'array') return '[]'
  if (field.struct === null) return 'NO_BYTES'
  const members = field.struct.fields.map((member) => `${member.name}: ${defaultSource(member)}`)
  return `{ ${members.join(', ')} }`
}
