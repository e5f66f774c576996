/**
 * The requests of a classic member to its coordinator, over a channel of its own: a join waits at
 * the broker for other members, and may hold up nobody but itself.
 */

import { ErrorCode } from '../../../protocol/errors.ts'
import { joinGroupRequest, joinGroupResponse } from '../../../protocol/messages/11-join-group.ts'
import { leaveGroupRequest, leaveGroupResponse } from '../../../protocol/messages/13-leave-group.ts'
import { syncGroupRequest, syncGroupResponse } from '../../../protocol/messages/14-sync-group.ts'
import type { Infer, Input, Message } from '../../../protocol/schema.ts'
import { Deadline } from '../../call.ts'
import type { Call, Cluster, RequestOptions } from '../../cluster/cluster.ts'
import { KafkaError } from '../../kafka-error.ts'
import type { TopicPartition } from '../../topic.ts'
import type { OwnAssignment } from '../assignors/assignor.ts'
import { CONSUMER_PROTOCOL_TYPE, encodeSubscription } from './consumer-protocol.ts'
import type { GroupOptions } from './membership.ts'

/** A member in a generation; `id` is -1 in none, and `memberId` empty before there is one. */
export interface Generation {
  readonly id: number
  readonly memberId: string
  readonly protocol: string | null
}

export const NO_GENERATION: Generation = { id: -1, memberId: '', protocol: null }

/** Beyond the rebalance timeout, until a join that was not answered is given up. */
const JOIN_LAPSE_MS = 5000
/** What brokers take of a reason (KIP-800). */
const REASON_CHARS = 255
/** The first versions with static members (KIP-345). */
const STATIC_JOIN_VERSION = 5
const STATIC_VERSION = 3
const BATCHED_LEAVE_VERSION = 3

const JOIN = { request: joinGroupRequest, response: joinGroupResponse }
const SYNC = { request: syncGroupRequest, response: syncGroupResponse }
const LEAVE = { request: leaveGroupRequest, response: leaveGroupResponse }

export interface Joining {
  readonly generation: Generation
  readonly topics: readonly string[]
  readonly owned: readonly TopicPartition[]
  /** By name of the assignor. */
  readonly lastAssigned: ReadonlyMap<string, OwnAssignment>
  readonly reason: string
}

export class ClassicCoordinator {
  readonly channel: string
  readonly #cluster: Cluster
  readonly #options: GroupOptions
  readonly #signal: AbortSignal
  /** How often it was given up. */
  #losses = 0

  /** `signal` ends all requests but that of leaving. */
  constructor(cluster: Cluster, options: GroupOptions, signal: AbortSignal) {
    this.#cluster = cluster
    this.#options = options
    this.#signal = signal
    this.channel = `group-${cluster.random.uuid()}`
  }

  find(deadline: Deadline = this.#deadline()): Promise<number> {
    return this.#cluster.coordinator('group', this.#options.groupId, deadline)
  }

  /** It is another broker by now. */
  forget(): void {
    this.#cluster.forgetCoordinator('group', this.#options.groupId)
  }

  /** It does not answer. */
  lose(): void {
    this.#losses++
    this.forget()
    this.#cluster.closeChannel(this.channel)
  }

  /** Whether a request failed since the coordinator could not be reached. */
  noteFailure(error: unknown): boolean {
    if (!(error instanceof KafkaError)) return false
    if (error.code === 'NETWORK_ERROR') this.forget()
    else if (error.code === 'TIMED_OUT') this.lose()
    else return false
    return true
  }

