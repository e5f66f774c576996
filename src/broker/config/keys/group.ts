/**
 * Configs of one group (KIP-1240 and those of each group type); most default to a config of the
 * broker.
 */
import { ANY, bool, int, string } from '../config-key.ts'
import { atLeast, oneOf, SHARE_OFFSET_RESET } from '../value-rule.ts'

// biome-ignore format: a table; the line below a config's facts says what it does
export const GROUP_KEYS = {
  'consumer.session.timeout.ms': int(45_000, atLeast(1), 'medium',
    'A member that is silent for this long is removed from the consumer group.'),
  'consumer.heartbeat.interval.ms': int(5000, atLeast(1), 'medium',
    'How often members of the consumer group are told to send a heartbeat.'),
  'consumer.assignment.interval.ms': int(1000, atLeast(0), 'medium',
    'Shortest pause between two assignments of the consumer group.'),
  'share.session.timeout.ms': int(45_000, atLeast(1), 'medium',
    'A member that is silent for this long is removed from the share group.'),
  'share.heartbeat.interval.ms': int(5000, atLeast(1), 'medium',
    'How often members of the share group are told to send a heartbeat.'),
  'share.record.lock.duration.ms': int(30_000, atLeast(1000), 'medium',
    'How long a member of the share group may keep a record before it goes to another.'),
  'share.delivery.count.limit': int(5, atLeast(2), 'medium',
    'Times that a record is delivered in the share group before it is given up.'),
  'share.partition.max.record.locks': int(2000, atLeast(100), 'medium',
    'Records of one partition that the share group may have out at a time.'),
  'share.auto.offset.reset': string('latest', SHARE_OFFSET_RESET, 'medium',
    'Where the share group begins on a partition: latest, earliest, or by_duration: and an ' +
      'ISO 8601 duration back.'),
  'share.isolation.level': string(
    'read_uncommitted',
    oneOf('read_committed', 'read_uncommitted'), 'medium',
    'Whether the share group also gets records of open and aborted transactions.'),
  'share.renew.acknowledge.enable': bool(true, ANY, 'medium',
    'Whether a member of the share group may extend its hold on a record.'),
  'share.assignment.interval.ms': int(1000, atLeast(0), 'medium',
    'Shortest pause between two assignments of the share group.'),
  'streams.session.timeout.ms': int(45_000, atLeast(1), 'medium',
    'A member that is silent for this long is removed from the streams group.'),
  'streams.heartbeat.interval.ms': int(5000, atLeast(1), 'medium',
    'How often members of the streams group are told to send a heartbeat.'),
  'streams.num.standby.replicas': int(0, atLeast(0), 'medium',
    'Standby copies of each task of the streams group.'),
  'streams.initial.rebalance.delay.ms': int(3000, atLeast(0), 'medium',
    'How long the first rebalance of the empty streams group waits for further members.'),
  'streams.assignment.interval.ms': int(1000, atLeast(0), 'medium',
    'Shortest pause between two assignments of the streams group.'),
}
