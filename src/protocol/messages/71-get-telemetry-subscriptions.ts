/**
 * GetTelemetrySubscriptions (API key 71). A client asks which metrics it is to push.
 *
 * KIP-714.
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
  uuid,
} from '../schema.ts'

export const getTelemetrySubscriptionsRequest = message(
  'GetTelemetrySubscriptionsRequest',
  { apiKey: 71, versions: '0', flexible: '0+', listeners: ['broker'] },
  {
    clientInstanceId: uuid(),
  },
)
export type GetTelemetrySubscriptionsRequest = Infer<typeof getTelemetrySubscriptionsRequest>

export const getTelemetrySubscriptionsResponse = message(
  'GetTelemetrySubscriptionsResponse',
  { apiKey: 71, versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    clientInstanceId: uuid(),
    subscriptionId: int32(),
    acceptedCompressionTypes: array(int8()),
    pushIntervalMs: int32(),
    telemetryMaxBytes: int32(),
    deltaTemporality: bool(),
    requestedMetrics: array(string()),
  },
)
export type GetTelemetrySubscriptionsResponse = Input<typeof getTelemetrySubscriptionsResponse>
