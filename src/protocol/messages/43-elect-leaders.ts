/**
 * ElectLeaders (API key 43). Elects leaders of partitions.
 *
 * 0: the preferred ones (KIP-183). 1: also unclean elections (KIP-460).
 */
import { array, type Infer, type Input, int8, int16, int32, message, string } from '../schema.ts'

export const electLeadersRequest = message(
  'ElectLeadersRequest',
  { apiKey: 43, versions: '0-2', flexible: '2+', listeners: ['broker', 'controller'] },
  {
    electionType: int8({ versions: '1+' }),
    topicPartitions: array(
      {
        topic: string(),
        partitions: array(int32()),
      },
      { nullable: '0+' },
    ),
    timeoutMs: int32({ default: 60000 }),
  },
)
export type ElectLeadersRequest = Infer<typeof electLeadersRequest>

export const electLeadersResponse = message(
  'ElectLeadersResponse',
  { apiKey: 43, versions: '0-2', flexible: '2+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16({ versions: '1+' }),
    replicaElectionResults: array({
      topic: string(),
      partitionResult: array({
        partitionId: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+' }),
      }),
    }),
  },
)
export type ElectLeadersResponse = Input<typeof electLeadersResponse>
