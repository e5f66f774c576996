/** What a topic needs: partitions, room on disks, network. */

import { shownBytes, shownNumber, shownTime } from './quantities.ts'
import type { Input, Plan, Recommendation } from './recommendation.ts'
import { roundedUp } from './throughput.ts'

/** What is known of the topic. */
export interface TopicInputs {
  /** Events a second. */
  readonly rate: number
  readonly ratePerConsumer: number | null
  readonly margin: number
  /** Bytes of a record as it is stored, key and value; null where unknown. */
  readonly recordBytes: number | null
  /** Share of that which compression leaves. */
  readonly compression: number
  readonly retentionMs: number
  readonly replication: number
  /** Groups that read all of it. */
  readonly groups: number
  readonly brokers: number | null
  /** What one partition may be written with in a second. */
  readonly partitionBytes: number
  readonly segmentBytes: number
  readonly inputs: readonly Input[]
}

/** What a batch adds to its records is small against this: 7 bytes or so for each record. */
const RECORD_OVERHEAD_BYTES = 7

/** Reckons. */
export function topicPlan(given: TopicInputs): Plan {
  const { recordBytes, rate, margin, compression, replication } = given
  const perSecond =
    recordBytes === null ? null : rate * (recordBytes + RECORD_OVERHEAD_BYTES) * compression
  const partitions = partitionsOf(given, perSecond)
  const recommended = [
    partitions,
    ...(perSecond === null ? [] : storage(given, perSecond, partitions.value)),
    ...(perSecond === null ? [] : network(given, perSecond)),
  ]
  const notes: string[] = []
  if (recordBytes === null) notes.push('With --record-size it also gives disk and network.')
  if (replication < 3) {
    notes.push('With fewer than 3 replicas a broker that is away stops writing or costs data.')
  } else {
    notes.push(`Let min.insync.replicas be ${replication - 1}, and produce with acks=all.`)
  }
  if (given.brokers !== null && given.brokers < replication) {
    notes.push(`${replication} replicas need ${replication} brokers; there are ${given.brokers}.`)
  }
  const create =
    `millrace topics --create --topic TOPIC --partitions ${partitions.value} --replication-factor ${replication} ` +
    `--config retention.ms=${given.retentionMs}`
  notes.push(replication < 3 ? create : `${create} --config min.insync.replicas=${replication - 1}`)
  if (margin === 1)
    notes.push('A margin (--margin 50%) leaves room to grow: keys move when partitions are added.')
  return { name: 'topic', inputs: given.inputs, recommended, notes }
}

function partitionsOf(
  { rate, ratePerConsumer, margin, partitionBytes }: TopicInputs,
  perSecond: number | null,
): Recommendation {
  const ofReading = ratePerConsumer === null ? null : roundedUp((rate * margin) / ratePerConsumer)
  const ofWriting = perSecond === null ? null : roundedUp((perSecond * margin) / partitionBytes)
  const reading =
    ratePerConsumer === null
      ? []
      : [
          `ceil(${shownNumber(rate)}/s × ${margin} / ${shownNumber(ratePerConsumer)}/s a consumer) = ${ofReading}`,
        ]
  const writing =
    perSecond === null
      ? []
      : [
          `ceil(${shownBytes(perSecond)}/s × ${margin} / ${shownBytes(partitionBytes)}/s a partition) = ${ofWriting}`,
        ]
  const all = [...reading, ...writing]
  return {
    name: 'partitions',
    value: Math.max(ofReading ?? 1, ofWriting ?? 1),
    now: null,
    formula: `${all.length > 1 ? 'the larger of ' : ''}${all.join(' and ')}`,
  }
}

function storage(given: TopicInputs, perSecond: number, partitions: number): Recommendation[] {
  const { retentionMs, replication, segmentBytes, brokers } = given
  const kept = perSecond * (retentionMs / 1000)
  // Only whole segments are deleted: one more of each partition is on the disk, if it is full.
  const open = Math.min(segmentBytes * partitions, kept)
  const disk = (kept + open) * replication
  const formula =
    `(${shownBytes(perSecond)}/s × ${shownTime(retentionMs)} + a segment of each partition ` +
    `${shownBytes(open)}) × ${replication} replicas`
  const all = { name: 'disk', value: disk, shown: shownBytes(disk), now: null, formula }
  if (brokers === null) return [all]
  const each = disk / brokers
  const ofEach = `${shownBytes(disk)} / ${brokers} brokers`
  return [
    all,
    { name: 'disk per broker', value: each, shown: shownBytes(each), now: null, formula: ofEach },
  ]
}

function network(given: TopicInputs, perSecond: number): Recommendation[] {
  const { replication, groups, margin, brokers } = given
  const peak = perSecond * margin
  const rates = [
    [
      'network in',
      peak * replication,
      `${shownBytes(peak)}/s × ${replication} (producers, and followers that copy)`,
    ],
    [
      'network out',
      peak * (replication - 1 + groups),
      `${shownBytes(peak)}/s × (${replication - 1} followers + ${groups} groups)`,
    ],
  ] as const
  return rates.flatMap(([name, value, formula]) => {
    const all = { name, value, shown: `${shownBytes(value)}/s`, now: null, formula }
    if (brokers === null) return [all]
    const each = value / brokers
    const ofEach = `${shownBytes(value)}/s / ${brokers} brokers`
    return [
      all,
      {
        name: `${name} per broker`,
        value: each,
        shown: `${shownBytes(each)}/s`,
        now: null,
        formula: ofEach,
      },
    ]
  })
}
