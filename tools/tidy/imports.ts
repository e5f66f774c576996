/** Which files a file imports, by any of the ways the language has. */
import { posix } from 'node:path'
import { isTypeScript, type SourceFile } from './source-file.ts'

/** `import … from`, `export … from`, `import('…')`, `new URL('…', import.meta.url)`. */
const REFERENCE =
  /(?:\bfrom\s*|\bimport\s*\(?\s*|\bnew URL\(\s*)'(\.{1,2}\/[^']+\.ts|node:[^']+|[@a-z][^']*)'/g

export interface Import {
  readonly from: string
  /** A path from the root of the project, or the name of a module that is not ours. */
  readonly to: string
}

/** All imports of a file. */
export function importsOf({ path, text }: SourceFile): Import[] {
  return [...text.matchAll(REFERENCE)].map(([, target]) => {
    const name = target as string
    const to = name.startsWith('.') ? posix.join(posix.dirname(path), name) : name
    return { from: path, to }
  })
}

/** All imports of the TypeScript in `files`. */
export function allImports(files: readonly SourceFile[]): Import[] {
  return files.filter(isTypeScript).flatMap(importsOf)
}
