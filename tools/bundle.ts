/**
 * Writes the `millrace` command as few files: `node tools/bundle.ts [folder]`, by default dist/cli.
 * Finding, reading and linking the hundreds of modules of src/ is most of a start otherwise
 * (docs/decisions/0005-performance.md). Names and lines stay as they are, so that a stack trace can
 * be read; what a command does not need is in files that it does not load.
 *
 * CommonJS, since an `import` of a module of Node's loads all that the module could ever need.
 * Packages with native code stay packages; those of JavaScript alone are taken in, with their
 * licences beside them.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { rolldown } from 'rolldown'

const root = join(import.meta.dirname, '..')
const folder = process.argv[2] ?? join(root, 'dist', 'cli')
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  dependencies: Record<string, string>
}

/** The text of a package's licence, which has to go wherever its code goes. */
function licence(name: string): string {
  const folder = join(root, 'node_modules', name)
  const file = readdirSync(folder).find((each) => /^licen[cs]e(-\w+)?(\.\w+)?$/i.test(each))
  if (file === undefined) throw new Error(`${name} is bundled and has no licence file`)
  return `${name}\n\n${readFileSync(join(folder, file), 'utf8').trim()}\n`
}

const NOTICEABLE_CHARACTERS = 100_000

const bundle = await rolldown({
  input: { main: join(root, 'src', 'cli', 'main.ts') },
  platform: 'node',
  external: Object.keys(manifest.dependencies),
})
rmSync(folder, { recursive: true, force: true })
const { output } = await bundle.write({
  dir: folder,
  format: 'cjs',
  entryFileNames: '[name].cjs',
  chunkFileNames: '[name].cjs',
  comments: { legal: true, annotation: false, jsdoc: false },
})
await bundle.close()

const modules = output.flatMap((chunk) => (chunk.type === 'chunk' ? chunk.moduleIds : []))
const packages = modules.map((id) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(id)?.[1])
const taken = [...new Set(packages)].filter((name) => name !== undefined).sort()
writeFileSync(join(folder, 'LICENSES.txt'), taken.map(licence).join('\n'))
for (const chunk of output) {
  // A character beyond Latin-1 makes V8 keep two bytes for each of the file's. In a small file, as
  // that of the tables, it does not matter.
  if (chunk.type !== 'chunk' || chunk.code.length < NOTICEABLE_CHARACTERS) continue
  if (/[^\0-\xff]/.test(chunk.code)) {
    console.error(`${chunk.fileName} takes twice the memory: it is not Latin-1`)
  }
}
