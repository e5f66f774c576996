/**
 * The administrator's client: every call of Java's Admin that brokers of Kafka 4.3 have an API for.
 *
 * A call about several things resolves with `Results`, one outcome for each, and rejects only when
 * it was aborted, the client was closed, or an argument is wrong. A call that asks one question
 * resolves with the answer or rejects. Either goes on until its deadline, a minute unless said
 * otherwise, trying again whatever another attempt may mend: lost connections, a controller, leader
 * or coordinator that has moved, a broker that is starting. So what changes something may have been
 * done although it is reported as TIMED_OUT, and a second attempt may find it done already
 * (TOPIC_ALREADY_EXISTS), as with Java's client.
 *
 * Invariant: it holds nothing while no call is on its way; connections belong to `Kafka`.
 */
import { CALL_OPTION_NAMES, type CallOptions, Deadline } from '../call.ts'
import type { Cluster } from '../cluster/cluster.ts'
import { KafkaError } from '../kafka-error.ts'
import { checkOptionNames, type OptionNames } from '../known-options.ts'
import * as acls from './acls.ts'
import type { Caller } from './caller.ts'
import * as configs from './configs.ts'
import * as cluster from './describe-cluster.ts'
import * as describedGroups from './describe-groups.ts'
import * as modernGroups from './describe-modern-groups.ts'
import * as describedTopics from './describe-topics.ts'
import * as features from './features.ts'
import * as groupOffsets from './group-offsets.ts'
import * as groups from './groups.ts'
import * as logDirs from './log-dirs.ts'
import * as offsets from './offsets.ts'
import * as quorum from './quorum.ts'
import * as quotas from './quotas.ts'
import * as reassignments from './reassignments.ts'
import * as scram from './scram.ts'
import * as shareGroupOffsets from './share-group-offsets.ts'
import * as tokens from './tokens.ts'
import * as topics from './topics.ts'
import * as transactions from './transactions.ts'

const DEFAULT_TIMEOUT_MS = 60_000
const CLOSE_TIMEOUT_MS = 30_000

/** What `kafka.admin` takes. */
export interface AdminOptions {
  /** How long a call may take with all its retries where it does not say itself; a minute. */
  readonly defaultTimeoutMs?: number | undefined
}

/** A call of a family as a method: without the caller, and its options may be left out. */
type Method<F> = F extends (caller: Caller, ...args: [...infer A, infer O]) => infer R
  ? (...args: [...A, options?: O]) => R
  : never

/** The names of a call's options besides those of every call; none where it has no others. */
type OwnNames<A extends unknown[]> = A extends [...infer _, infer O]
  ? keyof O extends keyof CallOptions
    ? []
    : [own: OptionNames<Omit<O, keyof CallOptions>>]
  : never

const KNOWN: OptionNames<AdminOptions> = { defaultTimeoutMs: true }

/** The administrator of a cluster, with what Java's Admin can do: `kafka.admin()`. */
export class Admin {
  readonly #cluster: Cluster
  readonly #defaultTimeoutMs: number
  readonly #caller: Caller
  readonly #running = new Set<Promise<unknown>>()
  readonly #ending = new AbortController()
  #isClosed = false

  /** @internal Use `kafka.admin()`. */
  constructor(of: Cluster, options: AdminOptions = {}) {
    checkOptionNames('admin', options, KNOWN)
    this.#cluster = of
    this.#defaultTimeoutMs = options.defaultTimeoutMs ?? DEFAULT_TIMEOUT_MS
    this.#caller = { cluster: of, begin: (what, call) => this.#begin(what, call) }
  }

  // Topics and their records

