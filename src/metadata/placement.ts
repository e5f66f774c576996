/**
 * Where the replicas of new partitions go: round robin over racks, and within each rack over its
 * brokers, unfenced ones first, from a random start (KIP-36, KIP-631).
 *
 * Invariant: no broker twice in a partition, and the first replica is unfenced.
 */
import { ErrorCode } from '../protocol/errors.ts'
import { type ApiError, apiError } from './api-error.ts'

/** A broker that may take replicas. */
export interface UsableBroker {
  readonly id: number
  readonly rack: string | null
  readonly fenced: boolean
}

/** The randomness that placement needs. */
export interface PlacementRandom {
  /** An integer in [0, bound). */
  int(bound: number): number
}

/** Replicas of each partition, or why there can be none. */
export function placeReplicas(
  brokers: Iterable<UsableBroker>,
  partitionCount: number,
  replicationFactor: number,
  random: PlacementRandom,
): readonly (readonly number[])[] | ApiError {
  const racks = new RackList(brokers, random)
  const error = placementError(racks, replicationFactor)
  if (error !== null) return apiError(ErrorCode.INVALID_REPLICATION_FACTOR, error)
  return Array.from({ length: partitionCount }, () => racks.place(replicationFactor))
}

function placementError(racks: RackList, replicationFactor: number): string | null {
  if (replicationFactor <= 0) {
    const why = 'the replication factor must be positive.'
    return `Invalid replication factor ${replicationFactor}: ${why}`
  }
  if (racks.unfencedCount === 0) {
    return 'All brokers are currently fenced, or have all their log directories cordoned.'
  }
  if (replicationFactor > racks.brokerCount) {
    return (
      `The target replication factor of ${replicationFactor} cannot be reached because only ` +
      `${racks.brokerCount} broker(s) are registered or some brokers have all their log ` +
      'directories cordoned.'
    )
  }
  return null
}

/** Brokers taken round robin; each new round starts one further. */
class BrokerRing {
  readonly brokers: number[] = []
  #index = 0
  #offset = 0
  #round = 0

  start(random: PlacementRandom): void {
    this.brokers.sort((a, b) => a - b)
    if (this.brokers.length > 0) this.#offset = random.int(this.brokers.length)
  }

  /** The next broker of the round, or -1 where all have been taken. */
  next(round: number): number {
    const count = this.brokers.length
    if (count === 0) return -1
    if (this.#round !== round) {
      this.#round = round
      this.#index = 0
      this.#offset = (this.#offset + 1) % count
    }
    if (this.#index >= count) return -1
    return this.brokers[(this.#index++ + this.#offset) % count]!
  }
}

class Rack {
  readonly unfenced = new BrokerRing()
  readonly fenced = new BrokerRing()

  next(round: number): number {
    const broker = this.unfenced.next(round)
    return broker >= 0 ? broker : this.fenced.next(round)
  }
}

class RackList {
  readonly brokerCount: number
  readonly unfencedCount: number
  readonly #racks: Rack[]
  readonly #random: PlacementRandom
  #round = 0
  #offset: number

  constructor(brokers: Iterable<UsableBroker>, random: PlacementRandom) {
    const byName = new Map<string, Rack>()
    let brokerCount = 0
    let unfencedCount = 0
    for (const broker of brokers) {
      // '' sorts first, which is where brokers without a rack belong.
      const name = broker.rack ?? ''
      let rack = byName.get(name)
      if (rack === undefined) byName.set(name, (rack = new Rack()))
      const ring = broker.fenced ? rack.fenced : rack.unfenced
      ring.brokers.push(broker.id)
      brokerCount++
      if (!broker.fenced) unfencedCount++
    }
    const names = [...byName.keys()].sort()
    this.#racks = names.map((name) => byName.get(name)!)
    for (const rack of this.#racks) {
      rack.fenced.start(random)
      rack.unfenced.start(random)
    }
    this.brokerCount = brokerCount
    this.unfencedCount = unfencedCount
    this.#random = random
    this.#offset = names.length === 0 ? 0 : random.int(names.length)
  }

  /** The replicas of one more partition. */
  place(replicationFactor: number): readonly number[] {
    // After as many partitions as there are brokers the pattern would repeat.
    if (this.#round === this.unfencedCount && this.unfencedCount > 1) {
      this.#shuffle()
      this.#round = 0
    }
    const count = this.#racks.length
    if (this.#offset === count) this.#offset = 0
    const replicas: number[] = []
    let first = this.#offset
    let leader = this.#racks[first]!.unfenced.next(this.#round)
    while (leader < 0) {
      first = (first + 1) % count
      leader = this.#racks[first]!.unfenced.next(this.#round)
    }
    replicas.push(leader)
    for (let rack = this.#offset; replicas.length < replicationFactor; rack = (rack + 1) % count) {
      // The leader's rack has given one already in the first pass.
      if (rack === first) {
        first = -1
        continue
      }
      const replica = this.#racks[rack]!.next(this.#round)
      if (replica >= 0) replicas.push(replica)
    }
    this.#round++
    this.#offset++
    return replicas
  }

  #shuffle(): void {
    shuffle(this.#racks, this.#random)
    for (const rack of this.#racks) {
      shuffle(rack.fenced.brokers, this.#random)
      shuffle(rack.unfenced.brokers, this.#random)
    }
  }
}

function shuffle<T>(items: T[], random: PlacementRandom): void {
  for (let last = items.length - 1; last > 0; last--) {
    const other = random.int(last + 1)
    const item = items[last]!
    items[last] = items[other]!
    items[other] = item
  }
}
