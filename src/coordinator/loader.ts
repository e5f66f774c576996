/**
 * Replays the log of one partition into a shard: batch after batch, with the end markers of
 * transactions in their place, so that what a transaction wrote counts exactly when its marker says
 * so.
 *
 * A record of a type that is not known here is passed over, since a newer or older version may have
 * written it. Anything malformed ends the load: a shard that misses records must not serve.
 */
import { BoundsError, ByteReader } from '../base/bytes.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import * as batch from '../records/batch.ts'
import { nextBatch } from '../records/batches.ts'
import { RecordCursor } from '../records/record-scan.ts'
import type { RecordCodec } from './journal.ts'

/** Types of control records that end a transaction. */
const ABORT = 0
const COMMIT = 1

/** What a load came to. */
export interface LoadResult {
  readonly recordCount: number
  /** Records of types that are not known here. */
  readonly skippedCount: number
  /** The offset behind the last batch. */
  readonly endOffset: number
  /** Why the partition can't be served; null where it can. */
  readonly failure: string | null
}

/** Where records go. */
export interface Playback<Rec> {
  replay(record: Rec, offset: number, producerId: number): void
  replayEndTransaction(producerId: number, committed: boolean): void
}

/** One load; it takes nothing more after a failure. */
export class ShardLoader<Rec> {
  readonly #codec: RecordCodec<Rec>
  readonly #playback: Playback<Rec>
  readonly #cursor = new RecordCursor()
  #recordCount = 0
  #skippedCount = 0
  #endOffset = 0
  #failure: string | null = null

  constructor(codec: RecordCodec<Rec>, playback: Playback<Rec>) {
    this.#codec = codec
    this.#playback = playback
  }

  /** Replays whole batches, in the log's order. */
  replayBatches(bytes: Uint8Array): void {
    let at = 0
    while (at < bytes.length && this.#failure === null) {
      const next = nextBatch(bytes, at)
      if (next < 0) {
        this.#failure = `no whole batch behind offset ${this.#endOffset}`
        return
      }
      // Nothing else looks at the checksums of what was closed cleanly.
      if (!batch.isCrcValid(bytes, at)) {
        const offset = batch.baseOffset(bytes, at)
        this.#failure = `batch at offset ${offset}: the checksum does not match`
        return
      }
      this.#replayBatch(bytes, at)
      this.#endOffset = batch.lastOffset(bytes, at) + 1
      at = next
    }
  }

  finish(): LoadResult {
    return {
      recordCount: this.#recordCount,
      skippedCount: this.#skippedCount,
      endOffset: this.#endOffset,
      failure: this.#failure,
    }
  }

  #replayBatch(bytes: Uint8Array, at: number): void {
    const cursor = this.#cursor.open(bytes, at)
    const isControl = batch.isControl(bytes, at)
    const producerId = batch.producerId(bytes, at)
    while (cursor.next()) {
      this.#recordCount++
      try {
        if (isControl) this.#replayControl(producerId, cursor.key())
        else this.#replayRecord(producerId, cursor)
      } catch (error) {
        if (!(error instanceof ProtocolError || error instanceof BoundsError)) throw error
        this.#failure = `record at offset ${cursor.offset}: ${error.message}`
        return
      }
    }
    if (cursor.problem !== '') {
      this.#failure = `batch at offset ${batch.baseOffset(bytes, at)}: ${cursor.problem}`
    }
  }

  #replayControl(producerId: number, key: Uint8Array | null): void {
    if (key === null) throw new ProtocolError('a control record without a key')
    const reader = new ByteReader(key)
    reader.int16() // version
    const type = reader.int16()
    if (type === COMMIT || type === ABORT) {
      this.#playback.replayEndTransaction(producerId, type === COMMIT)
    }
  }

  #replayRecord(producerId: number, cursor: RecordCursor): void {
    const key = cursor.key()
    if (key === null) throw new ProtocolError('a coordinator record without a key')
    const record = this.#codec.decode(key, cursor.value())
    if (record === null) this.#skippedCount++
    else this.#playback.replay(record, cursor.offset, producerId)
  }
}
