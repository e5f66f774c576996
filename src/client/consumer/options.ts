/**
 * What a consumer can be told, its defaults, and what is refused. Names are ours where Java's say
 * less; each says which of Java's it stands for.
 */
import { KafkaError } from '../kafka-error.ts'
import { checkOptionNames, type OptionNames } from '../known-options.ts'
import { type TopicLike, type TopicPartition, topicOf } from '../topic.ts'
import type { Assignor } from './assignors/assignor.ts'

/** Where to begin without a committed offset (auto.offset.reset, KIP-1106). */
export type AutoOffsetReset =
  | 'earliest'
  | 'latest'
  | 'none'
  /** At the first record that is not older than this. */
  | { readonly durationMs: number }

/** What `onRevoked` is given: partitions that are about to go to another member. */
export interface RevokeContext {
  /** Aborts when there is no more time. */
  readonly signal: AbortSignal
  /** Commits what the program has seen of these partitions. */
  commit(): Promise<void>
}

/** Why `onStalled` was called. */
export interface Stall {
  /**
   * `no-assignment`: it waits for its group, or for topics that are not there. `no-position`: where
   * to begin can't be found out. `no-leader`: a partition has none. `no-answer`: its broker does
   * not answer. `no-fetch`: records are wanted and nothing asks for them. `handler`: there are
   * records and the program does not ask for the next. `left-group`: the program took longer than
   * `maxProcessingMs`.
   */
  readonly reason:
    | 'no-assignment'
    | 'no-position'
    | 'no-leader'
    | 'no-answer'
    | 'no-fetch'
    | 'handler'
    | 'left-group'
  readonly partitions: readonly TopicPartition[]
  readonly forMs: number
  /** In words, with what was last heard of it. */
  readonly message: string
}

/** What `kafka.consumer` takes. */
export interface ConsumerOptions<T extends TopicLike = string> {
  /** Without one there is no group: all partitions of `topics` are read, or those of `assign`. */
  readonly groupId?: string | undefined
  /** Topics, or a regular expression of their names; left out where `assign` is called. */
  readonly topics?: readonly T[] | RegExp | undefined
  /**
   * `'auto'` (default): that of KIP-848 where the brokers have it. `'classic'` where `assignors`
   * are given.
   */
  readonly protocol?: 'auto' | 'classic' | 'consumer' | undefined
  /** A static member (group.instance.id, KIP-345). */
  readonly instanceId?: string | undefined
  /** Of the classic protocol, the most wanted first. */
  readonly assignors?: readonly Assignor[] | undefined
  /** Of KIP-848 (group.remote.assignor); the broker chooses where left out. */
  readonly serverAssignor?: string | undefined
  readonly sessionTimeoutMs?: number | undefined
  readonly heartbeatIntervalMs?: number | undefined
  /** How long the program may take between asking for records twice (max.poll.interval.ms). */
  readonly maxProcessingMs?: number | undefined
  /** `'latest'` where left out, as in Java. */
  readonly autoOffsetReset?: AutoOffsetReset | undefined
  /** `'read_uncommitted'` where left out, as in Java. */
  readonly isolation?: 'read_uncommitted' | 'read_committed' | undefined
  /** Commits what was seen, each 5 s and when partitions go. True with a group where left out. */
  readonly autoCommit?: boolean | { readonly intervalMs: number } | undefined
  /** Memory for what is fetched ahead, over all partitions; 64 MiB where left out. */
  readonly bufferBytes?: number | undefined
  /** What one fetch may bring of one partition (max.partition.fetch.bytes); 1 MiB. */
  readonly partitionFetchBytes?: number | undefined
  /** What one fetch may bring (fetch.max.bytes); 50 MiB. */
  readonly fetchBytes?: number | undefined
  /** A broker waits for so much (fetch.min.bytes); 1. */
  readonly fetchMinBytes?: number | undefined
  /** But not longer than this (fetch.max.wait.ms); 500. */
  readonly fetchMaxWaitMs?: number | undefined
  /** What one batch may decompress to; 128 MiB. */
  readonly maxDecompressedBytes?: number | undefined
  /** Whether checksums are checked (check.crcs); true. */
  readonly checkCrcs?: boolean | undefined
  /** Where this program runs: replicas near by are read (client.rack, KIP-392). */
  readonly rack?: string | undefined
  /** How long nothing may happen before `onStalled` is told; 60 s, 0 for never. */
  readonly stalledAfterMs?: number | undefined
  /** Awaited before the first record of these partitions; may seek. */
  readonly onAssigned?: ((partitions: readonly TopicPartition[]) => unknown) | undefined
  /** Awaited before these partitions go. What was seen is committed after it (auto commit). */
  readonly onRevoked?:
    | ((partitions: readonly TopicPartition[], context: RevokeContext) => unknown)
    | undefined
  /** These partitions have gone: another member may have them already. */
  readonly onLost?: ((partitions: readonly TopicPartition[]) => unknown) | undefined
  /** Called once for each time that it comes to a halt; it goes on by itself where it can. */
  readonly onStalled?: ((stall: Stall) => void) | undefined
}

