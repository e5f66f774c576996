/**
 * Thousands of damaged data directories, each opened and looked at: on the simulated disk for the
 * number, and some hundreds on the real one. What damage is, and what must come of it, is in
 * src/broker/damage.
 */
import assert from 'node:assert/strict'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Prng } from '../../src/base/prng.ts'
import {
  checkRefusal,
  damageRun,
  type Outcome,
} from '../../src/broker/damage/damage.test-support.ts'
import { damage } from '../../src/broker/damage/damages.test-support.ts'
import { examine } from '../../src/broker/damage/examination.test-support.ts'
import {
  CLUSTER_ID,
  makeSpecimen,
  nodeWith,
  SPECIMEN_ENDS,
  type Specimen,
} from '../../src/broker/damage/specimen.test-support.ts'
import { startServer } from '../../src/broker/server.ts'
import type { Clock, Io } from '../../src/io/io.ts'
import { nodeIo } from '../../src/io/node.ts'
import { BenchClient } from '../bench/client.ts'
import type { Check, CheckContext } from '../conformance/check.ts'

/** Of so many damages, one is made on the real disk. */
const REAL_SHARE = 40
const DAMAGES_PER_SPECIMEN = 500
const DAMAGE_TIMEOUT_MS = 1_000

async function damages(context: CheckContext, count: number, first: number): Promise<void> {
  const counts: Record<Outcome, number> = { refused: 0, reported: 0, unharmed: 0 }
  const perSpecimen = Math.min(DAMAGES_PER_SPECIMEN, Math.ceil(count / SPECIMEN_ENDS.length))
  let specimen: Specimen | null = null
  let real = 0
  for (let i = 0; i < count; i++) {
    if (specimen === null || i % perSpecimen === 0) {
      const end = SPECIMEN_ENDS[Math.floor(i / perSpecimen) % SPECIMEN_ENDS.length]!
      specimen = await makeSpecimen(first + i, end)
    }
    counts[await damageRun(specimen, first + i)]++
    if (i % REAL_SHARE > 0) continue
    await realRun(context, specimen, first + i)
    real++
  }
  const { refused, reported, unharmed } = counts
  context.note(
    `seeds from ${first}: ${count} damaged directories, ${refused} refused with the reason, ` +
      `${reported} opened with a word, ${unharmed} opened as if nothing were; ${real} on the disk`,
  )
}

/** The same damage on files of this machine, with a server on real io in this process. */
async function realRun(context: CheckContext, specimen: Specimen, seed: number): Promise<void> {
  const root = join(context.directory, 'files')
  rmSync(root, { recursive: true, force: true })
  const damaged = damage(specimen.files, new Prng(seed))
  for (const [path, content] of damaged.files) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), content)
  }
  const log: string[] = []
  const at = (level: string) => (message: string) => log.push(`${level}: ${message}`)
  const logger = { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
  const { properties } = nodeWith(new Map(), seed)
  const listeners = 'PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0'
  let fatal: Error | null = null
  const from = `specimen ${specimen.seed} (${specimen.end})`
  const where = `on the disk, ${from}, seed ${seed}: ${damaged.what}`
  const starting = startServer({
    properties: new Map(Object.entries({ ...properties, listeners })),
    io: ioFrom(specimen.endMs),
    logger,
    clusterId: CLUSTER_ID,
    absolutePath: (path) => join(root, path),
    onFatal: (error) => {
      fatal = error
    },
  })
  const server = await starting.catch((error: Error) => {
    checkRefusal(error, damaged, where)
    return null
  })
  if (server === null) return
  const { port } = server.listeners.find(({ kind }) => kind === 'broker')!
  const client = await BenchClient.open(port)
  try {
    const wrong = await examine(client.request.bind(client), specimen, damaged, log)
    assert.deepEqual(wrong, [], `${where}\n${log.join('\n')}`)
    assert.equal(fatal, null, where)
  } finally {
    client.close()
    await server.stop()
  }
}

/** This machine, a moment after the specimen's end: what it knows must not be too old. */
function ioFrom(startMs: number): Io {
  const { clock, disk, network, random } = nodeIo()
  const shiftMs = startMs - clock.nowMs()
  const shifted: Clock = {
    nowMs: () => clock.nowMs() + shiftMs,
    monotonicMs: () => clock.monotonicMs(),
    after: (delayMs, callback) => clock.after(delayMs, callback),
    nextTurn: (callback) => clock.nextTurn(callback),
  }
  return { clock: shifted, disk, network, random }
}

export function damageCheck(count: number, firstSeed: number): Check {
  return {
    name: 'fault-damage',
    needs: [],
    timeoutMs: 60_000 + count * DAMAGE_TIMEOUT_MS,
    run: (context) => damages(context, count, firstSeed),
  }
}
