/**
 * The cluster as it really is: a link to each broker and channel, metadata, coordinators.
 *
 * Invariants: every promise settles, at the latest when the cluster is closed; after that nothing
 * of it is left, no connection and no timer. A link belongs to an address: when metadata say that a
 * broker has moved, requests go to the new place and the old link is closed.
 */
import type { Logger } from '../../base/logger.ts'
import { messageOf } from '../../base/thrown.ts'
import type { Clock, Io, Random } from '../../io/io.ts'
import { apiVersionsRequest, apiVersionsResponse } from '../../protocol/messages/18-api-versions.ts'
import type { Input, Message } from '../../protocol/schema.ts'
import { Deadline } from '../call.ts'
import { KafkaError } from '../kafka-error.ts'
import { Observation } from '../observation.ts'
import type { Settings } from '../options.ts'
import { SOFTWARE } from '../software.ts'
import { type Address, formatAddress, parseAddresses } from './address.ts'
import { BrokerLink, CLOSED, type LinkContext } from './broker-link.ts'
import type { Answer, Call, Channel, Cluster, RequestOptions, Target } from './cluster.ts'
import type { Ending } from './connection.ts'
import { Coordinators, type CoordinatorType } from './coordinators.ts'
import { firstOpen } from './first-open.ts'
import { MetadataCache } from './metadata-cache.ts'
import { credentials } from './sasl/credentials.ts'
import type { Fetch } from './sasl/oidc-tokens.ts'

const FEATURES_VERSION = 3

/** For requests that come too late to a link that leads to no broker of the cluster any more. */
const LEFT: Ending = { code: 'NETWORK_ERROR', text: 'is left: it is not part of the cluster now' }

export interface LiveClusterOptions {
  readonly io: Pick<Io, 'clock' | 'random' | 'network'>
  readonly settings: Settings
  /** How tokens are had from an identity provider. */
  readonly fetch: Fetch
}

export class LiveCluster implements Cluster {
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly clientId: string
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
  readonly requestTimeoutMs: number
  readonly metadataMaxAgeMs: number
  readonly metadataRebootstrapMs: number
  readonly metadata: MetadataCache
  readonly observation: Observation
  readonly #settings: Settings
  readonly #context: LinkContext
  readonly #coordinators: Coordinators
  /** By channel and address. */
  readonly #links = new Map<string, BrokerLink>()
  /** Those for requests by the id of their broker, until brokers change. */
  readonly #mainLinks = new Map<number, BrokerLink>()
  /** A search for any broker that gives a connection. */
  #search: Promise<BrokerLink> | null = null
  readonly #closing = new AbortController()
  /** Links that were dropped, until their connections are closed. */
  readonly #leaving = new Set<Promise<void>>()
  #closed: KafkaError | null = null
  #rejectSearch: (error: KafkaError) => void = () => {}

  constructor({ io, settings, fetch }: LiveClusterOptions) {
    const { clock, random, network } = io
    const { requestTimeoutMs: timeoutMs, sasl } = settings
    this.clock = clock
    this.random = random
    this.logger = settings.logger
    this.clientId = settings.clientId
    this.retryBackoffMs = settings.retryBackoffMs
    this.retryBackoffMaxMs = settings.retryBackoffMaxMs
    this.requestTimeoutMs = timeoutMs
    this.metadataMaxAgeMs = settings.metadataMaxAgeMs
    this.metadataRebootstrapMs = settings.metadataRebootstrapMs
    this.#settings = settings
    this.observation = new Observation(clock, settings.clientId)
    this.#context = {
      io: { clock, network },
      random,
      settings,
      network: this.observation.metrics.network,
      sasl: sasl === null ? null : credentials(sasl, { clock, random, fetch, timeoutMs }),
      onFailure: (link) => {
        if (link.brokerId >= 0) this.metadata.markStale()
      },
    }
    this.metadata = new MetadataCache(this)
    this.#coordinators = new Coordinators(this, (broker) => this.metadata.learnBroker(broker))
    this.metadata.onChange(() => this.#followBrokers())
  }

