/**
 * What a group shard waits for. A timer of a group or member that is gone does nothing when due.
 */
import type { ClassicGroup } from './classic/group.ts'

export type GroupTimer =
  /** The session of a member, or the time that a pending member has to come back (KIP-394). */
  | { readonly kind: 'session'; readonly group: ClassicGroup; readonly memberId: string }
  /** Members that have not rejoined by then are out. */
  | { readonly kind: 'join'; readonly group: ClassicGroup }
  /** The first rebalance of a group waits a little, so that a fleet that starts joins at once. */
  | {
      readonly kind: 'initial-join'
      readonly group: ClassicGroup
      readonly delayMs: number
      readonly remainingMs: number
    }
  /** Members that have not asked for their assignment by then are out. */
  | { readonly kind: 'sync'; readonly group: ClassicGroup; readonly generationId: number }
  /** Offsets and groups past their retention go. */
  | { readonly kind: 'retention' }
