/**
 * Every program in docs/client.md and docs/moving-from-kafkajs.md, as it stands there: it compiles
 * under our own strictness, and runs to its end against the server.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Check, CheckContext } from '../check.ts'
import { runOrThrow } from '../process.ts'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
const PROGRAM = /^```ts\n(.*?)^```$/gms
const PROGRAM_TIMEOUT_MS = 40_000
const COMPILER_TIMEOUT_MS = 60_000

/** The programs of the guide as files, with our sources in place of the package. */
function writePrograms({ directory }: CheckContext, page: string): string[] {
  const text = readFileSync(join(ROOT, page), 'utf8')
  return [...text.matchAll(PROGRAM)].map(([, program], index) => {
    const path = join(directory, `program-${index + 1}.ts`)
    const sources = program!.replace(/from 'millrace(\/\w+)?'/, (_, part = '') => {
      return `from '${join(ROOT, 'src', 'client', part, 'index.ts')}'`
    })
    writeFileSync(path, sources)
    return path
  })
}

async function compile(context: CheckContext, programs: readonly string[]): Promise<void> {
  const config = join(context.directory, 'tsconfig.json')
  const typeRoots = [join(ROOT, 'node_modules', '@types')]
  const types = { typeRoots, rewriteRelativeImportExtensions: false }
  const content = { extends: join(ROOT, 'tsconfig.json'), compilerOptions: types, files: programs }
  writeFileSync(config, JSON.stringify({ ...content, include: [] }))
  writeFileSync(join(context.directory, 'package.json'), '{ "type": "module" }')
  const compiler = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  await runOrThrow(process.execPath, [compiler, '-p', config], COMPILER_TIMEOUT_MS)
}

async function runPrograms(context: CheckContext, page: string, least: number): Promise<void> {
  const programs = writePrograms(context, page)
  assert.ok(programs.length >= least, `${page} has ${programs.length} programs`)
  await compile(context, programs)
  const env = {
    BROKERS: context.server.bootstrap,
    TRANSACTIONS: context.kind === 'kafka' ? 'yes' : 'no',
  }
  const run = async (program: string) => {
    const args = ['--disable-warning=ExperimentalWarning', program]
    await runOrThrow(process.execPath, args, PROGRAM_TIMEOUT_MS, {
      env: { ...process.env, ...env },
    })
  }
  const failures: string[] = []
  for (const [index, program] of programs.entries()) {
    await run(program).catch((error: Error) =>
      failures.push(`program ${index + 1}: ${error.message}`),
    )
  }
  assert.deepEqual(failures, [])
}

const check = (name: string, page: string, least: number): Check => ({
  name,
  needs: [],
  timeoutMs: 300_000,
  run: (context) => runPrograms(context, page, least),
})

export const clientGuideChecks: readonly Check[] = [
  check('client-guide', 'docs/client.md', 11),
  check('client-moving', 'docs/moving-from-kafkajs.md', 4),
]
