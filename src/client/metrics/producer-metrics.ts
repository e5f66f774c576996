/**
 * What a producer counts, once for each batch, request or call that waits; and the tables of
 * `producer-metrics` and `producer-topic-metrics`.
 */
import type { Clock } from '../../io/io.ts'
import {
  type ClientMetric,
  collect,
  type MetricFamily,
  type MetricOf,
  Rows,
} from './metric-family.ts'
import { Sensor } from './sensor.ts'

/** Topics that are told apart; the one that came first is forgotten when there are more. */
const TOPICS_MAX = 10_000

const NS_PER_MS = 1_000_000

/** What is counted for all topics together and for each. */
export class TopicSensors {
  readonly records = new Sensor()
  readonly bytes = new Sensor()
  readonly compression = new Sensor()
  readonly retries = new Sensor()
  readonly errors = new Sensor()
}

/** A batch as it is sent. */
export interface SentBatch {
  readonly topic: string
  readonly count: number
  readonly bytes: number
  /** The size after compression as a part of that before; NaN where it was not compressed now. */
  readonly compression: number
  readonly queuedMs: number
}

/** Time that calls have taken, by what they were for. */
export type TimedCall =
  | 'flush'
  | 'metadata-wait'
  | 'txn-init'
  | 'txn-begin'
  | 'txn-send-offsets'
  | 'txn-commit'
  | 'txn-abort'

export class ProducerSensors extends TopicSensors {
  readonly batchSize = new Sensor()
  readonly queueTime = new Sensor()
  readonly recordSize = new Sensor()
  readonly recordsPerRequest = new Sensor()
  readonly requestLatency = new Sensor()
  readonly throttle = new Sensor()
  readonly splits = new Sensor()
  readonly exhausted = new Sensor()
  /** Milliseconds in which records waited for room. */
  readonly bufferWait = new Sensor()
  readonly callTimesMs = new Map<TimedCall, number>()
  readonly topics = new Map<string, TopicSensors>()

  sent({ topic, count, bytes, compression, queuedMs }: SentBatch, nowMs: number): void {
    this.batchSize.record(bytes, nowMs)
    this.queueTime.record(queuedMs, nowMs)
    this.recordSize.record(bytes / count, nowMs)
    for (const sensors of [this, this.topic(topic)]) {
      sensors.records.record(count, nowMs)
      sensors.bytes.record(bytes, nowMs)
      if (!Number.isNaN(compression)) sensors.compression.record(compression, nowMs)
    }
  }

  retried(topic: string, count: number, nowMs: number): void {
    this.retries.record(count, nowMs)
    this.topic(topic).retries.record(count, nowMs)
  }

  /** A Produce request was answered. */
  answered(
    batches: readonly { readonly count: number }[],
    tookMs: number,
    throttleMs: number,
    nowMs: number,
  ): void {
    let records = 0
    for (const { count } of batches) records += count
    this.recordsPerRequest.record(records, nowMs)
    this.requestLatency.record(tookMs, nowMs)
    this.throttle.record(throttleMs, nowMs)
  }

  failed(topic: string, count: number, nowMs: number): void {
    this.errors.record(count, nowMs)
    this.topic(topic).errors.record(count, nowMs)
  }

  took(call: TimedCall, tookMs: number): void {
    this.callTimesMs.set(call, (this.callTimesMs.get(call) ?? 0) + tookMs)
  }

  /** Measures how long `work` takes. */
  async timed<R>(call: TimedCall, clock: Clock, work: Promise<R>): Promise<R> {
    const startMs = clock.monotonicMs()
    try {
      return await work
    } finally {
      this.took(call, clock.monotonicMs() - startMs)
    }
  }

  topic(name: string): TopicSensors {
    let topic = this.topics.get(name)
    if (topic === undefined) {
      topic = new TopicSensors()
      if (this.topics.size >= TOPICS_MAX) this.topics.delete(this.topics.keys().next().value!)
      this.topics.set(name, topic)
    }
    return topic
  }
}

/** What the metrics of a producer are read from. */
export interface ProducerSource {
  readonly sensors: ProducerSensors
  readonly requestsInFlight: number
  readonly bufferTotalBytes: number
  readonly bufferUsedBytes: number
  /** Records that wait for room or metadata. */
  readonly waitingRecords: number
  /** NaN while there are none. */
  readonly metadataAgeMs: number
}

const all = new Rows<ProducerSource>()
const each = new Rows<TopicSensors>()

function calls(call: TimedCall, what: string): MetricOf<ProducerSource> {
  return all.counter(
    `${call}-time-ns-total`,
    `Nanoseconds that ${what}, since the start`,
    ({ sensors }) => (sensors.callTimesMs.get(call) ?? 0) * NS_PER_MS,
  )
}

