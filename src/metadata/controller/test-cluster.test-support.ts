/** A cluster for tests of the controller: decisions are replayed at once, nothing is written. */
import assert from 'node:assert/strict'
import { Prng } from '../../base/prng.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { BrokerHeartbeatRequest } from '../../protocol/messages/63-broker-heartbeat.ts'
import { apiError } from '../api-error.ts'
import type { ConfigValidator } from '../config-validator.ts'
import { MetadataDelta } from '../delta.ts'
import { bootstrapFeatureLevels, bootstrapRecords } from '../format.ts'
import { MetadataImage } from '../image.ts'
import { allFeatureRanges } from '../metadata-version.ts'
import type { Decision, MetadataRecord } from '../records.ts'
import type { PartitionImage } from '../topics.ts'
import type { ControllerSettings } from './context.ts'
import { Controller } from './controller.ts'

export const CLUSTER_ID = 'test-cluster'
const START_MS = 1_000_000

/** Topic configs that the double knows, with their defaults. */
const TOPIC_DEFAULTS: ReadonlyMap<string, string> = new Map([
  ['cleanup.policy', 'delete'],
  ['min.insync.replicas', '1'],
  ['retention.ms', '604800000'],
  ['unclean.leader.election.enable', 'false'],
])

export const configValidator: ConfigValidator = {
  validate(resource, configs) {
    for (const [name, value] of configs) {
      if (resource.type === 2 && !TOPIC_DEFAULTS.has(name)) {
        return apiError(ErrorCode.INVALID_CONFIG, `Unknown topic config name: ${name}`)
      }
      if (value === 'bad') {
        const message = `Invalid value bad for configuration ${name}`
        return apiError(ErrorCode.INVALID_CONFIG, message)
      }
    }
    return null
  },
  isList: (_type, key) => key === 'cleanup.policy',
  defaultValue: (_type, key) => TOPIC_DEFAULTS.get(key) ?? null,
  topicConfig: (key, { topic, broker, cluster }) =>
    topic.get(key) ?? broker.get(key) ?? cluster.get(key) ?? TOPIC_DEFAULTS.get(key)!,
  effectiveTopicConfigs: ({ topic }) =>
    Array.from(TOPIC_DEFAULTS, ([name, value]) => ({
      name,
      value: topic.get(name) ?? value,
      readOnly: false,
      configSource: topic.has(name) ? 1 : 5,
      isSensitive: false,
    })),
}

export class TestCluster {
  readonly image: MetadataImage
  readonly controller: Controller
  nowMs = START_MS
  kraftVersion = 1
  #endOffset: number

  constructor(settings: Partial<ControllerSettings> = {}, image = new MetadataImage()) {
    this.image = image
    this.#endOffset = image.lastOffset + 1
    const self = this
    this.controller = new Controller({
      image,
      settings: {
        nodeId: 1,
        clusterId: CLUSTER_ID,
        defaultPartitionCount: 1,
        defaultReplicationFactor: 1,
        deleteTopicEnable: true,
        brokerSessionTimeoutMs: 9000,
        maxIdleIntervalMs: 500,
        leaderImbalanceCheckIntervalMs: 300_000,
        uncleanElectionIntervalMs: 300_000,
        supportedFeatures: allFeatureRanges(),
        minInSyncReplicas: 1,
        ...settings,
      },
      configValidator,
      random: new Prng(1),
      quorum: {
        get logEndOffset() {
          return self.#endOffset
        },
        get kraftVersion() {
          return self.kraftVersion
        },
        voterIds: [1],
        kraftVersionError: () => null,
        upgradeKRaftVersion: (level) => {
          self.kraftVersion = level
        },
      },
    })
    const levels = bootstrapFeatureLevels(new Map(), allFeatureRanges(), true)
    assert.ok(typeof levels !== 'string')
    this.replay(this.controller.activate(bootstrapRecords(levels), this.nowMs))
  }

