/**
 * BrokerRegistration (API key 62). A broker registers with the controller.
 *
 * 1: ZooKeeper migration, of which nothing is left. 2: log directories (KIP-858). 3: the broker
 * epoch before (KIP-966). 4: features may have a minimum of 0 (KAFKA-17011). KIP-631.
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
  uint16,
  uuid,
} from '../schema.ts'

export const brokerRegistrationRequest = message(
  'BrokerRegistrationRequest',
  { apiKey: 62, versions: '0-4', flexible: '0+', listeners: ['controller'] },
  {
    brokerId: int32(),
    clusterId: string(),
    incarnationId: uuid(),
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
    rack: string({ nullable: '0+' }),
    isMigratingZkBroker: bool({ versions: '1+', default: false }),
    logDirs: array(uuid(), { versions: '2+', ignorable: true }),
    previousBrokerEpoch: int64({ versions: '3+', default: -1, ignorable: true }),
  },
)
export type BrokerRegistrationRequest = Infer<typeof brokerRegistrationRequest>

export const brokerRegistrationResponse = message(
  'BrokerRegistrationResponse',
  { apiKey: 62, versions: '0-4', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    brokerEpoch: int64({ default: -1 }),
  },
)
export type BrokerRegistrationResponse = Input<typeof brokerRegistrationResponse>
