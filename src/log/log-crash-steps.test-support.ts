/** What a log that dies goes through, step by step, and what is read of it. */
import assert from 'node:assert/strict'
import type { Prng } from '../base/prng.ts'
import { baseOffset, batchSizeBytes, isControl } from '../records/batch.ts'
import { RecordCursor } from '../records/record-scan.ts'

export interface Stored {
  readonly offset: number
  readonly key: string | null
  readonly value: string | null
}

export type Step =
  | 'append'
  | 'produce'
  | 'write'
  | 'flush'
  | 'roll'
  | 'epoch'
  | 'truncate'
  | 'delete records'
  | 'retention'
  | 'clean'
  | 'pass'
  | 'close'
  | 'kill'

const STEPS: readonly (readonly [Step, number])[] = [
  ['append', 8],
  ['produce', 4],
  ['write', 5],
  ['flush', 2],
  ['roll', 3],
  ['epoch', 1],
  ['truncate', 2],
  ['delete records', 1],
  ['retention', 1],
  ['clean', 3],
  ['pass', 1],
  ['close', 1],
  ['kill', 1],
]

/** Draws a step, each by its weight. */
export function nextStep(random: Prng): Step {
  const total = STEPS.reduce((sum, [, weight]) => sum + weight, 0)
  let draw = random.int(total)
  for (const [step, weight] of STEPS) {
    if (draw < weight) return step
    draw -= weight
  }
  return 'append'
}

/** The records of whole batches, from an offset on. */
export function recordsFrom(piece: Uint8Array, from: number): Stored[] {
  const found: Stored[] = []
  for (let at = 0; at < piece.length; at += batchSizeBytes(piece, at)) {
    assert.ok(!isControl(piece, at), `a control batch at ${baseOffset(piece, at)}`)
    const cursor = new RecordCursor(piece, at)
    while (cursor.next()) {
      const [key, value] = [text(cursor.key()), text(cursor.value())]
      if (cursor.offset >= from) found.push({ offset: cursor.offset, key, value })
    }
  }
  return found
}

export function utf8(value: string | null): Uint8Array | null {
  return value === null ? null : new TextEncoder().encode(value)
}

function text(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : new TextDecoder().decode(bytes)
}
