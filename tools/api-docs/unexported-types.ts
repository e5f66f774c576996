/**
 * Which types a program meets in what the client exports and can not import by name. Reads the
 * declarations that our compiler writes: one top-level statement begins at the start of a line.
 *
 * Not public are members with `@internal` in their doc comment, private ones, and constructors of
 * classes that are exported as types only.
 */
import { posix } from 'node:path'

interface Statement {
  readonly name: string
  readonly text: string
}

interface Origin {
  readonly path: string
  readonly name: string
}

const IMPORT = /^import (?:type )?\{([^}]*)\} from '(\.[^']+)'/gm
const RE_EXPORT = /^export (type )?\{([^}]*)\} from '(\.[^']+)'/gm
const RE_EXPORT_ALL = /^export (?:type )?\* from '(\.[^']+)'/gm
const EXPORT_LIST = /^export (type )?\{([^}]*)\};?$/gm
const DECLARED =
  /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface|type|function|const|enum) (\w+)/
const INLINE_IMPORT = /import\("(\.[^"]+)"\)\.(\w+)/g
/** What a line of comment marks runs up to the end of the member, at the same depth. */
const INTERNAL =
  /\/\*\*(?:(?!\*\/)[\s\S])*@internal(?:(?!\*\/)[\s\S])*\*\/\s*[^;{]*(?:\{[^}]*\}[^;]*)?;/g
const PRIVATE = /^\s*(?:private|protected) [^;]*;/gm
const CONSTRUCTOR = /^\s*constructor\([^;]*;/gm
const COMMENT = /\/\*[\s\S]*?\*\//g
const STRING = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/g

/** `path: name` of each type that is used and not exported; `read` gives a declaration's text. */
export function unexportedTypes(
  entries: Iterable<string>,
  read: (path: string) => string,
): string[] {
  const modules = new Modules(read)
  const open: Origin[] = []
  const values = new Set<string>()
  for (const entry of entries) {
    for (const { origin, isType } of modules.exports(entry)) {
      open.push(origin)
      if (!isType) values.add(keyOf(origin))
    }
  }
  const exported = new Set(open.map(keyOf))
  const missing = new Set<string>()
  for (const origin of open) {
    for (const used of modules.usedBy(origin, values.has(keyOf(origin)))) {
      if (!exported.has(keyOf(used))) missing.add(`${keyOf(used)} (in ${origin.name})`)
    }
  }
  return [...missing].sort()
}

function keyOf({ path, name }: Origin): string {
  return `${path}: ${name}`
}

class Modules {
  readonly #read: (path: string) => string

  constructor(read: (path: string) => string) {
    this.#read = read
  }

  /** What a module exports, each as it is where it is declared. */
  exports(path: string): { readonly as: string; readonly origin: Origin; isType: boolean }[] {
    const text = this.#read(path)
    const found = statements(text)
      .filter((statement) => statement.text.startsWith('export '))
      .map(({ name, text }) => {
        const isType = /^export (?:interface|type)/.test(text)
        return { as: name, origin: { path, name }, isType }
      })
    for (const [, from] of text.matchAll(RE_EXPORT_ALL))
      found.push(...this.exports(beside(path, from!)))
    for (const [, type, list, from] of text.matchAll(RE_EXPORT)) {
      for (const { name, alias, isType } of namesIn(list!)) {
        const origin = this.#originOf(beside(path, from!), name)
        found.push({ as: alias, origin, isType: isType || type !== undefined })
      }
    }
    const imported = imports(path, text)
    for (const [, type, list] of text.matchAll(EXPORT_LIST)) {
      for (const { name, alias, isType } of namesIn(list!)) {
        const from = imported.get(name)
        const origin = from === undefined ? { path, name } : this.#originOf(from.path, from.name)
        found.push({ as: alias, origin, isType: isType || type !== undefined })
      }
    }
    return found
  }

  /** Types that a declaration names and that are ours. */
  usedBy({ path, name }: Origin, isValue: boolean): Origin[] {
    const all = statements(this.#read(path))
    const own = all.filter((statement) => statement.name === name)
    let text = own.map((statement) => statement.text).join('\n')
    text = text.replace(INTERNAL, '').replace(PRIVATE, '')
    if (!isValue) text = text.replace(CONSTRUCTOR, '')
    text = text.replace(COMMENT, '')
    const used = [...text.matchAll(INLINE_IMPORT)].map(([, from, inline]) =>
      this.#originOf(beside(path, from!), inline!),
    )
    const words = new Set(
      text
        .replace(INLINE_IMPORT, '')
        .replace(STRING, '')
        .match(/[A-Za-z_]\w*/g),
    )
    for (const [alias, from] of imports(path, this.#read(path))) {
      if (words.has(alias)) used.push(this.#originOf(from.path, from.name))
    }
    for (const statement of all) {
      if (statement.name !== name && isTypeName(statement) && words.has(statement.name)) {
        used.push({ path, name: statement.name })
      }
    }
    return used
  }

  #originOf(path: string, name: string): Origin {
    if (statements(this.#read(path)).some((each) => each.name === name)) return { path, name }
    const found = this.exports(path).find((each) => each.as === name)
    if (found === undefined) throw new Error(`${path} does not export ${name}`)
    return found.origin
  }
}

/** What a module imports of ours, by what it is called there. */
function imports(path: string, text: string): Map<string, Origin> {
  const found = new Map<string, Origin>()
  for (const [, list, from] of text.matchAll(IMPORT)) {
    for (const { name, alias } of namesIn(list!)) {
      found.set(alias, { path: beside(path, from!), name })
    }
  }
  return found
}

/** Values are named by `typeof` only, and their types are what counts then. */
function isTypeName({ text }: Statement): boolean {
  return /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface|type|enum) /.test(text)
}

function statements(text: string): Statement[] {
  const bare = text.split(/^(?=(?:export|declare|interface|type|class|import|const) )/m)
  return bare.flatMap((piece) => {
    const name = DECLARED.exec(piece)?.[1]
    return name === undefined ? [] : [{ name, text: piece }]
  })
}

function beside(path: string, from: string): string {
  return posix.join(posix.dirname(path), from).replace(/\.ts$/, '.d.ts').replace(/\.js$/, '.d.ts')
}

function namesIn(list: string) {
  return list
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
    .map((each) => {
      const [name, alias] = each.replace(/^type /, '').split(' as ')
      return { name: name!, alias: alias ?? name!, isType: each.startsWith('type ') }
    })
}
