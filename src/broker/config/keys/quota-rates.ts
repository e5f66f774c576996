/**
 * Bounds on the rate of replication: set dynamically only, never in the properties of a node.
 */
import { INT64_MAX } from '../../../base/int64.ts'
import { long } from '../config-key.ts'
import { atLeast } from '../value-rule.ts'

// biome-ignore format: a table; the line below a config's facts says what it does
export const QUOTA_RATE_KEYS = {
  'leader.replication.throttled.rate': long(INT64_MAX, atLeast(0), 'medium cluster-wide',
    'Bytes a second that a leader sends to throttled replicas. Only set dynamically.'),
  'follower.replication.throttled.rate': long(INT64_MAX, atLeast(0), 'medium cluster-wide',
    'Bytes a second that a follower fetches for throttled replicas. Only set dynamically.'),
  'replica.alter.log.dirs.io.max.bytes.per.second': long(
    INT64_MAX,
    atLeast(0), 'medium cluster-wide',
    'Bytes a second for moves between data directories of a broker. Only set dynamically.'),
}
