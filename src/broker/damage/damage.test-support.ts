/** One damaged directory: made, opened, looked at, and closed again. */
import assert from 'node:assert/strict'
import { Prng } from '../../base/prng.ts'
import type { TestNode } from '../node.test-support.ts'
import { type Damage, damage } from './damages.test-support.ts'
import { examine } from './examination.test-support.ts'
import { DATA, nodeWith, type Specimen } from './specimen.test-support.ts'

/** What became of a damage. */
export type Outcome = 'refused' | 'reported' | 'unharmed'

/** Errors that are a fault of ours. */
const BUGS = ['AssertionError', 'TypeError', 'RangeError', 'ReferenceError', 'BoundsError']
/** One start in so many is followed by a stop and another look. */
const SECOND_LOOKS = 4

/** Damages the specimen in the way of this seed; throws where the node does not take it well. */
export async function damageRun(specimen: Specimen, seed: number): Promise<Outcome> {
  const random = new Prng(seed)
  const damaged = damage(specimen.files, random)
  const node = nodeWith(damaged.files, seed)
  const at = `specimen ${specimen.seed} (${specimen.end}), seed ${seed}: ${damaged.what}`
  try {
    await node.restart()
  } catch (error) {
    checkRefusal(error as Error, damaged, at)
    return 'refused'
  }
  await look(node, specimen, damaged, at)
  if (random.int(SECOND_LOOKS) === 0) {
    await node.stop()
    await node.restart()
    await look(node, specimen, damaged, `${at}, second start`, true)
  }
  const log = node.log.filter((line) => !isOrdinary(line))
  return log.length > 0 ? 'reported' : 'unharmed'
}

async function look(
  node: TestNode,
  specimen: Specimen,
  damaged: Damage,
  at: string,
  isSecond = false,
): Promise<void> {
  const client = await node.connect()
  const call = client.call.bind(client)
  const wrong = await examine(call, specimen, damaged, node.log, isSecond).catch((error: Error) => {
    throw new Error(`${at}: ${error.stack}\n${node.log.join('\n')}`, { cause: error })
  })
  const log = node.log.join('\n')
  assert.deepEqual(wrong, [], `${at}\n${log}`)
  assert.equal(node.fatal, null, `${at}: ${node.fatal?.stack}\n${log}`)
  // What is an error, of the coordinator's partitions, says which file it comes from.
  const errors = node.log.filter((line) => line.startsWith('error'))
  const isNamed = (line: string) => line.includes('__consumer_offsets')
  assert.ok(errors.every(isNamed), `${at}: ${errors.join('\n')}`)
}

/** A start may be refused with the reason: which file, and what about it. */
export function checkRefusal(error: Error, { paths }: Damage, at: string): void {
  const isBug = BUGS.includes(error.name)
  assert.ok(!isBug, `${at}: ${error.stack}`)
  const names = paths.some((path) => error.message.includes(path))
  assert.ok(names, `${at}: refused without naming it: ${error.message}`)
}

function isOrdinary(line: string): boolean {
  return line.startsWith('info') || line.startsWith('debug') || !line.includes(DATA)
}
