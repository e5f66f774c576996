/**
 * Spans of records: of sending one, of the records that came in, and of handling them.
 *
 * Invariant: a span that was started is ended once, whatever comes of its record; tracing neither
 * changes what a handler gives nor what it throws.
 */
import { errorOf } from '../../base/thrown.ts'
import type { Clock } from '../../io/io.ts'
import type { ConsumerBatchEvent } from '../diagnostics.ts'
import type { RecordHeaders } from '../headers.ts'
import type { KafkaError } from '../kafka-error.ts'
import type { ClientHooks, Handling, ObservedRecord } from '../observation.ts'
import type { ConsumerRecord, ProducerRecord, RecordMetadata } from '../record.ts'
import type { TopicLike } from '../topic.ts'
import { attributesOf, errorType, recordAttributes, type Subject } from './attributes.ts'
import { headersGetter, withHeaders } from './carriers.ts'
import type { OtelApi, OtelSpan, OtelTracer, SpanLink } from './otel-api.ts'

/** Numbers of the api's SpanKind and SpanStatusCode. */
const CLIENT = 2
const PRODUCER = 3
const CONSUMER = 4
const STATUS_ERROR = 2

/** As many links as an SDK keeps by default. */
const LINKS_MAX = 128

/** How records are traced. */
export interface TraceOptions {
  /**
   * What a handled record's span has as its parent: the record's own trace (where left out), or
   * the trace that is active, with a link to the record's.
   */
  readonly processParent?: 'record' | 'active' | undefined
  /** A `poll` span for each batch that comes in, with links to its records. True. */
  readonly pollSpans?: boolean | undefined
  /** The most links of a span: so many records of a batch are looked at. 128. */
  readonly maxLinks?: number | undefined
}

type Handled = Omit<Handling, 'clientId'> & { readonly clientId?: string }

export class OtelTraces implements ClientHooks {
  /** Told how long each handler took. */
  onProcessed: (subject: Subject, durationMs: number, error: unknown) => void = () => {}
  /** That of the clients that are observed; handlers are not measured without it. */
  clock: Pick<Clock, 'monotonicMs'> | null = null
  readonly #api: OtelApi
  readonly #tracer: OtelTracer
  readonly #isChild: boolean
  readonly #maxLinks: number

  constructor(api: OtelApi, tracer: OtelTracer, options: TraceOptions) {
    this.#api = api
    this.#tracer = tracer
    this.#isChild = options.processParent !== 'active'
    this.#maxLinks = options.maxLinks ?? LINKS_MAX
  }

  onSend(topic: string, record: ProducerRecord<TopicLike>, clientId: string): ObservedRecord {
    const { trace, context, propagation } = this.#api
    const active = context.active()
    const { partition } = record
    const attributes = {
      ...attributesOf('send', { topic, partition, clientId }),
      ...recordAttributes(record),
    }
    const span = this.#tracer.startSpan(`send ${topic}`, { kind: PRODUCER, attributes }, active)
    const injected: Record<string, string> = {}
    propagation.inject(trace.setSpan(active, span), injected)
    return {
      record: withHeaders(record, injected),
      settled: (error, metadata) => sent(span, topic, error, metadata),
    }
  }

  onHandle<R>(handling: Handled, handler: () => R): R {
    const { record, batch, topic } = handling
    const { context, trace } = this.#api
    const active = context.active()
    const extracted = record === null ? active : this.#extract(record.headers)
    const links = this.#links(record === null ? batch! : [record])
    const kind = CONSUMER
    const attributes = attributesOf('process', handling)
    if (record !== null) Object.assign(attributes, attributesOfRead(record))
    else attributes['messaging.batch.message_count'] = batch!.length
    const parent = this.#isChild && links.length > 0 ? extracted : active
    const span = this.#tracer.startSpan(`process ${topic}`, { kind, attributes, links }, parent)
    const inner = trace.setSpan(parent, span)
    return this.#around(handling, span, () => context.with(inner, handler))
  }

  /** Measures a handler and makes no span. */
  readonly untraced = <R>(handling: Handled, handler: () => R): R =>
    this.#around(handling, null, handler)

  /** Records have come in. */
  readonly polled = (event: ConsumerBatchEvent): void => {
    const attributes = attributesOf('poll', event)
    attributes['messaging.batch.message_count'] = event.count
    attributes['messaging.kafka.offset'] = event.firstOffset
    const links = this.#links(event.records())
    const options = { kind: CLIENT, attributes, links }
    const active = this.#api.context.active()
    this.#tracer.startSpan(`poll ${event.topic}`, options, active).end()
  }

  #extract(headers: RecordHeaders): unknown {
    const { propagation, context } = this.#api
    return propagation.extract(context.active(), headers, headersGetter)
  }

  /** To the traces of records, of those that have one. */
  #links(records: Iterable<ConsumerRecord>): SpanLink[] {
    const links: SpanLink[] = []
    let looked = 0
    for (const { headers } of records) {
      if (looked++ >= this.#maxLinks) break
      if (headers.size === 0) continue
      const { propagation, trace, ROOT_CONTEXT } = this.#api
      const extracted = propagation.extract(ROOT_CONTEXT, headers, headersGetter)
      const context = trace.getSpanContext(extracted)
      if (context !== undefined) links.push({ context })
    }
    return links
  }

  /** Calls a handler; ends the span when the handler, or the promise that it gave, has ended. */
  #around<R>(subject: Subject, span: OtelSpan | null, handler: () => R): R {
    const startMs = this.#nowMs()
    const end = (error: unknown): void => {
      if (this.clock !== null) this.onProcessed(subject, this.#nowMs() - startMs, error)
      if (span === null) return
      if (error !== null) failed(span, error)
      span.end()
    }
    try {
      const given = handler()
      if (!isPromise(given)) {
        end(null)
        return given
      }
      return given.then(
        (value: unknown) => {
          end(null)
          return value
        },
        (error: unknown) => {
          end(error)
          throw error
        },
      ) as R
    } catch (error) {
      end(error)
      throw error
    }
  }

  #nowMs(): number {
    return this.clock?.monotonicMs() ?? Number.NaN
  }
}

function sent(
  span: OtelSpan,
  topic: string,
  error: KafkaError | null,
  metadata: RecordMetadata | null,
): void {
  if (error !== null) failed(span, error)
  if (metadata !== null && span.isRecording()) {
    const { partition, offset } = metadata
    span.setAttributes({
      ...attributesOf('send', { topic, partition }),
      ...recordAttributes({ offset }),
    })
  }
  span.end()
}

function failed(span: OtelSpan, error: unknown): void {
  const thrown = errorOf(error)
  span.setAttributes({ 'error.type': errorType(error) })
  span.recordException(thrown)
  span.setStatus({ code: STATUS_ERROR, message: thrown.message })
}

/** A record whose key or value can't be read has its offset all the same. */
function attributesOfRead(record: ConsumerRecord) {
  try {
    return recordAttributes(record)
  } catch {
    return recordAttributes({ offset: record.offset })
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}
