/**
 * How long a member of a group may be silent, reckoned from how long its work takes.
 *
 * Two clocks watch a member. `session.timeout.ms` ends one that sends no heartbeat: its process
 * died, or is so busy that none gets out, as where work blocks the event loop of Node. A client
 * that sends heartbeats on a thread of its own (Java, librdkafka) is not held up by work; then the
 * time is one for finding out that it died. `max.poll.interval.ms` ends a member that lives and
 * does not ask for more: it has to outlast a whole round of work (KIP-62). In groups of KIP-848 the
 * first is a setting of the group at the broker, and so is the pause between heartbeats.
 *
 * Invariant: what is recommended is within the broker's limits, and where that is not enough for
 * the work, it says so and how many records a poll may have.
 */

import { shownNumber, shownTime } from './quantities.ts'
import type { Input, Plan, Recommendation } from './recommendation.ts'

/** What is known of the work and of the group. */
export interface SessionInputs {
  /** How long the records of one poll take. */
  readonly batchMs: number
  readonly recordsPerPoll: number
  readonly partitions: number
  readonly consumers: number
  /** As a factor: 1.5 for half as much again. */
  readonly margin: number
  /** True where heartbeats get out during the work, whatever it does. */
  readonly isBackground: boolean
  readonly protocol: 'classic' | 'consumer'
  /** The group, where it is a live one. */
  readonly groupId: string | null
  readonly limits: SessionLimits
  /** What holds at present at the broker; null where it does not tell. */
  readonly now: { readonly sessionTimeoutMs: number | null; readonly heartbeatMs: number | null }
  /** All of it for people. */
  readonly inputs: readonly Input[]
  readonly notes: readonly string[]
}

/** What the broker accepts. */
export interface SessionLimits {
  readonly minSessionMs: number
  readonly maxSessionMs: number
  readonly minHeartbeatMs: number
  readonly maxHeartbeatMs: number
}

/** Kafka's defaults of `group.min.session.timeout.ms` and the like. */
export const CLASSIC_LIMITS: SessionLimits = {
  minSessionMs: 6000,
  maxSessionMs: 1_800_000,
  minHeartbeatMs: 1,
  maxHeartbeatMs: 600_000,
}
/** Those of `group.consumer.min.session.timeout.ms` and the like. */
export const CONSUMER_LIMITS: SessionLimits = {
  minSessionMs: 45_000,
  maxSessionMs: 60_000,
  minHeartbeatMs: 5000,
  maxHeartbeatMs: 15_000,
}

/** Shorter ones end members for a pause of garbage collection or of the network. */
const USUAL_SESSION_MS = { classic: 10_000, consumer: 45_000 }
/** Where heartbeats are not held up by work: Kafka's default since 3.0 (KIP-735). */
const BACKGROUND_SESSION_MS = 45_000
const USUAL_HEARTBEAT_MS = { classic: 3000, consumer: 5000 }
/** Kafka's default; longer keeps a stuck member's partitions longer from the others. */
const MAX_POLL_INTERVAL_MS = 300_000
const LEAST_POLL_INTERVAL_MS = 60_000
/** Heartbeats in a session, so that two may be lost. */
const HEARTBEATS = 3

/** Reckons. */
export function sessionTimeoutPlan(given: SessionInputs): Plan {
  const { batchMs, partitions, consumers, margin, limits, protocol, now, recordsPerPoll } = given
  const perConsumer = Math.ceil(partitions / consumers)
  const session = sessionTimeout(given)
  const heartbeat = heartbeatOf(session.value, protocol, limits)
  const records = recordsOf(given, perConsumer)
  const scale = records / recordsPerPoll
  const roundMs = batchMs * scale * perConsumer
  const needed = Math.ceil((roundMs * margin) / 1000) * 1000
  const interval = Math.max(needed, LEAST_POLL_INTERVAL_MS, session.value)
  const isReduced = records < recordsPerPoll
  const times = `${shownNumber(batchMs * scale)} ms a batch × ${perConsumer} partitions a consumer × ${margin}`
  const recommended: Recommendation[] = [
    {
      ...named('session.timeout.ms', protocol),
      value: session.value,
      now: now.sessionTimeoutMs,
      formula: session.formula,
    },
    {
      ...named('heartbeat.interval.ms', protocol),
      value: heartbeat,
      now: now.heartbeatMs,
      formula: heartbeatFormula(session.value, protocol, limits),
    },
    {
      name: 'max.poll.interval.ms',
      value: interval,
      now: null,
      formula: `max(${times} = ${shownNumber(roundMs * margin)}, ${LEAST_POLL_INTERVAL_MS}, session)`,
    },
    {
      name: 'max.poll.records',
      value: records,
      now: null,
      formula: isReduced
        ? `${recordsPerPoll} do not fit: so many that a round with the margin does`
        : `as now: a round takes ${shownTime(Math.round(roundMs))}, within ${shownTime(MAX_POLL_INTERVAL_MS)}`,
    },
  ]
  return {
    name: 'session-timeout',
    inputs: given.inputs,
    recommended,
    notes: [...given.notes, ...notesOf(given, perConsumer, session.value, heartbeat)],
  }
}

