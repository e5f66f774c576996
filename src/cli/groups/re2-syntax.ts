/**
 * Whether a regular expression is one of RE2, as the server takes them for subscriptions of KIP-848
 * groups, and if not, why.
 *
 * Invariant: accepts and refuses what RE2/J 1.8 does with the flags of its Pattern, for the same
 * reason. It has no lookaround, no backreferences and no possessive quantifiers, so that a match
 * takes linear time.
 */

/** Why an expression is refused, in the words of RE2/J. */
export type Re2Problem =
  | ('invalid character class range' | 'invalid escape sequence' | 'invalid named capture')
  | ('invalid or unsupported Perl syntax' | 'invalid nested repetition operator')
  | ('invalid repeat count' | 'missing closing ]' | 'missing closing )')
  | ('missing argument to repetition operator' | 'trailing backslash at end of expression')
  | ('duplicate capture group name' | 'regexp/syntax: internal error')

class Refused extends Error {
  readonly problem: Re2Problem

  constructor(problem: Re2Problem) {
    super(problem)
    this.problem = problem
  }
}

/** What is wrong with an expression; null where nothing is. */
export function re2Problem(expression: string): Re2Problem | null {
  try {
    new Parser(expression).parse()
    return null
  } catch (error) {
    if (error instanceof Refused) return error.problem
    throw error
  }
}

const MAX_REPEAT = 1000
const MAX_DIGITS = 8
const MAX_CODE_POINT = 0x10ffff
const CONTROL: Readonly<Record<string, number>> = { a: 7, f: 12, n: 10, r: 13, t: 9, v: 11 }
const POSIX_CLASS =
  /^\[:\^?(?:alnum|alpha|ascii|blank|cntrl|digit|graph|lower|print|punct|space|upper|word|xdigit):\]$/
const CATEGORY = /^(?:Any|C[cfos]?|L[lmotu]?|M[cen]?|N[dlo]?|P[cdefios]?|S[ckmo]?|Z[lps]?)$/
/** Those of Unicode 6.0, and Unknown. */
const SCRIPTS: ReadonlySet<string> = new Set(
  (
    'Arabic Armenian Avestan Balinese Bamum Batak Bengali Bopomofo Brahmi Braille Buginese Buhid ' +
    'Canadian_Aboriginal Carian Cham Cherokee Common Coptic Cuneiform Cypriot Cyrillic Deseret ' +
    'Devanagari Egyptian_Hieroglyphs Ethiopic Georgian Glagolitic Gothic Greek Gujarati Gurmukhi ' +
    'Han Hangul Hanunoo Hebrew Hiragana Imperial_Aramaic Inherited Inscriptional_Pahlavi ' +
    'Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kayah_Li Kharoshthi Khmer Lao Latin ' +
    'Lepcha Limbu Linear_B Lisu Lycian Lydian Malayalam Mandaic Meetei_Mayek Mongolian Myanmar ' +
    'New_Tai_Lue Nko Ogham Ol_Chiki Old_Italic Old_Persian Old_South_Arabian Old_Turkic Oriya ' +
    'Osmanya Phags_Pa Phoenician Rejang Runic Samaritan Saurashtra Shavian Sinhala Sundanese ' +
    'Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Tamil Telugu Thaana Thai ' +
    'Tibetan Tifinagh Ugaritic Unknown Vai Yi'
  ).split(' '),
)

class Parser {
  readonly #text: string
  readonly #names = new Set<string>()
  #at = 0
  #openGroups = 0
  /** Whether there is something before here that a repetition can be about. */
  #hasOperand = false

  constructor(text: string) {
    this.#text = text
  }

  parse(): void {
    let wasRepetition = false
    while (this.#isMore) wasRepetition = this.#item(wasRepetition)
    if (this.#openGroups > 0) throw new Refused('missing closing )')
  }

  get #isMore(): boolean {
    return this.#at < this.#text.length
  }

  #looksAt(text: string): boolean {
    return this.#text.startsWith(text, this.#at)
  }

  /** The next character, which may be two units of UTF-16. */
  #take(): string {
    const character = String.fromCodePoint(this.#text.codePointAt(this.#at)!)
    this.#at += character.length
    return character
  }

  /** Reads what stands next; returns whether it was a repetition. */
  #item(wasRepetition: boolean): boolean {
    const next = this.#text[this.#at]!
    if (next === '(') this.#open()
    else if (next === ')') this.#close()
    else if (next === '|') {
      this.#at++
      this.#hasOperand = false
    } else if (next === '[') this.#class()
    else if (next === '\\') this.#escaped()
    else if ('*+?'.includes(next)) {
      this.#at++
      return this.#repetition(wasRepetition)
    } else if (next === '{' && this.#braces()) return this.#repetition(wasRepetition)
    else {
      this.#take()
      this.#hasOperand = true
      return next === '{' // which RE2/J lets no repetition follow
    }
    return false
  }

