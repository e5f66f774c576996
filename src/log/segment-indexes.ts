/**
 * The three index files of one segment: read when something needs them, written many entries at a
 * time, let go when others need the memory.
 *
 * A crash loses some entries of the offset and the time index; the recovery of the segment makes
 * them anew. Those of the transaction index can't be made from one segment alone, so they are
 * synced with every flush. Invariant: an index is believed only as far as it agrees with its log
 * file.
 */
import type { Disk } from '../io/io.ts'
import { OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX } from './file-names.ts'
import { OffsetIndex } from './offset-index.ts'
import { TimeIndex } from './time-index.ts'
import { type AbortedTransaction, TransactionIndex } from './transaction-index.ts'

/** Entries of the active segment that are written together. */
const SAVED_AT_ONCE = 256

const SUFFIXES = [OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX] as const
type IndexSuffix = (typeof SUFFIXES)[number]

/** What the three have in common. */
interface Index {
  readonly savedBytes: number
  readonly fileBytes: number
  unsaved(): Uint8Array
  markSaved(): void
}

export class SegmentIndexes {
  readonly #disk: Disk
  readonly #baseOffset: number
  readonly #path: (suffix: string) => string
  #offsets: OffsetIndex | null = null
  #times: TimeIndex | null = null
  #transactions: TransactionIndex | null = null
  /** Index files may be missing. */
  #isNew = false
  /** Aborted transactions were added since the last sync. */
  #transactionsUnsynced = false

  /** `path` names a file of the segment, which may be renamed. */
  constructor(disk: Disk, baseOffset: number, path: (suffix: string) => string) {
    this.#disk = disk
    this.#baseOffset = baseOffset
    this.#path = path
  }

  /** Offset and time index; null where they aren't in memory. */
  get offsets(): OffsetIndex | null {
    return this.#offsets
  }

  get times(): TimeIndex | null {
    return this.#times
  }

