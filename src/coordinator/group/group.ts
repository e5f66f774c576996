/**
 * What every kind of group answers, whoever its members are: the APIs of offsets and of admin
 * tools work on any group. `Group` is the union of the kinds; `type` tells them apart.
 */
import type { ErrorCode } from '../../protocol/errors.ts'
import type { ClassicGroup } from './classic/group.ts'

/** Kinds of groups, in ListGroups' words. */
export type GroupType = 'classic' | 'consumer' | 'share' | 'streams'

/** A group of any kind that this coordinator runs. */
export type Group = ClassicGroup

/** Who commits offsets, as far as a group needs to know to accept it. */
export interface Committer {
  readonly memberId: string
  readonly groupInstanceId: string | null
  /** Generation of a classic group, member epoch of the newer kinds; negative for neither. */
  readonly generationIdOrMemberEpoch: number
}

export interface AnyGroup {
  readonly type: GroupType
  readonly groupId: string
  /** The state, in DescribeGroups' and ListGroups' words. */
  readonly state: string
  readonly protocolType: string | null
  /** No members; offsets alone keep it. */
  isEmpty(): boolean
  /** Whether these offsets may be committed. */
  validateOffsetCommit(committer: Committer, isTransactional: boolean): ErrorCode
  validateOffsetDelete(): ErrorCode
  validateDelete(): ErrorCode
  /** Whether members read the topic, so that its offsets are in use. */
  isSubscribedTo(topic: string): boolean
  /**
   * From when on the retention of an offset counts (KIP-211), given when it was committed; null
   * while offsets of this group don't expire.
   */
  offsetRetentionStartMs(commitTimestampMs: number): number | null
}
