/**
 * Rules for the value of one config. A rule answers with Kafka's message, since clients and tools
 * print it and tests compare it, and says in a few words what it allows, for the start-up errors.
 */
import type { ConfigValue } from './config-key.ts'
import { bootstrapServerProblem, parseVoter } from './voters.ts'

export interface ValueRule {
  /** What is allowed, to stand after "allowed: ". */
  readonly allowed: string
  /** A list that must not name anything twice: repeats are dropped before the check. */
  readonly distinct?: boolean
  /** Kafka's message, or null where the value is fine. `text` is how the value is shown. */
  check(name: string, value: ConfigValue, text: string | null): string | null
}

/** Kafka's message for a value that does not do. */
export function invalidValue(name: string, value: string | null, reason: string): string {
  return `Invalid value ${value} for configuration ${name}: ${reason}`
}

/** A number of at least `minimum`. */
export function atLeast(minimum: number): ValueRule {
  return range(minimum, null, `at least ${minimum}`)
}

/** A number from `minimum` to `maximum`, both allowed. */
export function between(minimum: number, maximum: number): ValueRule {
  return range(minimum, maximum, `${minimum} to ${maximum}`)
}

function range(minimum: number, maximum: number | null, allowed: string): ValueRule {
  return {
    allowed,
    check: (name, value, text) => {
      if (typeof value !== 'number') return invalidValue(name, null, 'Value must be non-null')
      const bound = (limit: string) => invalidValue(name, text, `Value must be ${limit}`)
      if (value < minimum) return bound(`at least ${minimum}`)
      if (maximum !== null && value > maximum) return bound(`no more than ${maximum}`)
      return null
    },
  }
}

/** 1 to 9, or -1 for the library's default. */
export const GZIP_LEVEL: ValueRule = {
  allowed: '1 to 9, or -1 for the default',
  check: (name, value) => {
    if (value === -1 || (typeof value === 'number' && value >= 1 && value <= 9)) return null
    return invalidValue(name, String(value), 'Value must be between 1 and 9 or equal to -1')
  },
}

/** One of the texts. */
export function oneOf(...texts: string[]): ValueRule {
  const allowed = texts.join(', ')
  return {
    allowed,
    check: (name, value) => {
      if (texts.includes(value as string)) return null
      return invalidValue(name, value as string, `String must be one of: ${allowed}`)
    },
  }
}

/** One of the texts, in upper or lower case. */
export function oneOfAnyCase(...texts: string[]): ValueRule {
  const allowed = texts.join(', ')
  return {
    allowed: `${allowed}, in upper or lower case`,
    check: (name, value) => {
      if (typeof value === 'string' && texts.includes(value.toUpperCase())) return null
      const reason = `String must be one of (case insensitive): ${allowed}`
      return invalidValue(name, value as string, reason)
    },
  }
}

/** A text that is not empty; unset is fine. */
export const NON_EMPTY: ValueRule = {
  allowed: 'a text that is not empty',
  check: (name, value) =>
    value === '' ? invalidValue(name, '', 'String must be non-empty') : null,
}

/** Anything but unset. */
export const NON_NULL: ValueRule = {
  allowed: 'any text',
  check: (name, value) =>
    value === null ? invalidValue(name, 'null', 'entry must be non null') : null,
}

interface ListRule {
  /** Empty: any text that is not empty. */
  readonly of?: readonly string[]
  readonly empty: boolean
  readonly unset?: boolean
}

/** A list without repeats. */
export function distinct({ of = [], empty, unset = false }: ListRule): ValueRule {
  const choice = of.join(', ')
  return {
    allowed: `a comma-separated list ${of.length > 0 ? `of: ${choice}` : 'of names'}`,
    distinct: true,
    check: (name, value) => {
      if (value === null) {
        return unset ? null : `Configuration '${name}' values must not be null.`
      }
      const items = value as readonly string[]
      if (items.length === 0 && !empty) {
        const valid = of.length > 0 ? `[${choice}]` : 'any non-empty value'
        return `Configuration '${name}' must not be empty. Valid values include: ${valid}`
      }
      if (items.includes('')) return `Configuration '${name}' values must not be empty.`
      const stranger = of.length > 0 ? items.find((item) => !of.includes(item)) : undefined
      if (stranger === undefined) return null
      return invalidValue(name, stranger, `String must be one of: ${choice}`)
    },
  }
}

/** Voters as id@host:port. */
export const VOTERS: ValueRule = {
  allowed: 'a comma-separated list of id@host:port',
  check: (_name, value) => {
    for (const entry of value as readonly string[]) {
      const voter = parseVoter(entry)
      if (typeof voter === 'string') return voter
    }
    return null
  },
}

/** Addresses as host:port. */
export const BOOTSTRAP_SERVERS: ValueRule = {
  allowed: 'a comma-separated list of host:port',
  check: (_name, value) => {
    for (const entry of value as readonly string[]) {
      const problem = bootstrapServerProblem(entry)
      if (problem !== null) return problem
    }
    return null
  },
}

/** Replicas as partition:broker, or * for all. */
export const THROTTLED_REPLICAS: ValueRule = {
  allowed: '* or a comma-separated list of partition:broker',
  check: (name, value) => {
    const replicas = value as readonly string[]
    if (replicas.join('') === '*') return null
    if (replicas.every((replica) => /^(\d+:\d+)?$/.test(replica))) return null
    const reason =
      `${name} must be the literal '*' or a list of replicas in the following format: ` +
      '[partitionId]:[brokerId],[partitionId]:[brokerId],...'
    return invalidValue(name, `[${replicas.join(', ')}]`, reason)
  },
}

/** An ISO 8601 duration of days, hours, minutes and seconds that is not negative. */
const DURATION = /^P(?=.)(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+([.,]\d{0,9})?S)?)?$/i
const BY_DURATION = 'by_duration:'

/** Where a share group begins. */
export const SHARE_OFFSET_RESET: ValueRule = {
  allowed: 'latest, earliest, or by_duration:PnDTnHnMn.nS',
  check: (name, value) => {
    const text = value as string
    if (text === 'latest' || text === 'earliest') return null
    if (text.startsWith(BY_DURATION) && DURATION.test(text.slice(BY_DURATION.length))) return null
    const reason =
      `Invalid value \`${text}\` for configuration ${name}. The value must be either ` +
      "'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'."
    return invalidValue(name, text, reason)
  },
}
