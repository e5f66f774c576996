/**
 * A member of a classic group: what it said when it joined, what the leader gave it, and which of
 * its requests waits for the others.
 */
import type { DeadlineHandle } from '../../../base/deadlines.ts'
import type { JoinGroupResponse } from '../../../protocol/messages/11-join-group.ts'
import type { SyncGroupResponse } from '../../../protocol/messages/14-sync-group.ts'
import type { GroupTimer } from '../timers.ts'

/** Where an answer goes, and in which version. */
export interface Waiter<Response> {
  readonly apiVersion: number
  readonly reply: (response: Response) => void
}

/** One way to share partitions that a member knows, with its metadata for it. */
export interface MemberProtocol {
  readonly name: string
  readonly metadata: Uint8Array
}

export const EMPTY_ASSIGNMENT = new Uint8Array(0)

/** What makes a member. */
export interface MemberFields {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly rebalanceTimeoutMs: number
  readonly sessionTimeoutMs: number
  readonly protocols: readonly MemberProtocol[]
  readonly assignment: Uint8Array
}

export class ClassicMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  rebalanceTimeoutMs: number
  sessionTimeoutMs: number
  /** In the member's order of preference. After a load: only the one that the group had chosen. */
  protocols: readonly MemberProtocol[]
  assignment: Uint8Array
  /** Its first JoinGroup is not answered yet: it can't heartbeat, and may be gone. */
  isNew = false
  awaitingJoin: Waiter<JoinGroupResponse> | null = null
  awaitingSync: Waiter<SyncGroupResponse> | null = null
  session: DeadlineHandle<GroupTimer> | null = null

  constructor(fields: MemberFields) {
    this.memberId = fields.memberId
    this.groupInstanceId = fields.groupInstanceId
    this.clientId = fields.clientId
    this.clientHost = fields.clientHost
    this.rebalanceTimeoutMs = fields.rebalanceTimeoutMs
    this.sessionTimeoutMs = fields.sessionTimeoutMs
    this.protocols = fields.protocols
    this.assignment = fields.assignment
  }

  /** Its metadata for a protocol that it supports. */
  metadata(protocolName: string): Uint8Array | null {
    for (const protocol of this.protocols) {
      if (protocol.name === protocolName) return protocol.metadata
    }
    return null
  }

  /**
   * A member that waits for the others is alive, whatever its clock says; a new one may be gone.
   */
  hasSatisfiedHeartbeat(): boolean {
    return !this.isNew && (this.awaitingJoin !== null || this.awaitingSync !== null)
  }

  /** Whether it said the same before, in the same order. */
  matches(protocols: readonly MemberProtocol[]): boolean {
    if (protocols.length !== this.protocols.length) return false
    return protocols.every((protocol, index) => {
      const known = this.protocols[index]!
      return protocol.name === known.name && equalBytes(protocol.metadata, known.metadata)
    })
  }

  /** The protocol that it likes best among those that all support. */
  vote(candidates: ReadonlySet<string>): string | null {
    for (const protocol of this.protocols) {
      if (candidates.has(protocol.name)) return protocol.name
    }
    return null
  }
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return false
  }
  return true
}
