/**
 * What the fields of requests mean in one sequence: its topics and groups, the members and
 * producers that came up in it, offsets and epochs of the size they have, settings and their
 * values. Weights are by repetition: most of what is drawn exists.
 *
 * Left out: what Kafka never answers (records that are null) and what its controller does not
 * survive (null appended to a list), what it answers by the order of a
 * hash table of its own (two bad settings of a broker) or by what it has written meanwhile (groups
 * that only a refused commit has made), transactions, and followers.
 */

import { ByteWriter } from '../../src/base/bytes.ts'
import type { Prng } from '../../src/base/prng.ts'
import { encode } from '../../src/protocol/codec.ts'
import type { FieldLayout } from '../../src/protocol/layout.ts'
import { consumerProtocolSubscription } from '../../src/protocol/persisted/consumer-protocol.ts'
import { drawRecords } from './random-records.ts'
import { type Symbols, symbol } from './symbols.ts'

/** Draws one of these. */
function oneOf<T>(prng: Prng, values: readonly T[]): T {
  return values[prng.int(values.length)]!
}

type Draw = (prng: Prng) => unknown

/** Draws one of these, each as often as it is written. */
function of(...values: readonly unknown[]): Draw {
  return (prng) => oneOf(prng, values)
}

const PARTITIONS = [0, 0, 0, 0, 0, 1, 1, 2, 7, -1]
const OFFSETS = [0, 0, 1, 2, 3, 4, 5, 7, 10, 100, -1, -2]
const EPOCHS = [-1, -1, -1, -1, 0, 0, 1, 5]
const LIST_TIMESTAMPS = [-1, -1, -2, -2, -3, -4, -5, -6, -7, 0]
const TOPIC_CONFIGS: readonly (readonly [string, readonly (string | null)[]])[] = [
  ['retention.ms', ['1000', '-1', '-2', 'soon', '', null]],
  ['retention.bytes', ['-1', '1000000']],
  ['cleanup.policy', ['delete', 'compact', 'compact,delete', 'delete,delete', 'none', '', 'shred']],
  ['compression.type', ['gzip', 'producer', 'uncompressed', 'brotli']],
  ['compression.gzip.level', ['1', '-1', '10', '0']],
  ['max.message.bytes', ['1000', '0', '-1', '1048588']],
  ['min.insync.replicas', ['1', '2', '0']],
  ['segment.bytes', ['1048576', '14', '1']],
  ['segment.ms', ['1', '604800000', '0']],
  ['message.timestamp.type', ['CreateTime', 'LogAppendTime', 'Never']],
  ['message.timestamp.before.max.ms', ['1000', '9223372036854775807', '-1']],
  ['message.timestamp.after.max.ms', ['3600000', '0']],
  ['min.cleanable.dirty.ratio', ['0.5', '0', '1.1', 'half']],
  ['unclean.leader.election.enable', ['true', 'false', 'TRUE', 'maybe']],
  ['follower.replication.throttled.replicas', ['*', '0:1', '', 'x']],
  ['remote.storage.enable', ['true', 'false']],
  ['delete.retention.ms', ['1', '-1']],
  ['flush.messages', ['1', '0']],
  ['no.such.setting', ['1']],
]
/** One of them with values that are refused: of two Kafka names one by the order of its hashes. */
const BROKER_CONFIGS: readonly (readonly [string, readonly (string | null)[]])[] = [
  ['log.cleaner.threads', ['1', '2', 'many']],
  ['background.threads', ['10', '11']],
  ['log.retention.ms', ['604800000', '-1', null]],
  ['min.insync.replicas', ['1']],
  ['node.id', ['1', '2']],
  ['no.such.setting', ['1']],
  ['num.io.threads', ['8']],
]
const GROUP_CONFIGS: readonly (readonly [string, readonly (string | null)[]])[] = [
  ['consumer.session.timeout.ms', ['45000', '50000', '1', 'x']],
  ['consumer.heartbeat.interval.ms', ['5000', '10000', '1']],
  ['no.such.setting', ['1']],
]
const FEATURES = ['metadata.version', 'kraft.version', 'no.such.feature', '']

/** Of so many members requests are drawn. */
const NEWEST = 4

/** A member as its last answer left it. */
export interface Member {
  readonly group: string
  /** Its symbol. */
  readonly member: string
  readonly instance: string | null
  readonly generation: number
}

