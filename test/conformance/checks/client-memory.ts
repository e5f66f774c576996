/**
 * What the client holds, measured on a process of its own, from outside: no more after a thousand
 * clients than after a few, and never more than its buffers and the slack of a collected heap, when
 * a program sends on while the broker takes nothing, and when a handler has stopped.
 */
import assert from 'node:assert/strict'
import { Kafka } from '../../../src/client/index.ts'
import { ProcessUsage } from '../../bench/process-usage.ts'
import { MEBIBYTE, MEMORY } from '../../faults/memory-bounds.ts'
import type { Check, CheckContext } from '../check.ts'
import {
  BUFFER_BYTES,
  type Census,
  CYCLES,
  MEMORY_PROGRAM,
  SENT,
  type Sent,
  STORED,
  VALUE_BYTES,
} from '../memory-client.ts'
import { Running, sleep } from '../process.ts'

const STEP_TIMEOUT_MS = 150_000
const CHECK_TIMEOUT_MS = 300_000
/** How long the program is left alone with a broker or a handler that does nothing. */
const STANDSTILL_MS = 4_000
const MAX_HEAP_GROWTH_BYTES = 2 * MEBIBYTE
const MAX_RESIDENT_GROWTH_BYTES = 32 * MEBIBYTE

/** A program of test/conformance/memory-client.ts, step by step. */
class Program {
  readonly #running: Running
  #taken = 0

  constructor(context: CheckContext, mode: string, brokers: string) {
    // A small young generation: else V8's own grows by tens of MiB as long as there is room.
    const flags = ['--expose-gc', '--max-semi-space-size=2']
    const quiet = '--disable-warning=ExperimentalWarning'
    const all = [...flags, quiet, MEMORY_PROGRAM, mode, brokers, context.topic]
    this.#running = context.keep(new Running(process.execPath, all))
  }

  get pid(): number {
    return this.#running.pid
  }

  /** What it says next. */
  async step<T>(): Promise<T> {
    const at = this.#taken++
    const { lines } = this.#running
    const line = await this.#running.waitFor(`line ${at}`, STEP_TIMEOUT_MS, () => lines[at])
    return JSON.parse(line) as T
  }

  goOn(): void {
    this.#running.writeLine('go on')
  }

  async end(): Promise<void> {
    assert.equal(await this.#running.exited, 0, this.#running.describe())
  }
}

async function createTopic(brokers: string, name: string): Promise<Kafka> {
  const kafka = new Kafka({ brokers })
  const created = await kafka
    .admin()
    .createTopics([{ name, numPartitions: 1, replicationFactor: 1 }])
  created.orThrow()
  return kafka
}

function mebibytes(bytes: number): string {
  return `${(bytes / MEBIBYTE).toFixed(1)} MiB`
}

async function cycles(context: CheckContext): Promise<void> {
  const { bootstrap } = context.server
  await (await createTopic(bootstrap, context.topic)).close()
  const program = new Program(context, 'cycles', bootstrap)
  const warm = await program.step<Census>()
  const late = await program.step<Census>()
  const heap = late.heapBytes - warm.heapBytes
  const resident = late.residentBytes - warm.residentBytes
  const sizes = `heap ${mebibytes(warm.heapBytes)}, RSS ${mebibytes(warm.residentBytes)}`
  const growth = `heap ${mebibytes(heap)}, RSS ${mebibytes(resident)}`
  context.note(`after ${warm.cycles} clients ${sizes}; ${CYCLES - warm.cycles} later + ${growth}`)
  assert.equal(late.cycles, CYCLES)
  assert.deepEqual(late.resources, [], 'what is left open')
  assert.ok(heap <= MAX_HEAP_GROWTH_BYTES, growth)
  assert.ok(resident <= MAX_RESIDENT_GROWTH_BYTES, growth)
  await program.end()
}

/** Lets the program go on, and holds the most that it ever had against what it had before. */
async function heldWithin(
  context: CheckContext,
  program: Program,
  boundBytes: number,
  onReady = () => {},
): Promise<void> {
  const usage = new ProcessUsage()
  await program.step()
  const before = usage.residentBytes(program.pid)
  onReady()
  program.goOn()
  await program.step()
  await sleep(STANDSTILL_MS)
  const added = usage.peakResidentBytes(program.pid) - before
  const max = boundBytes + MEMORY.slackBytes
  const figures = `${mebibytes(before)} + ${mebibytes(added)}, at most ${mebibytes(max)} more`
  context.note(figures)
  assert.ok(added <= max, figures)
}

/** The broker's process is stopped: its sockets take what the kernel takes, and no more. */
async function producer(context: CheckContext): Promise<void> {
  const server = await context.startServer('server')
  await (await createTopic(server.bootstrap, context.topic)).close()
  const program = new Program(context, 'send', server.bootstrap)
  context.defer(() => signal(server.pid, 'SIGCONT'))
  await heldWithin(context, program, 2 * BUFFER_BYTES, () => signal(server.pid, 'SIGSTOP'))
  signal(server.pid, 'SIGCONT')
  program.goOn()
  const { accepted, refused, delivered } = await program.step<Sent>()
  context.note(`${accepted} accepted and written, ${refused} refused`)
  assert.equal(delivered, accepted, 'all that was accepted is written')
  assert.equal(accepted + refused, 2 * SENT)
  assert.ok(refused > SENT, 'the buffer was full')
  await program.end()
}

function signal(pid: number, name: NodeJS.Signals): void {
  if (pid > 0) process.kill(pid, name)
}

async function consumer(context: CheckContext): Promise<void> {
  const { bootstrap } = context.server
  const kafka = await createTopic(bootstrap, context.topic)
  const writer = kafka.producer()
  for (let i = 0; i < STORED; i++) {
    const value = `${i}`.padEnd(VALUE_BYTES)
    if (!writer.enqueue(context.topic, { value })) await writer.ready()
  }
  await writer.flush()
  await kafka.close()
  const program = new Program(context, 'stop', bootstrap)
  await heldWithin(context, program, BUFFER_BYTES)
  program.goOn()
  assert.deepEqual(await program.step(), { handled: STORED })
  await program.end()
}

const check = (name: string, run: Check['run']): Check => ({
  name: `client-memory-${name}`,
  needs: [],
  timeoutMs: CHECK_TIMEOUT_MS,
  run,
})

export const clientMemory: readonly Check[] = [
  check('cycles', cycles),
  check('producer', producer),
  check('consumer', consumer),
]
