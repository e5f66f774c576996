/**
 * Source code without its comments and texts: what is left means something to the language. Each
 * character keeps its place, so lines stay lines.
 */

/** A `/` behind one of these begins a regular expression; behind anything else it divides. */
const BEFORE_REGEX = /(^|[-+*%=(,:;!&|?{}[\]<>~^]|\b(return|typeof|case|in|of))\s*$/

/** Blanks comments, texts, and the fixed parts of templates. */
export function codeOnly(source: string): string {
  const out: string[] = []
  let at = 0
  /** Open braces of each template placeholder that we are in, the innermost last. */
  const placeholders: number[] = []
  const blank = (end: number) => {
    for (; at < end && at < source.length; at++) out.push(source[at] === '\n' ? '\n' : ' ')
  }
  const template = () => {
    const end = templateEnd(source, at)
    blank(end)
    if (source.startsWith('${', end)) {
      out.push('${')
      at = end + 2
      placeholders.push(0)
    } else blank(end + 1)
  }
  while (at < source.length) {
    const character = source[at] as string
    const depth = placeholders.at(-1)
    if (source.startsWith('//', at)) blank(lineEnd(source, at))
    else if (source.startsWith('/*', at)) blank(source.indexOf('*/', at) + 2 || source.length)
    else if (character === "'" || character === '"') blank(quoteEnd(source, at))
    else if (character === '/' && BEFORE_REGEX.test(recent(out))) blank(regexEnd(source, at))
    else if (character === '`') {
      blank(at + 1)
      template()
    } else if (character === '}' && depth === 0) {
      placeholders.pop()
      out.push('}')
      at++
      template()
    } else {
      if (depth !== undefined) placeholders[placeholders.length - 1] = depth + nesting(character)
      out.push(character)
      at++
    }
  }
  return out.join('')
}

function nesting(character: string): number {
  if (character === '{') return 1
  return character === '}' ? -1 : 0
}

/** The last characters that were code, enough to tell a division from a regular expression. */
function recent(out: readonly string[]): string {
  return out.slice(-200).join('').trimEnd().slice(-10)
}

function lineEnd(source: string, from: number): number {
  const end = source.indexOf('\n', from)
  return end < 0 ? source.length : end
}

function quoteEnd(source: string, from: number): number {
  for (let at = from + 1; at < source.length; at++) {
    if (source[at] === '\\') at++
    else if (source[at] === source[from] || source[at] === '\n') return at + 1
  }
  return source.length
}

function regexEnd(source: string, from: number): number {
  let inClass = false
  for (let at = from + 1; at < source.length; at++) {
    const character = source[at]
    if (character === '\\') at++
    else if (character === '\n') return at
    else if (character === '[') inClass = true
    else if (character === ']') inClass = false
    else if (character === '/' && !inClass) return at + 1
  }
  return source.length
}

/** Where the fixed part of a template ends: at its closing quote or the next placeholder. */
function templateEnd(source: string, from: number): number {
  for (let at = from; at < source.length; at++) {
    if (source[at] === '\\') at++
    else if (source[at] === '`' || source.startsWith('${', at)) return at
  }
  return source.length
}
