/**
 * The `quorum-state` file of a raft log: epoch, vote and leader as of the last change, in JSON. 0
 * is for static voters, 1 for those kept in the log (KIP-595, KIP-853).
 */
import { array, type Infer, int32, int64, message, string, uuid } from '../schema.ts'

export const quorumStateData = message(
  'QuorumStateData',
  { versions: '0-1', flexible: '0+' },
  {
    clusterId: string({ versions: '0' }),
    leaderId: int32({ default: -1 }),
    leaderEpoch: int32({ default: -1 }),
    votedId: int32({ default: -1 }),
    votedDirectoryId: uuid({ versions: '1+' }),
    appliedOffset: int64({ versions: '0' }),
    currentVoters: array(
      {
        voterId: int32({ versions: '0' }),
      },
      { versions: '0', nullable: '0' },
    ),
  },
)
export type QuorumStateData = Infer<typeof quorumStateData>
