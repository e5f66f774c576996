/** What the Node clients share: one check a process, named by the first argument; exit status 0 when it holds. */
import { setTimeout as sleep } from 'node:timers/promises'
import { inspect, isDeepStrictEqual } from 'node:util'

const WAIT_MS = 30_000

/** Fails the check with both values in words when they differ. */
export function expect(what, found, wanted) {
  if (isDeepStrictEqual(found, wanted)) return
  throw new Error(`${what}: expected ${inspect(wanted)}, found ${inspect(found)}`)
}

/** Asks until it does not throw, or gives the last error. */
export async function eventually(ask) {
  const deadline = Date.now() + WAIT_MS
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      if (Date.now() > deadline) throw error
      await sleep(100)
    }
  }
}

/** Runs the named check with the rest of the arguments: CHECK BOOTSTRAP TOPIC [GROUP STRATEGY]. */
export async function main(checks) {
  const [name, ...args] = process.argv.slice(2)
  try {
    await checks[name](...args)
    process.exit(0)
  } catch (error) {
    console.error(inspect(error, { depth: 4 }))
    process.exit(1)
  }
}
