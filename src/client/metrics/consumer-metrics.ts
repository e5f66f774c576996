/**
 * What a consumer counts, once for each fetch, batch, commit or rebalance; and the tables of
 * `consumer-metrics`, `consumer-fetch-manager-metrics` and `consumer-coordinator-metrics`.
 */
import type { MembershipStats } from '../consumer/group/membership.ts'
import type { PartitionLag } from '../consumer/partition-lag.ts'
import { type ClientMetric, collect, type MetricFamily, Rows } from './metric-family.ts'
import { Sensor } from './sensor.ts'

/** Topics that are told apart; the one that came first is forgotten when there are more. */
const TOPICS_MAX = 10_000
const NS_PER_MS = 1_000_000
const HOUR_S = 3600

/** What is measured of fetches, for all topics together and for each. */
export class FetchSensors {
  /** Bytes of an answer. */
  readonly size = new Sensor()
  /** Records of an answer. */
  readonly recordsPerRequest = new Sensor()
  /** Records that went to the program. */
  readonly records = new Sensor()
}

/** How far behind, and how far from the start of its log, a partition was at each batch. */
export class PartitionSensors {
  readonly lag = new Sensor()
  readonly lead = new Sensor()
}

/** The hooks of a program. */
export type Callback = 'assigned' | 'revoked' | 'lost'

export class ConsumerSensors extends FetchSensors {
  readonly topics = new Map<string, FetchSensors>()
  readonly latency = new Sensor()
  readonly throttle = new Sensor()
  readonly lag = new Sensor()
  readonly lead = new Sensor()
  readonly timeBetweenPolls = new Sensor()
  readonly pollIdleRatio = new Sensor()
  readonly callbacks: Readonly<Record<Callback, Sensor>> = {
    assigned: new Sensor(),
    revoked: new Sensor(),
    lost: new Sensor(),
  }
  /** When the program asked for records last; -1 before. */
  askedAtMs = -1
  #waitedMs = 0
  /** Of the answer that is being taken in. */
  readonly #arrived = new Map<string, { bytes: number; records: number }>()

