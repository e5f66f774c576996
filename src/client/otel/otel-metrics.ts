/**
 * `messaging.client.*` and `messaging.process.duration`, recorded once for each batch that was
 * sent, read or committed, and each call of a handler.
 */
import type { ConsumerBatchEvent, ConsumerCommitEvent, ProducerBatchEvent } from '../diagnostics.ts'
import { attributesOf, errorType, type Operation, type Subject } from './attributes.ts'
import type { Attributes, OtelCounter, OtelHistogram, OtelMeter } from './otel-api.ts'

/** The boundaries that the conventions advise for durations in seconds. */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]

export class OtelMetrics {
  readonly #sent: OtelCounter
  readonly #consumed: OtelCounter
  readonly #operation: OtelHistogram
  readonly #process: OtelHistogram

  constructor(meter: OtelMeter) {
    const advice = { explicitBucketBoundaries: SECONDS }
    this.#sent = meter.createCounter('messaging.client.sent.messages', {
      description: 'Records that were to be sent',
      unit: '{message}',
    })
    this.#consumed = meter.createCounter('messaging.client.consumed.messages', {
      description: 'Records given to the program',
      unit: '{message}',
    })
    this.#operation = meter.createHistogram('messaging.client.operation.duration', {
      description: 'How long sending a batch or committing took',
      unit: 's',
      advice,
    })
    this.#process = meter.createHistogram('messaging.process.duration', {
      description: 'How long the program took for a record or a batch',
      unit: 's',
      advice,
    })
  }

  readonly sent = (event: ProducerBatchEvent): void => {
    const attributes = measured('send', event, event.error)
    this.#sent.add(event.count, attributes)
    this.#operation.record(event.durationMs / 1000, attributes)
  }

  readonly consumed = (event: ConsumerBatchEvent): void => {
    this.#consumed.add(event.count, measured('poll', event, null))
  }

  readonly committed = (event: ConsumerCommitEvent): void => {
    const { groupId, clientId, durationMs, error } = event
    this.#operation.record(durationMs / 1000, measured('commit', { groupId, clientId }, error))
  }

  readonly processed = (subject: Subject, durationMs: number, error: unknown): void => {
    this.#process.record(durationMs / 1000, measured('process', subject, error))
  }
}

function measured(operation: Operation, subject: Subject, error: unknown): Attributes {
  const attributes = attributesOf(operation, subject)
  if (error !== null) attributes['error.type'] = errorType(error)
  return attributes
}
