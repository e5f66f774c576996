/**
 * DeleteGroups (API key 42). Deletes groups without members, with their offsets.
 *
 * KIP-229.
 */
import { array, type Infer, type Input, int16, int32, message, string } from '../schema.ts'

export const deleteGroupsRequest = message(
  'DeleteGroupsRequest',
  { apiKey: 42, versions: '0-2', flexible: '2+', listeners: ['broker'] },
  {
    groupsNames: array(string()),
  },
)
export type DeleteGroupsRequest = Infer<typeof deleteGroupsRequest>

export const deleteGroupsResponse = message(
  'DeleteGroupsResponse',
  { apiKey: 42, versions: '0-2', flexible: '2+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    results: array({
      groupId: string(),
      errorCode: int16(),
    }),
  },
)
export type DeleteGroupsResponse = Input<typeof deleteGroupsResponse>
