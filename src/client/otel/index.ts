/**
 * `millrace/otel`: traces and metrics for OpenTelemetry, by its semantic conventions for messaging
 * and Kafka. The api is handed in, so nothing is loaded by a program that does not want it.
 *
 *     import * as api from '@opentelemetry/api'
 *     import { instrument } from 'millrace/otel'
 *
 *     const otel = instrument(api)
 *     const kafka = otel.observe(new Kafka({ brokers }))
 *
 * A record that is sent gets a span of its own (PRODUCER), whose context goes with it in headers,
 * as the program's propagator writes it (W3C's `traceparent` and `tracestate` as a rule). A handler
 * of `consumer.run` is called within a span (CONSUMER) that goes on with the trace of its record,
 * or is linked to the traces of a batch; `otel.process` does so in other loops. Records that come
 * in get a `poll` span with links. The metrics are `messaging.client.*` and
 * `messaging.process.duration`, recorded by batch.
 */
import { diagnosticChannels } from '../diagnostics.ts'
import type { ClientHooks } from '../observation.ts'
import type { ConsumerRecord } from '../record.ts'
import { SOFTWARE } from '../software.ts'
import type { OtelApi } from './otel-api.ts'
import { OtelMetrics } from './otel-metrics.ts'
import { OtelTraces, type TraceOptions } from './otel-traces.ts'

export type {
  Attributes,
  AttributeValue,
  InstrumentOptions,
  OtelApi,
  OtelCounter,
  OtelHistogram,
  OtelMeter,
  OtelSpan,
  OtelSpanContext,
  OtelTracer,
  SpanLink,
} from './otel-api.ts'
export type { TraceOptions } from './otel-traces.ts'

/** What `instrument` takes. */
export interface InstrumentationOptions extends TraceOptions {
  /** Spans for records. True. */
  readonly traces?: boolean | undefined
  /** Measurements. True. */
  readonly metrics?: boolean | undefined
}

/** Whatever can be observed: a `Kafka`. */
export interface Observable {
  observe(hooks: ClientHooks): () => void
  readonly cluster: { readonly clock: { monotonicMs(): number } }
}

/** Tracing and measuring that has begun. */
export interface Instrumentation {
  /** Has the records of a client traced; returns the client. */
  observe<K extends Observable>(kafka: K): K
  /**
   * Calls `work` within a `process` span of a record, for loops other than `consumer.run`; the span
   * ends with the promise that `work` gives, if any.
   */
  process<R>(record: ConsumerRecord, work: () => R, groupId?: string): R
  /** Ends all of it. */
  stop(): void
}

/** Begins to trace and measure, once for a program: batches of all of its clients are measured. */
export function instrument(api: OtelApi, options: InstrumentationOptions = {}): Instrumentation {
  const { clientSoftwareName: name, clientSoftwareVersion: version } = SOFTWARE
  const endings: (() => void)[] = []
  const traces = new OtelTraces(api, api.trace.getTracer(name, version), options)
  const isTraced = options.traces ?? true
  if (options.metrics ?? true) {
    const metrics = new OtelMetrics(api.metrics.getMeter(name, version))
    traces.onProcessed = metrics.processed
    const { producerBatch, consumerBatch, consumerCommit } = diagnosticChannels
    producerBatch.subscribe(metrics.sent)
    consumerBatch.subscribe(metrics.consumed)
    consumerCommit.subscribe(metrics.committed)
    endings.push(() => {
      producerBatch.unsubscribe(metrics.sent)
      consumerBatch.unsubscribe(metrics.consumed)
      consumerCommit.unsubscribe(metrics.committed)
    })
  }
  if (isTraced && (options.pollSpans ?? true)) {
    diagnosticChannels.consumerBatch.subscribe(traces.polled)
    endings.push(() => void diagnosticChannels.consumerBatch.unsubscribe(traces.polled))
  }
  return {
    observe(kafka) {
      traces.clock = kafka.cluster.clock
      endings.push(kafka.observe(isTraced ? traces : { onHandle: traces.untraced }))
      return kafka
    },
    process(record, work, groupId) {
      const { topic, partition } = record
      const handling = { topic, partition, record, batch: null, groupId: groupId ?? null }
      return isTraced ? traces.onHandle(handling, work) : traces.untraced(handling, work)
    },
    stop() {
      for (const end of endings.splice(0)) end()
    },
  }
}
