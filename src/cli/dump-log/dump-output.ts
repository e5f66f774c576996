/**
 * Where a dump goes: standard output in pieces, and at the end what did not fit together.
 *
 * Invariant: lines come out in the order in which they were written, and no more than a piece of
 * them is held; the faults are printed in the order in which Kafka's HashMaps give the files.
 */
import { resolve } from 'node:path'
import { hashMapOrder } from '../java-order.ts'
import type { ToolRun } from '../tool.ts'

const PIECE_CHARACTERS = 65_536

/** Standard output of a dump. */
export class DumpOutput {
  readonly isJson: boolean
  readonly #write: ToolRun['write']
  #held: string[] = []
  #characters = 0

  constructor({ write }: Pick<ToolRun, 'write'>, isJson: boolean) {
    this.isJson = isJson
    this.#write = write
  }

  /** Prints a line, as text or as JSON; wait for what it returns. */
  async print(text: string, json: object): Promise<void> {
    this.#held.push(this.isJson ? JSON.stringify(json) : text)
    this.#characters += text.length
    if (this.#characters >= PIECE_CHARACTERS) await this.flush()
  }

  /** Prints a line that JSON has no need of. */
  async text(text: string): Promise<void> {
    if (!this.isJson) await this.print(text, {})
  }

  /** Prints the beginning of a line whose end can't be told; nothing may follow. */
  async beginning(text: string): Promise<void> {
    if (this.isJson) return
    await this.flush()
    await this.#write(Buffer.from(text))
  }

  async flush(): Promise<void> {
    if (this.#held.length === 0) return
    const bytes = Buffer.from(`${this.#held.join('\n')}\n`)
    this.#held = []
    this.#characters = 0
    await this.#write(bytes)
  }
}

type Pair = readonly [number, number]

/** Pairs of numbers that do not fit together, by file. */
class Pairs {
  readonly #byFile = new Map<string, Pair[]>()

  add(file: string, pair: Pair): void {
    const path = resolve(file)
    this.#byFile.set(path, [...(this.#byFile.get(path) ?? []), pair])
  }

  /** Keeps the last pair that begins with a number, as a map does. */
  set(file: string, pair: Pair): void {
    const path = resolve(file)
    const others = (this.#byFile.get(path) ?? []).filter(([first]) => first !== pair[0])
    this.#byFile.set(path, [...others, pair])
  }

  lines(title: string, order: (a: Pair, b: Pair) => number, line: (pair: Pair) => string) {
    // computeIfAbsent puts a key before those that share its place.
    return hashMapOrder([...this.#byFile.keys()].reverse(), null).flatMap((file) => {
      const pairs = [...this.#byFile.get(file)!].sort(order)
      return [`${title}${file}`, ...pairs.map(line)]
    })
  }
}

const asFound = () => 0
const rising = (a: Pair, b: Pair) => a[0] - b[0]
const falling = (a: Pair, b: Pair) => b[0] - a[0]

/** What the files say that can't all be true. */
export class DumpFaults {
  /** Offset in the index, last offset of the batch there. */
  readonly indexMismatches = new Pairs()
  /** Time in the index, time in the log. */
  readonly timeMismatches = new Pairs()
  /** Time in the index, time before it. */
  readonly outOfOrder = new Pairs()
  /** Offset in the time index, offset in the log. */
  readonly notFound = new Pairs()
  /** An offset and the one that follows it in the log. */
  readonly gaps = new Pairs()

  /** All of them, in the order of their kinds. */
  lines(): string[] {
    return [
      ...this.indexMismatches.lines('Mismatches in :', falling, ([index, log]) => {
        return `  Index offset: ${index}, log offset: ${log}`
      }),
      ...this.timeMismatches.lines('Found timestamp mismatch in :', asFound, ([index, log]) => {
        return `  Index timestamp: ${index}, log timestamp: ${log}`
      }),
      ...this.outOfOrder.lines('Found out of order timestamp in :', asFound, ([index, before]) => {
        return `  Index timestamp: ${index}, Previously indexed timestamp: ${before}`
      }),
      ...this.notFound.lines(
        'The following indexed offsets are not found in :',
        asFound,
        ([index, log]) => `Indexed offset: ${index}, found log offset: ${log}`,
      ),
      ...this.gaps.lines('Non-consecutive offsets in ', rising, ([before, after]) => {
        return `  ${before} is followed by ${after}`
      }),
    ]
  }
}
