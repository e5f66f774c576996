/**
 * RemoveRaftVoter (API key 81). Takes a voter out of the raft quorum.
 *
 * KIP-853.
 */
import { type Infer, type Input, int16, int32, message, string, uuid } from '../schema.ts'

export const removeRaftVoterRequest = message(
  'RemoveRaftVoterRequest',
  { apiKey: 81, versions: '0', flexible: '0+', listeners: ['controller', 'broker'] },
  {
    clusterId: string({ nullable: '0+' }),
    voterId: int32(),
    voterDirectoryId: uuid(),
  },
)
export type RemoveRaftVoterRequest = Infer<typeof removeRaftVoterRequest>

export const removeRaftVoterResponse = message(
  'RemoveRaftVoterResponse',
  { apiKey: 81, versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+', ignorable: true }),
  },
)
export type RemoveRaftVoterResponse = Input<typeof removeRaftVoterResponse>
