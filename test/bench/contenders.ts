/**
 * The two servers that are compared, each as its users run it: Millrace as the package that is
 * published, Apache Kafka with the JVM options of its own scripts.
 */
import { cpSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { runOrThrow } from '../conformance/process.ts'
import { Server, type ServerKind, type ServerPrograms } from '../conformance/server.ts'
import { KAFKA_JVM_OPTIONS, type Target } from './load.ts'
import { ProcessUsage } from './process-usage.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const BUILD_TIMEOUT_MS = 120_000
/** What bin/kafka-server-start.sh gives the broker. */
const KAFKA_HEAP_OPTIONS = ['-Xmx1G', '-Xms1G']
/** Deleted topics give back their space soon: a run writes some ten gigabytes. */
const PROPERTIES = { 'log.segment.delete.delay.ms': '100' }

export class Contenders {
  readonly usage = new ProcessUsage()
  readonly #directory: string
  readonly #classPath: string
  readonly #programs: ServerPrograms
  readonly #shared = new Map<ServerKind, Promise<Server>>()
  #made = 0

  private constructor(directory: string, classPath: string, millrace: string) {
    this.#directory = directory
    this.#classPath = classPath
    const javaOptions = [...KAFKA_HEAP_OPTIONS, ...KAFKA_JVM_OPTIONS]
    this.#programs = { millrace, javaOptions }
  }

  /** The program that is the `millrace` command of the package. */
  get millrace(): string {
    return this.#programs.millrace
  }

  /** Builds the package into the directory, where the servers will live too. */
  static async prepare(directory: string, classPath: string): Promise<Contenders> {
    const home = join(directory, 'package')
    mkdirSync(home, { recursive: true })
    const build = [join(ROOT, 'tools', 'bundle.ts'), join(home, 'dist', 'cli')]
    await runOrThrow(process.execPath, build, BUILD_TIMEOUT_MS)
    for (const name of ['bin', 'package.json']) {
      cpSync(join(ROOT, name), join(home, name), { recursive: true })
    }
    symlinkSync(join(ROOT, 'node_modules'), join(home, 'node_modules'))
    return new Contenders(directory, classPath, join(home, 'bin', 'millrace.cjs'))
  }

  target(server: Server): Target {
    return { bootstrap: server.bootstrap, classPath: this.#classPath }
  }

  /** A server of its own for one measurement; whoever asks for it ends it. */
  fresh(kind: ServerKind): Promise<Server> {
    const directory = join(this.#directory, `${kind}-${this.#made++}`)
    return Server.create({
      kind,
      directory,
      classPath: this.#classPath,
      properties: PROPERTIES,
      programs: this.#programs,
    })
  }

  /** The server that the measurements of load share; warmed up by `warmUp` when it is made. */
  shared(kind: ServerKind, warmUp: (server: Server) => Promise<void>): Promise<Server> {
    let server = this.#shared.get(kind)
    if (server === undefined) {
      server = this.fresh(kind).then(async (made) => {
        await warmUp(made)
        return made
      })
      this.#shared.set(kind, server)
    }
    return server
  }

  /** Stops the shared servers, so that what is measured next has the machine for itself. */
  async endShared(): Promise<void> {
    for (const server of this.#shared.values()) await this.discard(await server)
    this.#shared.clear()
  }

  /** Ends a server and gives back its space. */
  async discard(server: Server): Promise<void> {
    await server.kill()
    rmSync(server.directory, { recursive: true, force: true })
  }
}
