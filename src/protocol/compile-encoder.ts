/**
 * Encoders as straight-line JavaScript, generated from a layout: one function per struct. A tagged
 * field costs a comparison where it is left out, as it nearly always is; where it is present and
 * its size is not known before, it is written aside first.
 *
 * The text is made of our own constants only: see compile-decoder.ts.
 */
import type { Encoder } from './closure-codec.ts'
import { EMPTY, type FieldLayout, fixedBytes, type StructLayout } from './layout.ts'
import * as wire from './wire.ts'

const NO_BYTES = new Uint8Array(0)
const NO_ELEMENTS: readonly never[] = Object.freeze([])
const NO_MEMBERS = Object.freeze({})

/** What generated encoders may call. */
const runtime = { ...wire, NO_BYTES, NO_ELEMENTS, NO_MEMBERS }

/** Compiles the encoder of a message. Throws EvalError where code generation is forbidden. */
export function compileEncoder(layout: StructLayout): Encoder {
  return new Function('runtime', encoderSource(layout))(runtime) as Encoder
}

/** The text of an encoder: the body of a function of `runtime` that returns the encoder. */
export function encoderSource(layout: StructLayout): string {
  const functions: string[] = []
  const name = emitStruct(layout, functions)
  return `'use strict'
const { ${Object.keys(runtime).join(', ')} } = runtime
${functions.join('\n')}
return ${name}`
}

/** Adds the function that writes a struct, after those it calls, and returns its name. */
function emitStruct(layout: StructLayout, functions: string[]): string {
  const lines: string[] = []
  layout.fields.forEach((field, i) => {
    const value = `v${i}`
    if (field.presence === 'plain') {
      lines.push(`let ${value} = value.${field.name}`)
      if (field.optional) lines.push(`if (${value} === undefined) ${value} = ${absent(field)}`)
      lines.push(write('writer', field, value, functions))
    } else if (field.presence === 'absent' && !field.ignorable) {
      const path = JSON.stringify(field.path)
      lines.push(
        `const ${value} = value.${field.name}`,
        `if (!(${isDefaultSource(field, value)})) throwNotCarried(${path}, ${layout.version})`,
      )
    }
  })
  if (layout.flexible) emitTags(layout, lines, functions)
  const name = `write${functions.length}`
  functions.push(`function ${name}(writer, value) {\n${lines.join('\n')}\n}`)
  return name
}

/**
 * What stands for a field that the value at hand leaves out; not a new one, for it is only read.
 */
function absent(field: FieldLayout): string {
  const value = field.defaultValue
  if (value !== EMPTY) return literal(value)
  if (field.kind === 'array') return 'NO_ELEMENTS'
  return field.kind === 'struct' ? 'NO_MEMBERS' : 'NO_BYTES'
}

function literal(value: string | number | bigint | boolean | null): string {
  return typeof value === 'bigint' ? `${value}n` : JSON.stringify(value)
}

/** The condition under which `value` is the default of the field: the same as `isDefault`. */
function isDefaultSource(field: FieldLayout, value: string): string {
  const missing = `${value} === undefined`
  if (field.defaultValue !== EMPTY) {
    return `${missing} || ${value} === ${literal(field.defaultValue)}`
  }
  if (field.struct === null) return `${missing} || ${value} !== null && ${value}.length === 0`
  const members = field.struct.fields.map(
    (member) => `(${isDefaultSource(member, `${value}.${member.name}`)})`,
  )
  return `${missing} || ${[`${value} !== null`, ...members].join(' && ')}`
}

/** The statements that write `value`, which is not undefined unless the caller made a mistake. */
function write(writer: string, field: FieldLayout, value: string, functions: string[]): string {
  const { kind, nullable, compact } = field
  const path = JSON.stringify(field.path)
  switch (kind) {
    case 'bool':
      return `${writer}.int8(${value} ? 1 : 0)`
    case 'string':
      return `write${compact ? 'Compact' : ''}String(${writer}, ${value}, ${nullable}, ${path})`
    case 'bytes':
      return `writeBytes(${writer}, ${value}, ${nullable}, ${compact}, ${path})`
    case 'records':
      return `writeRecords(${writer}, ${value}, ${nullable}, ${compact}, ${path})`
    case 'opaque64':
      return `writeOpaque64(${writer}, ${value})`
    case 'array': {
      const each = `each${value}`
      const one = write(writer, field.element!, each, functions)
      const loop = `for (const ${each} of ${value}) ${one}`
      return `writeCount(${writer}, ${value}, ${nullable}, ${compact}, ${path})
${nullable ? `if (${value} !== null) ` : ''}${loop}`
    }
    case 'struct':
      return writeStruct(writer, field, value, functions)
    default:
      return `${writer}.${kind}(${value})`
  }
}

function writeStruct(
  writer: string,
  field: FieldLayout,
  value: string,
  functions: string[],
): string {
  const path = JSON.stringify(field.path)
  const members = `${emitStruct(field.struct!, functions)}(${writer}, ${value})`
  if (!field.nullable) {
    return `{ if (${value} === null || ${value} === undefined) throwNull(${path}); ${members} }`
  }
  const nullMarker = field.presence === 'tagged' ? 0 : -1
  return `{
if (${value} === undefined) throwNull(${path})
if (${value} === null) ${writer}.int8(${nullMarker})
else {
${writer}.int8(1)
${members}
}
}`
}

/** Writes the tagged fields that differ from their defaults, after their number. */
function emitTags(layout: StructLayout, lines: string[], functions: string[]): void {
  if (layout.tagged.length === 0) {
    lines.push('writer.int8(0)')
    return
  }
  lines.push('let tags = 0')
  layout.tagged.forEach((field, i) => {
    lines.push(
      `const t${i} = value.${field.name}`,
      `const has${i} = !(${isDefaultSource(field, `t${i}`)})`,
      `if (has${i}) tags++`,
    )
  })
  lines.push('writer.uvarint(tags)', 'if (tags === 0) return')
  layout.tagged.forEach((field, i) => {
    const size = fixedBytes(field.kind)
    const body =
      size > 0
        ? `writer.uvarint(${field.tag})
writer.uvarint(${size})
${write('writer', field, `t${i}`, functions)}`
        : `const body = taggedBody()
${write('body', field, `t${i}`, functions)}
writeTagged(writer, ${field.tag}, body)`
    lines.push(`if (has${i}) {\n${body}\n}`)
  })
}
