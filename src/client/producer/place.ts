/** Where a record is on its way: in which batch, and which one of it. */
import type { Deadline } from '../call.ts'
import type { KafkaError } from '../kafka-error.ts'
import type { ObservedRecord } from '../observation.ts'
import type { RecordMetadata } from '../record.ts'
import type { ProducerBatch } from './batch.ts'
import type { Pending } from './topic-target.ts'

export interface Place {
  readonly batch: ProducerBatch
  readonly index: number
  readonly timestampMs: number
}

/** The place of the record that was added last. */
export function placeOf(batch: ProducerBatch): Place {
  return { batch, index: batch.count - 1, timestampMs: batch.lastTimestampMs }
}

/** What came of it; rejects with what it failed with. A deadline is told what holds it up. */
export async function metadataOf(place: Place, deadline?: Deadline): Promise<RecordMetadata> {
  const { batch, index, timestampMs } = place
  if (deadline !== undefined) deadline.lastFailure = () => batch.lastError
  await batch.settled
  return batch.metadataOf(index, timestampMs)
}

/** Tells a tracer what comes of a record. */
export function follow(observed: ObservedRecord, place: Place): void {
  metadataOf(place).then(
    (metadata) => observed.settled(null, metadata),
    (error: KafkaError) => observed.settled(error, null),
  )
}

/** The same for one that waits to be in a batch. */
export function followed(
  observed: ObservedRecord,
  onPlaced: Pending['placed'],
  onFailed: Pending['failed'],
): [Pending['placed'], Pending['failed']] {
  return [
    (batch) => {
      follow(observed, placeOf(batch))
      onPlaced(batch)
    },
    (error) => {
      observed.settled(error, null)
      onFailed(error)
    },
  ]
}

/** Waits for each batch once, not for each record. */
export async function resultsOf(
  places: readonly (Place | Promise<Place>)[],
): Promise<RecordMetadata[]> {
  const all = await Promise.all(places)
  for (const { batch } of all) if (!batch.isDone) await batch.settled
  return all.map(({ batch, index, timestampMs }) => batch.metadataOf(index, timestampMs))
}
