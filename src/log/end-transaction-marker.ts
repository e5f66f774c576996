/**
 * The control record that ends a transaction in a partition (KIP-98): key (version i16, type i16: 0
 * abort, 1 commit), value (version i16, coordinator epoch i32).
 */
import { ByteReader } from '../base/bytes.ts'
import { recordCount } from '../records/batch.ts'
import { RecordCursor } from '../records/record-scan.ts'

export interface EndTransactionMarker {
  readonly aborted: boolean
  readonly coordinatorEpoch: number
}

const ABORT = 0
const COMMIT = 1

/** The marker in a control batch, or null where the batch holds another kind or nothing any more. */
export function readEndTransactionMarker(
  bytes: Uint8Array,
  at: number,
): EndTransactionMarker | null {
  if (recordCount(bytes, at) === 0) return null
  const cursor = new RecordCursor(bytes, at)
  if (!cursor.next()) return null
  const key = cursor.key()
  const value = cursor.value()
  if (key === null || value === null || key.length < 4 || value.length < 6) return null
  const keyReader = new ByteReader(key)
  keyReader.skip(2)
  const type = keyReader.int16()
  if (type !== ABORT && type !== COMMIT) return null
  const valueReader = new ByteReader(value)
  valueReader.skip(2)
  return { aborted: type === ABORT, coordinatorEpoch: valueReader.int32() }
}
