/**
 * A node from its configuration: opens what is on disk in the right order, joins the parts, and
 * follows the committed metadata. What sockets need comes on top of it in server.ts.
 *
 * Order: directories are locked and identified, the metadata log is read and led, then the logs of
 * the partitions, then the coordinators. Nothing is served before all of that is there.
 */
import type { Logger } from '../base/logger.ts'
import { METADATA_TOPIC_ID, ZERO_UUID } from '../base/uuid.ts'
import type { GroupConfig } from '../coordinator/group/config.ts'
import type { TopicLookup } from '../coordinator/group/context.ts'
import { GroupCoordinator } from '../coordinator/group/group-coordinator.ts'
import type { Io } from '../io/io.ts'
import { LogCleaner } from '../log/cleaner.ts'
import type { LogConfig } from '../log/log-config.ts'
import { LogDirectory, type LogDirectoryOptions } from '../log/log-directory.ts'
import { LogResources } from '../log/log-resources.ts'
import { ConfigResourceType } from '../metadata/config-validator.ts'
import type { MetadataDelta } from '../metadata/delta.ts'
import type { MetadataImage } from '../metadata/image.ts'
import { MetadataNode } from '../metadata/metadata-node.ts'
import type { FeatureRanges } from '../metadata/metadata-version.ts'
import { CLUSTER_METADATA_TOPIC, GROUP_METADATA_TOPIC } from '../metadata/topic-name.ts'
import type { ErrorCode } from '../protocol/errors.ts'
import { type Voter, VoterSet } from '../raft/quorum.ts'
import { KRAFT_VERSIONS } from '../raft/raft-node.ts'
import { Broker } from './broker.ts'
import { ClusterView } from './cluster-view.ts'
import type { BrokerConfig } from './config/broker-config.ts'
import { ConfigRules } from './config/config-rules.ts'
import { DynamicBrokerConfig } from './config/dynamic-broker-config.ts'
import { logConfigFor } from './config/topic-config.ts'
import { FetchSessionCache } from './fetch-session.ts'
import { GroupPartitions } from './group-partitions.ts'
import { servedApis } from './handlers/index.ts'
import { metadataLogConfig } from './metadata-log-config.ts'
import { Partitions } from './partitions.ts'
import { ProducerIds } from './producer-ids.ts'
import {
  brokerSettings,
  cleanerSettings,
  controllerSettings,
  groupSettings,
  logDirectorySettings,
  snapshotSettings,
} from './settings.ts'
import { isSystemError, StartupError, startupError } from './startup-error.ts'
import { identify, type NodeIdentity, readBootstrap } from './storage.ts'
import { supportedFeatures, supportedRanges } from './supported-features.ts'

export interface NodeOptions {
  readonly config: BrokerConfig
  readonly io: Io
  readonly logger: Logger
  /** `CLUSTER_ID` of the environment. */
  readonly clusterId: string | null
  /** Makes a path of the configuration absolute. */
  readonly absolutePath: (path: string) => string
  /** Asks the loop for a turn. */
  readonly wake: () => void
  /** Other directories than before take no new logs: the controller is to know. */
  readonly onCordoned: () => void
  /** The node can't go on: its metadata can't be written, or no directory is left. */
  readonly onFatal: (error: Error) => void
}

/** What a node is, once it is open. */
export interface OpenNode {
  readonly broker: Broker
  readonly metadata: MetadataNode
  readonly directories: readonly LogDirectory[]
  readonly identity: NodeIdentity
}

/** Opens a node. Throws StartupError with what a person can do about it. */
export async function openNode(options: NodeOptions): Promise<OpenNode> {
  return new NodeBuilder(options).open()
}

class NodeBuilder {
  readonly #options: NodeOptions
  readonly #config: DynamicBrokerConfig
  readonly #groupConfig: GroupConfig
  #settings: ReturnType<typeof brokerSettings>
  readonly #directories: LogDirectory[] = []
  #partitions: Partitions | null = null
  #groups: GroupCoordinator | null = null
  #broker: Broker | null = null

  constructor(options: NodeOptions) {
    this.#options = options
    this.#config = new DynamicBrokerConfig(options.config)
    this.#settings = brokerSettings(options.config)
    this.#groupConfig = groupSettings(options.config)
  }