  request<Q extends Message, R extends Message>(
    target: Target,
    call: Call<Q, R>,
    body: Input<Q> | ((version: number) => Input<Q>),
    options: RequestOptions,
  ): Promise<Answer<R>> {
    const { deadline, channel = 'main' } = options
    try {
      deadline.check()
      // No promise of its own where the link is known: each hop is paid by each request.
      const link = this.#linkNow(target, channel)
      const answered =
        link === undefined
          ? this.#linkLater(target, channel, deadline).then((found) =>
              found.request(call, body, options),
            )
          : link.request(call, body, options)
      return answered as Promise<Answer<R>>
    } catch (error) {
      return Promise.reject(error)
    }
  }

  async versionsOf(target: Target, apiKey: number, deadline: Deadline) {
    const link = this.#linkNow(target, 'main') ?? (await this.#linkLater(target, 'main', deadline))
    await deadline.race(link.whenOpen())
    return link.versions?.common(apiKey) ?? null
  }

  async features(deadline: Deadline): Promise<ReadonlyMap<string, number>> {
    const call = { request: apiVersionsRequest, response: apiVersionsResponse }
    const { body, version } = await this.request('any', call, SOFTWARE, { deadline })
    if (version < FEATURES_VERSION) return new Map()
    return new Map(body.finalizedFeatures.map((each) => [each.name, each.maxVersionLevel]))
  }

  coordinator(type: CoordinatorType, key: string, deadline: Deadline): Promise<number> {
    return this.#coordinators.find(type, key, deadline)
  }

  forgetCoordinator(type: CoordinatorType, key: string): void {
    this.#coordinators.forget(type, key)
  }

  closeChannel(channel: Channel): void {
    for (const link of [...this.#links.values()]) {
      if (link.channel === channel) this.#drop(link, CLOSED)
    }
  }

  get closing(): AbortSignal {
    return this.#closing.signal
  }

  /** Open connections, for whoever looks from outside. */
  get openConnections(): number {
    return [...this.#links.values()].filter(({ isOpen }) => isOpen).length
  }

  /** Begins again with the bootstrap addresses (KIP-899, KIP-1102). */
  rebootstrap(why: string): void {
    this.logger.warn('begins again with the bootstrap addresses', { why })
    for (const link of [...this.#links.values()]) this.#drop(link, LEFT)
    this.metadata.forgetBrokers()
  }

  /**
   * Ends everything: what waits is rejected with CLOSED, what was written is sent. Settles within
   * the deadline; a connection that a broker does not let go of is cut a little later.
   */
  async close(deadline: Deadline): Promise<void> {
    this.#closed ??= new KafkaError('CLOSED', 'the client was closed')
    this.#closing.abort(this.#closed)
    this.#rejectSearch(this.#closed)
    this.metadata.close()
    const links = [...this.#links.values()]
    this.#links.clear()
    this.#mainLinks.clear()
    const all = Promise.all([...this.#leaving, ...links.map((link) => link.close(CLOSED))])
    await deadline.race(all).catch(() => {})
  }

  /** The link for a target, where it takes no waiting to say which. */
  #linkNow(target: Target, channel: Channel): BrokerLink | undefined {
    if (this.#closed !== null) throw this.#closed
    if (target === 'any') return this.#leastLoaded(channel)
    const id = target === 'controller' ? this.metadata.controllerId : target
    const known = channel === 'main' ? this.#mainLinks.get(id) : undefined
    if (known !== undefined) return known
    const broker = this.metadata.brokers.get(id)
    if (broker === undefined) return undefined
    const link = this.#link(broker, channel)
    if (channel === 'main') this.#mainLinks.set(id, link)
    return link
  }

  async #linkLater(target: Target, channel: Channel, deadline: Deadline): Promise<BrokerLink> {
    if (target === 'any') {
      const found = await deadline.race(this.#anyBroker())
      return channel === 'main' ? found : this.#link(found.address, channel)
    }
    await this.metadata.refresh(deadline)
    const link = this.#linkNow(target, channel)
    if (link !== undefined) return link
    const who = target === 'controller' ? 'a controller' : `broker ${target}`
    throw new KafkaError('NETWORK_ERROR', `the cluster does not know of ${who}`)
  }

  #leastLoaded(channel: Channel): BrokerLink | undefined {
    let least: BrokerLink | undefined
    for (const link of this.#links.values()) {
      if (link.channel !== channel || !link.isOpen) continue
      if (least === undefined || link.load < least.load) least = link
    }
    return least
  }

  /** A connection to any broker; those who look for one at the same time share the search. */
  #anyBroker(): Promise<BrokerLink> {
    if (this.#search !== null) return this.#search
    const closing = new Promise<never>((_, reject) => {
      this.#rejectSearch = reject
    })
    const search = Promise.race([this.#findBroker(), closing]).finally(() => {
      this.#search = null
    })
    search.catch(() => {}) // whoever asked may have gone
    this.#search = search
    return search
  }

  /** The brokers that we know, then the addresses that we began with (KIP-899). */
  async #findBroker(): Promise<BrokerLink> {
    const known = this.#shuffled([...this.metadata.brokers.values()])
    const links = known.map((broker) => this.#link(broker, 'main'))
    links.sort((one, other) => Number(one.isBackingOff) - Number(other.isBackingOff))
    if (links.length > 0) {
      try {
        return await firstOpen(this.clock, links)
      } catch (error) {
        if (!isUnreachable(error)) throw error
        this.logger.warn('no broker can be reached; asks the bootstrap addresses')
      }
    }
    const addresses = this.#shuffled(await this.#bootstrapAddresses())
    if (this.#closed !== null) throw this.#closed
    const boots = addresses.map((address) => this.#link(address, 'main'))
    return firstOpen(this.clock, boots)
  }

  async #bootstrapAddresses(): Promise<Address[]> {
    try {
      const limit = new Deadline(this.clock, 'the function', this.requestTimeoutMs)
      return parseAddresses(await limit.race(Promise.resolve(this.#settings.brokers())))
    } catch (error) {
      if (error instanceof KafkaError && error.code !== 'TIMED_OUT') throw error
      const text = `brokers: ${messageOf(error)}`
      // What it asks may be down for a moment, as brokers may.
      throw new KafkaError('USER_CODE_FAILED', text, { cause: error, retriable: true })
    }
  }

  #link(address: Address, channel: Channel): BrokerLink {
    const key = `${channel} ${formatAddress(address)}`
    let link = this.#links.get(key)
    if (link === undefined) {
      link = new BrokerLink(this.#context, address, channel)
      link.brokerId = this.#brokerAt(address)
      this.#links.set(key, link)
    }
    return link
  }

  #brokerAt(address: Address): number {
    for (const { id, host, port } of this.metadata.brokers.values()) {
      if (host === address.host && port === address.port) return id
    }
    return -1
  }

  /** Metadata have changed: links learn whom they lead to; those that lead nowhere are closed. */
  #followBrokers(): void {
    this.#mainLinks.clear()
    for (const link of [...this.#links.values()]) {
      link.brokerId = this.#brokerAt(link.address)
      const isSpare = link.brokerId < 0 && link.load === 0
      if (isSpare && this.metadata.brokers.size > 0) this.#drop(link, LEFT)
    }
  }

  #drop(link: BrokerLink, ending: Ending): void {
    this.#mainLinks.clear()
    this.#links.delete(`${link.channel} ${formatAddress(link.address)}`)
    const leaving = link.close(ending).then(() => void this.#leaving.delete(leaving))
    this.#leaving.add(leaving)
  }

  #shuffled<T>(values: readonly T[]): T[] {
    const left = [...values]
    return values.map(() => left.splice(this.random.int(left.length), 1)[0]!)
  }
}

function isUnreachable(error: unknown): boolean {
  return error instanceof KafkaError && error.code === 'NETWORK_ERROR'
}