  get memoryBytes(): number {
    return (this.#offsets?.memoryBytes ?? 0) + (this.#times?.memoryBytes ?? 0)
  }

  /**
   * Begins the indexes of a new segment; their files come with the first entries, or at the end.
   */
  create(): void {
    this.restart(OffsetIndex.empty(), TimeIndex.empty(), new TransactionIndex())
    this.#isNew = true
  }

  /** Goes on with other indexes; the transaction index stays where none is given. */
  restart(offsets: OffsetIndex, times: TimeIndex, transactions?: TransactionIndex): void {
    this.#offsets = offsets
    this.#times = times
    if (transactions !== undefined) this.#transactions = transactions
  }

  /** Content of an index file, or null where there is none. */
  read(suffix: IndexSuffix): Uint8Array | null {
    return this.#exists(suffix) ? this.#disk.readFile(this.#path(suffix)) : null
  }

  /** The same off the event loop. */
  async readAsync(suffix: IndexSuffix): Promise<Uint8Array | null> {
    if (!this.#exists(suffix)) return null
    const file = this.#disk.open(this.#path(suffix), 'read')
    try {
      const content = new Uint8Array(file.size())
      return content.subarray(0, await file.readAsync(content, 0))
    } finally {
      file.close()
    }
  }

  /** Takes the content of the two files; false where it can't be theirs. */
  adopt(offsets: Uint8Array | null, times: Uint8Array | null, segmentBytes: number): boolean {
    const offsetIndex = offsets === null ? null : OffsetIndex.parse(offsets, segmentBytes)
    const timeIndex = times === null ? null : TimeIndex.parse(times)
    if (offsetIndex === null || timeIndex === null) return false
    if (segmentBytes === 0 && timeIndex.count > 0) return false
    this.#offsets = offsetIndex
    this.#times = timeIndex
    return true
  }

  transactions(): TransactionIndex {
    if (this.#transactions === null) {
      const index = this.readTransactions()
      if (index === null) throw new Error(`${this.#path(TRANSACTION_INDEX_SUFFIX)} is corrupt`)
      this.#transactions = index
    }
    return this.#transactions
  }

  /** What the transaction index file says; null where it is corrupt. */
  readTransactions(): TransactionIndex | null {
    const content = this.read(TRANSACTION_INDEX_SUFFIX)
    if (content === null) return new TransactionIndex()
    return TransactionIndex.parse(content, this.#baseOffset)
  }

  /** Puts an index that was made anew in the place of a corrupt file. */
  replaceTransactions(index: TransactionIndex): void {
    this.#disk.remove(this.#path(TRANSACTION_INDEX_SUFFIX))
    this.#transactions = index
    this.#transactionsUnsynced = true
    this.save()
  }

  addAborted(transaction: AbortedTransaction): void {
    this.transactions().append(transaction)
    this.#transactionsUnsynced = true
  }

  truncateTo(offset: number): void {
    const relative = offset - this.#baseOffset
    this.#offsets?.truncateTo(relative)
    this.#times?.truncateTo(relative)
    this.transactions().truncateTo(offset)
  }

  /** Saves now and then, so that recovery needs not begin at the start of the segment. */
  saveMany(): void {
    const index = this.#offsets
    if (index !== null && index.count - index.savedCount >= SAVED_AT_ONCE) this.save()
  }

  /** Brings the files up to what is in memory. */
  save(): void {
    for (const suffix of SUFFIXES) this.#save(suffix)
  }

  /** Saves all and leaves files even of empty indexes: Kafka takes a segment without for broken. */
  finish(): void {
    this.save()
    if (!this.#isNew) return
    for (const suffix of [OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX] as const) {
      if (!this.#exists(suffix)) this.#disk.open(this.#path(suffix), 'create').close()
    }
    this.#isNew = false
  }

  #save(suffix: IndexSuffix): void {
    const index = this.#index(suffix)
    const bytes = index?.unsaved()
    if (index === null || bytes === undefined || bytes.length === 0) return
    const file = this.#disk.open(this.#path(suffix), 'create')
    try {
      file.write([bytes], index.savedBytes)
    } finally {
      file.close()
    }
    index.markSaved()
  }

  /** Cuts the files to what is in memory, after entries were dropped or room was reserved. */
  trim(): void {
    this.#isNew = true
    this.finish()
    for (const suffix of SUFFIXES) {
      const index = this.#index(suffix)
      const size = this.#disk.stat(this.#path(suffix))?.size
      if (index === null || size === undefined || size === index.fileBytes) continue
      const file = this.#disk.open(this.#path(suffix), 'write')
      try {
        file.truncate(index.fileBytes)
      } finally {
        file.close()
      }
    }
  }

  /** Makes durable what must be, or all. */
  syncNow(all: boolean): void {
    for (const suffix of this.#beginSync(all)) {
      if (!this.#exists(suffix)) continue
      const file = this.#disk.open(this.#path(suffix), 'write')
      try {
        file.syncNow()
      } finally {
        file.close()
      }
    }
  }

  /** The same off the event loop; `isGone` says whether the files were taken away meanwhile. */
  async sync(all: boolean, isGone: () => boolean): Promise<void> {
    for (const suffix of this.#beginSync(all)) {
      if (isGone() || !this.#exists(suffix)) continue
      const file = this.#disk.open(this.#path(suffix), 'write')
      try {
        await file.sync()
      } finally {
        file.close()
      }
    }
  }

  #beginSync(all: boolean): readonly IndexSuffix[] {
    const transactions = this.#transactionsUnsynced
    this.#transactionsUnsynced = false
    if (all) this.save()
    else if (transactions) this.#save(TRANSACTION_INDEX_SUFFIX)
    if (all) return SUFFIXES
    return transactions ? [TRANSACTION_INDEX_SUFFIX] : []
  }

  drop(): void {
    this.#offsets = null
    this.#times = null
    this.#transactions = null
  }

  #index(suffix: IndexSuffix): Index | null {
    switch (suffix) {
      case OFFSET_INDEX_SUFFIX:
        return this.#offsets
      case TIME_INDEX_SUFFIX:
        return this.#times
      default:
        return this.#transactions
    }
  }

  #exists(suffix: IndexSuffix): boolean {
    return this.#disk.stat(this.#path(suffix)) !== null
  }
}
