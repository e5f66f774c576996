/**
 * DeleteAcls (API key 31). Deletes access control entries by filter.
 *
 * 1: pattern types (KIP-290). 3: users as resources (KIP-373). KIP-140.
 */
import { array, type Infer, type Input, int8, int16, int32, message, string } from '../schema.ts'

export const deleteAclsRequest = message(
  'DeleteAclsRequest',
  { apiKey: 31, versions: '1-3', flexible: '2+', listeners: ['broker', 'controller'] },
  {
    filters: array({
      resourceTypeFilter: int8(),
      resourceNameFilter: string({ nullable: '0+' }),
      patternTypeFilter: int8({ versions: '1+', default: 3 }),
      principalFilter: string({ nullable: '0+' }),
      hostFilter: string({ nullable: '0+' }),
      operation: int8(),
      permissionType: int8(),
    }),
  },
)
export type DeleteAclsRequest = Infer<typeof deleteAclsRequest>

export const deleteAclsResponse = message(
  'DeleteAclsResponse',
  { apiKey: 31, versions: '1-3', flexible: '2+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    filterResults: array({
      errorCode: int16(),
      errorMessage: string({ nullable: '0+' }),
      matchingAcls: array({
        errorCode: int16(),
        errorMessage: string({ nullable: '0+' }),
        resourceType: int8(),
        resourceName: string(),
        patternType: int8({ versions: '1+', default: 3 }),
        principal: string(),
        host: string(),
        operation: int8(),
        permissionType: int8(),
      }),
    }),
  },
)
export type DeleteAclsResponse = Input<typeof deleteAclsResponse>
