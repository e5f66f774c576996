/**
 * BrokerHeartbeat (API key 63). Keeps a broker registered, and asks to be fenced, unfenced or shut
 * down.
 *
 * 1: offline log directories (KIP-858). 2: cordoned ones (KIP-1066). KIP-631.
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
  uuid,
} from '../schema.ts'

export const brokerHeartbeatRequest = message(
  'BrokerHeartbeatRequest',
  { apiKey: 63, versions: '0-2', flexible: '0+', listeners: ['controller'] },
  {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1 }),
    currentMetadataOffset: int64(),
    wantFence: bool(),
    wantShutDown: bool(),
    offlineLogDirs: array(uuid(), { versions: '1+', tag: 0, taggedVersions: '1+' }),
    cordonedLogDirs: array(uuid(), {
      versions: '2+',
      nullable: '2+',
      default: null,
      tag: 1,
      taggedVersions: '2+',
    }),
  },
)
export type BrokerHeartbeatRequest = Infer<typeof brokerHeartbeatRequest>

export const brokerHeartbeatResponse = message(
  'BrokerHeartbeatResponse',
  { apiKey: 63, versions: '0-2', flexible: '0+' },
  {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    isCaughtUp: bool({ default: false }),
    isFenced: bool({ default: true }),
    shouldShutDown: bool(),
  },
)
export type BrokerHeartbeatResponse = Input<typeof brokerHeartbeatResponse>
