/**
 * Members of groups and producers of transactions, request by request: they stand still where a
 * client of its own would go on, so that what an administrator sees of them is known.
 */
import assert from 'node:assert/strict'
import { ByteWriter } from '../../src/base/bytes.ts'
import { Deadline } from '../../src/client/call.ts'
import type { Cluster } from '../../src/client/cluster/cluster.ts'
import { encode } from '../../src/protocol/codec.ts'
import { produceRequest, produceResponse } from '../../src/protocol/messages/00-produce.ts'
import { joinGroupRequest, joinGroupResponse } from '../../src/protocol/messages/11-join-group.ts'
import { syncGroupRequest, syncGroupResponse } from '../../src/protocol/messages/14-sync-group.ts'
import {
  initProducerIdRequest,
  initProducerIdResponse,
} from '../../src/protocol/messages/22-init-producer-id.ts'
import {
  addPartitionsToTxnRequest,
  addPartitionsToTxnResponse,
} from '../../src/protocol/messages/24-add-partitions-to-txn.ts'
import {
  consumerGroupHeartbeatRequest,
  consumerGroupHeartbeatResponse,
} from '../../src/protocol/messages/68-consumer-group-heartbeat.ts'
import {
  shareGroupHeartbeatRequest,
  shareGroupHeartbeatResponse,
} from '../../src/protocol/messages/76-share-group-heartbeat.ts'
import {
  streamsGroupHeartbeatRequest,
  streamsGroupHeartbeatResponse,
} from '../../src/protocol/messages/88-streams-group-heartbeat.ts'
import {
  consumerProtocolAssignment,
  consumerProtocolSubscription,
} from '../../src/protocol/persisted/consumer-protocol.ts'
import type { Infer, Input, Message } from '../../src/protocol/schema.ts'
import { BatchBuilder } from '../../src/records/builder.ts'
import { sleep } from './process.ts'

const TIMEOUT_MS = 30_000
const REBALANCE_TIMEOUT_MS = 45_000
const MAX_BEATS = 100
const MEMBER_ID_REQUIRED = 79
const RETRIED = [14, 15, 16, 27] // loading, not available, not coordinator, rebalancing
const NOT_YET_LEADER = [3, 6]
/** The last version of Produce that speaks of topics by name. */
const PRODUCE_BY_NAME = 12
/** The last version of AddPartitionsToTxn that is for clients. */
const ADD_PARTITIONS_VERSION = 3

