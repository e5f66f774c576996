/**
 * Configs of the server as a whole: requests, topics, compression.
 */
import { ANY, bool, int, list, long, string } from '../config-key.ts'
import { atLeast, between, distinct, GZIP_LEVEL, NON_NULL, oneOf } from '../value-rule.ts'

// biome-ignore format: a table; the line below a config's facts says what it does
export const SERVER_KEYS = {
  'broker.id': int(-1, ANY, 'high',
    'Id of this node; the older name of node.id, and the two must agree.'),
  'message.max.bytes': int(1_048_588, atLeast(0), 'high cluster-wide',
    "Largest record batch that is accepted, as it is on the wire; a topic's max.message.bytes" +
      ' overrides it.'),
  'num.io.threads': int(8, atLeast(1), 'high cluster-wide',
    'Request threads in Apache Kafka. Millrace handles requests on one thread and ignores it.'),
  'num.replica.alter.log.dirs.threads': int(null, ANY, 'high',
    'Threads in Apache Kafka that move replicas between data directories; by default one a ' +
      'directory.'),
  'background.threads': int(10, atLeast(1), 'high cluster-wide',
    'Threads in Apache Kafka for periodic work. Millrace ignores it.'),
  'request.timeout.ms': int(30_000, ANY, 'high',
    'How long a request to another node may stay unanswered.'),
  'socket.connection.setup.timeout.ms': long(10_000, ANY, 'medium',
    'How long the first attempt to connect to another node may take.'),
  'socket.connection.setup.timeout.max.ms': long(30_000, ANY, 'medium',
    'Bound on the connect timeout, which grows with each failed attempt.'),
  'config.providers': list([], distinct({ empty: true }), 'low cluster-wide',
    'Names of providers that put values from elsewhere, such as files, in place of placeholders.'),
  'authorizer.class.name': string('', NON_NULL, 'low',
    'Class that decides who may do what; empty lets every client do everything.'),
  'early.start.listeners': list(null, distinct({ empty: true, unset: true }), 'high',
    'Listeners that open before the authorizer is ready; by default those of the controller.'),
  'broker.rack': string(null, ANY, 'medium',
    'Rack or zone of this node; replicas are spread over racks, and consumers can read from a' +
      ' near one.'),
  'controlled.shutdown.enable': bool(true, ANY, 'medium',
    'Whether a stopping broker first hands its leaderships over.'),
  'delete.topic.enable': bool(true, ANY, 'high',
    'Whether topics may be deleted; false refuses every DeleteTopics request.'),
  'compression.type': string(
    'producer',
    oneOf('uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'), 'high cluster-wide',
    'Codec in which batches are stored; producer keeps what the producer chose. Topics ' +
      'override it.'),
  'compression.gzip.level': int(-1, GZIP_LEVEL, 'medium cluster-wide',
    "Level for batches that the broker compresses with gzip; -1 is the library's default."),
  'compression.lz4.level': int(9, between(1, 17), 'medium cluster-wide',
    'Level for batches that the broker compresses with lz4.'),
  'compression.zstd.level': int(3, between(-131_072, 22), 'medium cluster-wide',
    'Level for batches that the broker compresses with zstd.'),
  'max.incremental.fetch.session.cache.slots': int(1000, atLeast(0), 'medium',
    'Incremental fetch sessions that are kept; 0 turns sessions off.'),
  'fetch.max.bytes': int(57_671_680, atLeast(1024), 'medium',
    'Bound on the size of one fetch answer, whatever the client asks for.'),
  'max.request.partition.size.limit': int(2000, atLeast(1), 'medium',
    'Partitions that one DescribeTopicPartitions answer may describe.'),
  'unstable.api.versions.enable': bool(false, ANY, 'high internal',
    'Also serves versions of APIs that are still being developed. For tests.'),
  'unstable.feature.versions.enable': bool(false, ANY, 'high internal',
    'Also allows feature levels that are still being developed. For tests.'),
}
