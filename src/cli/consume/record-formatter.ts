/** How a record is printed: one function for each form, and the names by which Kafka knows them. */
import type { ConsumerRecord } from '../../client/record.ts'
import type { Output } from './output.ts'

/** A record of a topic of bytes. */
export type BytesRecord = ConsumerRecord<string>

/** Prints a record. What it throws is wrong with the record, of which a part may be printed. */
export type RecordFormatter = (record: BytesRecord, output: Output) => void
