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

/** The native name of a number; 0 and numbers without a name are refused, of `whole` if given. */
function nameIn<N extends string>(
  table: { name(code: number): N | 'UNKNOWN' },
  what: string,
  code: number,
  whole?: object,
): N {
  const name = table.name(code)
  if (name !== 'UNKNOWN') return name
  const where = whole === undefined ? '' : `: ${JSON.stringify(whole)}`
  throw new KafkaJSNonRetriableError(`Invalid ${what} ${code}${where}`)
}

const codeIn = <N extends string>(table: { code(name: N): number }, name: N | 'UNKNOWN') =>
  name === 'UNKNOWN' ? 0 : table.code(name)

function checkText(list: string, what: string, value: unknown): void {
  if (typeof value === 'string') return
  throw new KafkaJSNonRetriableError(`Invalid ${list}, the ${what} have to be a valid string`)
}

export async function createAcls(
  { native, timeoutMs }: AdminCall,
  acl: readonly AclEntry[],
): Promise<boolean> {
  if (!Array.isArray(acl)) throw new KafkaJSNonRetriableError(`Invalid ACL array ${acl}`)
  if (acl.length === 0) throw new KafkaJSNonRetriableError('Empty ACL array')
  const rules = (acl as readonly AclEntry[]).map((one) => {
    checkText('ACL array', 'principals', one.principal)
    checkText('ACL array', 'hosts', one.host)
    checkText('ACL array', 'resourceNames', one.resourceName)
    return {
      resourceType: nameIn(resourceTypes, 'resource type', one.resourceType, one),
      resourceName: one.resourceName,
      patternType: nameIn(patternTypes, 'resource pattern type', one.resourcePatternType, one),
      principal: one.principal,
      host: one.host,
      operation: nameIn(aclOperations, 'operation type', one.operation, one),
      permission: nameIn(aclPermissions, 'permission type', one.permissionType, one),
    }
  })
  valuesOf(await native.createAcls(rules, { timeoutMs }))
  return true
}

/** One filter that is asked for, or one of a list. */
function filterOf(filter: AclFilter, isListed: boolean): NativeFilter {
  const whole = isListed ? filter : undefined
  for (const name of ['principal', 'host', 'resourceName'] as const) {
    if (filter[name] === undefined) continue
    if (isListed) checkText('ACL Filter array', `${name}s`, filter[name])
    else checkText(name, name, filter[name])
  }
  const { resourceName, principal, host } = filter
  const operation = nameIn(aclOperations, 'operation type', filter.operation, whole)
  const pattern = isListed ? 'resource pattern type' : 'resource pattern filter type'
  const patternType = nameIn(patternTypes, pattern, filter.resourcePatternType, whole)
  const permission = nameIn(aclPermissions, 'permission type', filter.permissionType, whole)
  const resourceType = nameIn(resourceTypes, 'resource type', filter.resourceType, whole)
  return { resourceType, resourceName, patternType, principal, host, operation, permission }
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
  const rules = await native.describeAcls(filterOf(filter, false), { timeoutMs })
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
  const results = await native.deleteAcls(
    filters.map((one) => filterOf(one, true)),
    { timeoutMs },
  )
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
