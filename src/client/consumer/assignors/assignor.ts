/**
 * What an assignor of the classic protocol is: a pure function from the members' subscriptions and
 * the partitions of their topics to who owns what. The leader of a generation runs the one that
 * all members know, so what it reads and writes has to mean the same in every client's language.
 */
import type { TopicPartition } from '../../topic.ts'

/** A partition of a topic to assign, with the racks of its replicas (KIP-881). */
export interface AssignablePartition {
  readonly partition: number
  /** Empty where the brokers tell none. */
  readonly racks: readonly string[]
}

/** What a member said of itself when it joined. */
export interface MemberSubscription {
  readonly topics: readonly string[]
  /** What its assignor had to say (`Assignor.userData`); null for nothing. */
  readonly userData: Uint8Array | null
  /** What it owns while it joins (version 1, KIP-429); empty in eager groups. */
  readonly ownedPartitions: readonly TopicPartition[]
  /** The generation in which it got them (version 2, KIP-792); -1 for none. */
  readonly generationId: number
  /** Version 3 (KIP-881). */
  readonly rackId: string | null
  readonly groupInstanceId: string | null
}

/** What an assignor deals out, and to whom. */
export interface AssignorInput {
  /** The topics that exist, with their partitions by number. */
  readonly partitionsPerTopic: ReadonlyMap<string, readonly AssignablePartition[]>
  /** By member id. */
  readonly members: ReadonlyMap<string, MemberSubscription>
}

/** What each member gets, by member id; there is an entry for each member. */
export type GroupAssignment = Map<string, TopicPartition[]>

/** What an assignor may tell itself across generations, through its members' subscriptions. */
export interface OwnAssignment {
  readonly partitions: readonly TopicPartition[]
  readonly generationId: number
}

/** A strategy of assignment. Any object of this form can be given to a consumer. */
export interface Assignor {
  /** What members of a group agree on, as `range`. */
  readonly name: string
  /**
   * Eager members give up all partitions before they join; cooperative ones keep what they have,
   * and the assignor must not give away what another member still owns (KIP-429).
   */
  readonly protocols: readonly ('eager' | 'cooperative')[]
  assign(input: AssignorInput): GroupAssignment
  /**
   * What goes into the subscription; `last` is what this member was last assigned, or null.
   * Without it there is nothing.
   */
  userData?(topics: readonly string[], last: OwnAssignment | null): Uint8Array | null
}