export class Vocabulary {
  readonly symbols: Symbols
  /** Names of topics that the sequence makes, or does not. */
  readonly topics: readonly string[]
  readonly groups: readonly string[]
  /** A moment of the recent past: timestamps of records count from it. */
  readonly epochMs: number
  /** Who has joined a group, the newest last. */
  readonly #members: Member[] = []
  /** Whose request is being drawn, where it is to make sense as a whole. */
  #focus: Member | null = null
  /** The epoch that the next fetch of each session has. */
  readonly #sessions = new Map<string, number>()
  readonly #byPath: Readonly<Record<string, Draw>>
  readonly #byName: Readonly<Record<string, Draw>>
  /** Of the resource whose settings are being drawn. */
  #resource = 2
  #config: readonly (string | null)[] = []
  #operation = 0
  #sessionEpoch = -1
  /** The next sequence number of each producer, near enough. */
  readonly #sequences = new Map<string, number>()

  constructor(symbols: Symbols, name: string, epochMs: number) {
    this.symbols = symbols
    this.topics = ['a', 'b', 'c', 'd'].map((each) => `${name}-${each}`)
    this.groups = ['g', 'h'].map((each) => `${name}-${each}`)
    this.epochMs = epochMs
    this.#byPath = this.#paths()
    this.#byName = this.#names()
  }

  /** Begins another request: mostly one that a member of a group may make. */
  begin(prng: Prng): void {
    const known = this.#members.slice(-NEWEST)
    this.#focus = known.length > 0 && prng.chance(0.7) ? oneOf(prng, known) : null
  }

  /** Takes note of who is in which generation of which group. */
  learnMember(member: Member): void {
    const at = this.#members.findIndex((each) => each.member === member.member)
    if (at >= 0) this.#members.splice(at, 1)
    this.#members.push(member)
  }

  /** Takes note that a fetch of a session was answered. */
  learnSession(session: string): void {
    this.#sessions.set(session, (this.#sessions.get(session) ?? 0) + 1)
  }

  /** The value for a field, wrapped, or undefined where its name means nothing here. */
  draw(prng: Prng, field: FieldLayout): { readonly value: unknown } | undefined {
    const draw = this.#byPath[field.path] ?? this.#byName[field.name]
    // Arrays and their elements have one name: a vocabulary speaks of what is in them.
    if (draw === undefined || field.kind === 'array' || field.kind === 'struct') return undefined
    return { value: draw(prng) }
  }

