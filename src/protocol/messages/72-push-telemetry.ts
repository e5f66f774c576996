/**
 * PushTelemetry (API key 72). A client pushes its metrics.
 *
 * KIP-714.
 */
import {
  bool,
  bytes,
  type Infer,
  type Input,
  int8,
  int16,
  int32,
  message,
  uuid,
} from '../schema.ts'

export const pushTelemetryRequest = message(
  'PushTelemetryRequest',
  { apiKey: 72, versions: '0', flexible: '0+', listeners: ['broker'] },
  {
    clientInstanceId: uuid(),
    subscriptionId: int32(),
    terminating: bool(),
    compressionType: int8(),
    metrics: bytes(),
  },
)
export type PushTelemetryRequest = Infer<typeof pushTelemetryRequest>

export const pushTelemetryResponse = message(
  'PushTelemetryResponse',
  { apiKey: 72, versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
  },
)
export type PushTelemetryResponse = Input<typeof pushTelemetryResponse>
