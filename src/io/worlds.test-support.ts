/** What the contract of io is held against: the real world, and a simulated one. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Io } from './io.ts'
import { nodeIo } from './node.ts'
import { simIo } from './sim.ts'

/** An implementation under test: where its files go, and how its time passes. */
export interface World {
  readonly io: Io
  readonly directory: string
  settle<T>(promise: Promise<T>): Promise<T>
  until(condition: () => boolean): Promise<void>
  dispose(): void
}

/** The machine that this runs on, with a folder of its own. */
export function realWorld(): World {
  const io = nodeIo()
  const directory = mkdtempSync(join(tmpdir(), 'millrace-io-'))
  const turn = (): Promise<void> => new Promise((resolve) => io.clock.after(1, resolve))
  return {
    io,
    directory,
    settle: (promise) => promise,
    until: async (condition) => {
      const deadlineMs = io.clock.monotonicMs() + 5000
      while (!condition()) {
        assert.ok(io.clock.monotonicMs() < deadlineMs, `not within 5 s: ${condition}`)
        await turn()
      }
    },
    dispose: () => rmSync(directory, { recursive: true }),
  }
}

/** A simulated one. */
export function simulatedWorld(): World {
  const io = simIo(7)
  io.disk.makeDirectory('/data')
  return {
    io,
    directory: '/data',
    settle: (promise) => io.simulation.settle(promise),
    until: (condition) => io.simulation.runUntil(condition),
    dispose: () => {},
  }
}
