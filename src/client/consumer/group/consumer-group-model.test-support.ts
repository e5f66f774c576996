/**
 * A coordinator of a group of KIP-848 as small as can be, for tests of its members: it assigns the
 * partitions of the topics that members name in turn, and gives a member a partition only when its
 * former owner has said that it is done with it.
 *
 * Invariant: no partition is granted to two members.
 */
import { ErrorCode } from '../../../protocol/errors.ts'
import type { consumerGroupHeartbeatRequest } from '../../../protocol/messages/68-consumer-group-heartbeat.ts'
import type { Infer, Uuid } from '../../../protocol/schema.ts'
import type { Cluster, ClusterMetadata } from '../../cluster/cluster.ts'

/** What it sees of the cluster. */
export interface ModelWorld extends Pick<Cluster, 'clock'> {
  readonly metadata: Pick<ClusterMetadata, 'topic'>
}

type Request = Infer<typeof consumerGroupHeartbeatRequest>

interface ModelMember {
  readonly id: string
  readonly instanceId: string | null
  epoch: number
  previousEpoch: number
  names: readonly string[]
  seenMs: number
  /** Granted, and taken back but not yet given up; as `id partition`. */
  granted: Set<string>
  revoking: Set<string>
  revokingSinceMs: number
  rebalanceTimeoutMs: number
  /** What it was last told. */
  told: string | null
}

const HEARTBEAT_INTERVAL_MS = 5000
const SESSION_TIMEOUT_MS = 45_000

export class ConsumerGroupModel {
  readonly members = new Map<string, ModelMember>()
  epoch = 0
  readonly #cluster: ModelWorld

  constructor(cluster: ModelWorld) {
    this.#cluster = cluster
  }

  /** Answers a heartbeat. */
  heartbeat(request: Request): object {
    this.#expire()
    const { memberId, memberEpoch, instanceId } = request
    if (memberEpoch < 0) return this.#leave(request)
    const known = this.members.get(memberId)
    if (memberEpoch > 0 && known === undefined) return refusal(ErrorCode.UNKNOWN_MEMBER_ID)
    const member = memberEpoch === 0 ? this.#joined(request, known) : known!
    const isFenced = memberEpoch !== member.epoch && memberEpoch !== member.previousEpoch
    if (memberEpoch > 0 && isFenced) return refusal(ErrorCode.FENCED_MEMBER_EPOCH)
    if (instanceId !== member.instanceId) return refusal(ErrorCode.UNKNOWN_MEMBER_ID)
    member.seenMs = this.#nowMs
    if (request.subscribedTopicNames !== null) this.#subscribe(member, request.subscribedTopicNames)
    if (request.topicPartitions !== null) this.#owns(member, request.topicPartitions)
    this.#reconcile(member)
    return this.#answer(member, memberEpoch === 0 || request.topicPartitions !== null)
  }

  /** A member is out without having been told. */
  expel(memberId: string): void {
    this.members.delete(memberId)
    this.epoch++
  }

  get #nowMs(): number {
    return this.#cluster.clock.nowMs()
  }

  #joined(request: Request, known: ModelMember | undefined): ModelMember {
    const { memberId, instanceId, rebalanceTimeoutMs } = request
    if (known !== undefined) this.members.delete(memberId)
    const predecessor = [...this.members.values()].find((member) => {
      return instanceId !== null && member.instanceId === instanceId
    })
    if (predecessor !== undefined) this.members.delete(predecessor.id)
    const member: ModelMember = {
      id: memberId,
      instanceId,
      epoch: 0,
      previousEpoch: 0,
      names: [],
      seenMs: this.#nowMs,
      granted: new Set(),
      revoking: new Set(),
      revokingSinceMs: 0,
      rebalanceTimeoutMs,
      told: null,
    }
    this.members.set(memberId, member)
    this.epoch++
    return member
  }

  #leave({ memberId, memberEpoch }: Request): object {
    if (!this.members.has(memberId)) return refusal(ErrorCode.UNKNOWN_MEMBER_ID)
    this.expel(memberId)
    return { errorCode: 0, errorMessage: null, memberId, memberEpoch, assignment: null }
  }

  #expire(): void {
    for (const member of this.members.values()) {
      const isSilent = this.#nowMs - member.seenMs > SESSION_TIMEOUT_MS
      const isRevoking = member.revoking.size > 0
      const isSlow = isRevoking && this.#nowMs - member.revokingSinceMs > member.rebalanceTimeoutMs
      if (isSilent || isSlow) this.expel(member.id)
    }
  }

  #subscribe(member: ModelMember, names: readonly string[]): void {
    if (names.join() === member.names.join()) return
    member.names = names
    this.epoch++
  }

  #owns(member: ModelMember, owned: NonNullable<Request['topicPartitions']>): void {
    const keys = new Set(owned.flatMap(({ topicId, partitions }) => keysOf(topicId, partitions)))
    for (const key of member.revoking) if (!keys.has(key)) member.revoking.delete(key)
  }

  /** Topic by topic, the partitions in turn to those who named it. */
  #target(member: ModelMember): Set<string> {
    const target = new Set<string>()
    const names = new Set([...this.members.values()].flatMap((each) => each.names))
    for (const name of [...names].sort()) {
      const topic = this.#cluster.metadata.topic(name)
      const sharers = [...this.members.values()].filter((each) => each.names.includes(name))
      const turn = sharers
        .map(({ id }) => id)
        .sort()
        .indexOf(member.id)
      if (topic === undefined || turn < 0) continue
      for (const { partition } of topic.partitions) {
        if (partition % sharers.length === turn) target.add(`${topic.id} ${partition}`)
      }
    }
    return target
  }

  #reconcile(member: ModelMember): void {
    if (member.revoking.size > 0) return
    const target = this.#target(member)
    const going = [...member.granted].filter((key) => !target.has(key))
    if (going.length > 0) {
      for (const key of going) member.granted.delete(key)
      member.revoking = new Set(going)
      member.revokingSinceMs = this.#nowMs
      return
    }
    if (member.epoch !== this.epoch) {
      member.previousEpoch = member.epoch
      member.epoch = this.epoch
    }
    const taken = new Set<string>()
    for (const other of this.members.values()) {
      if (other !== member) for (const key of [...other.granted, ...other.revoking]) taken.add(key)
    }
    for (const key of target) if (!taken.has(key)) member.granted.add(key)
  }

  #answer(member: ModelMember, isWhole: boolean): object {
    const told = [...member.granted].sort().join()
    const topics = new Map<Uuid, number[]>()
    for (const key of member.granted) {
      const [id, partition] = key.split(' ') as [string, string]
      const numbers = topics.get(id) ?? []
      numbers.push(Number(partition))
      topics.set(id, numbers)
    }
    const topicPartitions = [...topics].map(([topicId, partitions]) => ({ topicId, partitions }))
    const isNew = isWhole || told !== member.told
    member.told = told
    return {
      errorCode: 0,
      errorMessage: null,
      memberId: member.id,
      memberEpoch: member.epoch,
      heartbeatIntervalMs: HEARTBEAT_INTERVAL_MS,
      assignment: isNew ? { topicPartitions } : null,
    }
  }
}

function keysOf(topicId: Uuid, partitions: readonly number[]): string[] {
  return partitions.map((partition) => `${topicId} ${partition}`)
}

function refusal(errorCode: number): object {
  return { errorCode, errorMessage: null, memberId: null, memberEpoch: 0, assignment: null }
}
