/**
 * The outside world as Node.js gives it. Together with the files beside it (node-disk.ts,
 * node-lock.ts, node-network.ts) this is the only place in the project, apart from the command
 * line, that touches files, sockets, timers, the date or randomness.
 */
import { randomFillSync, randomInt } from 'node:crypto'
import { uuidFromRandomBytes } from '../base/uuid.ts'
import type { Clock, Io, Random } from './io.ts'
import { NodeDisk } from './node-disk.ts'
import { NodeNetwork } from './node-network.ts'

export type * from './io.ts'

/** The longest delay that setTimeout takes; it fires at once for longer ones. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1

/** As `performance.now`, which loads more than all else that keeps the time. */
function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}

class NodeClock implements Clock {
  nowMs(): number {
    return Date.now()
  }

  monotonicMs(): number {
    return monotonicMs()
  }

  after(delayMs: number, callback: () => void): () => void {
    const untilMs = monotonicMs() + delayMs
    let timer: NodeJS.Timeout
    // A timer counts from the start of the turn that set it, so it may fire too early.
    const arm = (leftMs: number): void => {
      timer = setTimeout(fire, Math.min(Math.ceil(leftMs), MAX_TIMEOUT_MS))
    }
    const fire = (): void => {
      const leftMs = untilMs - monotonicMs()
      if (leftMs > 0) arm(leftMs)
      else callback()
    }
    arm(delayMs)
    return () => clearTimeout(timer)
  }

  nextTurn(callback: () => void): void {
    setImmediate(callback)
  }
}

class NodeRandom implements Random {
  int(bound: number): number {
    return randomInt(bound)
  }

  uuid(): string {
    for (;;) {
      const uuid = uuidFromRandomBytes(this.bytes(16))
      if (uuid !== null) return uuid
    }
  }

  bytes(length: number): Uint8Array {
    return randomFillSync(new Uint8Array(length))
  }
}

/** The real clock, randomness, file system and network. */
export function nodeIo(): Io {
  return {
    clock: new NodeClock(),
    random: new NodeRandom(),
    disk: new NodeDisk(),
    network: new NodeNetwork(),
  }
}
