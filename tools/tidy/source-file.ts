/** A file of the project as the checks see it, and how they are read from disk. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface SourceFile {
  /** From the root of the project, with `/`. */
  readonly path: string
  readonly text: string
}

/** A check: what is wrong, one line each, beginning with the path. */
export type Check = (files: readonly SourceFile[]) => string[]

const NOT_OURS = ['node_modules', 'dist', 'data', '.git', '.cache']
const TEXT = /(\.(ts|js|json|md|txt|yml|java|py|go|mod|sum|xml|properties)|\/run|LICENSE|ignore)$/

/** All text files of the project. */
export function readProject(root: string): SourceFile[] {
  return walk(root, '').map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }))
}

function walk(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (NOT_OURS.includes(entry.name)) return []
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    if (entry.isDirectory()) return walk(root, path)
    return entry.isFile() && TEXT.test(`/${path}`) ? [path] : []
  })
}

export function isTypeScript({ path }: SourceFile): boolean {
  return path.endsWith('.ts')
}

/** Whether a file is there for tests only. */
export function isForTests(path: string): boolean {
  return /\.(test|test-support)\.ts$/.test(path)
}
