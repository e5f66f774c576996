/**
 * ControllerRegistration (API key 70). A controller registers with the active one.
 *
 * KIP-919.
 */
import {
  array,
  bool,
  type Infer,
  type Input,
  int16,
  int32,
  message,
  string,
  uint16,
  uuid,
} from '../schema.ts'

export const controllerRegistrationRequest = message(
  'ControllerRegistrationRequest',
  { apiKey: 70, versions: '0', flexible: '0+', listeners: ['controller'] },
  {
    controllerId: int32(),
    incarnationId: uuid(),
    zkMigrationReady: bool(),
    listeners: array({
      name: string(),
      host: string(),
      port: uint16(),
      securityProtocol: int16(),
    }),
    features: array({
      name: string(),
      minSupportedVersion: int16(),
      maxSupportedVersion: int16(),
    }),
  },
)
export type ControllerRegistrationRequest = Infer<typeof controllerRegistrationRequest>

export const controllerRegistrationResponse = message(
  'ControllerRegistrationResponse',
  { apiKey: 70, versions: '0', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+' }),
  },
)
export type ControllerRegistrationResponse = Input<typeof controllerRegistrationResponse>
