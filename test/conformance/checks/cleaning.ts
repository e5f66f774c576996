/**
 * What a server does to logs by itself: retention by time and by size, compaction, the removal of
 * deleted topics. On a server of its own, whose periods are short.
 */
import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import type { Check, CheckContext } from '../check.ts'
import { eventually, runOrThrow } from '../process.ts'
import type { Server } from '../server.ts'

const WAIT_MS = 60_000
const KCAT_TIMEOUT_MS = 30_000
const SEGMENT = ['--config', 'segment.bytes=1048576', '--config', 'file.delete.delay.ms=500']
const PROPERTIES = {
  'log.retention.check.interval.ms': '500',
  'log.cleaner.backoff.ms': '500',
  'log.initial.task.delay.ms': '500',
  'log.segment.delete.delay.ms': '500',
}

const KEYS = 50
const ROUNDS = 80
const VALUE = 'x'.repeat(1_000)
const FILLER = Array.from({ length: 1_100 }, () => `filler:${VALUE}`)

class Cleaning {
  readonly #context: CheckContext
  readonly #server: Server

  constructor(context: CheckContext, server: Server) {
    this.#context = context
    this.#server = server
  }

  async create(topic: string, ...configs: readonly string[]): Promise<void> {
    const all = [...SEGMENT, ...configs.flatMap((config) => ['--config', config])]
    await this.#tool('kafka-topics', ['--create', '--topic', topic, ...all])
  }

  async delete(topic: string): Promise<void> {
    await this.#tool('kafka-topics', ['--delete', '--topic', topic])
  }

  /** Four megabytes of records without keys. */
  async load(topic: string): Promise<void> {
    const load = ['--num-records', '4000', '--record-size', '1000', '--throughput', '-1']
    await this.#tool('kafka-producer-perf-test', ['--topic', topic, ...load])
  }

  async offset(topic: string, time: 'earliest' | 'latest'): Promise<number> {
    const output = await this.#tool('kafka-get-offsets', ['--topic', topic, '--time', time])
    return Number(output.trim().split(':')[2])
  }

  async produce(topic: string, lines: readonly string[]): Promise<void> {
    await this.#kcat(['-P', '-t', topic, '-K', ':', '-Z'], `${lines.join('\n')}\n`)
  }

  /** Offset, key and value of every record. */
  async read(topic: string): Promise<[number, string, string][]> {
    const format = ['-f', '%o %k %s\n', '-e', '-q', '-X', 'check.crcs=true']
    const output = await this.#kcat(['-C', '-t', topic, ...format])
    const lines = output.split('\n').filter((line) => line !== '')
    return lines.map((line) => {
      const [offset, key, value] = line.split(' ') as [string, string, string]
      return [Number(offset), key, value]
    })
  }

  #tool(tool: Parameters<CheckContext['jvm']['output']>[0], args: readonly string[]) {
    const { jvm } = this.#context
    return jvm.output(tool, [...args, '--bootstrap-server', this.#server.bootstrap])
  }

  async #kcat(args: readonly string[], input = ''): Promise<string> {
    const program = await this.#context.toolbox.prepare('kcat')
    const all = ['-b', this.#server.bootstrap, ...args]
    return runOrThrow(program, all, KCAT_TIMEOUT_MS, { input })
  }
}

async function retention(context: CheckContext): Promise<void> {
  const server = await context.startServer('server', context.kind, { properties: PROPERTIES })
  const cleaning = new Cleaning(context, server)
  await cleaning.create('by-time', 'retention.ms=1000')
  await cleaning.create('by-size', 'retention.bytes=1500000')
  await cleaning.load('by-time')
  await cleaning.load('by-size')
  await eventually(WAIT_MS, async () => {
    const earliest = await cleaning.offset('by-time', 'earliest')
    assert.equal(earliest, 4_000, 'earliest offset where all is too old')
  })
  assert.equal(await cleaning.offset('by-time', 'latest'), 4_000)
  await eventually(WAIT_MS, async () => {
    // Whole segments go while what stays is no less than the limit.
    const kept = 4_000 - (await cleaning.offset('by-size', 'earliest'))
    assert.ok(kept >= 1_400 && kept < 3_000, `records kept by size: ${kept}`)
  })
  const records = await cleaning.read('by-size')
  const earliest = await cleaning.offset('by-size', 'earliest')
  assert.equal(records.length, 4_000 - earliest, 'readable records')
  assert.equal(records[0]?.[0], earliest, 'offset of the first')
  await eventually(WAIT_MS, () => {
    const logs = readdirSync(server.partition('by-time', 0)).filter((name) => name.includes('.log'))
    assert.equal(logs.length, 1, `segments left: ${logs}`)
  })

  await cleaning.delete('by-size')
  await eventually(WAIT_MS, () => {
    const folders = readdirSync(server.dataDirectory).filter((name) => name.startsWith('by-size'))
    assert.deepEqual(folders, [], 'folders of a deleted topic')
  })
}

async function compaction(context: CheckContext): Promise<void> {
  const server = await context.startServer('server', context.kind, { properties: PROPERTIES })
  const cleaning = new Cleaning(context, server)
  const dirty = ['min.cleanable.dirty.ratio=0.01', 'delete.retention.ms=100']
  await cleaning.create('compacted', 'cleanup.policy=compact', ...dirty)
  const keys = Array.from({ length: KEYS }, (_, key) => `key-${key}`)
  for (let round = 0; round < ROUNDS; round++) {
    await cleaning.produce(
      'compacted',
      keys.map((key) => `${key}:${round}-${VALUE}`),
    )
  }
  await cleaning.produce('compacted', ['key-0:', 'last:1'])
  const total = KEYS * ROUNDS + 2
  const isOld = ([offset, key]: [number, string, string]) => offset < total && key !== 'filler'
  await eventually(WAIT_MS, async () => {
    // A new segment closes the one before, and gives the next pass something dirty.
    await cleaning.produce('compacted', FILLER)
    const records = (await cleaning.read('compacted')).filter(isOld)
    assert.equal(records.length, KEYS, 'records left: the last of each key, no tombstone')
    for (const [offset, key, value] of records) {
      if (key === 'last') continue
      const expected = KEYS * (ROUNDS - 1) + keys.indexOf(key)
      assert.equal(offset, expected, `offset of ${key}`)
      assert.equal(value, `${ROUNDS - 1}-${VALUE}`, `value of ${key}`)
    }
  })
}

export const cleanings: readonly Check[] = [
  { name: 'retention', needs: ['java', 'kcat'], timeoutMs: 180_000, run: retention },
  { name: 'compaction', needs: ['java', 'kcat'], timeoutMs: 180_000, run: compaction },
]
