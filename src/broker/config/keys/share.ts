/**
 * Configs of share groups and the share coordinator (KIP-932).
 */
import { ANY, int, short, string } from '../config-key.ts'
import { atLeast, between } from '../value-rule.ts'

// biome-ignore format: a table; the line below a config's facts says what it does
export const SHARE_KEYS = {
  'group.share.delivery.count.limit': int(5, between(2, 10), 'medium',
    'Times that a record is delivered in a share group before it is given up.'),
  'group.share.max.delivery.count.limit': int(10, between(5, 25), 'medium',
    "Upper bound of a group's share.delivery.count.limit."),
  'group.share.min.delivery.count.limit': int(2, between(2, 5), 'medium',
    "Lower bound of a group's share.delivery.count.limit."),
  'group.share.record.lock.duration.ms': int(30_000, between(1000, 3_600_000), 'medium',
    'How long a member of a share group may keep a record before it goes to another.'),
  'group.share.min.record.lock.duration.ms': int(15_000, between(1000, 30_000), 'medium',
    "Lower bound of a group's share.record.lock.duration.ms."),
  'group.share.max.record.lock.duration.ms': int(60_000, between(30_000, 3_600_000), 'medium',
    "Upper bound of a group's share.record.lock.duration.ms."),
  'group.share.partition.max.record.locks': int(2000, between(100, 10_000), 'medium',
    'Records of one partition that a share group may have out at a time.'),
  'group.share.max.partition.max.record.locks': int(4000, between(2000, 10_000), 'medium',
    "Upper bound of a group's share.partition.max.record.locks."),
  'group.share.min.partition.max.record.locks': int(100, between(100, 2000), 'medium',
    "Lower bound of a group's share.partition.max.record.locks."),
  'share.fetch.purgatory.purge.interval.requests': int(1000, ANY, 'medium',
    'Answered share fetches after which Apache Kafka tidies its list of waiting ones. ' +
      'Millrace ignores it.'),
  'group.share.max.share.sessions': int(2000, atLeast(1), 'medium',
    'Share sessions that a broker keeps.'),
  'group.share.persister.class.name': string(
    'org.apache.kafka.server.share.persister.DefaultStatePersister',
    ANY, 'medium internal',
    'Class that stores the state of share groups. For tests.'),
  'share.coordinator.state.topic.num.partitions': int(50, atLeast(1), 'high',
    'Partitions of the share state topic; never change it once the topic exists.'),
  'share.coordinator.state.topic.replication.factor': short(3, atLeast(1), 'high',
    'Replicas of the share state topic, which is created when that many brokers are alive.'),
  'share.coordinator.state.topic.min.isr': short(2, atLeast(1), 'high',
    "The share state topic's min.insync.replicas."),
  'share.coordinator.state.topic.segment.bytes': int(104_857_600, atLeast(1), 'high',
    'Segment size of the share state topic.'),
  'share.coordinator.threads': int(1, atLeast(1), 'medium',
    'Share coordinator threads in Apache Kafka. Millrace ignores it.'),
  'share.coordinator.snapshot.update.records.per.snapshot': int(500, between(0, 500), 'medium',
    "Updates of a share partition's state that are written between two snapshots of it."),
  'share.coordinator.load.buffer.size': int(5_242_880, atLeast(1), 'high',
    'Bytes read at a time when a partition of the share state topic is loaded.'),
  'share.coordinator.state.topic.compression.codec': int(0, ANY, 'high',
    'Codec of batches in the share state topic, by id; 0 is none.'),
  'share.coordinator.append.linger.ms': int(-1, atLeast(-1), 'medium',
    'How long the share coordinator collects records before it writes; -1 adapts.'),
  'share.coordinator.write.timeout.ms': int(5000, atLeast(1), 'high',
    'How long a write may wait for the replicas of the share state topic.'),
  'share.coordinator.state.topic.prune.interval.ms': int(300_000, atLeast(1), 'low internal',
    'How often records that no state needs any more are deleted from the share state topic.'),
  'share.coordinator.cold.partition.snapshot.interval.ms': int(300_000, atLeast(1), 'low internal',
    'How often the state of a share partition that does not change is written again.'),
  'share.coordinator.cached.buffer.max.bytes': int(
    1_048_588,
    atLeast(524_288), 'medium cluster-wide',
    'Largest write buffer that a share coordinator keeps for the next write.'),
}
