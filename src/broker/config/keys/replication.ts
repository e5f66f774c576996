/**
 * Configs of replication and leader election.
 */
import { ANY, bool, int, long, string } from '../config-key.ts'
import { atLeast, oneOf } from '../value-rule.ts'

// biome-ignore format: a table; the line below a config's facts says what it does
export const REPLICATION_KEYS = {
  'controller.socket.timeout.ms': int(30_000, ANY, 'medium',
    'How long the controller waits for a broker.'),
  'default.replication.factor': int(1, ANY, 'medium',
    'Replicas of a topic whose creator did not say how many.'),
  'replica.lag.time.max.ms': long(30_000, ANY, 'high',
    'A follower that has not caught up for this long leaves the in-sync set.'),
  'replica.socket.timeout.ms': int(30_000, ANY, 'high',
    "How long a follower's request may stay unanswered; at least replica.fetch.wait.max.ms."),
  'replica.socket.receive.buffer.bytes': int(65_536, ANY, 'high',
    "Receive buffer of a follower's socket to its leader."),
  'replica.fetch.max.bytes': int(1_048_576, atLeast(0), 'medium',
    'Bytes that a follower asks for a partition; one batch always fits.'),
  'replica.fetch.wait.max.ms': int(500, ANY, 'high',
    "How long a leader may hold a follower's fetch; at most replica.lag.time.max.ms."),
  'replica.fetch.backoff.ms': int(1000, atLeast(0), 'medium',
    'Pause of a follower after a failed fetch.'),
  'replica.fetch.min.bytes': int(1, ANY, 'high',
    "A leader answers a follower's fetch as soon as it has this many bytes."),
  'replica.fetch.response.max.bytes': int(10_485_760, atLeast(0), 'medium',
    'Bytes that a follower asks for in one fetch over all partitions; one batch always fits.'),
  'num.replica.fetchers': int(1, atLeast(1), 'high cluster-wide',
    'Fetchers that a broker runs against each other broker.'),
  'replica.high.watermark.checkpoint.interval.ms': long(5000, ANY, 'high',
    'How often high watermarks are written to disk.'),
  'fetch.purgatory.purge.interval.requests': int(1000, ANY, 'medium',
    'Answered fetches after which Apache Kafka tidies its list of waiting ones. Millrace ' +
      'ignores it.'),
  'producer.purgatory.purge.interval.requests': int(1000, ANY, 'medium',
    'Answered produces after which Apache Kafka tidies its list of waiting ones. Millrace ' +
      'ignores it.'),
  'delete.records.purgatory.purge.interval.requests': int(1, ANY, 'medium',
    'Answered DeleteRecords after which Apache Kafka tidies its list of waiting ones. ' +
      'Millrace ignores it.'),
  'auto.leader.rebalance.enable': bool(true, ANY, 'high',
    'Whether the controller moves leaderships back to preferred replicas by itself.'),
  'leader.imbalance.check.interval.seconds': long(300, atLeast(1), 'high',
    'How often the controller looks for leaderships to move back.'),
  'unclean.leader.election.interval.ms': long(300_000, atLeast(1), 'medium internal',
    'How often the controller looks for partitions that only an unclean election can help.'),
  'unclean.leader.election.enable': bool(false, ANY, 'high cluster-wide',
    'Whether a replica that may miss records can become leader when no other is left, which ' +
      'loses them.'),
  'security.inter.broker.protocol': string(
    'PLAINTEXT',
    oneOf('PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'), 'medium',
    'Security protocol between brokers where inter.broker.listener.name is unset; never set ' +
      'both.'),
  'inter.broker.listener.name': string(null, ANY, 'medium',
    'Listener by which brokers talk to each other; by default the one named after ' +
      'security.inter.broker.protocol.'),
  'replica.selector.class': string(null, ANY, 'medium',
    'Class that picks the replica a consumer reads from; by default always the leader.'),
  'follower.fetch.last.tiered.offset.enable': bool(false, ANY, 'medium cluster-wide',
    'Whether an empty follower starts after what is in the remote store instead of copying ' +
      'it.'),
}
