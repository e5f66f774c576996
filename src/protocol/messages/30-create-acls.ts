/**
 * CreateAcls (API key 30). Adds access control entries.
 *
 * 1: pattern types (KIP-290). 3: users as resources (KIP-373). KIP-140.
 */
import { array, type Infer, type Input, int8, int16, int32, message, string } from '../schema.ts'

export const createAclsRequest = message(
  'CreateAclsRequest',
  { apiKey: 30, versions: '1-3', flexible: '2+', listeners: ['broker', 'controller'] },
  {
    creations: array({
      resourceType: int8(),
      resourceName: string(),
      resourcePatternType: int8({ versions: '1+', default: 3 }),
      principal: string(),
      host: string(),
      operation: int8(),
      permissionType: int8(),
    }),
  },
)
export type CreateAclsRequest = Infer<typeof createAclsRequest>

export const createAclsResponse = message(
  'CreateAclsResponse',
  { apiKey: 30, versions: '1-3', flexible: '2+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    results: array({
      errorCode: int16(),
      errorMessage: string({ nullable: '0+' }),
    }),
  },
)
export type CreateAclsResponse = Input<typeof createAclsResponse>
