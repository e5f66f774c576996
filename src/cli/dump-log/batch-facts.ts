/**
 * What is told of a batch and of a record, whatever their format, as text and as JSON.
 *
 * Invariant: the text is kafka-dump-log's. A record of a compressed batch is only given where the
 * whole batch can be read.
 */
import { BoundsError } from '../../base/bytes.ts'
import * as batch from '../../records/batch.ts'
import { BATCH_OVERHEAD, MAGIC_V2, type TimestampType } from '../../records/batch.ts'
import type { CompressionType } from '../../records/compression/compression.ts'
import { RecordCursor } from '../../records/record-scan.ts'
import { CliError } from '../cli-error.ts'
import type { FileBatch } from './batch-file.ts'
import { codecOf } from './codecs.ts'
import { legacyHeader, legacyRecords, legacyTimestampType } from './legacy-records.ts'

/** What batches of magic 2 have and messages before them do not. */
interface ModernFacts {
  readonly baseOffset: number
  readonly count: number
  readonly baseSequence: number
  readonly lastSequence: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly partitionLeaderEpoch: number
  readonly isTransactional: boolean
  readonly isControl: boolean
  readonly deleteHorizonMs: number | null
}

/** The header of a batch. */
export interface BatchFacts {
  readonly lastOffset: number
  /** Null for magic 0 and 1. */
  readonly modern: ModernFacts | null
  readonly position: number
  readonly timestampType: TimestampType | 'NoTimestampType'
  readonly maxTimestampMs: number
  readonly sizeBytes: number
  readonly magic: number
  readonly compression: CompressionType
  readonly crc: number
  readonly isValid: boolean
}

/** A record of a batch. */
export interface RecordFacts {
  readonly offset: number
  readonly timestampMs: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  /** Null for magic 0 and 1, as the names of headers are. */
  readonly sequence: number | null
  readonly headerKeys: readonly string[] | null
  /** Of magic 0 and 1, where each record has a checksum. */
  readonly legacy: { readonly isValid: boolean; readonly crc: number } | null
}

/** The header of a batch at its position among the batches before it. */
export function factsOf(file: FileBatch): BatchFacts {
  return file.magic === MAGIC_V2 ? exact(file, modernFacts) : legacyFacts(file)
}

function legacyFacts({ bytes, position }: FileBatch): BatchFacts {
  const header = legacyHeader(bytes)
  return {
    lastOffset: header.offset,
    modern: null,
    position,
    timestampType: legacyTimestampType(header),
    maxTimestampMs: header.timestampMs,
    sizeBytes: header.sizeBytes,
    magic: header.magic,
    compression: codecOf(header.attributes & batch.COMPRESSION_MASK),
    crc: header.crc,
    isValid: header.isValid,
  }
}

function modernFacts({ bytes, position }: FileBatch): BatchFacts {
  if (bytes.length < BATCH_OVERHEAD) {
    throw new CliError(
      `the batch at position ${position} has ${bytes.length} bytes, fewer than its header`,
    )
  }
  return {
    lastOffset: batch.lastOffset(bytes, 0),
    modern: {
      baseOffset: batch.baseOffset(bytes, 0),
      count: batch.recordCount(bytes, 0),
      baseSequence: batch.baseSequence(bytes, 0),
      lastSequence: batch.lastSequence(bytes, 0),
      producerId: batch.producerId(bytes, 0),
      producerEpoch: batch.producerEpoch(bytes, 0),
      partitionLeaderEpoch: batch.partitionLeaderEpoch(bytes, 0),
      isTransactional: batch.isTransactional(bytes, 0),
      isControl: batch.isControl(bytes, 0),
      deleteHorizonMs: batch.hasDeleteHorizon(bytes, 0) ? batch.deleteHorizonMs(bytes, 0) : null,
    },
    position,
    timestampType: batch.timestampTypeOf(bytes, 0),
    maxTimestampMs: batch.maxTimestampMs(bytes, 0),
    sizeBytes: bytes.length,
    magic: batch.magic(bytes, 0),
    compression: codecOf(batch.attributes(bytes, 0) & batch.COMPRESSION_MASK),
    crc: batch.crc(bytes, 0),
    isValid: batch.isCrcValid(bytes, 0),
  }
}

