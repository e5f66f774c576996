/**
 * Access control lists: who may do what to which resources.
 *
 * KIP-140, KIP-290 (prefixed patterns), KIP-373 (users).
 */

import {
  describeAclsRequest,
  describeAclsResponse,
} from '../../protocol/messages/29-describe-acls.ts'
import { createAclsRequest, createAclsResponse } from '../../protocol/messages/30-create-acls.ts'
import { deleteAclsRequest, deleteAclsResponse } from '../../protocol/messages/31-delete-acls.ts'
import type { CallOptions } from '../call.ts'
import { KafkaError } from '../kafka-error.ts'
import { asking, type Caller, send, throwIfFailed } from './caller.ts'
import { given } from './lookups.ts'
import {
  type AclOperation,
  type AclPermission,
  aclOperations,
  aclPermissions,
  type PatternType,
  patternTypes,
  type ResourceType,
  resourceTypes,
} from './names.ts'
import { perKey, settleControllerError } from './per-key.ts'
import { type ResultEntry, Results } from './results.ts'

const describeCall = { request: describeAclsRequest, response: describeAclsResponse }
const createCall = { request: createAclsRequest, response: createAclsResponse }
const deleteCall = { request: deleteAclsRequest, response: deleteAclsResponse }

/** One rule. */
export interface AclBinding {
  readonly resourceType: ResourceType
  /** `'*'` stands for all. The cluster is called `kafka-cluster`. */
  readonly resourceName: string
  /** `'LITERAL'` where left out. */
  readonly patternType?: PatternType | undefined
  /** As `User:alice`. */
  readonly principal: string
  /** `'*'`, which stands for all, where left out. */
  readonly host?: string | undefined
  readonly operation: AclOperation
  /** `'ALLOW'` where left out. */
  readonly permission?: AclPermission | undefined
}

/** A rule as a broker tells it. */
export interface AclDescription {
  readonly resourceType: ResourceType | 'UNKNOWN'
  readonly resourceName: string
  readonly patternType: PatternType | 'UNKNOWN'
  readonly principal: string
  readonly host: string
  readonly operation: AclOperation | 'UNKNOWN'
  readonly permission: AclPermission | 'UNKNOWN'
}

/** Which rules; what is left out may be anything. */
export interface AclFilter {
  readonly resourceType?: ResourceType | undefined
  readonly resourceName?: string | undefined
  /** `'MATCH'` for all that apply to a resource of that name. `'ANY'` where left out. */
  readonly patternType?: PatternType | undefined
  readonly principal?: string | undefined
  readonly host?: string | undefined
  readonly operation?: AclOperation | undefined
  readonly permission?: AclPermission | undefined
}

/** The rules that match. */
export function describeAcls(
  caller: Caller,
  filter: AclFilter,
  options: CallOptions,
): Promise<readonly AclDescription[]> {
  const deadline = caller.begin('describeAcls', options)
  const asked = toFilter(filter)
  return asking(caller, deadline, async () => {
    const { body } = await send(caller, 'any', describeCall, asked, { deadline })
    throwIfFailed(body.errorCode, body.errorMessage, 'DescribeAcls')
    return body.resources.flatMap((resource) => {
      return resource.acls.map((acl) => toDescription({ ...resource, ...acl }))
    })
  })
}

function toFilter(filter: AclFilter) {
  return {
    resourceTypeFilter: resourceTypes.code(filter.resourceType ?? 'ANY'),
    resourceNameFilter: filter.resourceName ?? null,
    patternTypeFilter: patternTypes.code(filter.patternType ?? 'ANY'),
    principalFilter: filter.principal ?? null,
    hostFilter: filter.host ?? null,
    operation: aclOperations.code(filter.operation ?? 'ANY'),
    permissionType: aclPermissions.code(filter.permission ?? 'ANY'),
  }
}

function toDescription(acl: {
  readonly resourceType: number
  readonly resourceName: string
  readonly patternType: number
  readonly principal: string
  readonly host: string
  readonly operation: number
  readonly permissionType: number
}): AclDescription {
  return {
    resourceType: resourceTypes.name(acl.resourceType),
    resourceName: acl.resourceName,
    patternType: patternTypes.name(acl.patternType),
    principal: acl.principal,
    host: acl.host,
    operation: aclOperations.name(acl.operation),
    permission: aclPermissions.name(acl.permissionType),
  }
}