/** In groups of KIP-848 they are configs of the group, with a name of their own. */
function named(name: string, protocol: SessionInputs['protocol']) {
  return { name: protocol === 'consumer' ? `consumer.${name}` : name }
}

function heartbeatFormula(
  sessionMs: number,
  protocol: SessionInputs['protocol'],
  { minHeartbeatMs }: SessionLimits,
): string {
  const least = protocol === 'consumer' ? `, at least ${minHeartbeatMs}` : ''
  return `min(${USUAL_HEARTBEAT_MS[protocol]}, session ${sessionMs} / ${HEARTBEATS})${least}`
}

function sessionTimeout({ batchMs, margin, isBackground, limits, protocol }: SessionInputs) {
  const usual = isBackground ? BACKGROUND_SESSION_MS : USUAL_SESSION_MS[protocol]
  const work = Math.ceil(batchMs * margin)
  const wanted = isBackground ? usual : Math.max(usual, work)
  const value = clamp(wanted, limits.minSessionMs, limits.maxSessionMs)
  const within = `, within ${limits.minSessionMs} to ${limits.maxSessionMs} of the broker`
  const formula = isBackground
    ? `${usual}: heartbeats do not wait for the work${within}`
    : `max(${usual}, ${shownNumber(batchMs)} ms a batch × ${margin} = ${work})${within}`
  return { value, formula }
}

function heartbeatOf(
  sessionMs: number,
  protocol: SessionInputs['protocol'],
  { minHeartbeatMs, maxHeartbeatMs }: SessionLimits,
): number {
  const wanted = Math.min(USUAL_HEARTBEAT_MS[protocol], Math.floor(sessionMs / HEARTBEATS))
  return clamp(wanted, minHeartbeatMs, maxHeartbeatMs)
}

/** As many records as there are now, or fewer where they take too long. */
function recordsOf(given: SessionInputs, perConsumer: number): number {
  const { batchMs, recordsPerPoll, margin, isBackground, limits } = given
  const recordMs = batchMs / recordsPerPoll
  const ofRound = MAX_POLL_INTERVAL_MS / (recordMs * perConsumer * margin)
  const ofSession = isBackground ? Infinity : limits.maxSessionMs / (recordMs * margin)
  return Math.max(1, Math.min(recordsPerPoll, Math.floor(ofRound), Math.floor(ofSession)))
}

function notesOf(
  {
    batchMs,
    partitions,
    consumers,
    margin,
    isBackground,
    limits,
    protocol,
    ...given
  }: SessionInputs,
  perConsumer: number,
  sessionMs: number,
  heartbeatMs: number,
): string[] {
  const notes: string[] = []
  if (!isBackground && batchMs * margin > limits.maxSessionMs) {
    const name = protocol === 'consumer' ? 'group.consumer.max' : 'group.max'
    notes.push(
      `A batch with its margin outlasts the broker's ${name}.session.timeout.ms=${limits.maxSessionMs}: ` +
        'take fewer records a poll, as above, or raise that.',
    )
  }
  const recordMs = batchMs / given.recordsPerPoll
  if (recordMs * perConsumer * margin > MAX_POLL_INTERVAL_MS) {
    notes.push('A single record takes longer than max.poll.interval.ms: hand it to other work.')
  }
  if (consumers > partitions) {
    notes.push(`${consumers - partitions} of ${consumers} consumers have nothing to read.`)
  }
  if (protocol === 'consumer') {
    const name = given.groupId ?? 'GROUP'
    notes.push(
      'A group of KIP-848 has its times at the broker: ' +
        `millrace configs --alter --entity-type groups --entity-name ${name} ` +
        `--add-config consumer.session.timeout.ms=${sessionMs},consumer.heartbeat.interval.ms=${heartbeatMs}`,
    )
  }
  if (!isBackground) {
    notes.push(
      'Reckoned for work that lets no heartbeat out while a batch is done, as synchronous work in Node. ' +
        'Where they go out meanwhile (Java, librdkafka, work that awaits), add --background-heartbeats.',
    )
  }
  return notes
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value))
}
