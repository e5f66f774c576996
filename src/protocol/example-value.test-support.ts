/**
 * For tests: one value of a message at a version that is the same every time, in which every field
 * differs from its default and from its neighbours.
 */
import { uuidFromBytes } from '../base/uuid.ts'
import { type FieldLayout, makeDefault, type StructLayout } from './layout.ts'

type Members = Record<string, unknown>

/** An example of the message. Of two elements of an array, the second has null wherever it may. */
export function exampleValue(layout: StructLayout): Members {
  let count = 0
  const next = (): number => ++count

  function struct({ fields }: StructLayout, sparse: boolean): Members {
    const members: Members = {}
    for (const field of fields) {
      if (field.presence === 'absent') members[field.name] = makeDefault(field)
      else members[field.name] = sparse && field.nullable ? null : value(field, sparse)
    }
    return members
  }

  function value(field: FieldLayout, sparse: boolean): unknown {
    const n = next()
    switch (field.kind) {
      case 'bool':
        return field.defaultValue === false
      case 'int8':
        return sparse ? -n % 128 : n % 128
      case 'int16':
      case 'int32':
        return sparse ? -n : 256 + n
      case 'uint16':
        return 0xff00 + (n % 256)
      case 'uint32':
        return 0xfffff000 + n
      case 'int64':
        return sparse ? -(2 ** 40) - n : 2 ** 40 + n
      case 'opaque64':
        return 2n ** 62n + BigInt(n)
      case 'float64':
        return n + 0.5
      case 'string':
        return sparse ? `ż${n}` : `text-${n}`
      case 'uuid':
        return uuidFromBytes(new Uint8Array(16).fill(n))
      case 'bytes':
      case 'records':
        return new Uint8Array([n, 0xff, 0])
      case 'array':
        return [value(field.element!, sparse), value(field.element!, true)]
      case 'struct':
        return struct(field.struct!, sparse)
    }
  }

  return struct(layout, false)
}
