/** Refuses options that do not exist: one that is misspelt and ignored changes what is done. */
import { nearestName } from '../base/nearest-name.ts'
import { KafkaError } from './kafka-error.ts'

/** Shorter names are near to what they do not mean: `ssl` to `sasl`. */
const SHORTEST_MISTYPED = 4

/** Each option's name; the type has a name that was added and not listed refused. */
export type OptionNames<O> = Readonly<Record<keyof O, true>>

/** Throws INVALID_ARGUMENT for what is no object, and for a name that is not among `known`. */
export function checkOptionNames(what: string, options: unknown, known: object): void {
  if (typeof options !== 'object' || options === null) {
    throw new KafkaError('INVALID_ARGUMENT', `${what}: ${String(options)} is no object of options`)
  }
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(known, name)) continue
    throw new KafkaError(
      'INVALID_ARGUMENT',
      `${what}: there is no option ${name}${hint(name, known)}`,
    )
  }
}

function hint(name: string, known: object): string {
  const names = Object.keys(known)
  const same = names.find((each) => each.toLowerCase() === name.toLowerCase())
  if (same !== undefined) return `; it is called ${same}`
  const near = name.length < SHORTEST_MISTYPED ? null : nearestName(name, names)
  return near === null ? '' : `; did you mean ${near}?`
}
