/** Reads the control record that ends a transaction in a partition (KIP-98). */
import { recordCount } from '../records/batch.ts'
import { parseControlRecord } from '../records/control.ts'
import { RecordCursor } from '../records/record-scan.ts'

export interface EndTransactionMarker {
  readonly aborted: boolean
  readonly coordinatorEpoch: number
}

/**
 * The marker in a control batch, or null where the batch holds another kind or nothing any more.
 */
export function readEndTransactionMarker(
  bytes: Uint8Array,
  at: number,
): EndTransactionMarker | null {
  if (recordCount(bytes, at) === 0) return null
  const cursor = new RecordCursor(bytes, at)
  if (!cursor.next()) return null
  const record = parseControlRecord(cursor.key(), cursor.value())
  if (record.kind !== 'abort' && record.kind !== 'commit') return null
  return { aborted: record.kind === 'abort', coordinatorEpoch: record.coordinatorEpoch }
}
