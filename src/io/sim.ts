/**
 * The outside world simulated: many machines with their own disks in one process, on virtual time,
 * from one seed. What goes wrong here goes wrong again, in the same way, from the same seed.
 *
 *     const world = new Simulation(seed)
 *     const node = world.node('broker-1')      // is an Io
 *     await world.runUntil(() => done)
 *     node.crash()                             // power cut; then an Io of the restarted machine
 */
import { setImmediate } from 'node:timers/promises'
import { assert } from '../base/assert.ts'
import { Prng } from '../base/prng.ts'
import type { Clock, Disk, Io, Network, Random } from './io.ts'
import { SimDisk } from './sim-disk.ts'
import type { CrashMode } from './sim-file.ts'
import { SimNetwork, type SimNetworkOptions } from './sim-network.ts'
import { SimClock, SimProcess, SimTime } from './sim-time.ts'
import { SimVolume, type SimVolumeOptions } from './sim-volume.ts'

/** The start of 2026. */
const DEFAULT_START_MS = 1_767_225_600_000

export interface SimulationOptions {
  /** The time at which the world starts. */
  readonly startMs?: number
  readonly network?: SimNetworkOptions
}

export interface SimNodeOptions {
  readonly disk?: SimVolumeOptions
  /** How far this machine's wall clock is ahead. */
  readonly skewMs?: number
}

/** A world of machines. */
export class Simulation {
  readonly seed: number
  /** For the scenario itself: draws from it don't disturb the machines. */
  readonly random: Prng
  readonly network: SimNetwork
  readonly time: SimTime
  readonly #nodes = new Map<string, SimNode>()
  readonly #nodeSeeds: Prng

  constructor(seed: number, options: SimulationOptions = {}) {
    const root = new Prng(seed)
    this.seed = seed
    this.random = root.fork()
    this.#nodeSeeds = root.fork()
    this.time = new SimTime(options.startMs ?? DEFAULT_START_MS)
    this.network = new SimNetwork(this.time, root.fork(), options.network)
  }

  /** The machine called `host`; made when first asked for. */
  node(host: string, options: SimNodeOptions = {}): SimNode {
    let node = this.#nodes.get(host)
    if (node === undefined) {
      node = new SimNode(this, host, this.#nodeSeeds.fork(), options)
      this.#nodes.set(host, node)
    }
    return node
  }

  get nowMs(): number {
    return this.time.nowMs
  }

  /** Lets `durationMs` pass. */
  async advance(durationMs: number): Promise<void> {
    const untilMs = this.time.nowMs + durationMs
    await this.#letGo()
    while (this.time.nextEventMs() <= untilMs) await this.#step()
    this.time.nowMs = Math.max(this.time.nowMs, untilMs)
  }

  /** The same where no promise plays a part. */
  advanceSync(durationMs: number): void {
    const untilMs = this.time.nowMs + durationMs
    while (this.time.nextEventMs() <= untilMs) this.time.step()
    this.time.nowMs = Math.max(this.time.nowMs, untilMs)
  }

  /** Lets time pass until `condition` holds; throws when it doesn't within `withinMs`. */
  async runUntil(condition: () => boolean, withinMs = 60_000): Promise<void> {
    const untilMs = this.time.nowMs + withinMs
    await this.#letGo()
    while (!condition()) {
      if (this.time.nextEventMs() > untilMs) {
        // What is left to do may need no more time, only promises to be followed.
        await this.#letGo()
        if (condition()) return
        throw new Error(`seed ${this.seed}: not so within ${withinMs} ms: ${condition}`)
      }
      await this.#step()
    }
  }

  /** Lets time pass until `promise` is settled, and returns its value. */
  async settle<T>(promise: Promise<T>, withinMs = 60_000): Promise<T> {
    let isSettled = false
    const note = (): void => {
      isSettled = true
    }
    promise.then(note, note)
    await this.runUntil(() => isSettled, withinMs)
    return promise
  }

  async #step(): Promise<void> {
    this.time.step()
    await this.#letGo()
  }

  /** Lets all code behind settled promises run to its next wait, before time goes on. */
  async #letGo(): Promise<void> {
    await setImmediate()
  }
}

/** A machine. As an `Io` it is the world of the process that runs on it now. */
export class SimNode implements Io {
  readonly simulation: Simulation
  readonly host: string
  /** Its disk, for faults. */
  readonly volume: SimVolume
  /** How far its date is ahead; someone may set it. */
  skewMs: number
  readonly #seeds: Prng
  #process: SimProcess
  #io: Io

  constructor(simulation: Simulation, host: string, seeds: Prng, options: SimNodeOptions) {
    this.simulation = simulation
    this.host = host
    this.volume = new SimVolume(simulation.time, seeds.fork(), options.disk)
    this.skewMs = options.skewMs ?? 0
    this.#seeds = seeds
    this.#process = new SimProcess()
    this.#io = this.#start()
  }

  get clock(): Clock {
    return this.#io.clock
  }

  get random(): Random {
    return this.#io.random
  }

  get disk(): Disk {
    return this.#io.disk
  }

  get network(): Network {
    return this.#io.network
  }

  /** Ends the process as `kill -9` does: the operating system goes on. */
  kill(): void {
    this.#end()
    this.volume.releaseLocks()
    this.#io = this.#start()
  }

  /** Cuts the power: what was not synced is lost, kept or torn. */
  crash(mode: CrashMode = 'random'): void {
    this.#end()
    this.volume.crash(mode)
    this.#io = this.#start()
  }

  #end(): void {
    this.#process.isAlive = false
    this.simulation.network.kill(this.#process)
  }

  #start(): Io {
    const { simulation } = this
    this.#process = new SimProcess()
    return {
      clock: new SimClock(simulation.time, this.#process, this),
      random: this.#seeds.fork(),
      disk: new SimDisk(this.volume, this.#process),
      network: simulation.network.endpoint(this.host, this.#process),
    }
  }
}

/** One simulated machine in a world of its own. */
export function simIo(seed: number, options: SimulationOptions & SimNodeOptions = {}): SimNode {
  assert(Number.isSafeInteger(seed), 'a seed is an integer')
  return new Simulation(seed, options).node('localhost', options)
}
