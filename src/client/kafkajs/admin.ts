/**
 * kafkajs's admin on the native one: arguments and results in its shapes.
 *
 * Invariant: between `connect` and `disconnect`, or the first call and `disconnect`, it has one
 * native client.
 */
import { Kafka as NativeKafka } from '../kafka.ts'
import * as acls from './admin-acls.ts'
import type { AdminCall } from './admin-call.ts'
import * as configs from './admin-configs.ts'
import * as groups from './admin-groups.ts'
import * as reassignments from './admin-reassignments.ts'
import * as topics from './admin-topics.ts'
import type { Admin, AdminConfig } from './admin-types.ts'
import { type ClientConfig, refuseUnknown } from './config.ts'
import { adminEvents, Emitter, type EventOf } from './events.ts'
import type { Logger } from './logger.ts'
import { translating } from './translated.ts'

export class KafkaJSAdmin implements Admin {
  readonly events = adminEvents
  readonly #config: ClientConfig
  readonly #options: AdminConfig
  readonly #emitter: Emitter
  readonly #logger: Logger
  #kafka: NativeKafka | null = null

  constructor(config: ClientConfig, options: AdminConfig) {
    refuseUnknown('admin', options, ['retry'])
    this.#config = config
    this.#options = options
    this.#logger = config.logger.namespace('Admin')
    this.#emitter = new Emitter(config.io.clock, this.#logger, adminEvents)
  }

  readonly on = <Name extends string>(name: Name, listener: (event: EventOf<Name>) => void) => {
    return this.#emitter.on(name, listener)
  }

  readonly logger = (): Logger => this.#logger

  readonly connect = async (): Promise<void> => {
    try {
      const timeoutMs = this.#config.connectMs(this.#options.retry)
      await this.#call(({ native }) => native.describeCluster({ timeoutMs }))
    } catch (error) {
      await this.#close({ timeoutMs: 0 })
      throw error
    }
    this.#emitter.emit('admin.connect', null)
  }

  readonly disconnect = async (): Promise<void> => {
    await this.#close({})
    this.#emitter.emit('admin.disconnect', null)
  }

  readonly listTopics = () => this.#call(topics.listTopics)

  readonly createTopics: Admin['createTopics'] = ({ topics: wanted, timeout, ...options }) =>
    this.#call((call) => topics.createTopics(call, wanted, options), timeout)

  readonly deleteTopics: Admin['deleteTopics'] = ({ topics: names, timeout }) =>
    this.#call((call) => topics.deleteTopics(call, names), timeout)

  readonly createPartitions: Admin['createPartitions'] = (options) => {
    const { topicPartitions, validateOnly = false, timeout } = options
    return this.#call(
      (call) => topics.createPartitions(call, topicPartitions, validateOnly),
      timeout,
    )
  }

  readonly fetchTopicMetadata: Admin['fetchTopicMetadata'] = (options) =>
    this.#call((call) => topics.fetchTopicMetadata(call, options?.topics ?? []))

  readonly fetchTopicOffsets: Admin['fetchTopicOffsets'] = (topic) =>
    this.#call((call) => topics.fetchTopicOffsets(call, topic))

  readonly fetchTopicOffsetsByTimestamp: Admin['fetchTopicOffsetsByTimestamp'] = (topic, time) =>
    this.#call((call) => topics.fetchTopicOffsetsByTimestamp(call, topic, time))

  readonly deleteTopicRecords: Admin['deleteTopicRecords'] = ({ topic, partitions }) =>
    this.#call((call) => topics.deleteTopicRecords(call, topic, partitions))

  readonly alterPartitionReassignments: Admin['alterPartitionReassignments'] = (request) =>
    this.#call(
      (call) => reassignments.alterPartitionReassignments(call, request.topics),
      request.timeout,
    )

  readonly listPartitionReassignments: Admin['listPartitionReassignments'] = (request) => {
    const wanted = request.topics ?? null
    return this.#call(
      (call) => reassignments.listPartitionReassignments(call, wanted),
      request.timeout,
    )
  }

  readonly describeCluster: Admin['describeCluster'] = () =>
    this.#call(async ({ native, timeoutMs }) => {
      const { brokers, controllerId, clusterId } = await native.describeCluster({ timeoutMs })
      return {
        brokers: brokers.map(({ id, host, port }) => ({ nodeId: id, host, port })),
        controller: controllerId < 0 ? null : controllerId,
        clusterId: clusterId ?? '',
      }
    })

  readonly fetchOffsets: Admin['fetchOffsets'] = (options) =>
    this.#call((call) => groups.fetchOffsets(call, options))

  readonly setOffsets: Admin['setOffsets'] = ({ groupId, topic, partitions }) =>
    this.#call((call) => groups.setOffsets(call, groupId, topic, partitions))

  readonly resetOffsets: Admin['resetOffsets'] = ({ groupId, topic, earliest = false }) =>
    this.#call((call) => groups.resetOffsets(call, groupId, topic, earliest))

  readonly listGroups: Admin['listGroups'] = async () => ({
    groups: await this.#call(groups.listGroups),
  })

  readonly describeGroups: Admin['describeGroups'] = (groupIds) =>
    this.#call((call) => groups.describeGroups(call, groupIds))

  readonly deleteGroups: Admin['deleteGroups'] = (groupIds) =>
    this.#call((call) => groups.deleteGroups(call, groupIds))

  readonly describeConfigs: Admin['describeConfigs'] = ({ resources, includeSynonyms }) =>
    this.#call((call) => configs.describeConfigs(call, resources, includeSynonyms ?? false))

  readonly alterConfigs: Admin['alterConfigs'] = ({ resources, validateOnly }) =>
    this.#call((call) => configs.alterConfigs(call, resources, validateOnly ?? false))

  readonly describeAcls: Admin['describeAcls'] = (filter) =>
    this.#call((call) => acls.describeAcls(call, filter))

  readonly createAcls: Admin['createAcls'] = ({ acl }) =>
    this.#call((call) => acls.createAcls(call, acl))

  readonly deleteAcls: Admin['deleteAcls'] = ({ filters }) =>
    this.#call((call) => acls.deleteAcls(call, filters))

  /** `timeout` is how long one attempt may take. */
  #call<T>(work: (call: AdminCall) => Promise<T>, timeout?: number): Promise<T> {
    const { retry } = this.#options
    const part = { retry, metadataMaxAge: undefined, maxInFlightRequests: undefined }
    return translating(async () => {
      this.#kafka ??= new NativeKafka(this.#config.nativeOptions(part))
      const { requestTimeoutMs } = this.#config
      const timeoutMs = this.#config.budget(retry).callMs(Math.max(timeout ?? 0, requestTimeoutMs))
      return work({ native: this.#kafka.admin(), cluster: this.#kafka.cluster, timeoutMs })
    })
  }

  async #close(options: { readonly timeoutMs?: number }): Promise<void> {
    const kafka = this.#kafka
    this.#kafka = null
    await kafka?.close(options)
  }
}