  async join(joining: Joining): Promise<Infer<typeof joinGroupResponse>> {
    const { groupId, instanceId, sessionTimeoutMs, rebalanceTimeoutMs } = this.#options
    const waitMs = rebalanceTimeoutMs + JOIN_LAPSE_MS
    const body: Input<typeof joinGroupRequest> = {
      groupId,
      sessionTimeoutMs,
      rebalanceTimeoutMs,
      memberId: joining.generation.memberId,
      groupInstanceId: instanceId,
      protocolType: CONSUMER_PROTOCOL_TYPE,
      protocols: this.#protocols(joining),
      reason: joining.reason.slice(0, REASON_CHARS),
    }
    const minVersion = instanceId === null ? 0 : STATIC_JOIN_VERSION
    const answer = await this.#request(JOIN, body, {
      deadline: this.#deadline(Math.max(waitMs, this.#cluster.requestTimeoutMs)),
      brokerWaitMs: waitMs,
      minVersion,
    })
    if (answer.errorCode === 0) checkType(answer.protocolType)
    return answer
  }

  async sync(
    generation: Generation,
    assignments: readonly { memberId: string; assignment: Uint8Array }[],
  ): Promise<Infer<typeof syncGroupResponse>> {
    const answer = await this.send(SYNC, {
      groupId: this.#options.groupId,
      generationId: generation.id,
      memberId: generation.memberId,
      groupInstanceId: this.#options.instanceId,
      protocolType: CONSUMER_PROTOCOL_TYPE,
      protocolName: generation.protocol,
      assignments,
    })
    if (answer.errorCode === 0) checkType(answer.protocolType)
    return answer
  }

  /** A request that the coordinator answers at once, or nearly. */
  send<Q extends Message, R extends Message>(call: Call<Q, R>, body: Input<Q>): Promise<Infer<R>> {
    const minVersion = this.#options.instanceId === null ? 0 : STATIC_VERSION
    return this.#request(call, body, { deadline: this.#deadline(), minVersion })
  }

  async #request<Q extends Message, R extends Message>(
    call: Call<Q, R>,
    body: Input<Q>,
    options: RequestOptions,
  ): Promise<Infer<R>> {
    const { channel } = this
    const coordinator = await this.find()
    const losses = this.#losses
    try {
      return (await this.#cluster.request(coordinator, call, body, { ...options, channel })).body
    } catch (error) {
      const isClosed = error instanceof KafkaError && error.code === 'CLOSED'
      if (!isClosed || losses === this.#losses) throw error
      // It was us who closed the connection, and not for good.
      throw new KafkaError('NETWORK_ERROR', 'the coordinator was given up', { cause: error })
    }
  }

  /** Over the main channel: a join may still wait on the other one. */
  async leave(memberId: string, reason: string, deadline: Deadline): Promise<void> {
    const { groupId } = this.#options
    const body = (version: number) =>
      version < BATCHED_LEAVE_VERSION
        ? { groupId, memberId }
        : { groupId, members: [{ memberId, reason: reason.slice(0, REASON_CHARS) }] }
    const { body: answer } = await this.#cluster.request(await this.find(deadline), LEAVE, body, {
      deadline,
    })
    const errorCode = answer.errorCode || (answer.members[0]?.errorCode ?? 0)
    if (errorCode !== 0 && errorCode !== ErrorCode.UNKNOWN_MEMBER_ID) {
      throw KafkaError.ofCode(errorCode, null, { api: 'LeaveGroup', groupId })
    }
  }

  #protocols({ generation, topics, owned, lastAssigned }: Joining) {
    return this.#options.assignors.map((assignor) => {
      const userData = assignor.userData?.(topics, lastAssigned.get(assignor.name) ?? null) ?? null
      const metadata = encodeSubscription({
        topics,
        userData,
        ownedPartitions: owned,
        generationId: generation.id,
        rackId: this.#options.rack,
      })
      return { name: assignor.name, metadata }
    })
  }

  #deadline(timeoutMs: number = this.#cluster.requestTimeoutMs): Deadline {
    const what = `membership in group ${this.#options.groupId}`
    return new Deadline(this.#cluster.clock, what, timeoutMs, { signal: this.#signal })
  }
}

/** From version 7 and 5 on the broker says what kind of group it is (KIP-559). */
function checkType(protocolType: string | null): void {
  if (protocolType === null || protocolType === CONSUMER_PROTOCOL_TYPE) return
  throw KafkaError.ofCode(ErrorCode.INCONSISTENT_GROUP_PROTOCOL, `it is one of ${protocolType}`)
}
