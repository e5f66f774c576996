/**
 * As much of `@opentelemetry/api` (1.x) as the instrumentation calls, by its shape: the program
 * hands its own copy in, and nothing is loaded where there is none. What is opaque to us (contexts,
 * carriers) is unknown; methods let the api be more exact.
 */

export type AttributeValue = string | number | boolean
export type Attributes = Record<string, AttributeValue | undefined>

export interface OtelSpanContext {
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: number
}

export interface OtelSpan {
  spanContext(): OtelSpanContext
  setAttributes(attributes: Attributes): unknown
  setStatus(status: { code: number; message?: string }): unknown
  recordException(error: Error): void
  end(): void
  isRecording(): boolean
}

export interface SpanLink {
  readonly context: OtelSpanContext
}

export interface OtelTracer {
  startSpan(
    name: string,
    options: { kind: number; attributes: Attributes; links?: SpanLink[] },
    context: unknown,
  ): OtelSpan
}

export interface OtelCounter {
  add(value: number, attributes: Attributes): void
}

export interface OtelHistogram {
  record(value: number, attributes: Attributes): void
}

export interface InstrumentOptions {
  readonly description: string
  readonly unit: string
  readonly advice?: { explicitBucketBoundaries: number[] }
}

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
