/**
 * ApiVersions (API key 18). Which versions of which APIs the broker speaks.
 *
 * The response always has header version 0, and a request of a version to come is answered in
 * version 0 with UNSUPPORTED_VERSION, for the client cannot know better (KIP-35, KIP-511). 3: name
 * and version of the client's software (KIP-511); features (KIP-584). 4: features with a minimum
 * of 0 are included (KAFKA-17011).
 */
import {
  array,
  bool,
  type Infer,
  type Input,
  int16,
  int32,
  int64,
  message,
  string,
} from '../schema.ts'

export const apiVersionsRequest = message(
  'ApiVersionsRequest',
  { apiKey: 18, versions: '0-4', flexible: '3+', listeners: ['broker', 'controller'] },
  {
    clientSoftwareName: string({ versions: '3+', ignorable: true }),
    clientSoftwareVersion: string({ versions: '3+', ignorable: true }),
  },
)
export type ApiVersionsRequest = Infer<typeof apiVersionsRequest>

export const apiVersionsResponse = message(
  'ApiVersionsResponse',
  { apiKey: 18, versions: '0-4', flexible: '3+' },
  {
    errorCode: int16(),
    apiKeys: array({
      apiKey: int16(),
      minVersion: int16(),
      maxVersion: int16(),
    }),
    throttleTimeMs: int32({ versions: '1+', default: 0, ignorable: true }),
    supportedFeatures: array(
      {
        name: string({ versions: '3+' }),
        minVersion: int16({ versions: '3+' }),
        maxVersion: int16({ versions: '3+' }),
      },
      { versions: '3+', tag: 0, taggedVersions: '3+', ignorable: true },
    ),
    finalizedFeaturesEpoch: int64({
      versions: '3+',
      default: -1,
      tag: 1,
      taggedVersions: '3+',
      ignorable: true,
    }),
    finalizedFeatures: array(
      {
        name: string({ versions: '3+' }),
        maxVersionLevel: int16({ versions: '3+' }),
        minVersionLevel: int16({ versions: '3+' }),
      },
      { versions: '3+', tag: 2, taggedVersions: '3+', ignorable: true },
    ),
    zkMigrationReady: bool({
      versions: '3+',
      default: false,
      tag: 3,
      taggedVersions: '3+',
      ignorable: true,
    }),
  },
)
export type ApiVersionsResponse = Input<typeof apiVersionsResponse>
