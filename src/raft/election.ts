/**
 * What a node must not forget of an election: the epoch, for whom it voted, who leads. It is the
 * `quorum-state` file: one line of JSON with Kafka's field names, in version 0 (kraft.version 0) or
 * 1 (KIP-853).
 */
import { ZERO_UUID } from '../base/uuid.ts'
import { NO_NODE, type ReplicaKey } from './quorum.ts'

export const QUORUM_STATE_FILE = 'quorum-state'

export interface Election {
  readonly epoch: number
  /** -1 while nobody is known to lead. */
  readonly leaderId: number
  /** For whom this node voted in the epoch; null for nobody. */
  readonly vote: ReplicaKey | null
}

export const NO_ELECTION: Election = { epoch: 0, leaderId: NO_NODE, vote: null }

/** The file's text; version 0 also lists the voters. */
export function encodeElection(
  election: Election,
  dataVersion: number,
  voterIds: readonly number[],
): string {
  const { epoch: leaderEpoch, leaderId, vote } = election
  const votedId = vote?.id ?? NO_NODE
  if (dataVersion === 0) {
    const currentVoters = voterIds.map((voterId) => ({ voterId }))
    return JSON.stringify({
      clusterId: '',
      leaderId,
      leaderEpoch,
      votedId,
      appliedOffset: 0,
      currentVoters,
      data_version: dataVersion,
    })
  }
  const votedDirectoryId = vote?.directoryId ?? ZERO_UUID
  return JSON.stringify({ leaderId, leaderEpoch, votedId, votedDirectoryId, data_version: 1 })
}

/** Reads the file's text. Throws with the reason where it is not a quorum state of Kafka's. */
export function decodeElection(text: string): Election {
  const fields: unknown = JSON.parse(text.split('\n', 1)[0]!)
  if (typeof fields !== 'object' || fields === null) throw new Error('it is not a JSON object')
  const state = fields as Record<string, unknown>
  const dataVersion = state['data_version']
  if (dataVersion !== 0 && dataVersion !== 1) {
    throw new Error(`its data_version is ${String(dataVersion)}; 0 and 1 are known`)
  }
  const votedId = integer(state, 'votedId')
  const votedDirectoryId = state['votedDirectoryId']
  const directoryId = typeof votedDirectoryId === 'string' ? votedDirectoryId : ZERO_UUID
  return {
    epoch: Math.max(integer(state, 'leaderEpoch'), 0),
    leaderId: integer(state, 'leaderId'),
    vote: votedId === NO_NODE ? null : { id: votedId, directoryId },
  }
}

function integer(state: Record<string, unknown>, name: string): number {
  const value = state[name]
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new Error(`its ${name} is ${JSON.stringify(value)} instead of an integer`)
  }
  return value
}

export function isSameElection(a: Election, b: Election): boolean {
  return (
    a.epoch === b.epoch &&
    a.leaderId === b.leaderId &&
    a.vote?.id === b.vote?.id &&
    a.vote?.directoryId === b.vote?.directoryId
  )
}