/** The options with everything filled in that has a default. */
export interface ConsumerSettings {
  readonly groupId: string | null
  readonly autoOffsetReset: AutoOffsetReset
  readonly isReadCommitted: boolean
  /** 0: no auto commit. */
  readonly autoCommitMs: number
  readonly bufferBytes: number
  readonly partitionFetchBytes: number
  readonly fetchBytes: number
  readonly fetchMinBytes: number
  readonly fetchMaxWaitMs: number
  readonly maxDecompressedBytes: number
  readonly checkCrcs: boolean
  readonly rack: string | null
  readonly stalledAfterMs: number
  readonly maxProcessingMs: number
}

const MIB = 1024 * 1024
const DEFAULT_AUTO_COMMIT_MS = 5000

const KNOWN: OptionNames<ConsumerOptions> = {
  groupId: true,
  topics: true,
  protocol: true,
  instanceId: true,
  assignors: true,
  serverAssignor: true,
  sessionTimeoutMs: true,
  heartbeatIntervalMs: true,
  maxProcessingMs: true,
  autoOffsetReset: true,
  isolation: true,
  autoCommit: true,
  bufferBytes: true,
  partitionFetchBytes: true,
  fetchBytes: true,
  fetchMinBytes: true,
  fetchMaxWaitMs: true,
  maxDecompressedBytes: true,
  checkCrcs: true,
  rack: true,
  stalledAfterMs: true,
  onAssigned: true,
  onRevoked: true,
  onLost: true,
  onStalled: true,
}

const KNOWN_OF_AUTO_COMMIT = { intervalMs: true }
const KNOWN_OF_RESET = { durationMs: true }

/** Checks what was given; throws INVALID_ARGUMENT that names the option. */
export function consumerSettings<T extends TopicLike>(
  options: ConsumerOptions<T>,
): ConsumerSettings {
  checkOptionNames('consumer', options, KNOWN)
  const { groupId = null, autoCommit = groupId !== null, rack = null } = options
  if (groupId === '') throw refused('groupId', groupId, 'a name')
  if (autoCommit !== false && groupId === null) {
    throw refused('autoCommit', autoCommit, 'false where there is no groupId')
  }
  if (typeof autoCommit === 'object') {
    checkOptionNames('consumer autoCommit', autoCommit, KNOWN_OF_AUTO_COMMIT)
  }
  checkTopics(options)
  return {
    groupId,
    rack,
    autoOffsetReset: checkReset(options.autoOffsetReset ?? 'latest'),
    isReadCommitted:
      oneOf('isolation', options.isolation, 'read_uncommitted', 'read_committed') ===
      'read_committed',
    autoCommitMs:
      autoCommit === false
        ? 0
        : autoCommit === true
          ? DEFAULT_AUTO_COMMIT_MS
          : atLeast('autoCommit.intervalMs', autoCommit.intervalMs, 1, DEFAULT_AUTO_COMMIT_MS),
    bufferBytes: atLeast('bufferBytes', options.bufferBytes, 1, 64 * MIB),
    partitionFetchBytes: atLeast('partitionFetchBytes', options.partitionFetchBytes, 1, MIB),
    fetchBytes: atLeast('fetchBytes', options.fetchBytes, 1, 50 * MIB),
    fetchMinBytes: atLeast('fetchMinBytes', options.fetchMinBytes, 0, 1),
    fetchMaxWaitMs: atLeast('fetchMaxWaitMs', options.fetchMaxWaitMs, 0, 500),
    maxDecompressedBytes: atLeast(
      'maxDecompressedBytes',
      options.maxDecompressedBytes,
      1,
      128 * MIB,
    ),
    checkCrcs: options.checkCrcs ?? true,
    stalledAfterMs: atLeast('stalledAfterMs', options.stalledAfterMs, 0, 60_000),
    maxProcessingMs: atLeast('maxProcessingMs', options.maxProcessingMs, 1, 300_000),
  }
}

function checkTopics<T extends TopicLike>({ topics, groupId }: ConsumerOptions<T>): void {
  if (topics === undefined) return
  if (topics instanceof RegExp) {
    if (groupId === undefined) throw refused('topics', topics, 'names where there is no groupId')
    return
  }
  if (!Array.isArray(topics)) throw refused('topics', topics, 'a list or a regular expression')
  if (topics.length === 0) throw refused('topics', '[]', 'at least one')
  for (const topic of topics as readonly T[]) topicOf(topic)
}

function checkReset(reset: AutoOffsetReset): AutoOffsetReset {
  if (typeof reset === 'object' && reset !== null) {
    checkOptionNames('consumer autoOffsetReset', reset, KNOWN_OF_RESET)
    atLeast('autoOffsetReset.durationMs', reset.durationMs, 0, -1)
    return reset
  }
  return oneOf('autoOffsetReset', reset, 'latest', 'earliest', 'none')
}

function oneOf<V extends string>(name: string, value: V | undefined, standard: V, ...others: V[]) {
  if (value === undefined) return standard
  if (value === standard || others.includes(value)) return value
  throw refused(name, value, [standard, ...others].join(', '))
}

function atLeast(name: string, value: number | undefined, least: number, standard: number) {
  if (value === undefined && standard >= 0) return standard
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least) return value
  throw refused(name, value, `an integer from ${least} up`)
}

/** A duration in milliseconds that was given, or its default. */
export function positive(name: string, value: number | undefined, standard: number): number {
  return atLeast(name, value, 1, standard)
}

function refused(name: string, value: unknown, accepted: string): KafkaError {
  return new KafkaError(
    'INVALID_ARGUMENT',
    `${name}: ${String(value)} where ${accepted} is accepted`,
  )
}
