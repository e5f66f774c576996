/**
 * Values as text and back. Invariant: the text of a value is Java's, since DescribeConfigs answers
 * it and Kafka's tools compare it; reading a text and writing it again changes it at most once.
 */
import { INT64_MAX } from '../../base/int64.ts'
import type { ConfigKey, ConfigType, ConfigValue } from './config-key.ts'
import { invalidValue } from './value-rule.ts'

/** A value with the text that stands for it, or what is wrong with it in Kafka's words. */
export type ParsedValue =
  | { readonly value: ConfigValue; readonly text: string | null; readonly error: null }
  | { readonly value: null; readonly text: null; readonly error: string }

const BITS = { SHORT: 16, INT: 32, LONG: 64 } as const

/** Reads and checks the value of one config. */
export function parseValue(name: string, key: ConfigKey, raw: string): ParsedValue {
  const parsed = parseType(name, key.type, raw)
  if (parsed.error !== null) return parsed
  if (key.rule === null) return parsed
  const value = key.rule.distinct ? [...new Set(parsed.value as string[])] : parsed.value
  const text = key.type === 'LIST' ? valueText(value, 'LIST') : parsed.text
  const error = key.rule.check(name, value, text)
  return error === null ? { value, text, error } : failed(error)
}

/** Reads a value of the type, without the config's own rule. */
export function parseType(name: string, type: ConfigType, raw: string): ParsedValue {
  const text = raw.trim()
  const wrong = (reason: string) => failed(invalidValue(name, raw, reason))
  switch (type) {
    case 'BOOLEAN': {
      const lower = text.toLowerCase()
      if (lower === 'true' || lower === 'false') return read(lower === 'true', lower)
      return wrong('Expected value to be either true or false')
    }
    case 'SHORT':
    case 'INT':
    case 'LONG': {
      const integer = parseInteger(text, BITS[type])
      if (integer === null) return wrong(`Not a number of type ${type}`)
      return read(Number(integer), String(integer))
    }
    case 'DOUBLE': {
      const number = parseDouble(text)
      return number === null
        ? wrong('Not a number of type DOUBLE')
        : read(number, doubleText(number))
    }
    case 'LIST': {
      const items = text === '' ? [] : text.split(/\s*,\s*/)
      return read(items, items.join(','))
    }
    default:
      return read(text, text)
  }
}

/** How a value is shown; null for null. */
export function valueText(value: ConfigValue, type: ConfigType): string | null {
  if (value === null) return null
  if (type === 'DOUBLE') return doubleText(value as number)
  if (type === 'LONG' && value === INT64_MAX) return '9223372036854775807'
  return Array.isArray(value) ? value.join(',') : String(value)
}

/** The default as DescribeConfigs shows it; null where there is none. */
export function defaultText(key: ConfigKey): string | null {
  return valueText(key.defaultValue, key.type)
}

function read(value: ConfigValue, text: string): ParsedValue {
  return { value, text, error: null }
}

function failed(error: string): ParsedValue {
  return { value: null, text: null, error }
}

function parseInteger(text: string, bits: number): bigint | null {
  if (!/^[+-]?\d{1,20}$/.test(text)) return null
  const integer = BigInt(text.replace('+', ''))
  return BigInt.asIntN(bits, integer) === integer ? integer : null
}

function parseDouble(text: string): number | null {
  if (/^[+-]?Infinity$/.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  if (/^[+-]?NaN$/.test(text)) return NaN
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[dDfF]?$/.test(text)) return null
  return Number(text.replace(/[dDfF]$/, ''))
}

/** Java's Double.toString: at least one digit after the point, an exponent from 10^7 on. */
function doubleText(value: number): string {
  const size = Math.abs(value)
  if (Number.isNaN(value) || size === Infinity) return String(value)
  if (size === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  if (size >= 1e-3 && size < 1e7) {
    const text = String(value)
    return text.includes('.') ? text : `${text}.0`
  }
  const [digits, exponent] = value.toExponential().split('e') as [string, string]
  return `${digits.includes('.') ? digits : `${digits}.0`}E${Number(exponent)}`
}
