/**
 * Whether what a request carries can be written as it is: encoders cut fractions off without a
 * word, so half a millisecond that is left would go out as no time at all.
 */
import assert from 'node:assert/strict'
import type { FieldLayout, StructLayout } from '../../protocol/layout.ts'

export type Members = Readonly<Record<string, unknown>>

const NOT_INTEGERS = new Set(['bool', 'string', 'bytes', 'records', 'opaque64', 'float64', 'uuid'])

/** Throws where an integer field of `value` is no integer. */
export function assertIntegers(layout: StructLayout, value: Members): void {
  for (const field of [...layout.fields, ...layout.tagged]) assertField(field, value[field.name])
}

function assertField(field: FieldLayout, value: unknown): void {
  if (value === null || value === undefined || NOT_INTEGERS.has(field.kind)) return
  if (field.kind === 'array') {
    for (const each of value as Iterable<unknown>) assertField(field.element!, each)
  } else if (field.kind === 'struct') {
    assertIntegers(field.struct!, value as Members)
  } else {
    assert.ok(Number.isInteger(value), `${field.path}: ${String(value)} is no ${field.kind}`)
  }
}
