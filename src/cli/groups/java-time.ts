/**
 * Times as Kafka's tools take them: a moment as SimpleDateFormat reads it for Utils.getDateTime,
 * and a duration as java.time.Duration does.
 *
 * Invariant: accepts what they accept, to the millisecond, and refuses the rest in their words.
 */
import { JavaFailure } from './java-failure.ts'
import { javaSplit } from './java-values.ts'

/** A number has any length and spaces before it; what follows the zone is not looked at. */
const DATE = /[ \t]*(\d+)-[ \t]*(\d+)-[ \t]*(\d+)/
const TIME = /[ \t]*(\d+):[ \t]*(\d+):[ \t]*(\d+)\.[ \t]*(\d+)/
const ZONE = /[ \t]*(?:Z|([-+])(\d\d)(?::([0-5]\d))?)/
const MOMENT = new RegExp(`^${DATE.source}T${TIME.source}${ZONE.source}`)
/** Java goes on to 292278994; a Date does not. */
const MAX_YEAR = 275_000
const MINUTE_MS = 60_000

const DURATION =
  /^([-+]?)P(?:([-+]?\d+)D)?(T(?:([-+]?\d+)H)?(?:([-+]?\d+)M)?(?:([-+]?\d+)(?:[.,](\d{0,9}))?S)?)?$/i
const MAX_LONG = 2n ** 63n - 1n
/** The moments that java.time.Instant has, in seconds. */
const MAX_INSTANT = 31_556_889_864_403_199n
const MIN_INSTANT = -31_557_014_167_219_200n
const NANOS = 1_000_000_000n

/** Milliseconds since 1970 of a moment; without a zone it is one of UTC. */
export function momentMs(text: string): number {
  const parts = javaSplit(text, 'T')
  if (parts.length < 2) {
    const reason = "Error parsing timestamp. It does not contain a 'T' according to ISO8601 format"
    throw JavaFailure.within('java.text.ParseException', reason)
  }
  const whole = /[-+Z]/.test(parts[1]!) ? text : `${text}Z`
  const ms = parsedMoment(whole)
  if (ms !== null) return ms
  throw JavaFailure.within('java.text.ParseException', `Unparseable date: "${whole}"`)
}

function parsedMoment(text: string): number | null {
  const match = MOMENT.exec(text)
  if (match === null) return null
  const [year, month, day, hour, minute, second, ms] = match.slice(1, 8).map(Number)
  const zoneHours = Number(match[9] ?? 0)
  if (year! < 1 || year! > MAX_YEAR || month! < 1 || month! > 12 || zoneHours > 23) return null
  const date = new Date(0)
  date.setUTCFullYear(year!, month! - 1, day!)
  if (date.getUTCDate() !== day || date.getUTCMonth() !== month! - 1) return null
  if (hour! > 23 || minute! > 59 || second! > 59 || ms! > 999) return null
  date.setUTCHours(hour!, minute!, second!, ms!)
  const offset = (zoneHours * 60 + Number(match[10] ?? 0)) * MINUTE_MS
  return date.getTime() - (match[8] === '-' ? -offset : offset)
}

/** The moment that lies a duration before `nowMs`, in milliseconds, rounded down. */
export function beforeMs(duration: string, nowMs: number): number {
  const nanos = durationNanos(duration)
  const before = BigInt(nowMs) * 1_000_000n - nanos
  const seconds = floorDivision(before, NANOS)
  if (seconds < MIN_INSTANT || seconds > MAX_INSTANT) {
    throw new JavaFailure('Instant exceeds minimum or maximum instant')
  }
  const ms = floorDivision(before, 1_000_000n)
  if (!isLong(ms)) throw new JavaFailure('long overflow')
  return Math.min(Number(ms), Number.MAX_SAFE_INTEGER)
}

function floorDivision(value: bigint, by: bigint): bigint {
  const quotient = value / by
  return value % by < 0n ? quotient - 1n : quotient
}

function durationNanos(text: string): bigint {
  const match = DURATION.exec(text)
  if (match === null || match[3] === 'T') throw unparseable()
  const [, sign, days, , hours, minutes, seconds, fraction = ''] = match
  if ([days, hours, minutes, seconds].every((part) => part === undefined)) throw unparseable()
  const total =
    secondsOf(days, 86_400n, 'days') +
    secondsOf(hours, 3600n, 'hours') +
    secondsOf(minutes, 60n, 'minutes') +
    secondsOf(seconds, 1n, 'seconds')
  if (!isLong(total)) throw unparseable('overflow')
  const nanos = BigInt(fraction.padEnd(9, '0'))
  const signed = total * NANOS + (seconds?.startsWith('-') ? -nanos : nanos)
  return sign === '-' ? -signed : signed
}

function secondsOf(text: string | undefined, each: bigint, name: string): bigint {
  const value = BigInt(text?.replace(/^\+/, '') ?? 0)
  if (isLong(value) && isLong(value * each)) return value * each
  throw unparseable(name)
}

function isLong(value: bigint): boolean {
  return value <= MAX_LONG && value >= -MAX_LONG - 1n
}

function unparseable(where = ''): JavaFailure {
  const after = where === '' ? '' : `: ${where}`
  return new JavaFailure(`Text cannot be parsed to a Duration${after}`)
}