  async open(): Promise<OpenNode> {
    const nowMs = this.#options.io.clock.nowMs()
    try {
      const metadataDirectory = this.#openDirectories(nowMs)
      const identity = this.#identify(metadataDirectory, nowMs)
      const metadata = await this.#openMetadata(metadataDirectory, identity, nowMs)
      const broker = this.#assemble(metadata, identity)
      this.#broker = broker
      return { broker, metadata, directories: this.#directories, identity }
    } catch (error) {
      for (const directory of this.#directories) letGo(directory)
      throw startupError(error)
    }
  }

  /** Opens all; one whose disk has failed is offline. Returns the one that holds the metadata. */
  #openDirectories(nowMs: number): LogDirectory {
    const { config, absolutePath } = this.#options
    const resources = new LogResources()
    const metadataPath = absolutePath(config.metadataLogDir)
    const paths = [...config.logDirs.map(absolutePath), metadataPath]
    for (const path of new Set(paths)) {
      const options = this.#directoryOptions(path, resources, nowMs)
      try {
        this.#directories.push(LogDirectory.open(options))
      } catch (error) {
        if (path === metadataPath || !isSystemError(error)) throw error
        this.#directories.push(LogDirectory.failed(options, error))
      }
    }
    const metadataDirectory = this.#directories.find(({ path }) => path === metadataPath)
    if (metadataDirectory === undefined) throw new Error('the metadata directory is not open')
    return metadataDirectory
  }

  #directoryOptions(path: string, resources: LogResources, nowMs: number): LogDirectoryOptions {
    const { io, config, logger, onFatal } = this.#options
    return {
      disk: io.disk,
      path,
      random: io.random,
      nowMs,
      settings: logDirectorySettings(config),
      resources,
      onWarning: (message) => logger.warn(message),
      onOffline: (directory, error) => {
        this.#partitions?.directoryFailed(directory)
        if (this.#broker === null) return
        if (this.#directories.every(({ offline }) => offline)) {
          onFatal(new StartupError(`no log directory is left: ${error.message}`))
        } else if (directory.path === this.#options.absolutePath(config.metadataLogDir)) {
          const what = `${directory.path} has failed, and with it the metadata of the cluster`
          onFatal(new StartupError(`${what}: ${error.message}`))
        }
      },
    }
  }

  #identify(metadataDirectory: LogDirectory, nowMs: number): NodeIdentity {
    const { io, config, clusterId } = this.#options
    const isStatic = config.voters.length > 0
    return identify(this.#directories, {
      disk: io.disk,
      random: io.random,
      nowMs,
      nodeId: config.get('node.id'),
      metadataDirectory,
      wantedClusterId: clusterId,
      supportedFeatures: this.#supportedRanges(),
      firstVoter: isStatic ? null : (directoryId) => this.#localVoter(directoryId),
    })
  }

  #supportedRanges(): FeatureRanges {
    return supportedRanges(this.#options.config.get('unstable.feature.versions.enable'))
  }

  #localVoter(directoryId: string): Voter {
    const { config } = this.#options
    const endpoints = config.listeners
      .filter(({ kind }) => kind === 'controller')
      .map(({ name, host, port, advertisedHost, advertisedPort }) => ({
        name,
        host: advertisedHost ?? (host === '' ? 'localhost' : host),
        port: advertisedPort ?? port,
      }))
    return { id: config.get('node.id'), directoryId, endpoints, kraftVersions: KRAFT_VERSIONS }
  }

  async #openMetadata(
    directory: LogDirectory,
    identity: NodeIdentity,
    nowMs: number,
  ): Promise<MetadataNode> {
    const { io, config, onFatal, wake } = this.#options
    const log = directory.openMetadataLog(METADATA_TOPIC_ID, metadataLogConfig(config), nowMs)
    const directoryId = identity.directoryIds.get(directory) ?? ''
    const listener = config.listeners.find(({ kind }) => kind === 'controller')
    const staticVoters = config.voters.map(({ id, host, port }) => ({
      id,
      directoryId: ZERO_UUID,
      endpoints: [{ name: listener?.name ?? 'CONTROLLER', host, port }],
      kraftVersions: KRAFT_VERSIONS,
    }))
    return MetadataNode.open({
      raft: {
        disk: io.disk,
        clock: io.clock,
        log,
        directory: `${directory.path}/${CLUSTER_METADATA_TOPIC}-0`,
        local: this.#localVoter(directoryId),
        staticVoters: new VoterSet(staticVoters),
        electionTimeoutMs: config.get('controller.quorum.election.timeout.ms'),
        fetchTimeoutMs: config.get('controller.quorum.fetch.timeout.ms'),
        random: io.random,
        onFailure: onFatal,
      },
      settings: controllerSettings(config, identity.clusterId, this.#supportedRanges()),
      configValidator: new ConfigRules(this.#config),
      random: io.random,
      bootstrap: readBootstrap(directory, this.#supportedRanges()),
      snapshots: snapshotSettings(config),
      onDelta: (delta) => this.#follow(delta),
      onWake: wake,
    })
  }

  #assemble(metadata: MetadataNode, identity: NodeIdentity): Broker {
    const { io, logger, config, wake } = this.#options
    const { image } = metadata
    const nodeId = config.get('node.id')
    this.#reconfigure(image)
    const groupPartitions = new GroupPartitions({
      logger,
      nowMs: () => io.clock.nowMs(),
      resume: (callback) => this.#broker?.resume(callback),
    })
    const logConfigOf = (topic: string) =>
      logConfigFor(image.configs.topic(topic), this.#config.current)
    this.#load(logConfigOf)
    const partitions = new Partitions({
      nodeId,
      logDirectories: this.#directories,
      image,
      logger,
      logConfigOf,
      onLead: (partition) => groupPartitions.lead(partition),
      onDrop: (partition) => groupPartitions.drop(partition),
      onCommit: (partition) => groupPartitions.committed(partition),
    })
    const groups = new GroupCoordinator({
      partitionCount:
        image.topics.byName.get(GROUP_METADATA_TOPIC)?.partitions.length ??
        config.get('offsets.topic.num.partitions'),
      config: this.#groupConfig,
      topics: topicLookup(image),
      random: io.random,
      log: groupPartitions,
    })
    groupPartitions.connect(partitions, groups)
    this.#partitions = partitions
    this.#groups = groups
    const producerIds = new ProducerIds((done) => {
      const broker = image.cluster.brokers.get(nodeId)
      const request = { brokerId: nodeId, brokerEpoch: broker?.epoch ?? -1 }
      metadata.submit(
        (controller) => controller.allocateProducerIds(request, 0, io.clock.nowMs()),
        ({ errorCode, producerIdStart, producerIdLen }) =>
          done(errorCode as ErrorCode, { start: producerIdStart, size: producerIdLen }),
      )
    })
    const cleaner = new LogCleaner({
      directories: this.#directories,
      config: cleanerSettings(this.#config.current),
      random: io.random,
      nowMs: io.clock.nowMs(),
      onWarning: (message) => logger.warn(message),
      onReady: wake,
    })
    return new Broker({
      clock: io.clock,
      logger,
      cluster: new ClusterView(identity.clusterId, nodeId, image),
      config: this.#config,
      metadata,
      partitions,
      groups,
      producerIds,
      fetchSessions: new FetchSessionCache(this.#settings.fetchSessionSlots, io.random),
      logDirectories: this.#directories,
      cleaner,
      supportedFeatures: supportedFeatures(config.get('unstable.feature.versions.enable')),
      apis: servedApis,
      settings: () => this.#settings,
      wake,
    })
  }

  /** Opens the logs of all directories; one whose disk fails over that is offline. */
  #load(logConfigOf: (topic: string) => LogConfig): void {
    for (const directory of this.#directories) {
      if (directory.offline) continue
      try {
        directory.load(logConfigOf, this.#options.io.clock.nowMs())
      } catch (error) {
        if (directory.holdsMetadata || !isSystemError(error)) throw error
        directory.fail(error)
      }
    }
  }

  /** A committed change of the metadata: topics, partitions, configs. */
  #follow(delta: MetadataDelta): void {
    const broker = this.#broker
    if (broker === null) return
    const nowMs = this.#options.io.clock.nowMs()
    const { image } = broker.cluster
    const changed = [...delta.configsChanged.values()]
    if (changed.some(({ resource }) => resource.type === ConfigResourceType.BROKER)) {
      this.#reconfigure(image)
      this.#partitions?.reconfigure(null)
    }
    for (const { resource } of changed) {
      if (resource.type === ConfigResourceType.TOPIC) this.#partitions?.reconfigure(resource.name)
    }
    this.#partitions?.apply(delta, nowMs)
    if (delta.topicsDeleted.size > 0) {
      const deleted = [...delta.topicsDeleted].map(({ name, id }) => ({ name, topicId: id }))
      this.#groups?.onTopicsDeleted(deleted, nowMs)
    }
    this.#options.wake()
  }

  /** Marks the directories that are to take no new logs (KIP-1066). */
  #cordon(): void {
    const { config, absolutePath, onCordoned } = this.#options
    const named = this.#config.current.get('cordoned.log.dirs')
    const cordoned = (named.includes('*') ? config.logDirs : named).map(absolutePath)
    let isChanged = false
    for (const directory of this.#directories) {
      const isCordoned = cordoned.includes(directory.path)
      if (isCordoned !== directory.cordoned) isChanged = true
      directory.cordoned = isCordoned
    }
    if (isChanged) onCordoned()
  }

  /** Takes over the dynamic configs that the metadata has. */
  #reconfigure(image: MetadataImage): void {
    const { config, logger } = this.#options
    const own = image.configs.broker(config.get('node.id'))
    for (const warning of this.#config.update(own, image.configs.cluster)) logger.warn(warning)
    this.#settings = brokerSettings(this.#config.current)
    this.#cordon()
    this.#broker?.cleaner.updateConfig(
      cleanerSettings(this.#config.current),
      this.#options.io.clock.nowMs(),
    )
    Object.assign(this.#groupConfig, groupSettings(this.#config.current))
  }
}

/** Closes what a start that has failed leaves; why it failed is the error to tell. */
function letGo(directory: LogDirectory): void {
  try {
    directory.close()
  } catch (error) {
    directory.fail(error)
  }
}

function topicLookup(image: MetadataImage): TopicLookup {
  return {
    topicId: (name) => image.topics.byName.get(name)?.id ?? null,
    topicName: (id) => image.topics.byId.get(id)?.name ?? null,
    partitionCount: (name) => image.topics.byName.get(name)?.partitions.length ?? 0,
  }
}