/** A number of 64 bits that can't be shown exactly ends the command: no other would be true. */
function exact<R>(file: FileBatch, read: (file: FileBatch) => R): R {
  try {
    return read(file)
  } catch (error) {
    if (!(error instanceof BoundsError)) throw error
    throw new CliError(`the batch at position ${file.position}: ${error.message}`)
  }
}

/** The line of a batch. */
export function batchText(facts: BatchFacts): string {
  const { modern, lastOffset, position, timestampType, maxTimestampMs } = facts
  const first = modern === null ? `offset: ${lastOffset}` : modernText(modern, lastOffset)
  return (
    `${first} position: ${position} ${timestampType}: ${maxTimestampMs} size: ${facts.sizeBytes} ` +
    `magic: ${facts.magic} compresscodec: ${facts.compression} crc: ${facts.crc} ` +
    `isvalid: ${facts.isValid}`
  )
}

function modernText(modern: ModernFacts, lastOffset: number): string {
  const horizon = optionalLong(modern.deleteHorizonMs)
  return (
    `baseOffset: ${modern.baseOffset} lastOffset: ${lastOffset} count: ${modern.count} ` +
    `baseSequence: ${modern.baseSequence} lastSequence: ${modern.lastSequence} ` +
    `producerId: ${modern.producerId} producerEpoch: ${modern.producerEpoch} ` +
    `partitionLeaderEpoch: ${modern.partitionLeaderEpoch} ` +
    `isTransactional: ${modern.isTransactional} isControl: ${modern.isControl} ` +
    `deleteHorizonMs: ${horizon}`
  )
}

/** As Java shows one. */
export function optionalLong(value: number | null): string {
  return value === null ? 'OptionalLong.empty' : `OptionalLong[${value}]`
}

/** The records of a batch. */
export function* recordsOf(file: FileBatch): Generator<RecordFacts> {
  if (file.magic !== MAGIC_V2) {
    for (const { crc, isValid, ...record } of legacyRecords(file.bytes)) {
      yield { ...record, sequence: null, headerKeys: null, legacy: { isValid, crc } }
    }
    return
  }
  const { bytes } = file
  const cursor = new RecordCursor(bytes)
  if (batch.isCompressed(bytes, 0)) {
    while (cursor.next()) {} // all of it or nothing
    check(cursor, file)
    cursor.rewind()
  }
  const first = batch.baseSequence(bytes, 0)
  while (cursor.next()) {
    yield {
      offset: cursor.offset,
      timestampMs: cursor.timestampMs,
      key: cursor.key(),
      value: cursor.value(),
      sequence: first < 0 ? first : batch.incrementSequence(first, cursor.offsetDelta),
      headerKeys: cursor.headers().map(([name]) => name),
      legacy: null,
    }
  }
  check(cursor, file)
}

function check({ problem }: RecordCursor, { position }: FileBatch): void {
  if (problem !== '') throw new CliError(`the batch at position ${position}: ${problem}`)
}

/** What stands before key and payload of a record. */
export function recordText(record: RecordFacts, { timestampType }: BatchFacts): string {
  const { offset, timestampMs, key, value, sequence, headerKeys, legacy } = record
  const sizes = `keySize: ${key?.length ?? -1} valueSize: ${value?.length ?? -1}`
  const modern = headerKeys && ` sequence: ${sequence} headerKeys: [${headerKeys.join(',')}]`
  const checksum = legacy && ` isValid: ${legacy.isValid} crc: ${legacy.crc}`
  const end = `${modern ?? ''}${checksum ?? ''}`
  return `| offset: ${offset} ${timestampType}: ${timestampMs} ${sizes}${end}`
}
