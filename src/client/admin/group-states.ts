/** Types and states of groups, as Kafka names them. */

/** The kinds of groups. */
export type GroupType = 'classic' | 'consumer' | 'share' | 'streams'

export const GROUP_TYPES: readonly GroupType[] = ['classic', 'consumer', 'share', 'streams']

/** What a group does. */
export type GroupState =
  | ('PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead' | 'Empty')
  | ('Assigning' | 'Reconciling' | 'NotReady' | 'Unknown')

/** All states that can be asked for. */
export const GROUP_STATES: readonly GroupState[] = [
  'PreparingRebalance',
  'CompletingRebalance',
  'Stable',
  'Dead',
  'Empty',
  'Assigning',
  'Reconciling',
  'NotReady',
]

/** The state that a broker names; one that only a newer broker has is unknown. */
export function groupStateOf(name: string): GroupState {
  return GROUP_STATES.find((state) => state === name) ?? 'Unknown'
}

/** The type that a broker names, in whatever case; null where it names none that is known. */
export function groupTypeOf(name: string): GroupType | null {
  return GROUP_TYPES.find((type) => type === name.toLowerCase()) ?? null
}