/** A rule on one line. */
function bindingText(acl: AclBinding | AclDescription): string {
  const { resourceType, patternType = 'LITERAL', resourceName, principal, host = '*' } = acl
  const { operation, permission = 'ALLOW' } = acl
  return `${permission} ${principal} ${operation} from ${host} on ${patternType} ${resourceType} ${resourceName}`
}

/** A filter on one line. */
function filterText(filter: AclFilter): string {
  const {
    resourceType = 'ANY',
    patternType = 'ANY',
    operation = 'ANY',
    permission = 'ANY',
  } = filter
  const [name, principal, host] = [filter.resourceName, filter.principal, filter.host].map(
    (text) => {
      return text === undefined ? 'ANY' : JSON.stringify(text)
    },
  )
  return `${permission} ${principal} ${operation} from ${host} on ${patternType} ${resourceType} ${name}`
}

/** Adds rules. */
export async function createAcls(
  caller: Caller,
  bindings: readonly AclBinding[],
  options: CallOptions,
): Promise<Results<AclBinding, void>> {
  const creations = new Map(bindings.map((binding) => [bindingText(binding), toCreation(binding)]))
  const deadline = caller.begin('createAcls', options)
  return perKey<AclBinding, void>(caller, deadline, {
    keys: bindings,
    textOf: bindingText,
    lookup: given('any'),
    async ask(target, keys, answers) {
      const asked = { creations: keys.map((key) => creations.get(bindingText(key))!) }
      const { body } = await send(caller, target, createCall, asked, { deadline })
      for (const [index, { errorCode, errorMessage }] of body.results.entries()) {
        const key = keys[index]
        if (key === undefined) break
        if (errorCode === 0) answers.succeed(key, undefined)
        else {
          const error = KafkaError.ofCode(errorCode, errorMessage, { api: 'CreateAcls' })
          settleControllerError(answers, key, error, body)
        }
      }
    },
  })
}

function toCreation(binding: AclBinding) {
  return {
    resourceType: resourceTypes.code(binding.resourceType),
    resourceName: binding.resourceName,
    resourcePatternType: patternTypes.code(binding.patternType ?? 'LITERAL'),
    principal: binding.principal,
    host: binding.host ?? '*',
    operation: aclOperations.code(binding.operation),
    permissionType: aclPermissions.code(binding.permission ?? 'ALLOW'),
  }
}

/** Deletes the rules that match each filter, and tells of each rule whether it is gone. */
export async function deleteAcls(
  caller: Caller,
  filters: readonly AclFilter[],
  options: CallOptions,
): Promise<Results<AclFilter, Results<AclDescription, void>>> {
  const wire = new Map(filters.map((filter) => [filterText(filter), toFilter(filter)]))
  const deadline = caller.begin('deleteAcls', options)
  return perKey<AclFilter, Results<AclDescription, void>>(caller, deadline, {
    keys: filters,
    textOf: filterText,
    lookup: given('any'),
    async ask(target, keys, answers) {
      const asked = { filters: keys.map((key) => wire.get(filterText(key))!) }
      const { body } = await send(caller, target, deleteCall, asked, { deadline })
      const context = { api: 'DeleteAcls' }
      for (const [index, result] of body.filterResults.entries()) {
        const key = keys[index]
        if (key === undefined) break
        if (result.errorCode !== 0) {
          const error = KafkaError.ofCode(result.errorCode, result.errorMessage, context)
          settleControllerError(answers, key, error, body)
          continue
        }
        const entries = result.matchingAcls.map((acl): ResultEntry<AclDescription, void> => {
          if (acl.errorCode === 0) return { key: toDescription(acl), ok: true, value: undefined }
          const error = KafkaError.ofCode(acl.errorCode, acl.errorMessage, context)
          return { key: toDescription(acl), ok: false, error }
        })
        answers.succeed(key, new Results(bindingText, entries))
      }
    },
  })
}
