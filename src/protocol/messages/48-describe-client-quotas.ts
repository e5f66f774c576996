/**
 * DescribeClientQuotas (API key 48). Describes quotas.
 *
 * KIP-546.
 */
import {
  array,
  bool,
  float64,
  type Infer,
  type Input,
  int8,
  int16,
  int32,
  message,
  string,
} from '../schema.ts'

export const describeClientQuotasRequest = message(
  'DescribeClientQuotasRequest',
  { apiKey: 48, versions: '0-1', flexible: '1+', listeners: ['broker'] },
  {
    components: array({
      entityType: string(),
      matchType: int8(),
      match: string({ nullable: '0+' }),
    }),
    strict: bool(),
  },
)
export type DescribeClientQuotasRequest = Infer<typeof describeClientQuotasRequest>

export const describeClientQuotasResponse = message(
  'DescribeClientQuotasResponse',
  { apiKey: 48, versions: '0-1', flexible: '1+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+' }),
    entries: array(
      {
        entity: array({
          entityType: string(),
          entityName: string({ nullable: '0+' }),
        }),
        values: array({
          key: string(),
          value: float64(),
        }),
      },
      { nullable: '0+' },
    ),
  },
)
export type DescribeClientQuotasResponse = Input<typeof describeClientQuotasResponse>
