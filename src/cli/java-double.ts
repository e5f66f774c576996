/** Numbers as Java reads and writes a double: 1024.0, 1.0E7, NaN. */

const FORM = /^[+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?[fd]?)$/i

/** What Double.parseDouble makes of a text; null where it throws. */
export function javaDouble(text: string): number | null {
  const trimmed = text.trim()
  if (!FORM.test(trimmed)) return null
  if (/nan|infinity/i.test(trimmed) && !/^[+-]?(NaN|Infinity)$/.test(trimmed)) return null
  return Number(trimmed.replace(/[fd]$/i, ''))
}

/** Double.toString. */
export function doubleText(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  const size = Math.abs(value)
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'
  if (size >= 1e-3 && size < 1e7) return Number.isInteger(value) ? `${value}.0` : String(value)
  const [digits, exponent] = value.toExponential().split('e') as [string, string]
  return `${digits.includes('.') ? digits : `${digits}.0`}E${exponent.replace('+', '')}`
}
