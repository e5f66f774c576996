/**
 * DescribeAcls (API key 29). Lists access control entries.
 *
 * 1: pattern types (KIP-290). 3: users as resources (KIP-373). KIP-140.
 */
import { array, type Infer, type Input, int8, int16, int32, message, string } from '../schema.ts'

export const describeAclsRequest = message(
  'DescribeAclsRequest',
  { apiKey: 29, versions: '1-3', flexible: '2+', listeners: ['broker', 'controller'] },
  {
    resourceTypeFilter: int8(),
    resourceNameFilter: string({ nullable: '0+' }),
    patternTypeFilter: int8({ versions: '1+', default: 3 }),
    principalFilter: string({ nullable: '0+' }),
    hostFilter: string({ nullable: '0+' }),
    operation: int8(),
    permissionType: int8(),
  },
)
export type DescribeAclsRequest = Infer<typeof describeAclsRequest>

export const describeAclsResponse = message(
  'DescribeAclsResponse',
  { apiKey: 29, versions: '1-3', flexible: '2+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+' }),
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      patternType: int8({ versions: '1+', default: 3 }),
      acls: array({
        principal: string(),
        host: string(),
        operation: int8(),
        permissionType: int8(),
      }),
    }),
  },
)
export type DescribeAclsResponse = Input<typeof describeAclsResponse>
