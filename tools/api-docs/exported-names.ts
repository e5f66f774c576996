/**
 * What a module exports, by name, followed through its re-exports to where each is declared, with
 * whether a doc comment stands right before it. Reads the form that Biome gives our sources, which
 * saves a compiler.
 */
import { posix } from 'node:path'

export interface ExportedName {
  readonly name: string
  /** The file that declares it. */
  readonly path: string
  readonly isDocumented: boolean
}

const RE_EXPORT = /^export (?:type )?\{([^}]*)\} from '(\.[^']+)'/gm
const IMPORT = /^import (?:type )?\{([^}]*)\} from '(\.[^']+)'/gm
const EXPORT_LIST = /^export (?:type )?\{([^}]*)\}(?! from)/gm
const RE_EXPORT_ALL = /^export \* from '(\.[^']+)'/gm
const DECLARED =
  /(\*\/\n)?^export (?:declare |abstract |async )*(?:class|interface|type|function\*?|const|enum) (\w+)/gm

/** The names in the order of the text. `read` gives the text of a file by its path. */
export function exportedNames(path: string, read: (path: string) => string): ExportedName[] {
  const text = read(path)
  const beside = (other: string) => posix.join(posix.dirname(path), other)
  const names: ExportedName[] = []
  for (const [, comment, name] of text.matchAll(DECLARED)) {
    names.push({ name: name!, path, isDocumented: comment !== undefined })
  }
  for (const [, from] of text.matchAll(RE_EXPORT_ALL)) {
    names.push(...exportedNames(beside(from!), read))
  }
  for (const [, list, from] of text.matchAll(RE_EXPORT)) {
    const declared = exportedNames(beside(from!), read)
    for (const { name, alias } of namesIn(list!)) {
      const found = declared.find((other) => other.name === name)
      if (found === undefined) throw new Error(`${path}: ${name} is not found in ${from}`)
      names.push({ ...found, name: alias })
    }
  }
  // What was imported and is exported by name.
  const imported = new Map<string, { readonly from: string; readonly name: string }>()
  for (const [, list, from] of text.matchAll(IMPORT)) {
    for (const { name, alias } of namesIn(list!)) imported.set(alias, { from: from!, name })
  }
  for (const { name, alias } of [...text.matchAll(EXPORT_LIST)].flatMap(([, l]) => namesIn(l!))) {
    const origin = imported.get(name)
    if (origin === undefined) throw new Error(`${path}: ${name} is exported away from its place`)
    const declared = exportedNames(beside(origin.from), read)
    names.push({ ...declared.find((other) => other.name === origin.name)!, name: alias })
  }
  return names
}

/** The names of a list in braces, with what they are called outside. */
function namesIn(list: string): { readonly name: string; readonly alias: string }[] {
  return list
    .split(',')
    .map((each) => each.trim().replace(/^type /, ''))
    .filter((each) => each !== '')
    .map((each) => {
      const [name, alias] = each.split(' as ')
      return { name: name!, alias: alias ?? name! }
    })
}

/** The modules of the client that the package exports, by the names that programs import. */
export function clientEntries(manifest: string): Map<string, string> {
  const { name, exports } = JSON.parse(manifest) as { name: string; exports: object }
  const entries = Object.entries(exports).flatMap(([key, { types }]) => {
    const path = /^\.\/dist\/(client\/.*)\.d\.ts$/.exec(types ?? '')?.[1]
    return path === undefined ? [] : [[name + key.slice(1), `src/${path}.ts`] as const]
  })
  return new Map(entries)
}
