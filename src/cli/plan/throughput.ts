/**
 * How many consumers and partitions a rate needs. A partition is read by one consumer of a group,
 * so that there have to be as many partitions as consumers at least.
 */

import { shownNumber, shownTime } from './quantities.ts'
import type { Input, Plan, Recommendation } from './recommendation.ts'

/** What is known of the work and of the group. */
export interface ThroughputInputs {
  /** Events a second that come. */
  readonly rate: number
  /** Events a second that one consumer gets through; at most, or as was measured. */
  readonly ratePerConsumer: number
  /** How `ratePerConsumer` came about, where it was reckoned. */
  readonly rateFormula: string | null
  readonly margin: number
  /** At present; null where unknown. */
  readonly partitions: number | null
  readonly consumers: number | null
  /** Events that wait, and how soon they are to be done; null where nothing waits. */
  readonly backlog: { readonly lag: number; readonly withinMs: number } | null
  readonly inputs: readonly Input[]
  readonly notes: readonly string[]
}

/** Reckons. */
export function throughputPlan(given: ThroughputInputs): Plan {
  const { rate, ratePerConsumer, margin, partitions, consumers, backlog } = given
  const extra = backlog === null ? 0 : backlog.lag / (backlog.withinMs / 1000)
  const needed = (rate + extra) * margin
  const wanted = roundedUp(needed / ratePerConsumer)
  const more = backlog === null ? '' : ` + ${shownNumber(extra)} to catch up`
  const sum = backlog === null ? shownNumber(rate) : `(${shownNumber(rate)}${more})`
  const recommended: Recommendation[] = [
    ...(given.rateFormula === null
      ? []
      : [
          {
            name: 'rate per consumer',
            value: ratePerConsumer,
            shown: `${shownNumber(ratePerConsumer)}/s`,
            now: null,
            formula: given.rateFormula,
          },
        ]),
    {
      name: 'consumers',
      value: wanted,
      now: consumers,
      formula: `ceil(${sum}/s × ${margin} / ${shownNumber(ratePerConsumer)}/s a consumer)`,
    },
    {
      name: 'partitions',
      value: Math.max(wanted, partitions ?? 0),
      now: partitions,
      formula: "one for each consumer at least; there can't be fewer than now",
    },
    ...possible(given),
  ]
  return {
    name: 'throughput',
    inputs: given.inputs,
    recommended,
    notes: [...given.notes, ...notesOf(given, wanted)],
  }
}

/** What the consumers that there are get through. */
function possible({ ratePerConsumer, partitions, consumers }: ThroughputInputs): Recommendation[] {
  if (consumers === null) return []
  const reading = Math.min(consumers, partitions ?? consumers)
  return [
    {
      name: 'possible now',
      value: reading * ratePerConsumer,
      shown: `${shownNumber(reading * ratePerConsumer)}/s`,
      now: null,
      formula: `min(${consumers} consumers, ${partitions ?? 'any'} partitions) × ${shownNumber(ratePerConsumer)}/s`,
    },
  ]
}

function notesOf(given: ThroughputInputs, wanted: number): string[] {
  const { rate, ratePerConsumer, partitions, consumers, backlog } = given
  const notes: string[] = []
  if (partitions !== null && wanted > partitions) {
    notes.push(
      `${partitions} partitions let ${partitions} consumers work: add partitions before consumers ` +
        `(millrace topics --alter --topic TOPIC --partitions ${wanted}); keys move to other partitions then.`,
    )
  }
  if (consumers !== null && partitions !== null && consumers > partitions) {
    notes.push(`${consumers - partitions} of ${consumers} consumers have nothing to read.`)
  }
  const spare =
    consumers === null ? 0 : Math.min(consumers, partitions ?? consumers) * ratePerConsumer - rate
  if (consumers !== null && spare < 0) {
    notes.push(
      `The consumers that there are fall behind by ${shownNumber(-spare)} events a second.`,
    )
  } else if (consumers !== null && backlog !== null && spare > 0) {
    const ms = Math.round((backlog.lag / spare) * 1000)
    notes.push(
      `The consumers that there are catch up in ${shownTime(Math.ceil(ms / 1000) * 1000)}.`,
    )
  }
  return notes
}

/** Up to a whole number, but for what floating point adds. */
export function roundedUp(value: number): number {
  return Math.max(1, Math.ceil(value - 1e-9))
}
