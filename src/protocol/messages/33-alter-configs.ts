/**
 * AlterConfigs (API key 33). Replaces all configs of a resource; what is not named goes back to
 * its default.
 *
 * KIP-133; clients prefer IncrementalAlterConfigs since KIP-339.
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

export const alterConfigsRequest = message(
  'AlterConfigsRequest',
  { apiKey: 33, versions: '0-2', flexible: '2+', listeners: ['broker', 'controller'] },
  {
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      configs: array({
        name: string(),
        value: string({ nullable: '0+' }),
      }),
    }),
    validateOnly: bool(),
  },
)
export type AlterConfigsRequest = Infer<typeof alterConfigsRequest>

export const alterConfigsResponse = message(
  'AlterConfigsResponse',
  { apiKey: 33, versions: '0-2', flexible: '2+' },
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
export type AlterConfigsResponse = Input<typeof alterConfigsResponse>
