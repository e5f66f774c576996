/**
 * What can be asked of controllers directly (KIP-919): a controller by its id, or the active one,
 * found through any of those that --bootstrap-controller names.
 *
 * Invariant: every request of a call goes to that one controller, which has no metadata of topics
 * and knows nothing of other nodes' connections.
 */
import { Admin } from '../client/admin/admin.ts'
import type { ClusterDescription } from '../client/admin/describe-cluster.ts'
import type { Call, Cluster, RequestOptions, Target } from '../client/cluster/cluster.ts'
import type { Input, Message } from '../protocol/schema.ts'
import { CliError } from './cli-error.ts'
import { type ConnectionSettings, withClient } from './connection.ts'

/** The controllers, as one of them tells; `controllerId` is the active one. */
export function describeControllers(settings: ConnectionSettings): Promise<ClusterDescription> {
  return withClient(
    settings,
    (kafka) => kafka.admin().describeCluster({ endpoints: 'controllers' }),
    'controllers',
  )
}

/** Runs `work` with one controller. */
export async function withController<R>(
  settings: ConnectionSettings,
  which: number | 'active',
  work: (admin: Admin) => Promise<R>,
): Promise<R> {
  const { brokers: nodes, controllerId } = await describeControllers(settings)
  const id = which === 'active' ? controllerId : which
  const node = nodes.find((each) => each.id === id)
  if (node === undefined) {
    const ids = nodes.map((each) => each.id).join(', ')
    throw new CliError(
      which === 'active'
        ? 'no controller is active at the moment: try again'
        : `no controller has the id ${id}; there are ${ids}`,
    )
  }
  const one = { ...settings, brokers: `${node.host}:${node.port}` }
  return withClient(one, (kafka) => work(new Admin(new OneNode(kafka.cluster))), 'controllers')
}

/** A cluster whose every request goes to the address that the client began at. */
class OneNode implements Cluster {
  readonly #cluster: Cluster
  readonly clock
  readonly random
  readonly logger
  readonly clientId
  readonly retryBackoffMs
  readonly retryBackoffMaxMs
  readonly requestTimeoutMs
  readonly metadata

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    this.clock = cluster.clock
    this.random = cluster.random
    this.logger = cluster.logger
    this.clientId = cluster.clientId
    this.retryBackoffMs = cluster.retryBackoffMs
    this.retryBackoffMaxMs = cluster.retryBackoffMaxMs
    this.requestTimeoutMs = cluster.requestTimeoutMs
    this.metadata = cluster.metadata
  }

  request<Q extends Message, R extends Message>(
    _: Target,
    call: Call<Q, R>,
    body: Input<Q> | ((version: number) => Input<Q>),
    options: RequestOptions,
  ) {
    return this.#cluster.request('any', call, body, options)
  }

  versionsOf(_: Target, ...rest: Rest<Cluster['versionsOf']>) {
    return this.#cluster.versionsOf('any', ...rest)
  }

  features(...args: Parameters<Cluster['features']>) {
    return this.#cluster.features(...args)
  }

  coordinator(...args: Parameters<Cluster['coordinator']>) {
    return this.#cluster.coordinator(...args)
  }

  forgetCoordinator(...args: Parameters<Cluster['forgetCoordinator']>) {
    this.#cluster.forgetCoordinator(...args)
  }

  closeChannel(...args: Parameters<Cluster['closeChannel']>) {
    this.#cluster.closeChannel(...args)
  }
}

type Rest<F> = F extends (first: never, ...rest: infer A) => unknown ? A : never