export class RawMembers {
  readonly #cluster: Cluster

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** A static member of a classic group, its leader, with all of `partitions`. */
  async classic(
    groupId: string,
    instanceId: string,
    topic: string,
    partitions: readonly number[],
  ): Promise<string> {
    const metadata = versioned(consumerProtocolSubscription, 1, { topics: [topic] })
    const join = (memberId: string) =>
      this.#ask('group', groupId, joinGroupRequest, joinGroupResponse, {
        ...{ groupId, memberId, groupInstanceId: instanceId },
        ...{ sessionTimeoutMs: 30_000, rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS },
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata }],
      })
    let joined = await join('')
    if (joined.errorCode === MEMBER_ID_REQUIRED) joined = await join(joined.memberId)
    assert.equal(joined.errorCode, 0, 'JoinGroup')
    const { memberId, generationId } = joined
    const assigned = [{ topic, partitions: [...partitions] }]
    const assignment = versioned(consumerProtocolAssignment, 1, { assignedPartitions: assigned })
    const synced = await this.#ask('group', groupId, syncGroupRequest, syncGroupResponse, {
      ...{ groupId, memberId, generationId, groupInstanceId: instanceId },
      ...{ protocolType: 'consumer', protocolName: 'range' },
      assignments: [{ memberId, assignment }],
    })
    assert.equal(synced.errorCode, 0, 'SyncGroup')
    return memberId
  }

  /** A member of a group of KIP-848, once it has been given all partitions of a topic. */
  async consumer(groupId: string, memberId: string, topic: string): Promise<void> {
    const call = [consumerGroupHeartbeatRequest, consumerGroupHeartbeatResponse] as const
    let answer = await this.#ask('group', groupId, ...call, {
      ...{ groupId, memberId, memberEpoch: 0, rackId: 'r1' },
      rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
      subscribedTopicNames: [topic],
      topicPartitions: [],
    })
    for (let beats = 0; beats < MAX_BEATS; beats++) {
      assert.equal(answer.errorCode, 0, answer.errorMessage ?? 'ConsumerGroupHeartbeat')
      const topicPartitions = answer.assignment?.topicPartitions ?? null
      if (topicPartitions !== null && topicPartitions.length > 0) return
      await sleep(100)
      const memberEpoch = answer.memberEpoch
      answer = await this.#ask('group', groupId, ...call, { groupId, memberId, memberEpoch })
    }
    assert.fail('no partition came')
  }

  /** One heartbeat of a member of a group of KIP-848, which says that it has nothing. */
  async consumerBeats(
    groupId: string,
    memberId: string,
    topic: string,
    memberEpoch = 0,
  ): Promise<number> {
    const call = [consumerGroupHeartbeatRequest, consumerGroupHeartbeatResponse] as const
    const answer = await this.#ask('group', groupId, ...call, {
      ...{ groupId, memberId, memberEpoch, rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS },
      ...{ subscribedTopicNames: [topic], topicPartitions: [] },
    })
    assert.equal(answer.errorCode, 0, answer.errorMessage ?? 'ConsumerGroupHeartbeat')
    return answer.memberEpoch
  }

  /** Its last. */
  async consumerLeaves(groupId: string, memberId: string): Promise<void> {
    const call = [consumerGroupHeartbeatRequest, consumerGroupHeartbeatResponse] as const
    const body = { groupId, memberId, memberEpoch: -1 }
    const { errorCode, errorMessage } = await this.#ask('group', groupId, ...call, body)
    assert.equal(errorCode, 0, errorMessage ?? 'ConsumerGroupHeartbeat')
  }

  /** A member of a share group. */
  async share(groupId: string, memberId: string, topic: string, memberEpoch = 0): Promise<void> {
    const body = { groupId, memberId, memberEpoch, subscribedTopicNames: [topic] }
    const call = [shareGroupHeartbeatRequest, shareGroupHeartbeatResponse] as const
    const { errorCode, errorMessage } = await this.#ask('group', groupId, ...call, body)
    assert.equal(errorCode, 0, errorMessage ?? 'ShareGroupHeartbeat')
  }

  /** A member of a streams group that reads one topic, once it has been given its task. */
  async streams(groupId: string, memberId: string, topic: string): Promise<void> {
    const call = [streamsGroupHeartbeatRequest, streamsGroupHeartbeatResponse] as const
    const subtopology = { subtopologyId: '0', sourceTopics: [topic], sourceTopicRegex: [] }
    const nothing = { stateChangelogTopics: [], repartitionSinkTopics: [] }
    let answer = await this.#ask('group', groupId, ...call, {
      ...{ groupId, memberId, memberEpoch: 0, endpointInformationEpoch: 0 },
      ...{ rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS, processId: 'p1' },
      topology: {
        epoch: 0,
        subtopologies: [
          { ...subtopology, ...nothing, repartitionSourceTopics: [], copartitionGroups: [] },
        ],
      },
      ...{ activeTasks: [], standbyTasks: [], warmupTasks: [] },
      clientTags: [{ key: 'zone', value: 'z1' }],
      userEndpoint: { host: 'localhost', port: 4711 },
    })
    for (let beats = 0; beats < MAX_BEATS; beats++) {
      assert.equal(answer.errorCode, 0, answer.errorMessage ?? 'StreamsGroupHeartbeat')
      if ((answer.activeTasks?.length ?? 0) > 0) return
      await sleep(100)
      const { memberEpoch } = answer
      const body = { groupId, memberId, memberEpoch, endpointInformationEpoch: 0 }
      answer = await this.#ask('group', groupId, ...call, body)
    }
    assert.fail('no task came')
  }

  /** Its last word. */
  async streamsLeaves(groupId: string, memberId: string): Promise<void> {
    const call = [streamsGroupHeartbeatRequest, streamsGroupHeartbeatResponse] as const
    const body = { groupId, memberId, memberEpoch: -1, endpointInformationEpoch: 0 }
    const { errorCode, errorMessage } = await this.#ask('group', groupId, ...call, body)
    assert.equal(errorCode, 0, errorMessage ?? 'StreamsGroupHeartbeat')
  }

  /** Leaves a transaction open, with one record in partition 0. */
  async openTransaction(transactionalId: string, topic: string) {
    const call = [initProducerIdRequest, initProducerIdResponse] as const
    const asked = { transactionalId, transactionTimeoutMs: 600_000 }
    const started = await this.#ask('transaction', transactionalId, ...call, asked, 5)
    assert.equal(started.errorCode, 0, 'InitProducerId')
    const { producerId, producerEpoch } = started
    const added = await this.#ask(
      ...(['transaction', transactionalId] as const),
      ...([addPartitionsToTxnRequest, addPartitionsToTxnResponse] as const),
      {
        v3AndBelowTransactionalId: transactionalId,
        v3AndBelowProducerId: producerId,
        v3AndBelowProducerEpoch: producerEpoch,
        v3AndBelowTopics: [{ name: topic, partitions: [0] }],
      },
      ADD_PARTITIONS_VERSION,
    )
    const [result] = added.resultsByTopicV3AndBelow
    assert.equal(result?.resultsByPartition[0]?.partitionErrorCode, 0, 'AddPartitionsToTxn')
    const of = { producerId, producerEpoch, baseSequence: 0, isTransactional: true }
    await this.produce(topic, 0, new BatchBuilder(of), transactionalId)
    return { producerId, producerEpoch }
  }

  /** Writes one record, or as many as `builder` takes. */
  async produce(
    topic: string,
    partition: number,
    builder: BatchBuilder = new BatchBuilder(),
    transactionalId: string | null = null,
    timestampsMs: readonly number[] = [Date.now()],
  ): Promise<number> {
    for (const timestampMs of timestampsMs) builder.append(timestampMs, null, Buffer.from('v'))
    const records = builder.build()
    const deadline = this.#deadline()
    for (;;) {
      const { partitions } = await this.#cluster.metadata.ensure(topic, deadline, true)
      const { body } = await this.#cluster.request(
        partitions[partition]!.leader,
        { request: produceRequest, response: produceResponse },
        {
          ...{ transactionalId, acks: -1, timeoutMs: TIMEOUT_MS },
          topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
        },
        { deadline, maxVersion: PRODUCE_BY_NAME },
      )
      const [answer] = body.responses[0]!.partitionResponses
      if (answer!.errorCode === 0) return answer!.baseOffset
      // A broker may hear later than we do that it leads a partition.
      if (!NOT_YET_LEADER.includes(answer!.errorCode)) assert.fail(`Produce: ${answer!.errorCode}`)
      deadline.check()
      await sleep(100)
    }
  }

  async #ask<Q extends Message, R extends Message>(
    type: 'group' | 'transaction',
    key: string,
    request: Q,
    response: R,
    body: Input<Q>,
    maxVersion = 0x7fff,
  ): Promise<Infer<R>> {
    const deadline = this.#deadline()
    for (;;) {
      const coordinator = await this.#cluster.coordinator(type, key, deadline)
      const call = { request, response }
      const answer = await this.#cluster.request(coordinator, call, body, { deadline, maxVersion })
      const { errorCode } = answer.body as { errorCode?: number }
      if (!RETRIED.includes(errorCode ?? 0)) return answer.body
      this.#cluster.forgetCoordinator(type, key)
      deadline.check()
      await sleep(100)
    }
  }

  #deadline(): Deadline {
    return new Deadline(this.#cluster.clock, 'conformance', TIMEOUT_MS)
  }
}

/** A message of the consumer protocol, after its version. */
function versioned<M extends Message>(message: M, version: number, value: Input<M>): Uint8Array {
  const writer = new ByteWriter(64)
  writer.int16(version)
  encode(message, version, value, writer)
  return writer.toBytes()
}
