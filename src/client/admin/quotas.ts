/** Quotas of users, clients and addresses (KIP-546, KIP-612 for addresses). */
import {
  describeClientQuotasRequest,
  describeClientQuotasResponse,
} from '../../protocol/messages/48-describe-client-quotas.ts'
import {
  alterClientQuotasRequest,
  alterClientQuotasResponse,
} from '../../protocol/messages/49-alter-client-quotas.ts'
import type { CallOptions } from '../call.ts'
import { KafkaError } from '../kafka-error.ts'
import { asking, type Caller, send, throwIfFailed } from './caller.ts'
import { given } from './lookups.ts'
import { checkDistinct, perKey, settleControllerError } from './per-key.ts'
import type { Results } from './results.ts'

const describeCall = {
  request: describeClientQuotasRequest,
  response: describeClientQuotasResponse,
}
const alterCall = { request: alterClientQuotasRequest, response: alterClientQuotasResponse }

const MATCH_TYPES = { exact: 0, default: 1, any: 2 } as const

/**
 * Whom a quota is for, as `{ user: 'alice', 'client-id': 'app' }` or `{ ip: '10.0.0.1' }`. Null in
 * place of a name is the default of all who have none of their own.
 */
export type QuotaEntity = Readonly<Record<string, string | null>>

/** An entity has, for a type, this name, the default, or any name at all. */
export type QuotaFilter =
  | { readonly type: string; readonly match: 'exact'; readonly name: string }
  | { readonly type: string; readonly match: 'default' | 'any' }

/** What `describeClientQuotas` takes. */
export interface DescribeQuotasOptions extends CallOptions {
  /** Leave out entities that have other types too. */
  readonly strict?: boolean | undefined
}

/** An entity and the quotas that it has. */
export interface QuotaDescription {
  readonly entity: QuotaEntity
  /** As `consumer_byte_rate` -> 1024. */
  readonly quotas: ReadonlyMap<string, number>
}

/** The quotas of the entities that match all of `filters`; of all where there are none. */
export function describeClientQuotas(
  caller: Caller,
  filters: readonly QuotaFilter[],
  options: DescribeQuotasOptions,
): Promise<readonly QuotaDescription[]> {
  const deadline = caller.begin('describeClientQuotas', options)
  const components = filters.map((filter) => ({
    entityType: filter.type,
    matchType: MATCH_TYPES[filter.match],
    match: filter.match === 'exact' ? filter.name : null,
  }))
  return asking(caller, deadline, async () => {
    const asked = { components, strict: options.strict ?? false }
    const { body } = await send(caller, 'any', describeCall, asked, { deadline })
    throwIfFailed(body.errorCode, body.errorMessage, 'DescribeClientQuotas')
    return (body.entries ?? []).map(({ entity, values }) => ({
      entity: toEntity(entity),
      quotas: new Map(values.map(({ key, value }) => [key, value])),
    }))
  })
}

type WireEntity = readonly { readonly entityType: string; readonly entityName: string | null }[]

function toEntity(entity: WireEntity): QuotaEntity {
  return Object.fromEntries(entity.map(({ entityType, entityName }) => [entityType, entityName]))
}

/** Equal for entities that are the same, in whatever order their types come. */
function entityText(entity: QuotaEntity): string {
  const types = Object.keys(entity).sort()
  return types.map((type) => `${type}=${JSON.stringify(entity[type] ?? null)}`).join(',')
}

/** An entity and how its quotas are to change. */
export interface QuotaAlteration {
  readonly entity: QuotaEntity
  /** What each quota is to be; null takes it away. */
  readonly quotas: Readonly<Record<string, number | null>>
}

/** What `alterClientQuotas` takes. */
export interface AlterQuotasOptions extends CallOptions {
  /** Have it checked only. */
  readonly validateOnly?: boolean | undefined
}

/** Changes quotas. */
export function alterClientQuotas(
  caller: Caller,
  alterations: readonly QuotaAlteration[],
  options: AlterQuotasOptions,
): Promise<Results<QuotaEntity, void>> {
  const entities = alterations.map(({ entity }) => entity)
  checkDistinct(entities, entityText)
  const quotas = new Map(alterations.map((one) => [entityText(one.entity), one.quotas]))
  const deadline = caller.begin('alterClientQuotas', options)
  return perKey(caller, deadline, {
    keys: entities,
    textOf: entityText,
    lookup: given('any'),
    async ask(target, keys, answers) {
      const entries = keys.map((key) => ({
        entity: Object.entries(key).map(([entityType, entityName]) => ({ entityType, entityName })),
        ops: Object.entries(quotas.get(entityText(key))!).map(([name, value]) => {
          return { key: name, value: value ?? 0, remove: value === null }
        }),
      }))
      const asked = { entries, validateOnly: options.validateOnly ?? false }
      const { body } = await send(caller, target, alterCall, asked, { deadline })
      for (const { entity, errorCode, errorMessage } of body.entries) {
        const key = toEntity(entity)
        if (errorCode === 0) answers.succeed(key, undefined)
        else {
          const error = KafkaError.ofCode(errorCode, errorMessage, { api: 'AlterClientQuotas' })
          settleControllerError(answers, key, error, body)
        }
      }
    },
  })
}
