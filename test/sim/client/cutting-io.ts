/**
 * An io on which a connection breaks after a given number of bytes, one way or the other: both
 * sides see a reset, and what was cut off never arrives. It is the first connection, or, once
 * armed, whichever carries that byte.
 */
import type { Connection, ConnectOptions, Network } from '../../../src/io/io.ts'
import type { SimNode } from '../../../src/io/sim.ts'

export interface Cut {
  readonly way: 'sent' | 'received'
  readonly afterBytes: number
}

export interface CuttingIo {
  readonly io: Pick<SimNode, 'clock' | 'random'> & { readonly network: Network }
  /** Bytes that went over the first connection, where it was not cut. */
  readonly bytes: { sent: number; received: number }
  connections: number
  wasCut: boolean
}

export interface ArmedIo extends CuttingIo {
  /** Counts anew from here, over all connections, and breaks the one that is at `cut`. */
  arm(cut: Cut | null): void
}

/** Breaks the first connection. */
export function cuttingIo(node: SimNode, cut: Cut | null): CuttingIo {
  return ioOn(node, { cut, isFirstOnly: true })
}

/** Breaks nothing until it is armed. */
export function armedIo(node: SimNode): ArmedIo {
  const plan: Plan = { cut: null, isFirstOnly: false }
  const state = ioOn(node, plan)
  const arm = (cut: Cut | null): void => {
    plan.cut = cut
    state.bytes.sent = 0
    state.bytes.received = 0
    state.wasCut = false
  }
  return Object.assign(state, { arm })
}

interface Plan {
  cut: Cut | null
  readonly isFirstOnly: boolean
}

function ioOn(node: SimNode, plan: Plan): CuttingIo {
  const { clock, random } = node
  const state: CuttingIo = {
    io: {
      clock,
      random,
      network: {
        listen: (host, port, onConnection) => node.network.listen(host, port, onConnection),
        connect: async (host: string, port: number, options?: ConnectOptions) => {
          const connection = await node.network.connect(host, port, options)
          const isWatched = state.connections++ === 0 || !plan.isFirstOnly
          return isWatched ? watched(connection, state, plan) : connection
        },
      },
    },
    bytes: { sent: 0, received: 0 },
    connections: 0,
    wasCut: false,
  }
  return state
}

/** The connection, broken where the cut is. */
function watched(inner: Connection, state: CuttingIo, plan: Plan): Connection {
  let isBroken = false
  const leftOf = (way: Cut['way']) => {
    if (plan.cut?.way !== way || (state.wasCut && !isBroken)) return Infinity
    return Math.max(0, plan.cut.afterBytes - state.bytes[way])
  }
  const outer = Object.create(inner) as Connection & { onData: (chunk: Uint8Array) => void }
  const callbacks = { onData: (_: Uint8Array) => {}, onClose: (_: string) => {}, onDrain: () => {} }
  const breakOff = (): void => {
    state.wasCut = true
    isBroken = true
    inner.onData = () => {}
    inner.destroy()
  }
  inner.onClose = (reason) => callbacks.onClose(isBroken ? 'ECONNRESET' : reason)
  inner.onDrain = () => callbacks.onDrain()
  inner.onData = (chunk) => {
    const left = leftOf('received')
    const piece = chunk.subarray(0, left)
    state.bytes.received += piece.length
    if (piece.length > 0) callbacks.onData(piece)
    if (chunk.length >= left) breakOff()
  }
  for (const name of ['onData', 'onClose', 'onDrain'] as const) {
    Object.defineProperty(outer, name, {
      get: () => callbacks[name],
      set: (callback) => {
        callbacks[name] = callback
      },
    })
  }
  Object.defineProperty(outer, 'queuedBytes', { get: () => inner.queuedBytes })
  outer.pause = () => inner.pause()
  outer.resume = () => inner.resume()
  outer.end = () => inner.end()
  outer.destroy = () => inner.destroy()
  outer.write = (pieces, onSent) => {
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
    const left = leftOf('sent')
    state.bytes.sent += Math.min(length, left)
    if (length < left) return inner.write(pieces, onSent)
    let room = left
    const kept = pieces.map((piece) => {
      const part = piece.subarray(0, room)
      room -= part.length
      return part
    })
    inner.write(kept)
    breakOff()
  }
  return outer
}
