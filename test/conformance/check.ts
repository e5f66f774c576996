/**
 * What a check is, and what it is given. A check is one claim about the server, with a name of its
 * own and topics and groups of its own; it throws when the claim does not hold, and the error's
 * message says what was seen.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Jvm } from './jvm.ts'
import { Running } from './process.ts'
import { Server, type ServerKind, type ServerOptions } from './server.ts'
import type { Tool, Toolbox } from './toolbox.ts'

const CHECK_TIMEOUT_MS = 120_000

export interface Check {
  readonly name: string
  /** What must be brought to this machine first. */
  readonly needs: readonly Tool[]
  readonly timeoutMs?: number
  readonly run: (context: CheckContext) => Promise<void>
}

export interface Surroundings {
  readonly server: Server
  readonly jvm: Jvm
  readonly toolbox: Toolbox
  readonly kind: ServerKind
  readonly classPath: string
  readonly directory: string
  /** Write down what the reference says instead of comparing with it. */
  readonly isRecording: boolean
}

/** What one run of one check may use; whatever it started ends with it. */
export class CheckContext {
  /** The server that all checks share. */
  readonly server: Server
  readonly jvm: Jvm
  readonly toolbox: Toolbox
  readonly kind: ServerKind
  readonly isRecording: boolean
  /** A name for topics and groups that no other check uses. */
  readonly topic: string
  readonly directory: string
  readonly #surroundings: Surroundings
  readonly #endings: (() => void | Promise<void>)[] = []

  constructor(name: string, surroundings: Surroundings) {
    this.server = surroundings.server
    this.jvm = surroundings.jvm
    this.toolbox = surroundings.toolbox
    this.kind = surroundings.kind
    this.isRecording = surroundings.isRecording
    this.topic = name
    this.directory = join(surroundings.directory, name)
    this.#surroundings = surroundings
    mkdirSync(this.directory, { recursive: true })
  }

  /** A server for this check alone, of the kind under test unless said otherwise. */
  async startServer(
    name: string,
    kind: ServerKind = this.kind,
    options: Pick<ServerOptions, 'properties' | 'features' | 'listeners'> = {},
  ): Promise<Server> {
    const { classPath } = this.#surroundings
    const directory = join(this.directory, name)
    const server = await Server.create({ kind, classPath, directory, ...options })
    this.defer(() => server.kill())
    return server
  }

  /** A client that runs beside others until the check ends. */
  start(command: string, args: readonly string[], env: Readonly<Record<string, string>>): Running {
    return this.keep(new Running(command, args, { env }))
  }

  /** Ends a process with the check. */
  keep(running: Running): Running {
    this.defer(() => running.kill('SIGKILL'))
    return running
  }

  /** Figures for whoever reads the run. */
  note(text: string): void {
    console.log(`${this.topic}: ${text}`)
  }

  defer(ending: () => void | Promise<void>): void {
    this.#endings.push(ending)
  }

  async end(): Promise<void> {
    for (const ending of this.#endings.splice(0).reverse()) await ending()
  }
}

/** Null when the claim held, else the reason why not. */
export async function runCheck(check: Check, surroundings: Surroundings): Promise<string | null> {
  const context = new CheckContext(check.name, surroundings)
  const timeoutMs = check.timeoutMs ?? CHECK_TIMEOUT_MS
  let timer: NodeJS.Timeout | undefined
  try {
    await Promise.all(check.needs.map((tool) => surroundings.toolbox.prepare(tool)))
    if (!surroundings.server.isRunning) await surroundings.server.start() // one check killed it
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not done after ${timeoutMs} ms`)), timeoutMs)
    })
    await Promise.race([check.run(context), timeout])
    return null
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  } finally {
    clearTimeout(timer)
    await context.end()
  }
}
