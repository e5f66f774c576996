/**
 * Configs of quotas, metrics and client telemetry.
 */
import { ANY, className, int, list, long, string } from '../config-key.ts'
import { atLeast, distinct } from '../value-rule.ts'

// biome-ignore format: a table; the line below a config's facts says what it does
export const QUOTA_KEYS = {
  'metrics.num.samples': int(2, atLeast(1), 'low',
    'Time windows over which rates in metrics are measured.'),
  'metrics.sample.window.ms': long(30_000, atLeast(1), 'low',
    'Length of such a window.'),
  'metric.reporters': list(
    ['org.apache.kafka.common.metrics.JmxReporter'],
    distinct({ empty: true }), 'low cluster-wide',
    'Classes that are handed the metrics.'),
  'metrics.recording.level': string('INFO', ANY, 'low',
    'How much is measured: INFO, DEBUG or TRACE.'),
  'kafka.metrics.reporters': list([], distinct({ empty: true }), 'low',
    "Classes that are handed the metrics of Apache Kafka's older metrics library."),
  'kafka.metrics.polling.interval.secs': int(10, atLeast(1), 'low',
    'How often those reporters are to look at the metrics.'),
  'telemetry.max.bytes': int(1_048_576, atLeast(1), 'low',
    "Largest push of a client's own metrics, as it is on the wire."),
  'quota.window.num': int(11, atLeast(1), 'low',
    "Time windows over which a client's use is measured, the current one included."),
  'replication.quota.window.num': int(11, atLeast(1), 'low',
    'Time windows over which throttled replication is measured.'),
  'alter.log.dirs.replication.quota.window.num': int(11, atLeast(1), 'low',
    'Time windows over which moves between data directories are measured.'),
  'controller.quota.window.num': int(11, atLeast(1), 'low',
    "Time windows over which a client's changes of metadata are measured."),
  'quota.window.size.seconds': int(1, atLeast(1), 'low',
    'Length of a window of client quotas.'),
  'replication.quota.window.size.seconds': int(1, atLeast(1), 'low',
    'Length of a window of replication quotas.'),
  'alter.log.dirs.replication.quota.window.size.seconds': int(1, atLeast(1), 'low',
    'Length of a window of quotas on moves between data directories.'),
  'controller.quota.window.size.seconds': int(1, atLeast(1), 'low',
    'Length of a window of quotas on changes of metadata.'),
  'client.quota.callback.class': className(null, ANY, 'low',
    'Class that decides which quota applies to a client.'),
}