export const producerFamily: MetricFamily<ProducerSource> = {
  group: 'producer-metrics',
  tags: ['client-id'],
  metrics: [
    ...all.spread('batch-size', 'Bytes of a batch as sent', ({ sensors }) => sensors.batchSize),
    all.average(
      'compression-rate',
      'What is left of a batch after compression, as a part of it',
      ({ sensors }) => sensors.compression,
    ),
    ...all.spread(
      'record-queue-time',
      'Milliseconds from the first record of a batch until it was sent',
      ({ sensors }) => sensors.queueTime,
    ),
    ...all.spread(
      'request-latency',
      'Milliseconds from a Produce request to its answer',
      ({ sensors }) => sensors.requestLatency,
    ),
    ...all.meter(
      'record-send',
      'Records sent, each time that they are',
      (of) => of.sensors.records,
    ),
    all.average(
      'records-per-request',
      'Records of a Produce request',
      ({ sensors }) => sensors.recordsPerRequest,
    ),
    ...all.meter('record-retry', 'Records sent again', ({ sensors }) => sensors.retries),
    ...all.meter('record-error', 'Records given up', ({ sensors }) => sensors.errors),
    all.average(
      'record-size',
      'Bytes of a record as sent, its share of the batch',
      ({ sensors }) => sensors.recordSize,
    ),
    all.gauge(
      'requests-in-flight',
      'Produce requests that are not answered',
      ({ requestsInFlight }) => requestsInFlight,
    ),
    all.gauge(
      'metadata-age',
      'Seconds since metadata were fetched',
      ({ metadataAgeMs }) => metadataAgeMs / 1000,
    ),
    ...all.meter(
      'batch-split',
      'Batches cut in two for their size',
      ({ sensors }) => sensors.splits,
    ),
    ...all.spread(
      'produce-throttle-time',
      'Milliseconds for which a broker asked to hold back',
      ({ sensors }) => sensors.throttle,
    ),
    all.gauge(
      'waiting-threads',
      'Records that wait for room in the buffer or for metadata: Java blocks a thread for each',
      ({ waitingRecords }) => waitingRecords,
    ),
    all.gauge('buffer-total-bytes', 'The buffer, used or not', (of) => of.bufferTotalBytes),
    all.gauge('buffer-available-bytes', 'What of the buffer is free', (of) =>
      Math.max(0, of.bufferTotalBytes - of.bufferUsedBytes),
    ),
    all.gauge(
      'bufferpool-wait-ratio',
      'The part of the time in which records waited for room',
      ({ sensors }, nowMs) => sensors.bufferWait.rate(nowMs) / 1000,
    ),
    all.counter(
      'bufferpool-wait-time-ns-total',
      'Nanoseconds in which records waited for room, since the start',
      ({ sensors }) => sensors.bufferWait.total * NS_PER_MS,
    ),
    ...all.meter(
      'buffer-exhausted',
      'Records refused since there was no room for them',
      ({ sensors }) => sensors.exhausted,
    ),
    calls('flush', 'flushes took'),
    calls('metadata-wait', 'records waited for metadata'),
    calls('txn-init', 'getting a producer id took'),
    calls('txn-begin', 'beginning transactions took'),
    calls('txn-send-offsets', 'sending offsets to transactions took'),
    calls('txn-commit', 'commits of transactions took'),
    calls('txn-abort', 'aborts of transactions took'),
  ],
}

export const producerTopicFamily: MetricFamily<TopicSensors> = {
  group: 'producer-topic-metrics',
  tags: ['client-id', 'topic'],
  metrics: [
    ...each.meter('record-send', 'Records sent to the topic', ({ records }) => records),
    ...each.meter('byte', 'Bytes of batches sent to the topic', ({ bytes }) => bytes),
    each.gauge(
      'compression-rate',
      'What is left of its batches after compression, on average',
      ({ compression }, nowMs) => compression.average(nowMs),
    ),
    ...each.meter('record-retry', 'Records sent to the topic again', ({ retries }) => retries),
    ...each.meter('record-error', 'Records for the topic given up', ({ errors }) => errors),
  ],
}

export function collectProducer(
  source: ProducerSource,
  clientId: string,
  nowMs: number,
  into: ClientMetric[],
): void {
  collect(producerFamily, source, { 'client-id': clientId }, nowMs, into)
  for (const [topic, sensors] of source.sensors.topics) {
    collect(producerTopicFamily, sensors, { 'client-id': clientId, topic }, nowMs, into)
  }
}
