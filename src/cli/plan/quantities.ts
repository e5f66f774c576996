/**
 * Numbers as people write them: 100k events, 1.5 KB, 7 days, a margin of 50 %.
 *
 * Invariant: what can't be a quantity is refused with the flag and an example; nothing is guessed.
 */
import { CliError } from '../cli-error.ts'
import type { Flags } from '../flags.ts'

const COUNTS = { '': 1, k: 1e3, m: 1e6, g: 1e9 }
const BYTES = {
  ...{ '': 1, b: 1, kb: 1e3, mb: 1e6, gb: 1e9, tb: 1e12 },
  ...{ kib: 2 ** 10, mib: 2 ** 20, gib: 2 ** 30, tib: 2 ** 40 },
}
const MILLISECONDS = { '': 1, ms: 1, s: 1e3, m: 60e3, min: 60e3, h: 3.6e6, d: 86.4e6 }

function quantity(
  flags: Pick<Flags, 'text'>,
  name: string,
  units: Readonly<Record<string, number>>,
  example: string,
): number | null {
  const text = flags.text(name)
  if (text === null) return null
  const match = /^([\d_,]*\.?\d+)\s*([a-z]*)(?:\/s)?$/i.exec(text.trim())
  const unit = units[match?.[2]?.toLowerCase() ?? 'none']
  const value = Number(match?.[1]?.replace(/[_,]/g, '')) * (unit ?? Number.NaN)
  if (Number.isFinite(value) && value > 0) return value
  throw new CliError(`--${name} ${text}: not a quantity above 0, as ${example}`)
}

/** A number of events or of events a second. */
export function count(flags: Pick<Flags, 'text'>, name: string): number | null {
  return quantity(flags, name, COUNTS, '500, 100k or 1.5M')
}

/** A whole number from 1 up. */
export function whole(flags: Pick<Flags, 'text'>, name: string): number | null {
  const value = count(flags, name)
  if (value === null || Number.isSafeInteger(value)) return value
  throw new CliError(`--${name} ${flags.text(name)}: not a whole number`)
}

export function bytes(flags: Pick<Flags, 'text'>, name: string): number | null {
  return quantity(flags, name, BYTES, '900, 2KB or 1MiB')
}

export function milliseconds(flags: Pick<Flags, 'text'>, name: string): number | null {
  return quantity(flags, name, MILLISECONDS, '250ms, 30s, 12h or 7d')
}

/** A margin as a factor: `50%` is 1.5, and so is `1.5`. */
export function margin(flags: Pick<Flags, 'text'>, fallback: number): number {
  const text = flags.text('margin')
  if (text === null) return fallback
  const percent = /^(\d+(?:\.\d+)?)\s*%$/.exec(text)?.[1]
  const factor = percent === undefined ? Number(text) : 1 + Number(percent) / 100
  if (Number.isFinite(factor) && factor >= 1) return factor
  throw new CliError(`--margin ${text}: neither a share, as 50%, nor a factor from 1 up, as 1.5`)
}

/** 1234567.8 as `1,234,568`; small ones with what they need behind the point. */
export function shownNumber(value: number): string {
  const digits = Math.abs(value) >= 100 || Number.isInteger(value) ? 0 : 2
  return value.toLocaleString('en-US', { maximumFractionDigits: digits })
}

/** 1500000 as `1.5 MB`. */
export function shownBytes(value: number): string {
  const names = ['B', 'KB', 'MB', 'GB', 'TB', 'PB']
  const at = Math.max(0, Math.min(names.length - 1, Math.floor(Math.log10(value) / 3)))
  const scaled = value / 1000 ** at
  return `${scaled.toLocaleString('en-US', { maximumFractionDigits: 1 })} ${names[at]}`
}

/** 604800000 as `7 d`. */
export function shownTime(ms: number): string {
  const units = [
    ['d', 86.4e6],
    ['h', 3.6e6],
    ['min', 60e3],
    ['s', 1e3],
  ] as const
  const rounded = (size: number) => Math.round((ms / size) * 10) / 10
  const isNear = (size: number) => Math.abs(rounded(size) * size - ms) <= ms / 100
  const fit = units.find(([, size]) => ms >= size && isNear(size))
  const [unit, size] = fit ?? (['ms', 1] as const)
  return `${shownNumber(size === 1 ? ms : rounded(size))} ${unit}`
}
