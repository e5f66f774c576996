/**
 * Who coordinates which group or transactional id. Keys that are asked for in one turn go into one
 * request where the broker takes several (KIP-699), else into one request each.
 */
import { ErrorCode } from '../../protocol/errors.ts'
import {
  findCoordinatorRequest,
  findCoordinatorResponse,
} from '../../protocol/messages/10-find-coordinator.ts'
import type { Infer } from '../../protocol/schema.ts'
import { Deadline } from '../call.ts'
import { KafkaError } from '../kafka-error.ts'
import { retrying } from '../retry.ts'
import type { BrokerInfo, Cluster } from './cluster.ts'

export type CoordinatorType = 'group' | 'transaction'

const KEY_TYPES: Readonly<Record<CoordinatorType, number>> = { group: 0, transaction: 1 }
/** From this version on a request carries several keys. */
const BATCHED_VERSION = 4

const CALL = { request: findCoordinatorRequest, response: findCoordinatorResponse }

type Found = Pick<
  Infer<typeof findCoordinatorResponse>['coordinators'][number],
  'key' | 'nodeId' | 'host' | 'port' | 'errorCode' | 'errorMessage'
>

interface Search {
  readonly found: Promise<number>
  readonly resolve: (nodeId: number) => void
  readonly reject: (error: unknown) => void
}

export class Coordinators {
  readonly #cluster: Cluster
  readonly #learnBroker: (broker: BrokerInfo) => void
  /** By type and key. */
  readonly #known: Readonly<Record<CoordinatorType, Map<string, number>>> = {
    group: new Map(),
    transaction: new Map(),
  }
  readonly #searches: Readonly<Record<CoordinatorType, Map<string, Search>>> = {
    group: new Map(),
    transaction: new Map(),
  }
  /** Keys of the next request. */
  readonly #next: Readonly<Record<CoordinatorType, string[]>> = { group: [], transaction: [] }

  constructor(cluster: Cluster, learnBroker: (broker: BrokerInfo) => void) {
    this.#cluster = cluster
    this.#learnBroker = learnBroker
  }

  find(type: CoordinatorType, key: string, deadline: Deadline): Promise<number> {
    const known = this.#known[type].get(key)
    if (known !== undefined) return Promise.resolve(known)
    return retrying(this.#cluster, deadline, () => deadline.race(this.#search(type, key)))
  }

  forget(type: CoordinatorType, key: string): void {
    this.#known[type].delete(key)
  }

  #search(type: CoordinatorType, key: string): Promise<number> {
    const searches = this.#searches[type]
    const running = searches.get(key)
    if (running !== undefined) return running.found
    const { promise: found, resolve, reject } = Promise.withResolvers<number>()
    found.catch(() => {}) // whoever asked may have gone
    searches.set(key, { found, resolve, reject })
    const next = this.#next[type]
    if (next.push(key) === 1)
      this.#cluster.clock.nextTurn(() => void this.#ask(type, next.splice(0)))
    return found
  }

  async #ask(type: CoordinatorType, keys: readonly string[]): Promise<void> {
    try {
      const answers =
        keys.length === 1 ? await this.#one(type, keys[0]!) : await this.#many(type, keys)
      for (const key of keys) this.#take(type, key, answers)
    } catch (error) {
      for (const key of keys) this.#end(type, key)?.reject(error)
    }
  }

  #take(type: CoordinatorType, key: string, answers: readonly Found[]): void {
    const search = this.#end(type, key)
    const answer = answers.find((each) => each.key === key)
    if (answer === undefined) {
      const text = `FindCoordinator says nothing of ${type} ${key}`
      search?.reject(new KafkaError('CORRUPT_DATA', text))
    } else if (answer.errorCode !== ErrorCode.NONE) {
      const groupId = type === 'group' ? key : undefined
      const context = { api: 'FindCoordinator', groupId }
      search?.reject(KafkaError.ofCode(answer.errorCode, answer.errorMessage, context))
    } else {
      const { nodeId: id, host, port } = answer
      this.#learnBroker({ id, host, port, rack: null })
      this.#known[type].set(key, id)
      search?.resolve(id)
    }
  }

  #end(type: CoordinatorType, key: string): Search | undefined {
    const search = this.#searches[type].get(key)
    this.#searches[type].delete(key)
    return search
  }

  async #one(type: CoordinatorType, key: string): Promise<readonly Found[]> {
    const keyType = KEY_TYPES[type]
    const body = (version: number) =>
      version < BATCHED_VERSION ? { key, keyType } : { keyType, coordinatorKeys: [key] }
    const answer = await this.#cluster.request('any', CALL, body, {
      deadline: this.#deadline(),
      minVersion: keyType === 0 ? 0 : 1,
    })
    return answer.version < BATCHED_VERSION ? [{ ...answer.body, key }] : answer.body.coordinators
  }

  async #many(type: CoordinatorType, keys: readonly string[]): Promise<readonly Found[]> {
    const body = { keyType: KEY_TYPES[type], coordinatorKeys: keys }
    const options = { deadline: this.#deadline(), minVersion: BATCHED_VERSION }
    try {
      return (await this.#cluster.request('any', CALL, body, options)).body.coordinators
    } catch (error) {
      if (!(error instanceof KafkaError && error.code === 'UNSUPPORTED_BY_BROKER')) throw error
      const each = await Promise.all(keys.map((key) => this.#one(type, key)))
      return each.flat()
    }
  }

  /** Each step of a request is bounded by itself. */
  #deadline(): Deadline {
    return new Deadline(this.#cluster.clock, 'FindCoordinator', Infinity)
  }
}
