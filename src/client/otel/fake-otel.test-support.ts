/**
 * An api of OpenTelemetry that remembers: spans with their parents and links, W3C's traceparent in
 * carriers, and what was measured. Contexts are plain maps, kept by a stack that awaits do not
 * keep: enough for what is begun in one turn.
 */
import type {
  Attributes,
  OtelApi,
  OtelHistogram,
  OtelSpan,
  OtelSpanContext,
  SpanLink,
} from './otel-api.ts'

interface FakeContext {
  readonly span?: OtelSpanContext
}

interface Getter {
  get(carrier: unknown, key: string): string | undefined
}

export class FakeSpan implements OtelSpan {
  readonly name: string
  readonly kind: number
  readonly attributes: Attributes
  readonly links: readonly string[]
  /** The id of its parent span, if any. */
  readonly parent: string | undefined
  readonly exceptions: string[] = []
  status = 0
  ends = 0
  readonly #context: OtelSpanContext

  constructor(
    name: string,
    options: { kind: number; attributes: Attributes; links?: SpanLink[] },
    parent: OtelSpanContext | undefined,
    number: number,
  ) {
    this.name = name
    this.kind = options.kind
    this.attributes = { ...options.attributes }
    this.links = (options.links ?? []).map(({ context }) => context.spanId)
    this.parent = parent?.spanId
    const hex = (value: number, length: number) => value.toString(16).padStart(length, '0')
    const traceId = parent?.traceId ?? hex(number, 32)
    this.#context = { traceId, spanId: hex(number, 16), traceFlags: 1 }
  }

  spanContext(): OtelSpanContext {
    return this.#context
  }

  get id(): string {
    return this.#context.spanId
  }

  setAttributes(attributes: Attributes): void {
    Object.assign(this.attributes, attributes)
  }

  setStatus({ code }: { code: number }): void {
    this.status = code
  }

  recordException({ message }: Error): void {
    this.exceptions.push(message)
  }

  end(): void {
    this.ends++
  }

  isRecording(): boolean {
    return this.ends === 0
  }
}

export class FakeOtel implements OtelApi {
  readonly spans: FakeSpan[] = []
  /** `name attributes` with the sum of what was added or how often it was recorded. */
  readonly measured = new Map<string, number[]>()
  readonly ROOT_CONTEXT: FakeContext = {}
  #active: FakeContext = this.ROOT_CONTEXT

  readonly trace: OtelApi['trace'] = {
    getTracer: () => ({
      startSpan: (name, options, context) => {
        const parent = (context as FakeContext).span
        const span = new FakeSpan(name, options, parent, this.spans.length + 1)
        this.spans.push(span)
        return span
      },
    }),
    setSpan: (_context, span): FakeContext => ({ span: (span as FakeSpan).spanContext() }),
    getSpanContext: (context) => (context as FakeContext).span,
  }

  readonly context: OtelApi['context'] = {
    active: () => this.#active,
    with: (context, work) => {
      const before = this.#active
      this.#active = context as FakeContext
      try {
        return work()
      } finally {
        this.#active = before
      }
    },
  }

  readonly propagation: OtelApi['propagation'] = {
    inject: (context, carrier) => {
      const { span } = context as FakeContext
      if (span === undefined) return
      const target = carrier as Record<string, string>
      target['traceparent'] = `00-${span.traceId}-${span.spanId}-01`
      target['tracestate'] = 'fake=1'
    },
    extract: (context, carrier, getter) => {
      const text = (getter as Getter).get(carrier, 'traceparent')
      const found = /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/.exec(text ?? '')
      if (found === null) return context
      return { span: { traceId: found[1]!, spanId: found[2]!, traceFlags: 1 } }
    },
  }

  readonly metrics: OtelApi['metrics'] = {
    getMeter: () => ({
      createCounter: (name) => ({
        add: (value, attributes) => this.#note(name, value, attributes),
      }),
      createHistogram: (name): OtelHistogram => ({
        record: (value, attributes) => this.#note(name, value, attributes),
      }),
    }),
  }

  #note(name: string, value: number, attributes: Attributes): void {
    const about = ['messaging.operation.name', 'messaging.destination.name', 'error.type']
    const key = [name, ...about.map((each) => attributes[each]).filter(Boolean)].join(' ')
    this.measured.set(key, [...(this.measured.get(key) ?? []), value])
  }

  named(name: string): FakeSpan[] {
    return this.spans.filter((span) => span.name === name)
  }
}
