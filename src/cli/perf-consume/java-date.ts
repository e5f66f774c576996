/**
 * Times in patterns of java.text.SimpleDateFormat, in the time zone of this machine and in English.
 *
 * Invariant: a letter that stands for nothing is refused, as Java refuses it.
 */
import { CliError } from '../cli-error.ts'

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const MONTHS = [
  ...['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August'],
  ...['September', 'October', 'November', 'December'],
]
const DAY_MS = 86_400_000

type Field = (date: Date, width: number) => string

const number = (value: number, width: number) => String(value).padStart(width, '0')
const name = (names: readonly string[], at: number, width: number) =>
  width > 3 ? names[at]! : names[at]!.slice(0, 3)

const FIELDS: Readonly<Record<string, Field>> = {
  G: () => 'AD',
  y: (date, width) => {
    const year = date.getFullYear()
    return width === 2 ? number(year % 100, 2) : number(year, width)
  },
  M: (date, width) =>
    width > 2 ? name(MONTHS, date.getMonth(), width) : number(date.getMonth() + 1, width),
  d: (date, width) => number(date.getDate(), width),
  D: (date, width) => {
    const first = new Date(date.getFullYear(), 0, 1)
    const noon = new Date(date.getFullYear(), date.getMonth(), date.getDate(), 12)
    return number(Math.floor((noon.getTime() - first.getTime()) / DAY_MS) + 1, width)
  },
  E: (date, width) => name(DAYS, date.getDay(), width),
  u: (date, width) => number(date.getDay() || 7, width),
  a: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  H: (date, width) => number(date.getHours(), width),
  k: (date, width) => number(date.getHours() || 24, width),
  K: (date, width) => number(date.getHours() % 12, width),
  h: (date, width) => number(date.getHours() % 12 || 12, width),
  m: (date, width) => number(date.getMinutes(), width),
  s: (date, width) => number(date.getSeconds(), width),
  S: (date, width) => number(date.getMilliseconds(), width),
  z: (date) => {
    const parts = new Intl.DateTimeFormat('en', { timeZoneName: 'short' }).formatToParts(date)
    return parts.find(({ type }) => type === 'timeZoneName')?.value ?? ''
  },
  Z: (date) => offset(date, ''),
  X: (date, width) => {
    if (date.getTimezoneOffset() === 0) return 'Z'
    return width === 1 ? offset(date, '').slice(0, 3) : offset(date, width === 3 ? ':' : '')
  },
}

function offset(date: Date, between: string): string {
  const minutes = -date.getTimezoneOffset()
  const size = Math.abs(minutes)
  const hours = number(Math.floor(size / 60), 2)
  return `${minutes < 0 ? '-' : '+'}${hours}${between}${number(size % 60, 2)}`
}

/** What writes a time in this pattern. */
export function javaDateFormat(pattern: string): (timeMs: number) => string {
  const parts = [...pattern.matchAll(/'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+|'/g)]
  const writers = parts.map(([text, quoted, letter]): ((date: Date) => string) => {
    if (text === "''") return () => "'"
    if (quoted !== undefined) return () => quoted.replaceAll("''", "'")
    if (text === "'") throw new CliError('Unterminated quote')
    if (letter === undefined) return () => text
    const field = FIELDS[letter]
    if (field === undefined) throw new CliError(`Illegal pattern character '${letter}'`)
    return (date) => field(date, text.length)
  })
  return (timeMs) => {
    const date = new Date(timeMs)
    return writers.map((write) => write(date)).join('')
  }
}
