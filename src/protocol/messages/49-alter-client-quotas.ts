/**
 * AlterClientQuotas (API key 49). Changes quotas.
 *
 * KIP-546.
 */
import {
  array,
  bool,
  float64,
  type Infer,
  type Input,
  int16,
  int32,
  message,
  string,
} from '../schema.ts'

export const alterClientQuotasRequest = message(
  'AlterClientQuotasRequest',
  { apiKey: 49, versions: '0-1', flexible: '1+', listeners: ['broker', 'controller'] },
  {
    entries: array({
      entity: array({
        entityType: string(),
        entityName: string({ nullable: '0+' }),
      }),
      ops: array({
        key: string(),
        value: float64(),
        remove: bool(),
      }),
    }),
    validateOnly: bool(),
  },
)
export type AlterClientQuotasRequest = Infer<typeof alterClientQuotasRequest>

export const alterClientQuotasResponse = message(
  'AlterClientQuotasResponse',
  { apiKey: 49, versions: '0-1', flexible: '1+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    entries: array({
      errorCode: int16(),
      errorMessage: string({ nullable: '0+' }),
      entity: array({
        entityType: string(),
        entityName: string({ nullable: '0+' }),
      }),
    }),
  },
)
export type AlterClientQuotasResponse = Input<typeof alterClientQuotasResponse>
