/**
 * Packages with native code, each loaded when it is first needed: a program that never sees LZ4
 * saves its memory.
 *
 * Invariant: nothing is looked for before that, and it is the same in an ES module, where `require`
 * loaded one, and in a bundle of either kind. No bundler takes a binary in, and none sees these
 * packages: a bundle finds them in the node_modules beside it, or says which one it lacks.
 */
import { createRequire } from 'node:module'

const loaded = new Map<string, unknown>()

/** The exports of a package, or of a file in it. Throws where it can't be loaded. */
export function loadPackage(name: string): unknown {
  let exported = loaded.get(name)
  if (exported === undefined) {
    // Bundlers to CommonJS leave `import.meta` empty, and ES modules have no `__filename`.
    const here = typeof __filename === 'string' ? __filename : import.meta.url
    exported = createRequire(here)(name)
    loaded.set(name, exported)
  }
  return exported
}

/** Why a package can't be loaded, as a sentence's end; null where it can. */
export function packageProblem(name: string): string | null {
  try {
    loadPackage(name)
    return null
  } catch (error) {
    const [cause] = (error as Error).message.split('\n')
    return `the package ${name} can't be loaded: ${cause}`
  }
}
