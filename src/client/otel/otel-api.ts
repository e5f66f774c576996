/**
 * As much of `@opentelemetry/api` (1.x) as the instrumentation calls, by its shape: the program
 * hands its own copy in, and nothing is loaded where there is none. What is opaque to us (contexts,
 * carriers) is unknown; methods let the api be more exact.
 */

/** What an attribute can be. */
export type AttributeValue = string | number | boolean
/** Attributes by name. */
export type Attributes = Record<string, AttributeValue | undefined>

/** Which span of which trace. */
export interface OtelSpanContext {
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: number
}

/** Something that goes on. */
export interface OtelSpan {
  spanContext(): OtelSpanContext
  setAttributes(attributes: Attributes): unknown
  setStatus(status: { code: number; message?: string }): unknown
  recordException(error: Error): void
  end(): void
  isRecording(): boolean
}

/** A span that has to do with another one. */
export interface SpanLink {
  readonly context: OtelSpanContext
}

/** Begins spans. */
export interface OtelTracer {
  startSpan(
    name: string,
    options: { kind: number; attributes: Attributes; links?: SpanLink[] },
    context: unknown,
  ): OtelSpan
}

/** Counts up. */
export interface OtelCounter {
  add(value: number, attributes: Attributes): void
}

/** Takes measurements. */
export interface OtelHistogram {
  record(value: number, attributes: Attributes): void
}

/** What is said of an instrument. */
export interface InstrumentOptions {
  readonly description: string
  readonly unit: string
  readonly advice?: { explicitBucketBoundaries: number[] }
}

/** Makes instruments. */
export interface OtelMeter {
  createCounter(name: string, options: InstrumentOptions): OtelCounter
  createHistogram(name: string, options: InstrumentOptions): OtelHistogram
}

/** What `import * as api from '@opentelemetry/api'` gives. */
export interface OtelApi {
  readonly trace: {
    getTracer(name: string, version: string): OtelTracer
    setSpan(context: unknown, span: unknown): unknown
    getSpanContext(context: unknown): OtelSpanContext | undefined
  }
  readonly context: {
    active(): unknown
    with<R>(context: unknown, work: () => R): R
  }
  readonly propagation: {
    inject(context: unknown, carrier: unknown): void
    extract(context: unknown, carrier: unknown, getter: unknown): unknown
  }
  readonly metrics: { getMeter(name: string, version: string): OtelMeter }
  readonly ROOT_CONTEXT: unknown
}
