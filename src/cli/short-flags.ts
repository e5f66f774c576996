/** Flags of one letter, as kcat has them, for commands under our own names. */
import type { Flag } from './flags.ts'

/** Long names by letter. */
export type ShortFlags = Readonly<Record<string, string>>

/**
 * The words with the long names in the place of the short ones: `-K :` and `-K:` become
 * `--key-separator=:`. What is the value of another flag stays as it is.
 */
export function withLongNames(
  args: readonly string[],
  short: ShortFlags,
  table: readonly Flag[],
): string[] {
  const takesValue = (name: string) => {
    const flag = table.find((each) => each.name === name)
    return flag?.value !== undefined && !flag.isOptional
  }
  const words: string[] = []
  for (let at = 0; at < args.length; at++) {
    const word = args[at]!
    const long = /^-\w/.test(word) ? short[word[1]!] : undefined
    const next = args[at + 1]
    if (long === undefined) {
      words.push(word)
      const isAlone = word.startsWith('--') && !word.includes('=')
      if (isAlone && takesValue(word.slice(2)) && next !== undefined) words.push(args[++at]!)
    } else if (!takesValue(long)) words.push(`--${long}`)
    else if (word.length > 2) words.push(`--${long}=${word.slice(2)}`)
    else if (next === undefined) words.push(`--${long}`)
    else words.push(`--${long}=${args[++at]}`)
  }
  return words
}

/** What backslashes stand for, as in kcat: \n, \r, \t, \xNN, \\. */
export function unescaped(text: string): string {
  const letters: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' }
  return text.replace(/\\(x[0-9a-fA-F]{1,2}|.)/gs, (_, escaped: string) => {
    if (escaped.length === 1) return letters[escaped] ?? escaped
    return String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
  })
}
