/** kafkajs's admin: rules of access, by its numbers. */
import type { AclDescription, AclFilter as NativeFilter } from '../admin/acls.ts'
import { aclOperations, aclPermissions, patternTypes, resourceTypes } from '../admin/names.ts'
import { type AdminCall, valuesOf } from './admin-call.ts'
import type {
  AclEntry,
  AclFilter,
  DeleteAclResponse,
  DescribeAclResource,
  DescribeAclResponse,
} from './admin-types.ts'
import type {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  ResourcePatternTypes,
} from './constants.ts'
import { KafkaJSNonRetriableError } from './errors.ts'
import { translated } from './translated.ts'

/** The native name of a number; 0 and numbers without a name are refused. */
function nameIn<N extends string>(
  table: { name(code: number): N | 'UNKNOWN' },
  what: string,
  code: number,
): N {
  const name = table.name(code)
  if (name !== 'UNKNOWN') return name
  throw new KafkaJSNonRetriableError(`Invalid ${what} ${code}`)
}

const codeIn = <N extends string>(table: { code(name: N): number }, name: N | 'UNKNOWN') =>
  name === 'UNKNOWN' ? 0 : table.code(name)

function checkText(what: string, value: unknown): void {
  if (typeof value === 'string') return
  throw new KafkaJSNonRetriableError(`Invalid ACL array, the ${what} have to be a valid string`)
}

export async function createAcls(
  { native, timeoutMs }: AdminCall,
  acl: readonly AclEntry[],
): Promise<boolean> {
  if (!Array.isArray(acl)) throw new KafkaJSNonRetriableError(`Invalid ACL array ${acl}`)
  if (acl.length === 0) throw new KafkaJSNonRetriableError('Empty ACL array')
  const rules = (acl as readonly AclEntry[]).map((one) => {
    checkText('principals', one.principal)
    checkText('hosts', one.host)
    checkText('resourceNames', one.resourceName)
    return {
      resourceType: nameIn(resourceTypes, 'resource type', one.resourceType),
      resourceName: one.resourceName,
      patternType: nameIn(patternTypes, 'resource pattern type', one.resourcePatternType),
      principal: one.principal,
      host: one.host,
      operation: nameIn(aclOperations, 'operation type', one.operation),
      permission: nameIn(aclPermissions, 'permission type', one.permissionType),
    }
  })
  valuesOf(await native.createAcls(rules, { timeoutMs }))
  return true
}

function filterOf(filter: AclFilter): NativeFilter {
  return {
    resourceType: nameIn(resourceTypes, 'resource type', filter.resourceType),
    resourceName: filter.resourceName,
    patternType: nameIn(patternTypes, 'resource pattern filter type', filter.resourcePatternType),
    principal: filter.principal,
    host: filter.host,
    operation: nameIn(aclOperations, 'operation type', filter.operation),
    permission: nameIn(aclPermissions, 'permission type', filter.permissionType),
  }
}

function resourceOf(rule: AclDescription) {
  return {
    resourceType: codeIn(resourceTypes, rule.resourceType) as AclResourceTypes,
    resourceName: rule.resourceName,
    resourcePatternType: codeIn(patternTypes, rule.patternType) as ResourcePatternTypes,
  }
}

function aclOf(rule: AclDescription) {
  return {
    principal: rule.principal,
    host: rule.host,
    operation: codeIn(aclOperations, rule.operation) as AclOperationTypes,
    permissionType: codeIn(aclPermissions, rule.permission) as AclPermissionTypes,
  }
}

export async function describeAcls(
  { native, timeoutMs }: AdminCall,
  filter: AclFilter,
): Promise<DescribeAclResponse> {
  const rules = await native.describeAcls(filterOf(filter), { timeoutMs })
  const resources = new Map<string, DescribeAclResource>()
  for (const rule of rules) {
    const resource = resourceOf(rule)
    const key = JSON.stringify(resource)
    const known = resources.get(key) ?? { ...resource, acls: [] }
    known.acls.push(aclOf(rule))
    resources.set(key, known)
  }
  return { throttleTime: 0, errorCode: 0, resources: [...resources.values()] }
}

export async function deleteAcls(
  { native, timeoutMs }: AdminCall,
  filters: readonly AclFilter[],
): Promise<DeleteAclResponse> {
  if (!Array.isArray(filters)) {
    throw new KafkaJSNonRetriableError(`Invalid ACL Filter array ${filters}`)
  }
  if (filters.length === 0) throw new KafkaJSNonRetriableError('Empty ACL Filter array')
  const results = await native.deleteAcls(filters.map(filterOf), { timeoutMs })
  return {
    throttleTime: 0,
    filterResponses: valuesOf(results).map((matching) => ({
      errorCode: 0,
      matchingAcls: [...matching].map((entry) => {
        if (!entry.ok) throw translated(entry.error)
        return { errorCode: 0, ...resourceOf(entry.key), ...aclOf(entry.key) }
      }),
    })),
  }
}
