/**
 * When racks count (KIP-881): some member and some replica share one, and not every partition has
 * replicas on the same racks, since then it makes no difference who reads what.
 */

/** Whether an assignment of these partitions should look at racks. */
export function racksMatter(
  memberRacks: ReadonlySet<string>,
  partitionRacks: readonly ReadonlySet<string>[],
): boolean {
  const all = new Set<string>()
  for (const racks of partitionRacks) for (const rack of racks) all.add(rack)
  if (![...memberRacks].some((rack) => all.has(rack))) return false
  return partitionRacks.some((racks) => racks.size !== all.size)
}

/** The rack that a member told; null where it told none or an empty one. */
export function rackOf(member: { readonly rackId: string | null }): string | null {
  return member.rackId === null || member.rackId === '' ? null : member.rackId
}