  /** The program asks for records, for the first time since it got some. */
  asked(nowMs: number): void {
    const sinceMs = nowMs - this.askedAtMs
    if (this.askedAtMs >= 0 && sinceMs > 0) {
      this.timeBetweenPolls.record(sinceMs, nowMs)
      this.pollIdleRatio.record(Math.min(1, this.#waitedMs / sinceMs), nowMs)
    }
    this.askedAtMs = nowMs
    this.#waitedMs = 0
  }

  /** It has waited for them. */
  waited(tookMs: number): void {
    this.#waitedMs += tookMs
  }

  /** An answer brought records of a partition. */
  arrived(topic: string, bytes: number, records: number): void {
    const arrived = this.#arrived.get(topic)
    if (arrived === undefined) {
      this.#arrived.set(topic, { bytes, records })
      return
    }
    arrived.bytes += bytes
    arrived.records += records
  }

  /** All of an answer has arrived. */
  fetched(tookMs: number, throttleMs: number, nowMs: number): void {
    this.latency.record(tookMs, nowMs)
    this.throttle.record(throttleMs, nowMs)
    let [allBytes, allRecords] = [0, 0]
    for (const [topic, { bytes, records }] of this.#arrived) {
      const sensors = this.#topic(topic)
      sensors.size.record(bytes, nowMs)
      sensors.recordsPerRequest.record(records, nowMs)
      allBytes += bytes
      allRecords += records
    }
    if (this.#arrived.size === 0) return
    this.#arrived.clear()
    this.size.record(allBytes, nowMs)
    this.recordsPerRequest.record(allRecords, nowMs)
  }

  /** Records went to the program; `lag` and `lead` are -1 where they are not known. */
  delivered(
    topic: string,
    partition: PartitionSensors,
    how: { readonly count: number; readonly lag: number; readonly lead: number },
    nowMs: number,
  ): void {
    this.records.record(how.count, nowMs)
    this.#topic(topic).records.record(how.count, nowMs)
    for (const sensors of [this, partition]) {
      if (how.lag >= 0) sensors.lag.record(how.lag, nowMs)
      if (how.lead >= 0) sensors.lead.record(how.lead, nowMs)
    }
  }

  #topic(name: string): FetchSensors {
    let topic = this.topics.get(name)
    if (topic === undefined) {
      topic = new FetchSensors()
      if (this.topics.size >= TOPICS_MAX) this.topics.delete(this.topics.keys().next().value!)
      this.topics.set(name, topic)
    }
    return topic
  }
}

/** A partition as its metrics are read. */
export interface PartitionSource {
  readonly sensors: PartitionSensors
  readonly lag: PartitionLag
  /** -1 for the leader. */
  readonly replica: number
}

/** What the metrics of a consumer are read from. */
export interface ConsumerSource {
  readonly sensors: ConsumerSensors
  readonly partitions: readonly PartitionSource[]
  /** The program waits for records at this moment. */
  readonly isWaiting: boolean
  readonly commitLatency: Sensor
  readonly committedTimeMs: number
  /** Null outside of a group. */
  readonly membership: MembershipStats | null
  /** Of the wall clock, which memberships use. */
  readonly wallMs: number
}

const own = new Rows<ConsumerSource>()

export const consumerFamily: MetricFamily<ConsumerSource> = {
  group: 'consumer-metrics',
  tags: ['client-id'],
  metrics: [
    ...own.spread(
      'time-between-poll',
      'Milliseconds from one question of the program for records to the next',
      ({ sensors }) => sensors.timeBetweenPolls,
    ),
    own.gauge(
      'last-poll-seconds-ago',
      'Seconds since the program asked for records; 0 while it waits for them, -1 before the first',
      ({ sensors, isWaiting }, nowMs) => {
        if (sensors.askedAtMs < 0) return -1
        return isWaiting ? 0 : Math.floor((nowMs - sensors.askedAtMs) / 1000)
      },
    ),
    own.gauge(
      'poll-idle-ratio-avg',
      'The part of the time in which the program waited for records, not the records for it',
      ({ sensors }, nowMs) => sensors.pollIdleRatio.average(nowMs),
    ),
    own.counter(
      'commit-sync-time-ns-total',
      'Nanoseconds that commits took, since the start',
      ({ commitLatency }) => commitLatency.total * NS_PER_MS,
    ),
    own.counter(
      'committed-time-ns-total',
      'Nanoseconds that reading committed offsets took, since the start',
      ({ committedTimeMs }) => committedTimeMs * NS_PER_MS,
    ),
  ],
}

export const fetchFamily: MetricFamily<ConsumerSource> = {
  group: 'consumer-fetch-manager-metrics',
  tags: ['client-id'],
  metrics: [
    ...own.spread('fetch-size', 'Bytes of batches that a fetch brought', (of) => of.sensors.size),
    ...own.meter('bytes-consumed', 'Bytes of batches fetched', (of) => of.sensors.size),
    own.average(
      'records-per-request',
      'Records that a fetch brought',
      (of) => of.sensors.recordsPerRequest,
    ),
    ...own.meter('records-consumed', 'Records given to the program', (of) => of.sensors.records),
    ...own.spread(
      'fetch-latency',
      'Milliseconds from a fetch to its answer, the wait at the broker included',
      (of) => of.sensors.latency,
    ),
    ...own.frequency('fetch', 'Fetches answered', (of) => of.sensors.latency),
    ...own.spread(
      'fetch-throttle-time',
      'Milliseconds for which a broker asked to hold back',
      (of) => of.sensors.throttle,
    ),
    own.gauge(
      'records-lag-max',
      'The largest lag of a partition, now or at a batch of the last minute',
      ({ sensors, partitions }, nowMs) =>
        latest(Math.max, sensors.lag.max(nowMs), ...partitions.map(({ lag }) => lag.lag)),
    ),
    own.gauge(
      'records-lead-min',
      'The smallest distance of a position from the start of its log, now or in the last minute',
      ({ sensors, partitions }, nowMs) =>
        latest(Math.min, sensors.lead.min(nowMs), ...partitions.map(({ lag }) => leadOf(lag))),
    ),
  ],
}

const topic = new Rows<FetchSensors>()

export const fetchTopicFamily: MetricFamily<FetchSensors> = {
  group: 'consumer-fetch-manager-metrics',
  tags: ['client-id', 'topic'],
  metrics: [
    ...topic.spread('fetch-size', 'Bytes of the topic that a fetch brought', ({ size }) => size),
    ...topic.meter('bytes-consumed', 'Bytes of the topic fetched', ({ size }) => size),
    topic.average(
      'records-per-request',
      'Records of the topic that a fetch brought',
      ({ recordsPerRequest }) => recordsPerRequest,
    ),
    ...topic.meter(
      'records-consumed',
      'Records of the topic given to the program',
      ({ records }) => records,
    ),
  ],
}

const one = new Rows<PartitionSource>()

export const fetchPartitionFamily: MetricFamily<PartitionSource> = {
  group: 'consumer-fetch-manager-metrics',
  tags: ['client-id', 'topic', 'partition'],
  metrics: [
    one.gauge('records-lag', 'Records that the program has not got yet', ({ lag }) =>
      known(lag.lag),
    ),
    ...one.spread('records-lag', 'The lag at each batch', ({ sensors }) => sensors.lag),
    one.gauge('records-lead', 'Offsets from the start of the log to the position', ({ lag }) =>
      known(leadOf(lag)),
    ),
    one.average('records-lead', 'The lead at each batch', ({ sensors }) => sensors.lead),
    one.gauge('records-lead-min', 'The lead at each batch, at least', ({ sensors }, nowMs) =>
      sensors.lead.min(nowMs),
    ),
    one.gauge(
      'preferred-read-replica',
      'The broker that is read from instead of the leader; -1 for none',
      ({ replica }) => replica,
    ),
  ],
}

export const coordinatorFamily: MetricFamily<ConsumerSource> = {
  group: 'consumer-coordinator-metrics',
  tags: ['client-id'],
  metrics: [
    ...own.spread('commit-latency', 'Milliseconds that a commit took', (of) => of.commitLatency),
    ...own.frequency('commit', 'Commits that went well', ({ commitLatency }) => commitLatency),
    own.gauge(
      'assigned-partitions',
      'Partitions that this consumer has',
      ({ partitions }) => partitions.length,
    ),
    ...(['revoked', 'assigned', 'lost'] as const).flatMap((callback) =>
      own.spread(
        `partition-${callback}-latency`,
        `Milliseconds that the program's hook took when partitions were ${callback}`,
        ({ sensors }) => sensors.callbacks[callback],
      ),
    ),
  ],
}

/** A member of a group, with the wall clock of its sensors. */
export interface MemberSource {
  readonly stats: MembershipStats
  readonly wallMs: number
}

const member = new Rows<MemberSource>()

/** Only of members: a consumer that was given its partitions has no such. */
export const memberFamily: MetricFamily<MemberSource> = {
  group: 'consumer-coordinator-metrics',
  tags: ['client-id'],
  metrics: [
    member.gauge(
      'heartbeat-response-time-max',
      'Milliseconds from a heartbeat to its answer, at most',
      ({ stats, wallMs }) => stats.sensors.heartbeatResponse.max(wallMs),
    ),
    ...member.frequency('heartbeat', 'Heartbeats sent', ({ stats }) => stats.sensors.heartbeats),
    member.gauge(
      'last-heartbeat-seconds-ago',
      'Seconds since the last heartbeat was sent; -1 before the first',
      ({ stats, wallMs }) => secondsSince(stats.lastHeartbeatMs, wallMs),
    ),
    ...member.spread(
      'join-time',
      'Milliseconds that joining took',
      ({ stats }) => stats.sensors.join,
    ),
    ...member.frequency('join', 'Joins that went well', ({ stats }) => stats.sensors.join),
    ...member.spread(
      'sync-time',
      'Milliseconds that syncing took',
      ({ stats }) => stats.sensors.sync,
    ),
    ...member.frequency('sync', 'Syncs that went well', ({ stats }) => stats.sensors.sync),
    ...member.spread(
      'rebalance-latency',
      'Milliseconds of a rebalance, from its first attempt until it went well',
      ({ stats }) => stats.sensors.rebalance,
    ),
    member.counter(
      'rebalance-latency-total',
      'Milliseconds of all rebalances, since the start',
      ({ stats }) => stats.sensors.rebalance.total,
    ),
    member.counter(
      'rebalance-total',
      'Rebalances that went well, since the start',
      ({ stats }) => stats.sensors.rebalance.count,
    ),
    member.gauge(
      'rebalance-rate-per-hour',
      'Rebalances that went well, per hour',
      ({ stats, wallMs }) => stats.sensors.rebalance.frequency(wallMs) * HOUR_S,
    ),
    member.counter(
      'failed-rebalance-total',
      'Rebalances that failed, since the start',
      ({ stats }) => stats.sensors.failedRebalances.count,
    ),
    member.gauge(
      'failed-rebalance-rate-per-hour',
      'Rebalances that failed, per hour',
      ({ stats, wallMs }) => stats.sensors.failedRebalances.frequency(wallMs) * HOUR_S,
    ),
    member.gauge(
      'last-rebalance-seconds-ago',
      'Seconds since a rebalance went well; -1 before the first',
      ({ stats, wallMs }) => secondsSince(stats.lastRebalanceMs, wallMs),
    ),
  ],
}

export function collectConsumer(
  source: ConsumerSource,
  clientId: string,
  nowMs: number,
  into: ClientMetric[],
): void {
  const tags = { 'client-id': clientId }
  for (const family of [consumerFamily, fetchFamily, coordinatorFamily]) {
    collect(family, source, tags, nowMs, into)
  }
  const { membership: stats, wallMs } = source
  // Read at the time of the clock that they were recorded with.
  if (stats !== null) collect(memberFamily, { stats, wallMs }, tags, wallMs, into)
  for (const [name, sensors] of source.sensors.topics) {
    collect(fetchTopicFamily, sensors, { ...tags, topic: name }, nowMs, into)
  }
  for (const partition of source.partitions) {
    const { topic, partition: index } = partition.lag
    const ofOne = { ...tags, topic, partition: String(index) }
    collect(fetchPartitionFamily, partition, ofOne, nowMs, into)
  }
}

function leadOf({ position, logStartOffset }: PartitionLag): number {
  return position < 0 || logStartOffset < 0 ? -1 : Math.max(0, position - logStartOffset)
}

function known(value: number): number {
  return value < 0 ? Number.NaN : value
}

/** Of those that are known. */
function latest(choose: (...values: number[]) => number, ...values: number[]): number {
  const there = values.filter((value) => value >= 0)
  return there.length === 0 ? Number.NaN : choose(...there)
}

function secondsSince(atMs: number, nowMs: number): number {
  return atMs < 0 ? -1 : Math.floor((nowMs - atMs) / 1000)
}
