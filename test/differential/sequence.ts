/**
 * One sequence: some topics are made on both servers, then random requests of one theme go to both,
 * one after the other. It ends at the first answer that is not the same, since from there on the
 * two servers are no longer in the same state.
 */
import { isDeepStrictEqual } from 'node:util'
import { Prng } from '../../src/base/prng.ts'
import { apis } from '../../src/protocol/apis.ts'
import { createTopicsRequest } from '../../src/protocol/messages/19-create-topics.ts'
import type { Message } from '../../src/protocol/schema.ts'
import { sleep } from '../conformance/process.ts'
import type { Server } from '../conformance/server.ts'
import { type DrawnRequest, drawRequest } from './random-request.ts'
import { type Outcome, Side } from './side.ts'
import { Symbols } from './symbols.ts'
import { Vocabulary } from './vocabulary.ts'

/** What a sequence is about. */
export interface Theme {
  /** API keys, each as often as it is to be drawn. */
  readonly keys: readonly number[]
  /** Asked of the controller's listener, which has APIs of its own. */
  readonly isForController?: true
}

const ADMINISTRATION = [19, 19, 19, 20, 37, 37, 32, 32, 33, 44, 44, 44, 43, 45, 46, 57, 60, 64, 55]

export const THEMES: Readonly<Record<string, Theme>> = {
  log: { keys: [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 23, 21, 22, 61, 35] },
  groups: { keys: [11, 11, 11, 11, 14, 14, 14, 12, 12, 13, 8, 8, 9, 9, 47, 15, 15, 16, 42, 10] },
  admin: { keys: [...ADMINISTRATION, 3, 3, 75, 74, 66] },
  controller: { keys: ADMINISTRATION, isForController: true },
}

/** What may wait for other members. */
const WAITING = [11, 14]
/** What has no answer when it says so. */
const PRODUCE = 0
const PAST_MS = 60_000
/**
 * A broker hears of what its controller has done a little later. Metadata is among them since its
 * first versions make the topics that they ask for.
 */
const MUTATING = [3, 19, 20, 33, 37, 42, 43, 44, 45, 57]
const HEARD_MS = 80
const MADE_MS = 150
/** Two answers belong together when both came within this time, and stay away for as long. */
const SETTLE_MS = 2500
const QUIET_MS = 40

export interface SequenceOptions {
  readonly theme: string
  readonly seed: number
  /** What its topics and groups begin with; no other sequence has used it. */
  readonly name: string
  readonly steps: number
  readonly log: ((line: string) => void) | null
}

export interface Difference {
  readonly step: number
  readonly request: string
  readonly outcomes: readonly [Outcome, Outcome]
}

interface Pending {
  readonly drawn: DrawnRequest
  readonly request: string
  readonly outcomes: [Outcome | null, Outcome | null]
}

const APIS = new Map(apis.map((api) => [api.key, api]))

/** Null where every answer was the same. */
export async function runSequence(
  servers: readonly [Server, Server],
  { theme, seed, name, steps, log }: SequenceOptions,
): Promise<Difference | null> {
  const { keys, isForController } = THEMES[theme]!
  const prng = new Prng(seed)
  const epochMs = Date.now() - PAST_MS
  const sides = servers.map((server) => {
    const port = isForController ? server.controllerPort : server.port
    return new Side(server, port, name, epochMs)
  }) as [Side, Side]
  const vocabulary = new Vocabulary(new Symbols(sides.map(({ symbols }) => symbols)), name, epochMs)
  const waiting: Pending[] = []

  const step = async (drawn: DrawnRequest): Promise<Omit<Difference, 'step'> | null> => {
    const { apiKey } = drawn.message
    const response: Message = APIS.get(apiKey)!.response
    const request = textOf(drawn)
    if (WAITING.includes(apiKey)) {
      const pending: Pending = { drawn, request, outcomes: [null, null] }
      for (const [at, side] of sides.entries()) {
        side.askApart(drawn, response).then(
          (outcome) => (pending.outcomes[at] = outcome),
          () => {},
        )
      }
      waiting.push(pending)
    } else {
      const isSilent = apiKey === PRODUCE && drawn.body.acks === 0
      const outcomes = await Promise.all(
        sides.map((side) => (isSilent ? side.tell(drawn) : side.ask(drawn, response))),
      )
      log?.(`${request}\n    ${outcomes[0]}`)
      if (!isSame(outcomes as [Outcome, Outcome])) {
        return { request, outcomes: outcomes as [Outcome, Outcome] }
      }
      const session = /"sessionId":"(session:\d+)"/.exec(outcomes[0] ?? '')
      if (session?.[1] !== undefined) vocabulary.learnSession(session[1])
    }
    if (MUTATING.includes(apiKey)) await sleep(HEARD_MS)
    return settle(waiting, vocabulary, log)
  }

  try {
    const topics = vocabulary.topics.slice(0, 3).map((topic, at) => {
      const configs = at === 2 ? [{ name: 'cleanup.policy', value: 'compact' }] : []
      return {
        name: topic,
        numPartitions: 1 + 2 * (at % 2),
        replicationFactor: 1,
        assignments: [],
        configs,
      }
    })
    const body = { topics, timeoutMs: 5000, validateOnly: false }
    const made = await step({ message: createTopicsRequest, version: 7, body })
    if (made !== null) return { step: 0, ...made }
    await sleep(MADE_MS)
    for (let at = 1; at <= steps; at++) {
      const { key, request } = APIS.get(keys[prng.int(keys.length)]!)!
      const drawn = drawRequest(prng, vocabulary, request, SPOKEN[key] ?? request.versions)
      const difference = await step(drawn)
      if (difference !== null) return { step: at, ...difference }
    }
    return null
  } finally {
    for (const side of sides) side.close()
  }
}

