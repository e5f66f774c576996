/**
 * UpdateFeatures (API key 57). Finalises features at other levels.
 *
 * 1: the kind of change, and trying it without effect (KIP-778). 2: no result per feature.
 * KIP-584.
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

export const updateFeaturesRequest = message(
  'UpdateFeaturesRequest',
  { apiKey: 57, versions: '0-2', flexible: '0+', listeners: ['broker', 'controller'] },
  {
    timeoutMs: int32({ default: 60000 }),
    featureUpdates: array({
      feature: string(),
      maxVersionLevel: int16(),
      allowDowngrade: bool({ versions: '0' }),
      upgradeType: int8({ versions: '1+', default: 1 }),
    }),
    validateOnly: bool({ versions: '1+', default: false }),
  },
)
export type UpdateFeaturesRequest = Infer<typeof updateFeaturesRequest>

export const updateFeaturesResponse = message(
  'UpdateFeaturesResponse',
  { apiKey: 57, versions: '0-2', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+' }),
    results: array(
      {
        feature: string(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+' }),
      },
      { versions: '0-1', ignorable: true },
    ),
  },
)
export type UpdateFeaturesResponse = Input<typeof updateFeaturesResponse>