  #repetition(wasRepetition: boolean): true {
    if (this.#looksAt('?')) this.#at++
    if (wasRepetition) throw new Refused('invalid nested repetition operator')
    if (!this.#hasOperand) throw new Refused('missing argument to repetition operator')
    return true
  }

  /** Reads `{2}`, `{2,}` or `{2,3}`; false where it is none of them and so stands for itself. */
  #braces(): boolean {
    const match = /^\{(0|[1-9]\d*)(?:(,)(0|[1-9]\d*)?)?\}/.exec(this.#text.slice(this.#at))
    if (match === null) return false
    const [whole, least, comma, most] = match
    const numbers = [least!, most ?? (comma === undefined ? least! : '')]
    const [min, max] = numbers.map((text) => (text === '' ? MAX_REPEAT : Number(text)))
    const isLong = numbers.some((text) => text.length > MAX_DIGITS)
    if (isLong || min! > MAX_REPEAT || max! > MAX_REPEAT || min! > max!) {
      throw new Refused('invalid repeat count')
    }
    this.#at += whole.length
    return true
  }

  #open(): void {
    if (!this.#looksAt('(?')) {
      this.#at++
      this.#enter()
      return
    }
    const rest = this.#text.slice(this.#at)
    if (/^\(\?P?</.test(rest)) {
      this.#named(rest)
      return
    }
    const flags = /^\(\?[imsU]*(?:-[imsU]+)?([:)])/.exec(rest)
    if (flags === null) throw new Refused('invalid or unsupported Perl syntax')
    this.#at += flags[0].length
    if (flags[1] === ':') this.#enter()
  }

  #named(rest: string): void {
    const match = /^\(\?P?<([^>]*)>/.exec(rest)
    const name = match?.[1]
    if (name === undefined || !/^\w+$/.test(name)) throw new Refused('invalid named capture')
    if (this.#names.has(name)) throw new Refused('duplicate capture group name')
    this.#names.add(name)
    this.#at += match![0].length
    this.#enter()
  }

  #enter(): void {
    this.#openGroups++
    this.#hasOperand = false
  }

  #close(): void {
    if (this.#openGroups === 0) throw new Refused('regexp/syntax: internal error')
    this.#at++
    this.#openGroups--
    this.#hasOperand = true
  }

  /** Reads what begins with a backslash outside of a class. */
  #escaped(): void {
    if (this.#looksAt('\\Q')) {
      const end = this.#text.indexOf('\\E', this.#at + 2)
      if (end !== this.#at + 2 && this.#at + 2 < this.#text.length) this.#hasOperand = true
      this.#at = end < 0 ? this.#text.length : end + 2
      return
    }
    if (/^\\[AbBz]/.test(this.#text.slice(this.#at))) this.#at += 2
    else if (!this.#classEscape()) this.#characterEscape()
    this.#hasOperand = true
  }

  /** Reads `\d` and `\p{Greek}`; false where neither stands here. */
  #classEscape(): boolean {
    if (/^\\[dswDSW]/.test(this.#text.slice(this.#at))) {
      this.#at += 2
      return true
    }
    if (!this.#looksAt('\\p') && !this.#looksAt('\\P')) return false
    const match = /^\\[pP](?:\{([^}]*)\}|([^{]))/su.exec(this.#text.slice(this.#at))
    const name = (match?.[1] ?? match?.[2] ?? '').replace(/^\^/, '')
    if (!CATEGORY.test(name) && !SCRIPTS.has(name)) {
      throw new Refused('invalid character class range')
    }
    this.#at += match![0].length
    return true
  }

  /** Reads an escape that stands for one character, and returns which. */
  #characterEscape(): number {
    this.#at++
    if (!this.#isMore) throw new Refused('trailing backslash at end of expression')
    const rest = this.#text.slice(this.#at)
    const octal = /^(?:0[0-7]{0,2}|[1-7][0-7]{1,2})/.exec(rest)
    const hex = /^x(?:\{([0-9a-fA-F]+)\}|([0-9a-fA-F]{2}))/.exec(rest)
    const character = this.#take()
    if (octal !== null) {
      this.#at += octal[0].length - 1
      return Number.parseInt(octal[0], 8)
    }
    if (hex !== null) {
      const value = Number.parseInt(hex[1] ?? hex[2]!, 16)
      if (value > MAX_CODE_POINT) throw new Refused('invalid escape sequence')
      this.#at += hex[0].length - 1
      return value
    }
    const control = CONTROL[character]
    if (control !== undefined) return control
    if (!/[a-zA-Z0-9]/.test(character)) return character.codePointAt(0)!
    throw new Refused('invalid escape sequence')
  }

  #class(): void {
    this.#at++
    if (this.#looksAt('^')) this.#at++
    for (let isFirst = true; isFirst || !this.#looksAt(']'); isFirst = false) {
      if (this.#posixClass() || this.#classEscape()) continue
      const low = this.#classCharacter()
      if (!this.#looksAt('-') || this.#looksAt('-]')) continue
      this.#at++
      if (this.#classCharacter() < low) throw new Refused('invalid character class range')
    }
    this.#at++
    this.#hasOperand = true
  }

  #posixClass(): boolean {
    const end = this.#looksAt('[:') ? this.#text.indexOf(':]', this.#at) : -1
    if (end < 0) return false
    const name = this.#text.slice(this.#at, end + 2)
    if (!POSIX_CLASS.test(name)) throw new Refused('invalid character class range')
    this.#at = end + 2
    return true
  }

  #classCharacter(): number {
    if (!this.#isMore) throw new Refused('missing closing ]')
    return this.#looksAt('\\') ? this.#characterEscape() : this.#take().codePointAt(0)!
  }
}
