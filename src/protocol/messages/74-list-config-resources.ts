/**
 * ListConfigResources (API key 74). Lists the resources that have configs.
 *
 * 0: those of client metrics only, by the name ListClientMetricsResources (KIP-714). 1: all types
 * (KIP-1142).
 */
import { array, type Infer, type Input, int8, int16, int32, message, string } from '../schema.ts'

export const listConfigResourcesRequest = message(
  'ListConfigResourcesRequest',
  { apiKey: 74, versions: '0-1', flexible: '0+', listeners: ['broker'] },
  {
    resourceTypes: array(int8(), { versions: '1+' }),
  },
)
export type ListConfigResourcesRequest = Infer<typeof listConfigResourcesRequest>

export const listConfigResourcesResponse = message(
  'ListConfigResourcesResponse',
  { apiKey: 74, versions: '0-1', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    configResources: array({
      resourceName: string(),
      resourceType: int8({ versions: '1+', default: 16, ignorable: true }),
    }),
  },
)
export type ListConfigResourcesResponse = Input<typeof listConfigResourcesResponse>