  /** Replays records as the log would give them back. */
  replay(records: readonly MetadataRecord[]): MetadataDelta {
    const delta = new MetadataDelta()
    for (const record of records) this.image.replay(record, this.#endOffset++, delta)
    return delta
  }

  /** Takes a decision over and returns its answer. */
  take<Response>(decision: Decision<Response>): Response {
    this.replay(decision.records)
    return decision.response
  }

  registerBroker(
    id: number,
    options: { rack?: string; previousEpoch?: number; run?: number } = {},
  ) {
    return this.take(
      this.controller.registerBroker(
        {
          brokerId: id,
          clusterId: CLUSTER_ID,
          incarnationId: uuidOf('run', id * 100 + (options.run ?? 0)),
          listeners: [{ name: 'PLAINTEXT', host: `host${id}`, port: 9092, securityProtocol: 0 }],
          features: Array.from(allFeatureRanges(), ([name, { min, max }]) => ({
            name,
            minSupportedVersion: min,
            maxSupportedVersion: max,
          })),
          rack: options.rack ?? null,
          isMigratingZkBroker: false,
          logDirs: [directoryOf(id)],
          previousBrokerEpoch: options.previousEpoch ?? -1,
        },
        4,
        this.nowMs,
      ),
    )
  }

  heartbeat(id: number, wishes: Partial<BrokerHeartbeatRequest> = {}) {
    const request = {
      brokerId: id,
      brokerEpoch: this.image.cluster.brokers.get(id)?.epoch ?? -1,
      currentMetadataOffset: this.#endOffset - 1,
      wantFence: false,
      wantShutDown: false,
      offlineLogDirs: [],
      cordonedLogDirs: [],
      ...wishes,
    }
    return this.take(this.controller.brokerHeartbeat(request, 2, this.nowMs))
  }

  /** Registers brokers and unfences them. */
  start(...ids: number[]): this {
    for (const id of ids) {
      assert.equal(this.registerBroker(id).errorCode, ErrorCode.NONE)
      assert.equal(this.heartbeat(id).isFenced, false)
    }
    return this
  }

  createTopic(name: string, options: NewTopicOptions = {}) {
    const { assignments, partitions, factor, configs, validateOnly } = options
    const response = this.take(
      this.controller.createTopics(
        {
          topics: [
            {
              name,
              numPartitions: assignments === undefined ? (partitions ?? -1) : -1,
              replicationFactor: assignments === undefined ? (factor ?? -1) : -1,
              assignments: (assignments ?? []).map((brokerIds, partitionIndex) => ({
                partitionIndex,
                brokerIds,
              })),
              configs: Object.entries(configs ?? {}).map(([key, value]) => ({ name: key, value })),
            },
          ],
          timeoutMs: 1000,
          validateOnly: validateOnly ?? false,
        },
        7,
        this.nowMs,
      ),
    )
    return response.topics[0]!
  }

  partition(topic: string, index = 0): PartitionImage {
    return this.image.topics.byName.get(topic)!.partitions[index]!
  }

  /** Lets time pass; timers run as they come due. */
  advance(ms: number): void {
    this.nowMs += ms
    while (this.controller.nextDeadlineMs() <= this.nowMs) {
      this.replay(this.controller.expire(this.nowMs))
    }
  }
}

interface NewTopicOptions {
  readonly partitions?: number
  readonly factor?: number
  readonly assignments?: number[][]
  readonly configs?: Readonly<Record<string, string | null>>
  readonly validateOnly?: boolean
}

/** A uuid that shows what it is for. */
export function uuidOf(prefix: string, number: number): string {
  return `${prefix}${number}`.padEnd(21, 'x').concat('A')
}

export function directoryOf(brokerId: number): string {
  return uuidOf('dir', brokerId)
}

/** Code and text of an answer. */
export function failure(result: {
  readonly errorCode: number
  readonly errorMessage?: string | null | undefined
}): [errorCode: number, errorMessage: string | null | undefined] {
  return [result.errorCode, result.errorMessage]
}
