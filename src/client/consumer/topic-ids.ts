/**
 * The ids of the topics of a request, as they were when it was made, for APIs that take names up to
 * some version and ids alone from there on.
 *
 * KIP-516, KIP-848.
 */
import { ZERO_UUID } from '../../base/uuid.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { Uuid } from '../../protocol/schema.ts'
import type { ClusterMetadata } from '../cluster/cluster.ts'
import type { TopicPartition } from '../topic.ts'

/** Of OffsetCommit and OffsetFetch: from 10 on topics go by ids alone. */
const LAST_VERSION_WITH_NAMES = 9

export class TopicIds {
  readonly #metadata: ClusterMetadata
  readonly #ids = new Map<string, Uuid>()
  readonly #names = new Map<Uuid, string>()

  constructor(metadata: ClusterMetadata, partitions: readonly TopicPartition[]) {
    this.#metadata = metadata
    for (const { topic } of partitions) {
      if (this.#ids.has(topic)) continue
      const id = metadata.topic(topic)?.id ?? ZERO_UUID
      this.#ids.set(topic, id)
      this.#names.set(id, topic)
    }
  }

  of(topic: string): Uuid {
    return this.#ids.get(topic) ?? ZERO_UUID
  }

  /** The versions that the request may go in: without all the ids only those with names. */
  get versions(): { readonly maxVersion?: number } {
    return this.#names.has(ZERO_UUID) ? { maxVersion: LAST_VERSION_WITH_NAMES } : {}
  }

  /** The topic of an answer, which has the one or the other. */
  nameOf(name: string, id: Uuid): string {
    return name === '' ? (this.#names.get(id) ?? '') : name
  }

  /** The broker does not know the id, and by what we know by now the topic is gone. */
  isGone(topic: string, errorCode: number): boolean {
    return (
      errorCode === ErrorCode.UNKNOWN_TOPIC_ID && this.#metadata.topic(topic)?.id !== this.of(topic)
    )
  }
}
