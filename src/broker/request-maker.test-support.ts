/**
 * Random requests for tests, of any API at any version: values that may mean something to a broker
 * with a topic `t` and a group `g`, and others that don't.
 */
import type { Prng } from '../base/prng.ts'
import { ZERO_UUID } from '../base/uuid.ts'
import { type FieldLayout, makeDefault, type StructLayout } from '../protocol/layout.ts'
import { batchOf } from './node.test-support.ts'

type Body = Record<string, unknown>

/** The id of no topic. */
export const UNKNOWN_ID = 'AAAAAAAAAAAAAAAAAAAAZA'

/** Texts that mean something to a broker, or nearly do. */
export const WORDS: readonly string[] = [
  ...['t', 'nowhere', '', 'g', '..', '1', 'consumer', 'range', '__consumer_offsets'],
  ...['cleanup.policy', 'compact', 'retention.ms', '-1', 'log.flush.interval.ms'],
  ...['metadata.version', '__cluster_metadata', 'Stable'],
]

/** Random values of a request, made of what may mean something here. */
export class RequestMaker {
  readonly #random: Prng
  readonly #topicIds: readonly string[]
  readonly #nowMs: number
  readonly #words: readonly string[]

  constructor(
    random: Prng,
    topicIds: readonly string[],
    nowMs: number,
    words: readonly string[] = WORDS,
  ) {
    this.#words = words
    this.#random = random
    this.#topicIds = topicIds
    this.#nowMs = nowMs
  }

  /** The body of a request, or of a part of one. */
  body({ fields }: StructLayout): Body {
    const members: Body = {}
    for (const field of fields) {
      const isNull = field.nullable && this.#random.int(5) === 0
      if (field.presence === 'absent') members[field.name] = makeDefault(field)
      else members[field.name] = isNull ? null : this.#value(field)
    }
    return members
  }

  #oneOf<T>(values: readonly T[]): T {
    return values[this.#random.int(values.length)]!
  }

  #records(): Uint8Array {
    const producerId = this.#oneOf([-1, 0, 7])
    const producerEpoch = producerId === -1 ? -1 : this.#random.int(2)
    const baseSequence = producerId === -1 ? -1 : this.#random.int(3)
    const options = { producerId, producerEpoch, baseSequence }
    const batch = batchOf(['a', 'b'], this.#nowMs, options)
    return this.#random.int(3) > 0 ? batch : batch.with(this.#random.int(batch.length), 77)
  }

  #value(field: FieldLayout): unknown {
    switch (field.kind) {
      case 'bool':
        return this.#random.int(2) === 0
      case 'string':
        return this.#oneOf(this.#words)
      case 'uuid':
        return this.#oneOf([...this.#topicIds, ZERO_UUID, UNKNOWN_ID])
      case 'bytes':
        return new Uint8Array(this.#random.bytes(this.#random.int(20)))
      case 'records':
        return this.#records()
      case 'array':
        return Array.from({ length: this.#random.int(3) }, () => this.#value(field.element!))
      case 'struct':
        return this.body(field.struct!)
      case 'opaque64':
        return 1n
      default:
        return this.#oneOf([-2, -1, 0, 1, 2, 3, 100, ...(field.kind === 'int8' ? [] : [30_000])])
    }
  }
}
