/**
 * Answers as text that is the same for both servers where they mean the same: ids by their names,
 * the order of lists gone where Kafka's is a hash map's, times of the server's clock and sizes of
 * its disk as words, what other sequences have left taken out.
 */
import { ZERO_UUID } from '../../src/base/uuid.ts'
import * as batch from '../../src/records/batch.ts'
import { nextBatch } from '../../src/records/batches.ts'
import { RecordCursor } from '../../src/records/record-scan.ts'
import type { Server } from '../conformance/server.ts'
import { IDENTIFYING } from './random-request.ts'
import type { SideSymbols, SymbolKind } from './symbols.ts'

const SYMBOLS: Readonly<Record<string, SymbolKind>> = {
  memberId: 'member',
  leader: 'member',
  topicId: 'topicId',
  producerId: 'producerId',
}
/** A member id that a server made: the client's id or the instance's, and a uuid. */
const MADE_ID = /-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** What belongs to a sequence begins with its name. */
const SEQUENCE = /^s\d+(r\d+)?-/
const OWNED_BY = ['name', 'topic', 'topicName', 'group', 'groupId', 'resourceName']
/** What is no answer to what was asked: the server's load, its disk, its words. */
const MEASURED = new Set([
  'throttleTimeMs',
  'totalBytes',
  'usableBytes',
  'lastFetchTimestamp',
  'lastCaughtUpTimestamp',
  'documentation',
])
/** Later than any timestamp that a sequence gives. */
const NOW_FROM_MS = 60_000

export class Normaliser {
  readonly #server: Server
  readonly #symbols: SideSymbols
  readonly #sequence: string
  readonly #epochMs: number

  constructor(server: Server, symbols: SideSymbols, sequence: string, epochMs: number) {
    this.#server = server
    this.#symbols = symbols
    this.#sequence = sequence
    this.#epochMs = epochMs
  }

  textOf(response: string, decoded: object): string {
    const isQuorum = response.startsWith('DescribeQuorum')
    return JSON.stringify(this.#walk(decoded, '', isQuorum))
  }

  #walk(value: unknown, name: string, isQuorum: boolean): unknown {
    if (value instanceof Uint8Array) return name === 'records' ? this.#batches(value) : hex(value)
    if (typeof value === 'string') return this.#text(value, name)
    if (typeof value === 'number' || typeof value === 'bigint')
      return this.#number(Number(value), name)
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) {
      // Twice: names are given in the order of what is sorted, and then sorted by too.
      const own = inOrder(merged(value.filter((each) => this.#isOwn(each))))
      return inOrder(own.map((each) => this.#walk(each, name, isQuorum)))
    }
    const entries = Object.entries(value).filter(([each]) => {
      if (MEASURED.has(each)) return false
      return !(isQuorum && /highWatermark|logEndOffset|leaderEpoch/.test(each))
    })
    return Object.fromEntries(
      entries.map(([each, inner]) => [each, this.#walk(inner, each, isQuorum)]),
    )
  }

  #isOwn(element: unknown): boolean {
    const names =
      typeof element === 'string'
        ? [element]
        : OWNED_BY.map((name) => (element as Record<string, unknown> | null)?.[name])
    return names.every((name) => {
      if (typeof name !== 'string' || !SEQUENCE.test(name)) return true
      return name.startsWith(`${this.#sequence}-`)
    })
  }

  #text(text: string, name: string): string {
    const kind = SYMBOLS[name]
    if (kind === 'member' && MADE_ID.test(text)) return this.#symbols.nameOf(kind, text)
    if (kind === 'topicId' && text !== ZERO_UUID) return this.#symbols.nameOf(kind, text)
    return this.#symbols
      .inText(text)
      .replaceAll(this.#server.dataDirectory, 'DATA')
      .replaceAll(String(this.#server.port), 'PORT')
      .replaceAll(String(this.#server.controllerPort), 'CPORT')
  }

  #number(value: number, name: string): number | string {
    if (name === 'producerId' && value >= 0) return this.#symbols.nameOf('producerId', value)
    if (name === 'sessionId' && value > 0) return this.#symbols.nameOf('session', value)
    if (name === 'port') return value === this.#server.port ? 'PORT' : 'CPORT'
    return value > this.#epochMs + NOW_FROM_MS / 2 && value < 2 ** 42 ? 'NOW' : value
  }

  /** Whole batches in full, but for what the server's clock and counters have put there. */
  #batches(bytes: Uint8Array): unknown[] {
    const found: unknown[] = []
    for (let at = 0; ; ) {
      const end = nextBatch(bytes, at)
      if (end <= at) break
      const one = Buffer.from(bytes.subarray(at, end))
      const producer = batch.producerId(one, 0)
      found.push({
        baseOffset: batch.baseOffset(one, 0),
        leaderEpoch: batch.partitionLeaderEpoch(one, 0),
        attributes: batch.attributes(one, 0),
        lastOffset: batch.lastOffset(one, 0),
        baseTimestamp: this.#number(batch.baseTimestampMs(one, 0), ''),
        maxTimestamp: this.#number(batch.maxTimestampMs(one, 0), ''),
        producer: this.#number(producer, 'producerId'),
        epoch: batch.producerEpoch(one, 0),
        sequence: batch.baseSequence(one, 0),
        count: batch.recordCount(one, 0),
        isValid: batch.isCrcValid(one, 0),
        records: this.#records(one),
      })
      at = end
    }
    return found
  }

  /** One by one, since two compressors need not give the same bytes. */
  #records(bytes: Uint8Array): unknown[] {
    const records: unknown[] = []
    const cursor = new RecordCursor(bytes)
    while (cursor.next()) {
      records.push([
        cursor.offset,
        this.#number(cursor.timestampMs, ''),
        hex(cursor.bytes.subarray(cursor.bodyStart, cursor.recordEnd)),
      ])
    }
    if (cursor.problem !== '') records.push(cursor.problem)
    return records
  }
}

/** Topics with all their partitions: Kafka's Fetch names one again where another came between. */
function merged(values: readonly unknown[]): unknown[] {
  const topics = new Map<unknown, Record<string, unknown>>()
  for (const value of values) {
    const partitions = (value as Record<string, unknown> | null)?.partitions
    if (!Array.isArray(partitions)) return [...values]
    const { partitions: _, ...named } = value as Record<string, unknown>
    const key = JSON.stringify(identityOf(named))
    const known = topics.get(key)
    const all = [...((known?.partitions as unknown[]) ?? []), ...partitions]
    topics.set(key, { ...named, partitions: all })
  }
  return [...topics.values()]
}

function identityOf(value: object): unknown[] {
  return Object.entries(value).filter(([name]) => IDENTIFYING.has(name))
}

/** By what tells them apart first: two lists may differ in what they say of the same thing. */
function inOrder(values: readonly unknown[]): unknown[] {
  const keyed = values.map((value) => {
    const identity = typeof value === 'object' && value !== null ? identityOf(value) : []
    return [`${JSON.stringify(identity)} ${textForOrder(value)}`, value] as const
  })
  return keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, value]) => value)
}

function textForOrder(value: unknown): string {
  return JSON.stringify(value, (_name, each) => (typeof each === 'bigint' ? `${each}` : each))
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