  /** Makes topics. */
  readonly createTopics = this.#method(topics.createTopics, {
    validateOnly: true,
    retryOnQuotaViolation: true,
  })
  /** Deletes topics by name. */
  readonly deleteTopics = this.#method(topics.deleteTopics, { retryOnQuotaViolation: true })
  /** Deletes topics by id. */
  readonly deleteTopicsById = this.#method(topics.deleteTopicsById, { retryOnQuotaViolation: true })
  /** All topics that this client may describe. */
  readonly listTopics = this.#method(topics.listTopics, { listInternal: true })
  /** Describes topics by name: partitions, leaders, replicas. */
  readonly describeTopics = this.#method(describedTopics.describeTopics, {
    includeAuthorizedOperations: true,
    partitionSizeLimitPerResponse: true,
  })
  /** Describes topics by id. */
  readonly describeTopicsById = this.#method(describedTopics.describeTopicsById, {
    includeAuthorizedOperations: true,
    partitionSizeLimitPerResponse: true,
  })
  /** Gives topics more partitions. */
  readonly createPartitions = this.#method(topics.createPartitions, {
    validateOnly: true,
    retryOnQuotaViolation: true,
  })
  /** Deletes the oldest records of partitions. */
  readonly deleteRecords = this.#method(offsets.deleteRecords)
  /** Looks up offsets: ends, begins, what stands at a time. */
  readonly listOffsets = this.#method(offsets.listOffsets, { isolation: true })

  // Configs

  /** The configs of each resource, by name. */
  readonly describeConfigs = this.#method(configs.describeConfigs, {
    names: true,
    includeSynonyms: true,
    includeDocumentation: true,
  })
  /** Changes configs; what is not named stays as it is. */
  readonly incrementalAlterConfigs = this.#method(configs.incrementalAlterConfigs, {
    validateOnly: true,
  })
  /** Resources that have configs of their own, of these types or (`[]`) of all. */
  readonly listConfigResources = this.#method(configs.listConfigResources)

  // Brokers and controllers

  /** The nodes of the cluster. */
  readonly describeCluster = this.#method(cluster.describeCluster, {
    includeAuthorizedOperations: true,
    includeFencedBrokers: true,
    endpoints: true,
  })
  /** Removes the registration of a broker that is gone for good. */
  readonly unregisterBroker = this.#method(cluster.unregisterBroker)
  /** Which levels of features hold, and which could. */
  readonly describeFeatures = this.#method(features.describeFeatures, { brokerId: true })
  /** Changes levels of features. */
  readonly updateFeatures = this.#method(features.updateFeatures, { validateOnly: true })
  /** Who leads the quorum of controllers, and how far its voters and observers are. */
  readonly describeMetadataQuorum = this.#method(quorum.describeMetadataQuorum)
  /** Makes a controller that observes the quorum one of its voters. */
  readonly addRaftVoter = this.#method(quorum.addRaftVoter, { clusterId: true })
  /** Takes a voter out of the quorum. */
  readonly removeRaftVoter = this.#method(quorum.removeRaftVoter, { clusterId: true })
  /** The directories of brokers, by path, with the replicas in them. */
  readonly describeLogDirs = this.#method(logDirs.describeLogDirs)
  /** In which directories replicas lie. */
  readonly describeReplicaLogDirs = this.#method(logDirs.describeReplicaLogDirs)
  /** Begins to move replicas to other directories of their brokers. */
  readonly alterReplicaLogDirs = this.#method(logDirs.alterReplicaLogDirs)

  // Replicas and leaders

  /** Begins to move partitions to other brokers, or calls it off. */
  readonly alterPartitionReassignments = this.#method(reassignments.alterPartitionReassignments, {
    allowReplicationFactorChange: true,
  })
  /** The reassignments that are going on, of these partitions or (`null`) of all. */
  readonly listPartitionReassignments = this.#method(reassignments.listPartitionReassignments)
  /** Has leaders elected, of these partitions or (`null`) of all that need it. */
  readonly electLeaders = this.#method(reassignments.electLeaders)

  // Groups

  /** The groups of each broker. `(await admin.listGroups()).values().flat()` are all. */
  readonly listGroups = this.#method(groups.listGroups, {
    types: true,
    states: true,
    protocolTypes: true,
  })
  /** Describes groups of consumers, classic ones and those of KIP-848. */
  readonly describeConsumerGroups = this.#method(describedGroups.describeConsumerGroups, {
    includeAuthorizedOperations: true,
  })
  /** Describes classic groups of any protocol type, as of workers of Connect. */
  readonly describeClassicGroups = this.#method(describedGroups.describeClassicGroups, {
    includeAuthorizedOperations: true,
  })
  /** Describes share groups. */
  readonly describeShareGroups = this.#method(modernGroups.describeShareGroups, {
    includeAuthorizedOperations: true,
  })
  /** Describes streams groups. */
  readonly describeStreamsGroups = this.#method(modernGroups.describeStreamsGroups, {
    includeAuthorizedOperations: true,
  })
  /** Deletes groups of any type with their offsets. */
  readonly deleteGroups = this.#method(groups.deleteGroups)
  /** Removes members from a group, or `'all'` that it has now. */
  readonly removeMembers = this.#method(groups.removeMembers, { reason: true })
  /** The committed offsets of groups of consumers or of streams. */
  readonly listConsumerGroupOffsets = this.#method(groupOffsets.listConsumerGroupOffsets, {
    requireStable: true,
  })
  /** Sets offsets of a group of consumers or of streams that has no members. */
  readonly alterConsumerGroupOffsets = this.#method(groupOffsets.alterConsumerGroupOffsets)
  /** Deletes offsets of topics that no member of the group reads. */
  readonly deleteConsumerGroupOffsets = this.#method(groupOffsets.deleteConsumerGroupOffsets)
  /** The start offsets of share groups, with their lag. */
  readonly listShareGroupOffsets = this.#method(shareGroupOffsets.listShareGroupOffsets)
  /** Sets start offsets of a share group that has no members. */
  readonly alterShareGroupOffsets = this.#method(shareGroupOffsets.alterShareGroupOffsets)
  /** Makes a share group that has no members forget topics. */
  readonly deleteShareGroupOffsets = this.#method(shareGroupOffsets.deleteShareGroupOffsets)

  // Transactions

  /** The producers of partitions, with the transactions that they have open there. */
  readonly describeProducers = this.#method(transactions.describeProducers, { brokerId: true })
  /** What transactional ids are about. */
  readonly describeTransactions = this.#method(transactions.describeTransactions)
  /** The transactional ids of each broker. `.values().flat()` are all. */
  readonly listTransactions = this.#method(transactions.listTransactions, {
    states: true,
    producerIds: true,
    durationMs: true,
    transactionalIdPattern: true,
  })
  /** Ends a transaction that hangs in a partition. */
  readonly abortTransaction = this.#method(transactions.abortTransaction)
  /** Fences off the producers that have these transactional ids. */
  readonly fenceProducers = this.#method(transactions.fenceProducers)
  /** Ends the transaction that is open under an id, whoever has it. */
  readonly forceTerminateTransaction = this.#method(transactions.forceTerminateTransaction)

  // Users and what they may do

  /** The rules that match a filter; `{}` matches all. */
  readonly describeAcls = this.#method(acls.describeAcls)
  /** Adds rules. */
  readonly createAcls = this.#method(acls.createAcls)
  /** Deletes the rules that match each filter. */
  readonly deleteAcls = this.#method(acls.deleteAcls)
  /** The quotas of the entities that match all filters; `[]` matches all. */
  readonly describeClientQuotas = this.#method(quotas.describeClientQuotas, { strict: true })
  /** Changes quotas. */
  readonly alterClientQuotas = this.#method(quotas.alterClientQuotas, { validateOnly: true })
  /** The SCRAM credentials of users, or (`null`) of all that have any. */
  readonly describeUserScramCredentials = this.#method(scram.describeUserScramCredentials)
  /** Sets and deletes SCRAM credentials. */
  readonly alterUserScramCredentials = this.#method(scram.alterUserScramCredentials)
  /** Makes a delegation token. */
  readonly createDelegationToken = this.#method(tokens.createDelegationToken, {
    owner: true,
    renewers: true,
    maxLifetimeMs: true,
  })
  /** Has a token live on; resolves with when it will expire, in milliseconds since 1970. */
  readonly renewDelegationToken = this.#method(tokens.renewDelegationToken, { renewPeriodMs: true })
  /** Has a token expire; resolves with when, in milliseconds since 1970. */
  readonly expireDelegationToken = this.#method(tokens.expireDelegationToken, {
    expiryTimePeriodMs: true,
  })
  /** The tokens of these owners, or (`null`) all that this client may see. */
  readonly describeDelegationTokens = this.#method(tokens.describeDelegationTokens)

  /**
   * Takes no more calls and waits for those on their way; ends them with CLOSED when the time is
   * up. The connections stay for the rest of the client.
   */
  async close(options: CallOptions = {}): Promise<void> {
    const deadline = new Deadline(this.#cluster.clock, 'close', CLOSE_TIMEOUT_MS, options)
    this.#isClosed = true
    if (this.#running.size > 0) {
      const all = Promise.allSettled([...this.#running])
      await deadline.race(all).catch(() => {}) // the time is up: not longer, but no failure
    }
    this.#ending.abort()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #begin(what: string, options: CallOptions): Deadline {
    const ending = this.#ending.signal
    const signal = options.signal ? AbortSignal.any([options.signal, ending]) : ending
    const { timeoutMs } = options
    return new Deadline(this.#cluster.clock, what, this.#defaultTimeoutMs, { timeoutMs, signal })
  }

  #method<A extends unknown[], R>(
    call: (caller: Caller, ...args: A) => Promise<R>,
    ...own: OwnNames<A>
  ): Method<(caller: Caller, ...args: A) => Promise<R>> {
    const known = Object.assign({}, CALL_OPTION_NAMES, ...own)
    const method = (...given: unknown[]): Promise<R> => {
      const args = [...given]
      args.length = call.length - 1
      args[call.length - 2] ??= {} // the options
      const running = this.#run(() => {
        checkOptionNames(call.name, args[call.length - 2], known)
        return call(this.#caller, ...(args as A))
      })
      this.#running.add(running)
      const ended = () => this.#running.delete(running)
      running.then(ended, ended)
      return running
    }
    return method as never
  }

  async #run<R>(work: () => Promise<R>): Promise<R> {
    if (this.#isClosed) throw new KafkaError('CLOSED', 'the admin was closed')
    try {
      return await work()
    } catch (error) {
      if (this.#ending.signal.aborted) {
        throw new KafkaError('CLOSED', 'the admin was closed', { cause: error })
      }
      // Whoever has no compiler hands in things of the wrong form.
      if (!(error instanceof TypeError)) throw error
      throw KafkaError.of(error, 'INVALID_ARGUMENT', 'an argument has the wrong form')
    }
  }
}
