/** Refuses options that do not exist: one that is misspelt and ignored changes what is done. */
import { KafkaError } from './kafka-error.ts'

/** Each option's name; the type has a name that was added and not listed refused. */
export type OptionNames<O> = Readonly<Record<keyof O, true>>

/** Throws INVALID_ARGUMENT for what is no object, and for a name that is not among `known`. */
export function checkOptionNames(what: string, options: unknown, known: object): void {
  if (typeof options !== 'object' || options === null) {
    throw new KafkaError('INVALID_ARGUMENT', `${what}: ${String(options)} is no object of options`)
  }
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(known, name)) continue
    const like = Object.keys(known).find((each) => each.toLowerCase() === name.toLowerCase())
    const hint = like === undefined ? '' : `; it is called ${like}`
    throw new KafkaError('INVALID_ARGUMENT', `${what}: there is no option ${name}${hint}`)
  }
}
