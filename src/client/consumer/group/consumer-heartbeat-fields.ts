/**
 * What a heartbeat of KIP-848 says: everything when a member joins or an answer went missing, and
 * else only what has changed since the last one, which is most often nothing.
 */
import type { consumerGroupHeartbeatRequest } from '../../../protocol/messages/68-consumer-group-heartbeat.ts'
import type { Input, Uuid } from '../../../protocol/schema.ts'
import type { GroupOptions } from './membership.ts'

/** Partitions by topic id, ascending. `epoch` counts the targets of this client. */
export interface IdAssignment {
  readonly epoch: number
  readonly partitions: ReadonlyMap<Uuid, readonly number[]>
}

export interface MemberState {
  readonly memberId: string
  readonly memberEpoch: number
  readonly isJoining: boolean
  readonly names: readonly string[]
  /** Null for none; then an empty one takes an earlier one back. */
  readonly serverPattern: string | null
  /** What it has acknowledged or is about to. */
  readonly assignment: IdAssignment | null
}

type Body = Input<typeof consumerGroupHeartbeatRequest>

export class HeartbeatFields {
  readonly #options: GroupOptions
  #names: string | null = null
  #pattern: string | null = null
  #assignmentEpoch: number | null = null
  #hasSentFixed = false

  constructor(options: GroupOptions) {
    this.#options = options
  }

  /** The last one may not have come to the broker: says all again. */
  reset(): void {
    this.#names = null
    this.#pattern = null
    this.#assignmentEpoch = null
    this.#hasSentFixed = false
  }

  next(member: MemberState): Body {
    const { groupId, instanceId, rack, rebalanceTimeoutMs, serverAssignor } = this.#options
    const { memberId, memberEpoch, isJoining, names, serverPattern, assignment } = member
    const saysFixed = isJoining || !this.#hasSentFixed
    const saysNames = isJoining || this.#names !== names.join()
    const saysPattern =
      this.#pattern !== serverPattern && (serverPattern !== null || this.#pattern !== null)
    const epoch = assignment?.epoch ?? -1
    const saysAssignment = isJoining || this.#assignmentEpoch !== epoch
    this.#hasSentFixed = true
    this.#names = names.join()
    this.#assignmentEpoch = epoch
    const body: Body = {
      groupId,
      memberId,
      memberEpoch,
      instanceId,
      rackId: isJoining ? rack : null,
      rebalanceTimeoutMs: saysFixed ? rebalanceTimeoutMs : -1,
      subscribedTopicNames: saysNames ? names : null,
      subscribedTopicRegex:
        saysPattern || (isJoining && serverPattern !== null) ? (serverPattern ?? '') : null,
      serverAssignor: saysFixed ? serverAssignor : null,
      topicPartitions: saysAssignment ? listed(assignment) : null,
    }
    this.#pattern = serverPattern
    return body
  }
}

function listed(assignment: IdAssignment | null) {
  return [...(assignment?.partitions ?? [])].map(([topicId, partitions]) => {
    return { topicId, partitions }
  })
}

/** The same partitions of the same topics. */
export function samePartitions(a: IdAssignment['partitions'], b: IdAssignment['partitions']) {
  if (a.size !== b.size) return false
  for (const [id, partitions] of a) if (partitions.join() !== b.get(id)?.join()) return false
  return true
}
