/**
 * ListGroups (API key 16). Lists the groups that a broker coordinates.
 *
 * 4: states, also as a filter (KIP-518). 5: types, also as a filter (KIP-848).
 */
import { array, type Infer, type Input, int16, int32, message, string } from '../schema.ts'

export const listGroupsRequest = message(
  'ListGroupsRequest',
  { apiKey: 16, versions: '0-5', flexible: '3+', listeners: ['broker'] },
  {
    statesFilter: array(string(), { versions: '4+' }),
    typesFilter: array(string(), { versions: '5+' }),
  },
)
export type ListGroupsRequest = Infer<typeof listGroupsRequest>

export const listGroupsResponse = message(
  'ListGroupsResponse',
  { apiKey: 16, versions: '0-5', flexible: '3+' },
  {
    throttleTimeMs: int32({ versions: '1+', default: 0, ignorable: true }),
    errorCode: int16(),
    groups: array({
      groupId: string(),
      protocolType: string(),
      groupState: string({ versions: '4+', ignorable: true }),
      groupType: string({ versions: '5+', ignorable: true }),
    }),
  },
)
export type ListGroupsResponse = Input<typeof listGroupsResponse>
