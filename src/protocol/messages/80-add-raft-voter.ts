/**
 * AddRaftVoter (API key 80). Adds a voter to the raft quorum.
 *
 * 1: whether the answer waits for the commit (KIP-1186). KIP-853.
 */
import {
  array,
  bool,
  type Infer,
  type Input,
  int16,
  int32,
  message,
  string,
  uint16,
  uuid,
} from '../schema.ts'

export const addRaftVoterRequest = message(
  'AddRaftVoterRequest',
  { apiKey: 80, versions: '0-1', flexible: '0+', listeners: ['controller', 'broker'] },
  {
    clusterId: string({ nullable: '0+' }),
    timeoutMs: int32(),
    voterId: int32(),
    voterDirectoryId: uuid(),
    listeners: array({
      name: string(),
      host: string(),
      port: uint16(),
    }),
    ackWhenCommitted: bool({ versions: '1+', default: true }),
  },
)
export type AddRaftVoterRequest = Infer<typeof addRaftVoterRequest>

export const addRaftVoterResponse = message(
  'AddRaftVoterResponse',
  { apiKey: 80, versions: '0-1', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+', ignorable: true }),
  },
)
export type AddRaftVoterResponse = Input<typeof addRaftVoterResponse>
