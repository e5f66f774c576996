/**
 * Java's regular expressions for names of topics and groups, as far as both languages agree, and
 * \Q…\E.
 */
import { CliError } from './cli-error.ts'

const SPECIAL = /[\\^$.*+?()[\]{}|/]/g

/** What Kafka's --topic means: commas are bars, spaces and quotes around it are nothing. */
export function javaPattern(raw: string): RegExp {
  const text = raw
    .trim()
    .replaceAll(',', '|')
    .replaceAll(' ', '')
    .replace(/^["']+/, '')
    .replace(/["']+$/, '')
  const [, ignoresCase, rest] = /^(\(\?i\))?(.*)$/s.exec(text)!
  const source = rest!.replace(/\\Q(.*?)(?:\\E|$)/gs, (_, literal: string) => {
    return literal.replace(SPECIAL, '\\$&')
  })
  try {
    return new RegExp(`^(?:${source})$`, ignoresCase === undefined ? '' : 'i')
  } catch {
    throw new CliError(`${text} is an invalid regex.`)
  }
}
