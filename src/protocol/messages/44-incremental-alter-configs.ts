/**
 * IncrementalAlterConfigs (API key 44). Changes configs one by one: sets, deletes, appends to and
 * subtracts from lists.
 *
 * KIP-339.
 */
import {
  array,
  bool,
  type Infer,
  type Input,
  int8,
  int16,
  int32,
  message,
  string,
} from '../schema.ts'

export const incrementalAlterConfigsRequest = message(
  'IncrementalAlterConfigsRequest',
  { apiKey: 44, versions: '0-1', flexible: '1+', listeners: ['broker', 'controller'] },
  {
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      configs: array({
        name: string(),
        configOperation: int8(),
        value: string({ nullable: '0+' }),
      }),
    }),
    validateOnly: bool(),
  },
)
export type IncrementalAlterConfigsRequest = Infer<typeof incrementalAlterConfigsRequest>

export const incrementalAlterConfigsResponse = message(
  'IncrementalAlterConfigsResponse',
  { apiKey: 44, versions: '0-1', flexible: '1+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    responses: array({
      errorCode: int16(),
      errorMessage: string({ nullable: '0+' }),
      resourceType: int8(),
      resourceName: string(),
    }),
  },
)
export type IncrementalAlterConfigsResponse = Input<typeof incrementalAlterConfigsResponse>
