/**
 * The foreign clients, brought from their registries by name and exact version into a cache folder.
 *
 * Invariant: an entry of the cache is named after the content that it was made from (manifest,
 * sources, version of the language) and appears whole or not at all, so a changed manifest makes a
 * new one and two runs do not disturb each other. Nothing is taken from the machine but the
 * language's own tools; one that is missing is an error that says so.
 */
import { createHash } from 'node:crypto'
import {
  accessSync,
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { runOrThrow } from './process.ts'

const HERE = import.meta.dirname
const INSTALL_TIMEOUT_MS = 900_000
const QUICK_TIMEOUT_MS = 60_000

export const TOOLS = ['java', 'kcat', 'python', 'go', 'node', 'runtimes'] as const
export type Tool = (typeof TOOLS)[number]

export class Toolbox {
  readonly #cache: string
  readonly #prepared = new Map<Tool, Promise<string>>()

  constructor(environment: NodeJS.ProcessEnv) {
    const base = environment['XDG_CACHE_HOME'] || join(homedir(), '.cache')
    this.#cache = join(base, 'millrace-conformance')
    mkdirSync(this.#cache, { recursive: true })
  }

  /**
   * What a check starts its client with, prepared on first use: java: the class path; python: the
   * folder for PYTHONPATH; go: the program; node and runtimes: the folder that has node_modules;
   * kcat: the program.
   */
  prepare(tool: Tool): Promise<string> {
    let prepared = this.#prepared.get(tool)
    if (prepared === undefined) {
      prepared = this.#prepare(tool)
      prepared.catch(() => {}) // whoever asks gets it; nobody asking is no fault
      this.#prepared.set(tool, prepared)
    }
    return prepared
  }

  #prepare(tool: Tool): Promise<string> {
    switch (tool) {
      case 'java':
        return this.#java()
      case 'kcat':
        return kcat()
      case 'python':
        return this.#python()
      case 'go':
        return this.#go()
      case 'node':
        return this.#node()
      case 'runtimes':
        return this.#runtimes()
    }
  }

  /** The class path of what a manifest of Maven in `java/` asks for. */
  async jars(manifest: string): Promise<string> {
    requirePrograms('java', ['java', 'mvn'])
    const pom = join(HERE, 'java', manifest)
    const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies'
    const jars = await this.#entry('java-jars', [readFileSync(pom)], async (directory) => {
      const flags = ['-q', '-B', '-Dstyle.color=never', '-f', pom, goal]
      const output = `-DoutputDirectory=${directory}`
      await runOrThrow('mvn', [...flags, output], INSTALL_TIMEOUT_MS)
    })
    return `${jars}/*`
  }

  async #java(): Promise<string> {
    requirePrograms('java', ['javac'])
    const pom = join(HERE, 'java', 'pom.xml')
    const jars = await this.jars('pom.xml')
    const names = ['ToolRunner.java', 'TelemetryLog.java']
    const sources = names.map((name) => join(HERE, 'java', name))
    const content = [...sources, pom].map((file) => readFileSync(file))
    const classes = await this.#entry('java-classes', content, async (directory) => {
      const args = ['-nowarn', '-d', directory, '-cp', jars, ...sources]
      await runOrThrow('javac', args, QUICK_TIMEOUT_MS)
    })
    return `${classes}${delimiter}${jars}`
  }

  async #python(): Promise<string> {
    requirePrograms('python', ['python3'])
    const requirements = join(HERE, 'python', 'requirements.txt')
    const version = await runOrThrow('python3', ['--version'], QUICK_TIMEOUT_MS)
    return this.#entry('python', [readFileSync(requirements), version], async (directory) => {
      const flags = ['-m', 'pip', 'install', '-q', '--no-input', '--only-binary', ':all:']
      const args = [...flags, '--target', directory, '-r', requirements]
      await runOrThrow('python3', args, INSTALL_TIMEOUT_MS)
    })
  }

  async #go(): Promise<string> {
    requirePrograms('go', ['go'])
    const folder = join(HERE, 'go')
    const names = ['go.mod', 'go.sum', 'main.go', 'sarama.go', 'franz.go', 'member.go']
    const content = names.map((name) => readFileSync(join(folder, name)))
    const directory = await this.#entry('go', content, async (directory) => {
      const options = { cwd: folder, env: { GOTOOLCHAIN: 'local' } }
      const args = ['build', '-mod=readonly', '-o', join(directory, 'clients'), '.']
      await runOrThrow('go', args, INSTALL_TIMEOUT_MS, options)
    })
    return join(directory, 'clients')
  }

  async #node(): Promise<string> {
    return this.#packages('node', ['package.json', 'package-lock.json'], ['ci'])
  }

  /** Binaries, each a package that depends on nothing: the manifest's exact versions are all. */
  async #runtimes(): Promise<string> {
    return this.#packages('runtimes', ['package.json'], ['install', '--no-package-lock'])
  }

  /** What a manifest of npm asks for; no script of a package runs. */
  async #packages(
    name: string,
    manifests: readonly string[],
    command: readonly string[],
  ): Promise<string> {
    requirePrograms('node', ['npm'])
    const folder = join(HERE, name)
    const content = manifests.map((manifest) => readFileSync(join(folder, manifest)))
    return this.#entry(name, content, async (directory) => {
      for (const each of manifests) cpSync(join(folder, each), join(directory, each))
      const args = [...command, '--no-audit', '--no-fund', '--ignore-scripts']
      await runOrThrow('npm', args, INSTALL_TIMEOUT_MS, { cwd: directory })
    })
  }

  /**
   * The folder with node-rdkafka, built for the Node.js that runs this: its headers are in the
   * registry's package of that binary. Takes some six minutes and a compiler.
   */
  async rdkafka(manifest: string): Promise<string> {
    requirePrograms('rdkafka', ['npm', 'make', 'g++', 'python3'])
    const binary = `node-${process.platform}-${process.arch}`
    const content = [readFileSync(manifest), process.version, binary]
    return this.#entry('rdkafka', content, async (directory) => {
      cpSync(manifest, join(directory, 'package.json'))
      const quiet = ['--no-audit', '--no-fund', '--no-package-lock']
      const wanted = `${binary}@${process.versions.node}`
      const install = ['install', ...quiet, '--ignore-scripts', wanted]
      await runOrThrow('npm', install, INSTALL_TIMEOUT_MS, { cwd: directory })
      // Its makefile does not say that config.h comes before what includes it: one job at a time.
      const env = {
        PATH: `${dirname(process.execPath)}${delimiter}${process.env['PATH']}`,
        npm_config_nodedir: join(directory, 'node_modules', binary),
        JOBS: '1',
      }
      const rebuild = ['rebuild', '--ignore-scripts=false', 'node-rdkafka']
      await runOrThrow('npm', rebuild, INSTALL_TIMEOUT_MS, { cwd: directory, env })
    })
  }

  async #entry(
    name: string,
    content: readonly (string | Uint8Array)[],
    make: (directory: string) => Promise<void>,
  ): Promise<string> {
    const hash = createHash('sha256')
    for (const part of content) hash.update(part).update('\0')
    const directory = join(this.#cache, `${name}-${hash.digest('hex').slice(0, 12)}`)
    if (existsSync(directory)) return directory
    const part = `${directory}.part-${process.pid}`
    rmSync(part, { recursive: true, force: true })
    mkdirSync(part)
    try {
      await make(part)
      renameSync(part, directory)
    } catch (error) {
      rmSync(part, { recursive: true, force: true })
      if (!existsSync(directory)) throw error // else another run was faster
    }
    return directory
  }
}

