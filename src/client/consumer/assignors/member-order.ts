/**
 * The order of members that range and round robin deal by: static members first, by instance id,
 * then the others by member id (KIP-345), so that restarts of static members change nothing.
 */
import type { MemberSubscription } from './assignor.ts'
import { inHashOrder } from './java-order.ts'

/** Java's String.compareTo: by UTF-16 units. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

/** Compares two members of a group for dealing. */
export function compareMembers(
  members: ReadonlyMap<string, MemberSubscription>,
): (a: string, b: string) => number {
  return (a, b) => {
    const instanceA = members.get(a)!.groupInstanceId
    const instanceB = members.get(b)!.groupInstanceId
    if (instanceA !== null && instanceB !== null) return compareText(instanceA, instanceB)
    if (instanceA !== null) return -1
    if (instanceB !== null) return 1
    return compareText(a, b)
  }
}

/** Ids of all members, for dealing. Two that claim one instance id keep Java's order of a map. */
export function sortedMembers(members: ReadonlyMap<string, MemberSubscription>): string[] {
  return inHashOrder(members.keys()).sort(compareMembers(members))
}