  #topic: Draw = (prng) => {
    const [a, b, c, d] = this.topics
    const odd = ['', 'bad name', '.', '__consumer_offsets', `${a}x`, 'x'.repeat(250)]
    return prng.chance(0.04) ? oneOf(prng, odd) : oneOf(prng, [a, a, a, a, b, b, b, c, d])
  }

  #group: Draw = (prng) => {
    if (this.#focus !== null && prng.chance(0.95)) return this.#focus.group
    const [g, h] = this.groups
    return prng.chance(0.04) ? '' : oneOf(prng, [g, g, g, h])
  }

  #member: Draw = (prng) => {
    if (this.#focus !== null && prng.chance(0.95)) return symbol(this.#focus.member)
    const known = this.symbols.known('member').map((name) => symbol(name))
    if (known.length > 0 && prng.chance(0.75))
      return known[Math.max(0, known.length - 1 - prng.int(3))]
    return oneOf(prng, ['', '', '', 'nobody'])
  }

  #topicId: Draw = (prng) => {
    const known = this.symbols.known('topicId').map((name) => symbol(name))
    if (known.length > 0 && prng.chance(0.9)) return oneOf(prng, known)
    return 'AAAAAAAAAAAAAAAAAAAAAg'
  }

  #records: Draw = (prng) => {
    const known = this.symbols.known('producerId')
    const producer = known.length > 0 && prng.chance(0.5) ? oneOf(prng, known) : null
    return drawRecords(prng, this.epochMs, producer, this.#sequences)
  }

  #names(): Record<string, Draw> {
    return { ...this.#groupNames(), ...this.#logNames(), ...this.#adminNames() }
  }

  /** Topics, groups and their members. */
  #groupNames(): Record<string, Draw> {
    return {
      topic: this.#topic,
      topicName: this.#topic,
      topicNames: this.#topic,
      topicId: this.#topicId,
      groupId: this.#group,
      groups: this.#group,
      groupsNames: this.#group,
      coordinatorKeys: this.#group,
      key: this.#group,
      memberId: this.#member,
      groupInstanceId: (prng) => {
        if (this.#focus !== null && prng.chance(0.9)) return this.#focus.instance
        return oneOf(prng, [null, null, null, null, 'i1', 'i2'])
      },
      generationId: (prng) => this.#generation(prng),
      generationIdOrMemberEpoch: (prng) => this.#generation(prng),
      memberEpoch: of(-1, -1, -1, 0, 1),
      protocolType: of(...Array(12).fill('consumer'), 'connect', ''),
      protocolName: of(null, 'range', 'range', 'range', 'roundrobin', 'other'),
      sessionTimeoutMs: of(...Array(12).fill(10_000), 6000, 5999, 1_800_001, 0),
      rebalanceTimeoutMs: of(60_000),
      reason: of(null, '', 'because'),
    }
  }

  /** Partitions, and what is read and written there. */
  #logNames(): Record<string, Draw> {
    return {
      partition: of(...PARTITIONS),
      partitions: of(...PARTITIONS),
      index: of(...PARTITIONS),
      partitionIndex: of(...PARTITIONS),
      partitionIndexes: of(...PARTITIONS),
      currentLeaderEpoch: of(...EPOCHS),
      leaderEpoch: of(...EPOCHS),
      committedLeaderEpoch: of(...EPOCHS),
      lastFetchedEpoch: of(-1, -1, -1, 0, 1),
      fetchOffset: of(...OFFSETS),
      committedOffset: of(...OFFSETS),
      offset: of(...OFFSETS),
      logStartOffset: of(-1),
      committedMetadata: of('', '', null, 'note'),
      retentionTimeMs: of(-1, -1, 1000),
      replicaId: of(-1),
      rackId: of('', 'r'),
      isolationLevel: of(0, 0, 1, 2, -1),
      timestamp: (prng) => {
        const near = this.epochMs + prng.int(12) - 1
        return prng.chance(0.5) ? near : oneOf(prng, LIST_TIMESTAMPS)
      },
      maxWaitMs: of(0, 10),
      minBytes: of(0, 1),
      maxBytes: of(1_000_000, 1_000_000, 1_000_000, 1, 0),
      partitionMaxBytes: of(1_000_000, 1_000_000, 1_000_000, 1, 0),
      acks: of(-1, -1, -1, 1, 0, 2),
      timeoutMs: of(5000),
      transactionalId: of(null),
      records: this.#records,
    }
  }

  /** What administrators name. */
  #adminNames(): Record<string, Draw> {
    return {
      numPartitions: of(1, 1, 2, 3, -1, 0, -2),
      count: of(1, 2, 3, 4, 0, -1),
      replicationFactor: of(1, 1, 1, -1, 2, 0, -2),
      brokerIds: of(1, 1, 1, 2, -1),
      replicas: of(1, 1, 1, 2, -1),
      brokerId: of(9, -1),
      statesFilter: of('Stable', 'Empty', 'empty', 'Dead', 'PreparingRebalance', 'Nonsense'),
      typesFilter: of('classic', 'Classic', 'consumer', 'nonsense'),
      resourceTypes: of(2, 4, 16, 32, 8, 0, 99),
      resourceType: (prng) => {
        this.#resource = oneOf(prng, [2, 2, 2, 2, 2, 2, 4, 4, 32, 16, 99])
        return this.#resource
      },
      resourceName: (prng) => {
        if (this.#resource === 4) return oneOf(prng, ['1', '1', '', '2', 'x'])
        if (this.#resource === 32) return this.#group(prng)
        return this.#topic(prng)
      },
      configurationKeys: (prng) => this.#configName(prng),
      configOperation: (prng) => {
        this.#operation = oneOf(prng, [0, 0, 0, 1, 2, 3])
        return this.#operation
      },
      feature: of(...FEATURES),
      maxVersionLevel: of(0, 1, 7, 25, 30, 31, -1),
      upgradeType: of(1, 1, 2, 3, 0, 9),
      validateOnly: (prng) => prng.chance(0.3),
      electionType: of(0, 1, 2),
      endpointType: of(1, 1, 1, 2, 0),
      allowAutoTopicCreation: of(false),
      responsePartitionLimit: of(2000, 1, 2, 0, -1),
    }
  }

  #paths(): Record<string, Draw> {
    const topicNames = [
      'ProduceRequest.topicData.name',
      'ListOffsetsRequest.topics.name',
      'MetadataRequest.topics.name',
      'OffsetCommitRequest.topics.name',
      'OffsetFetchRequest.topics.name',
      'OffsetFetchRequest.groups.topics.name',
      'CreateTopicsRequest.topics.name',
      'DeleteTopicsRequest.topics.name',
      'DeleteRecordsRequest.topics.name',
      'CreatePartitionsRequest.topics.name',
      'AlterPartitionReassignmentsRequest.topics.name',
      'ListPartitionReassignmentsRequest.topics.name',
      'OffsetDeleteRequest.topics.name',
      'DescribeProducersRequest.topics.name',
      'DescribeTopicPartitionsRequest.topics.name',
    ]
    const configs = ['CreateTopics', 'AlterConfigs', 'IncrementalAlterConfigs'].map((api) => {
      return `${api}Request.${api === 'CreateTopics' ? 'topics' : 'resources'}.configs`
    })
    return {
      ...Object.fromEntries(topicNames.map((path) => [path, this.#topic])),
      ...Object.fromEntries(
        configs.flatMap((path) => [
          [
            `${path}.name`,
            (prng: Prng) => {
              if (path.startsWith('CreateTopics')) this.#resource = 2
              return this.#configName(prng)
            },
          ],
          [`${path}.value`, (prng: Prng) => this.#configValue(prng)],
        ]),
      ),
      'JoinGroupRequest.protocols.name': (prng) =>
        oneOf(prng, ['range', 'range', 'range', 'roundrobin', 'x']),
      'JoinGroupRequest.protocols.metadata': (prng) => this.#subscription(prng),
      'FindCoordinatorRequest.keyType': (prng) => oneOf(prng, [0, 0, 0, 3, -1]),
      'FetchRequest.sessionId': (prng) => this.#sessionId(prng),
      'FetchRequest.sessionEpoch': (prng) => {
        const odd = prng.chance(0.1)
        return odd ? oneOf(prng, [-1, 0, 1, 2, 2_147_483_647]) : this.#sessionEpoch
      },
      'FetchRequest.clusterId': () => null,
      'FetchRequest.replicaState': () => undefined,
      'InitProducerIdRequest.producerId': (prng) => {
        const known = this.symbols.known('producerId').map((name) => symbol(name))
        return known.length > 0 && prng.chance(0.3) ? oneOf(prng, known) : -1
      },
      'InitProducerIdRequest.producerEpoch': (prng) => oneOf(prng, [-1, -1, 0, 1]),
      'ListTransactionsRequest.stateFilters': (prng) => oneOf(prng, ['Ongoing', 'nonsense']),
      'ListTransactionsRequest.transactionalIdPattern': (prng) => oneOf(prng, [null, 'a.*']),
      'DescribeTopicPartitionsRequest.cursor.topicName': this.#topic,
    }
  }

  /** Mostly none; else a new session, or the next fetch of one that there is. */
  #sessionId(prng: Prng): unknown {
    const known = this.symbols.known('session')
    const kind = oneOf(prng, known.length > 0 ? ['none', 'new', 'known', 'known'] : ['none', 'new'])
    this.#sessionEpoch = kind === 'none' ? -1 : 0
    if (kind !== 'known') return prng.chance(0.05) ? 7 : 0
    const session = oneOf(prng, known)
    this.#sessionEpoch = this.#sessions.get(session) ?? 1
    return symbol(session)
  }

  #generation(prng: Prng): number {
    const current = (this.#focus ?? this.#members.at(-1))?.generation ?? -1
    return prng.chance(0.8) ? current : oneOf(prng, [current + 1, -1, 0])
  }

  #configName(prng: Prng): string {
    const table =
      this.#resource === 4 ? BROKER_CONFIGS : this.#resource === 32 ? GROUP_CONFIGS : TOPIC_CONFIGS
    const [name, values] = oneOf(prng, table)
    this.#config = values
    this.#operation = 0
    return name
  }

  #configValue(prng: Prng): string | null {
    const value = prng.chance(0.03) ? null : oneOf(prng, this.#config)
    return this.#operation > 1 ? (value ?? 'x') : value
  }

  #subscription(prng: Prng): Uint8Array {
    if (prng.chance(0.1)) return prng.bytes(prng.int(5))
    const writer = new ByteWriter()
    writer.int16(0)
    encode(consumerProtocolSubscription, 0, { topics: [oneOf(prng, this.topics)] }, writer)
    return Buffer.concat(writer.pieces() as Uint8Array[])
  }
}
