/** What IncrementalAlterConfigs can do to a key (KIP-339), and what comes of it. */
import type { ConfigValidator } from '../config-validator.ts'

export const OpType = { SET: 0, DELETE: 1, APPEND: 2, SUBTRACT: 3 } as const
export const OP_NAMES = ['SET', 'DELETE', 'APPEND', 'SUBTRACT'] as const

export interface ConfigOperation {
  readonly type: number
  readonly value: string | null
}

/** Whether it is one that only lists know. */
export function isOfLists({ type }: ConfigOperation): boolean {
  return type === OpType.APPEND || type === OpType.SUBTRACT
}

/** The override after an operation, null where there is none; of lists only what is one may be. */
export function valueAfter(
  validator: Pick<ConfigValidator, 'defaultValue'>,
  resourceType: number,
  key: string,
  current: string | null,
  operation: ConfigOperation,
): string | null {
  if (operation.type === OpType.SET) return operation.value
  if (operation.type === OpType.DELETE) return null
  const start = current ?? validator.defaultValue(resourceType, key) ?? ''
  const items = start.split(',').filter((item) => item !== '')
  const named = (operation.value ?? '').split(',')
  if (operation.type === OpType.SUBTRACT) {
    return items.filter((item) => !named.includes(item)).join(',')
  }
  return [...new Set([...items, ...named])].join(',')
}