/** Where a later version is for transactions or still unstable. */
const SPOKEN: Readonly<Record<number, string>> = { 22: '0-5' }

/** Waits until on both sides the same requests are answered, and nothing more comes. */
async function settle(
  waiting: Pending[],
  vocabulary: Vocabulary,
  log: SequenceOptions['log'],
): Promise<Omit<Difference, 'step'> | null> {
  const deadline = Date.now() + SETTLE_MS
  const answered = () => waiting.filter(({ outcomes }) => outcomes.some((each) => each !== null))
  if (waiting.length > 0) await sleep(QUIET_MS)
  while (answered().some(({ outcomes }) => outcomes.includes(null)) && Date.now() < deadline) {
    await sleep(5)
  }
  for (const pending of answered()) {
    waiting.splice(waiting.indexOf(pending), 1)
    const [left, right] = pending.outcomes.map((each) => each ?? 'no answer') as [Outcome, Outcome]
    log?.(`(late) ${pending.request}\n    ${left}`)
    if (!isSame([left, right])) return { request: pending.request, outcomes: [left, right] }
    learnMember(pending, left, vocabulary)
  }
  return null
}

/** Who has an id or a generation now. */
function learnMember({ drawn }: Pending, outcome: Outcome, vocabulary: Vocabulary): void {
  const joined = /"errorCode":(?:0|79),"generationId":(-?\d+).*"memberId":"(member:\d+)"/.exec(
    outcome,
  )
  if (joined === null) return
  const { groupId, groupInstanceId = null } = drawn.body as {
    groupId: string
    groupInstanceId?: string | null
  }
  const [, generation, member] = joined
  vocabulary.learnMember({
    ...{ group: groupId, member: member!, instance: groupInstanceId },
    generation: Number(generation),
  })
}

/**
 * Where Kafka says nothing of a refusal Millrace may, and where Kafka's answer is that of an
 * exception nobody expected (-1) any error will do.
 */
function isSame([kafka, millrace]: readonly [Outcome, Outcome]): boolean {
  if (kafka === millrace) return true
  if (kafka === 'closed' || millrace === 'closed' || !kafka.startsWith('{')) return false
  return isDeepStrictEqual(
    JSON.parse(kafka),
    withKafkasSilence(JSON.parse(kafka), JSON.parse(millrace)),
  )
}

/** The second with the first's answers where those say nothing. */
function withKafkasSilence(kafka: unknown, millrace: unknown): unknown {
  if (typeof kafka !== 'object' || kafka === null) return millrace
  if (typeof millrace !== 'object' || millrace === null) return millrace
  if (Array.isArray(millrace)) {
    return millrace.map((each, at) => withKafkasSilence((kafka as unknown[])[at], each))
  }
  const errors = [kafka, millrace].map((each) => (each as { errorCode?: number }).errorCode)
  if (errors[0] === -1 && errors[1] !== 0) return kafka
  const entries = Object.entries(millrace).map(([name, value]) => {
    const said = (kafka as Record<string, unknown>)[name]
    const isSilent = name === 'errorMessage' && (said === null || said === '')
    return [name, isSilent ? said : withKafkasSilence(said, value)]
  })
  return Object.fromEntries(entries)
}

function textOf({ message, version, body }: DrawnRequest): string {
  const shown = JSON.stringify(body, (_key, value) => {
    return value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value
  })
  return `${message.name} v${version} ${shown}`
}
