/**
 * Configs of tiered storage (KIP-405).
 */
import { INT64_MAX } from '../../../base/int64.ts'
import { ANY, bool, double, int, long, string } from '../config-key.ts'
import { atLeast, between, NON_EMPTY } from '../value-rule.ts'

// biome-ignore format: a table; the line below a config's facts says what it does
export const REMOTE_STORAGE_KEYS = {
  'remote.log.storage.system.enable': bool(false, ANY, 'medium',
    'Turns tiered storage on: old segments move to a remote store and are fetched from there.'),
  'remote.log.storage.manager.impl.prefix': string('rsm.config.', NON_EMPTY, 'medium',
    'Properties that begin with this prefix go to the remote storage plug-in.'),
  'remote.log.metadata.manager.impl.prefix': string('rlmm.config.', NON_EMPTY, 'medium',
    'Properties that begin with this prefix go to the plug-in that keeps track of remote ' +
      'segments.'),
  'remote.log.storage.manager.class.name': string(null, NON_EMPTY, 'medium',
    'Class of the plug-in that copies segments to the remote store and reads them back.'),
  'remote.log.storage.manager.class.path': string(null, ANY, 'medium',
    'Where to find the classes of the remote storage plug-in.'),
  'remote.log.metadata.manager.class.name': string(
    'org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager',
    NON_EMPTY, 'medium',
    'Class of the plug-in that keeps track of remote segments; by default they are kept in a ' +
      'topic.'),
  'remote.log.metadata.manager.class.path': string(null, ANY, 'medium',
    'Where to find the classes of the remote metadata plug-in.'),
  'remote.log.metadata.manager.listener.name': string(null, NON_EMPTY, 'medium',
    'Listener by which the remote metadata plug-in reaches this broker.'),
  'remote.log.metadata.custom.metadata.max.bytes': int(128, atLeast(0), 'low',
    "Limit on what a storage plug-in may add to a segment's metadata; over it, copying of the" +
      ' partition stops.'),
  'remote.log.index.file.cache.total.size.bytes': long(
    1_073_741_824,
    atLeast(1), 'low cluster-wide',
    'Disk space for index files of remote segments that were fetched for reading.'),
  'remote.log.index.file.cache.ttl.ms': long(900_000, atLeast(-1), 'low internal',
    'How long an unused remote index file stays in the cache; -1 for no limit.'),
  'remote.log.manager.thread.pool.size': int(2, atLeast(1), 'medium',
    'Former name of remote.log.manager.follower.thread.pool.size; deprecated.'),
  'remote.log.manager.copier.thread.pool.size': int(10, atLeast(1), 'medium cluster-wide',
    'Workers that copy segments to the remote store.'),
  'remote.log.manager.expiration.thread.pool.size': int(10, atLeast(1), 'medium cluster-wide',
    'Workers that delete expired remote segments.'),
  'remote.log.manager.follower.thread.pool.size': int(2, atLeast(1), 'medium cluster-wide',
    'Workers that let followers learn how far the leader has uploaded.'),
  'remote.log.manager.task.interval.ms': long(30_000, atLeast(1), 'low',
    'Pause between two rounds of copying and expiring remote segments.'),
  'remote.log.manager.task.retry.backoff.ms': long(500, atLeast(1), 'low internal',
    'First pause after a failed remote task.'),
  'remote.log.manager.task.retry.backoff.max.ms': long(30_000, atLeast(1), 'low internal',
    'Longest pause after repeated failures of a remote task.'),
  'remote.log.manager.task.retry.jitter': double(0.2, between(0, 0.5), 'low internal',
    'Random part of the pause after a failed remote task, as a fraction of it.'),
  'remote.log.reader.threads': int(10, atLeast(1), 'medium cluster-wide',
    'Workers that read from the remote store for fetch requests.'),
  'remote.log.reader.max.pending.tasks': int(100, atLeast(1), 'medium',
    'Remote reads that may wait; further ones are answered with an error.'),
  'log.local.retention.ms': long(-2, atLeast(-2), 'medium cluster-wide',
    'How long a tiered segment also stays on local disk; -2 takes log.retention.ms.'),
  'log.local.retention.bytes': long(-2, atLeast(-2), 'medium cluster-wide',
    'How much of a tiered partition also stays on local disk; -2 takes log.retention.bytes.'),
  'remote.log.manager.copy.max.bytes.per.second': long(INT64_MAX, atLeast(1), 'medium cluster-wide',
    'Bound on the rate of copying to the remote store, over all partitions.'),
  'remote.log.manager.copy.quota.window.num': int(11, atLeast(1), 'medium',
    'Time windows over which the copy rate is measured, the current one included.'),
  'remote.log.manager.copy.quota.window.size.seconds': int(1, atLeast(1), 'medium',
    'Length of a window of the copy rate.'),
  'remote.log.manager.fetch.max.bytes.per.second': long(
    INT64_MAX,
    atLeast(1), 'medium cluster-wide',
    'Bound on the rate of reading from the remote store, over all partitions.'),
  'remote.log.manager.fetch.quota.window.num': int(11, atLeast(1), 'medium',
    'Time windows over which the remote read rate is measured, the current one included.'),
  'remote.log.manager.fetch.quota.window.size.seconds': int(1, atLeast(1), 'medium',
    'Length of a window of the remote read rate.'),
  'remote.fetch.max.wait.ms': int(500, atLeast(1), 'medium cluster-wide',
    'How long a fetch that needs remote data may wait for it.'),
  'remote.list.offsets.request.timeout.ms': long(30_000, atLeast(1), 'medium cluster-wide',
    'How long a lookup of an offset in remote segments may take.'),
}
