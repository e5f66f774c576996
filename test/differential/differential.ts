/**
 * Sequences of random requests to Apache Kafka and to Millrace, and what differed. One that differs
 * is repeated under other names, and counts if it differs again: two servers that hear of a change
 * at different times may answer differently once.
 */
import {
  findCoordinatorRequest,
  findCoordinatorResponse,
} from '../../src/protocol/messages/10-find-coordinator.ts'
import { heartbeatRequest, heartbeatResponse } from '../../src/protocol/messages/12-heartbeat.ts'
import {
  initProducerIdRequest,
  initProducerIdResponse,
} from '../../src/protocol/messages/22-init-producer-id.ts'
import { eventually } from '../conformance/process.ts'
import type { Server } from '../conformance/server.ts'
import { type Difference, runSequence } from './sequence.ts'
import { Side } from './side.ts'

/** What both servers are given besides the usual: groups need not wait for more members. */
export const PROPERTIES = { 'group.initial.rebalance.delay.ms': '0' }

/** Enough names that each partition of the coordinators' topic has one. */
const GROUPS = 400
const LOADED_MS = 30_000

/** One theme from a seed on. */
export interface DifferentialOptions {
  readonly theme: string
  readonly seed: number
  readonly sequences: number
  readonly steps: number
  readonly log: ((line: string) => void) | null
}

/** What to read of each sequence that differed. */
export async function differences(
  kafka: Server,
  millrace: Server,
  { theme, seed: first, sequences, steps, log }: DifferentialOptions,
): Promise<string[]> {
  const found: string[] = []
  for (let seed = first; seed < first + sequences; seed++) {
    const run = (name: string) => runSequence([kafka, millrace], { theme, seed, name, steps, log })
    const difference = (await run(`s${seed}`)) && (await run(`s${seed}r1`))
    if (difference !== null) found.push(`${theme}, seed ${seed}, ${textOf(difference)}`)
  }
  return found
}

function textOf({ step, request, outcomes: [kafka, millrace] }: Difference): string {
  return `step ${step}: ${request}\n  Kafka:    ${kafka}\n  Millrace: ${millrace}`
}

/** Waits until a server gives producer ids and answers for groups, which makes their topic. */
export async function warmUp(server: Server): Promise<void> {
  const side = new Side(server, server.port, 'warm', Date.now())
  const body = { transactionalId: null, transactionTimeoutMs: 0, producerId: -1, producerEpoch: -1 }
  const init = { message: initProducerIdRequest, version: 3, body }
  await eventually(LOADED_MS, async () => {
    const given = await side.ask(init, initProducerIdResponse)
    if (!given.includes('"errorCode":0')) throw new Error(given)
  })
  for (let group = 0; group < GROUPS; group++) {
    const key = `warm-${group}`
    const find = { message: findCoordinatorRequest, version: 2, body: { key, keyType: 0 } }
    const asked = { groupId: key, generationId: 0, memberId: 'none' }
    const beat = { message: heartbeatRequest, version: 3, body: asked }
    await eventually(LOADED_MS, async () => {
      const found = await side.ask(find, findCoordinatorResponse)
      const beaten = await side.ask(beat, heartbeatResponse)
      if (/"errorCode":(14|15|16)\b/.test(found + beaten)) throw new Error(`${found} ${beaten}`)
    })
  }
  side.close()
}
