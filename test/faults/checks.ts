/**
 * What can be done to a node that it must survive, each as a check with a size: `npm run
 * conformance` takes the small sizes, `npm run faults` the large ones.
 */
import type { Check } from '../conformance/check.ts'
import { damageCheck } from './damage.ts'
import { diskFullCheck } from './disk-full.ts'
import { fuzzCheck } from './fuzz.ts'
import { killCheck } from './kill.ts'
import { limitChecks } from './limits.ts'
import { logCrashCheck } from './log-crash.ts'

export interface FaultSizes {
  /** What is random begins with it. */
  readonly seed: number
  readonly kills: number
  readonly frames: number
  /** Runs of a log, each with a death at every operation of its disk. */
  readonly seeds: number
  readonly damages: number
  readonly connections: number
  readonly partitions: number
}

/** As much of it as CI has time for: two minutes. */
export const CONFORMANCE_SIZES: FaultSizes = {
  seed: 1,
  kills: 3,
  frames: 30_000,
  seeds: 1,
  damages: 120,
  connections: 1_000,
  partitions: 2_000,
}

export function faultChecks(sizes: FaultSizes): Check[] {
  return [
    killCheck(sizes.kills),
    fuzzCheck(sizes.frames, sizes.seed),
    logCrashCheck(sizes.seeds, sizes.seed),
    damageCheck(sizes.damages, sizes.seed),
    ...limitChecks(sizes.connections, sizes.partitions),
    diskFullCheck,
  ]
}
