/**
 * The quorum of controllers: what it is like, and who votes in it.
 *
 * KIP-595, KIP-836 (DescribeQuorum), KIP-853 (voters join and leave).
 */
import { ZERO_UUID } from '../../base/uuid.ts'
import {
  describeQuorumRequest,
  describeQuorumResponse,
} from '../../protocol/messages/55-describe-quorum.ts'
import {
  addRaftVoterRequest,
  addRaftVoterResponse,
} from '../../protocol/messages/80-add-raft-voter.ts'
import {
  removeRaftVoterRequest,
  removeRaftVoterResponse,
} from '../../protocol/messages/81-remove-raft-voter.ts'
import type { Infer, Uuid } from '../../protocol/schema.ts'
import type { CallOptions } from '../call.ts'
import { KafkaError } from '../kafka-error.ts'
import { asking, brokerTimeoutMs, type Caller, send, throwIfFailed } from './caller.ts'

const describeCall = { request: describeQuorumRequest, response: describeQuorumResponse }
const addCall = { request: addRaftVoterRequest, response: addRaftVoterResponse }
const removeCall = { request: removeRaftVoterRequest, response: removeRaftVoterResponse }

const METADATA_TOPIC = '__cluster_metadata'

/** The controllers of a cluster, with how far each has got. */
export interface QuorumDescription {
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly highWatermark: number
  readonly voters: readonly QuorumReplica[]
  readonly observers: readonly QuorumReplica[]
  /** Where the voters listen, by their ids; empty where the broker does not tell. */
  readonly nodes: ReadonlyMap<number, readonly RaftVoterEndpoint[]>
}

/** A controller, or a broker that follows them. */
export interface QuorumReplica {
  readonly replicaId: number
  /** The zero uuid where it is not known. */
  readonly directoryId: Uuid
  /** -1 where it is not known. */
  readonly logEndOffset: number
  /** When it last fetched from the leader, in milliseconds since 1970; null if not known. */
  readonly lastFetchTimestamp: number | null
  /** When it last had everything that the leader had. */
  readonly lastCaughtUpTimestamp: number | null
}

/** An address of a controller, by the name of its listener. */
export interface RaftVoterEndpoint {
  readonly listener: string
  readonly host: string
  readonly port: number
}

type Partition = Infer<typeof describeQuorumResponse>['topics'][number]['partitions'][number]

/** Who leads the quorum, and how far its voters and observers are. */
export function describeMetadataQuorum(
  caller: Caller,
  options: CallOptions,
): Promise<QuorumDescription> {
  const deadline = caller.begin('describeMetadataQuorum', options)
  return asking(caller, deadline, async () => {
    const { body } = await send(
      caller,
      'any',
      describeCall,
      { topics: [{ topicName: METADATA_TOPIC, partitions: [{ partitionIndex: 0 }] }] },
      { deadline },
    )
    throwIfFailed(body.errorCode, body.errorMessage, 'DescribeQuorum')
    const topic = body.topics.find(({ topicName }) => topicName === METADATA_TOPIC)
    const partition = topic?.partitions.find(({ partitionIndex }) => partitionIndex === 0)
    if (partition === undefined) {
      throw new KafkaError('CORRUPT_DATA', `DescribeQuorum does not tell of ${METADATA_TOPIC}`)
    }
    throwIfFailed(partition.errorCode, partition.errorMessage, 'DescribeQuorum')
    return {
      leaderId: partition.leaderId,
      leaderEpoch: partition.leaderEpoch,
      highWatermark: partition.highWatermark,
      voters: partition.currentVoters.map(toReplica),
      observers: partition.observers.map(toReplica),
      nodes: new Map(
        body.nodes.map(({ nodeId, listeners }) => [
          nodeId,
          listeners.map(({ name, host, port }) => ({ listener: name, host, port })),
        ]),
      ),
    }
  })
}

function toReplica(replica: Partition['currentVoters'][number]): QuorumReplica {
  const { lastFetchTimestamp, lastCaughtUpTimestamp } = replica
  return {
    replicaId: replica.replicaId,
    directoryId: replica.replicaDirectoryId ?? ZERO_UUID,
    logEndOffset: replica.logEndOffset,
    lastFetchTimestamp: lastFetchTimestamp < 0 ? null : lastFetchTimestamp,
    lastCaughtUpTimestamp: lastCaughtUpTimestamp < 0 ? null : lastCaughtUpTimestamp,
  }
}

/** What the calls take that add and remove controllers. */
export interface RaftVoterOptions extends CallOptions {
  /** Refused where the cluster has another id. */
  readonly clusterId?: string | undefined
}

/** Makes a controller that observes the quorum one of its voters. */
export function addRaftVoter(
  caller: Caller,
  voterId: number,
  voterDirectoryId: Uuid,
  endpoints: readonly RaftVoterEndpoint[],
  options: RaftVoterOptions,
): Promise<void> {
  const deadline = caller.begin('addRaftVoter', options)
  return asking(caller, deadline, async () => {
    const { body } = await send(
      caller,
      'any',
      addCall,
      {
        clusterId: options.clusterId ?? null,
        timeoutMs: brokerTimeoutMs(caller, deadline),
        voterId,
        voterDirectoryId,
        listeners: endpoints.map(({ listener, host, port }) => ({ name: listener, host, port })),
      },
      { deadline },
    )
    throwIfFailed(body.errorCode, body.errorMessage, 'AddRaftVoter')
  })
}

/** Takes a voter out of the quorum. */
export function removeRaftVoter(
  caller: Caller,
  voterId: number,
  voterDirectoryId: Uuid,
  options: RaftVoterOptions,
): Promise<void> {
  const deadline = caller.begin('removeRaftVoter', options)
  return asking(caller, deadline, async () => {
    const { body } = await send(
      caller,
      'any',
      removeCall,
      { clusterId: options.clusterId ?? null, voterId, voterDirectoryId },
      { deadline },
    )
    throwIfFailed(body.errorCode, body.errorMessage, 'RemoveRaftVoter')
  })
}