/** kcat comes with the operating system: Debian's package, installed where we may. */
async function kcat(): Promise<string> {
  const installed = findProgram('kcat')
  if (installed !== null) return installed
  const isRoot = process.getuid?.() === 0
  if (findProgram('apt-get') === null || !isRoot) {
    throw new Error('kcat is not installed, and only root of a Debian machine can install it here')
  }
  const options = { env: { DEBIAN_FRONTEND: 'noninteractive' } }
  await runOrThrow('apt-get', ['update', '-qq'], INSTALL_TIMEOUT_MS, options)
  const args = ['install', '-y', '-qq', '--no-install-recommends', 'kcat']
  await runOrThrow('apt-get', args, INSTALL_TIMEOUT_MS, options)
  const program = findProgram('kcat')
  if (program === null) throw new Error('kcat is not installed, and its package did not bring it')
  return program
}

function requirePrograms(tool: Tool | 'rdkafka', programs: readonly string[]): void {
  const missing = programs.filter((program) => findProgram(program) === null)
  if (missing.length > 0) {
    throw new Error(`the ${tool} clients need ${missing.join(' and ')}, not found in PATH`)
  }
}

function findProgram(name: string): string | null {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const candidate = join(directory, name)
    try {
      accessSync(candidate, constants.X_OK)
      return candidate
    } catch {
      // not in this folder
    }
  }
  return null
}
