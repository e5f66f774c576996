/**
 * Configs of transactions and idempotent producers.
 */
import { ANY, bool, int, short } from '../config-key.ts'
import { atLeast } from '../value-rule.ts'

// biome-ignore format: a table; the line below a config's facts says what it does
export const TRANSACTION_KEYS = {
  'transaction.state.log.min.isr': int(2, atLeast(1), 'high',
    "The transaction topic's min.insync.replicas."),
  'transaction.state.log.load.buffer.size': int(5_242_880, atLeast(1), 'high',
    'Bytes read at a time when a partition of the transaction topic is loaded.'),
  'transaction.state.log.replication.factor': short(3, atLeast(1), 'high',
    'Replicas of the transaction topic, which is created when that many brokers are alive.'),
  'transaction.state.log.num.partitions': int(50, atLeast(1), 'high',
    'Partitions of the transaction topic; never change it once the topic exists.'),
  'transaction.state.log.segment.bytes': int(104_857_600, atLeast(1), 'high',
    'Segment size of the transaction topic; small ones are compacted and loaded sooner.'),
  'transaction.partition.verification.enable': bool(true, ANY, 'low cluster-wide',
    'Whether a leader asks that a partition belongs to the transaction before it takes ' +
      'records of it.'),
  'producer.id.expiration.ms': int(86_400_000, atLeast(1), 'low cluster-wide',
    'A partition forgets an idempotent producer this long after its last record, unless a ' +
      'transaction is open.'),
  'producer.id.expiration.check.interval.ms': int(600_000, atLeast(1), 'low internal',
    'How often forgotten producers are looked for.'),
  'transactional.id.expiration.ms': int(604_800_000, atLeast(1), 'high',
    'A transactional id on which nothing happens for this long is dropped.'),
  'transaction.max.timeout.ms': int(900_000, atLeast(1), 'high',
    'Longest transaction timeout that a producer may ask for.'),
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': int(10_000, atLeast(1), 'low',
    'How often transactions that took too long are looked for and aborted.'),
  'transaction.remove.expired.transaction.cleanup.interval.ms': int(3_600_000, atLeast(1), 'low',
    'How often expired transactional ids are looked for.'),
  'transaction.two.phase.commit.enable': bool(false, ANY, 'low',
    'Whether producers may take part in two-phase commits that an outside coordinator ' +
      'decides.'),
  'add.partitions.to.txn.retry.backoff.max.ms': int(100, atLeast(0), 'high',
    'Longest time for which a leader goes on trying to add a partition to a transaction.'),
  'add.partitions.to.txn.retry.backoff.ms': int(20, atLeast(1), 'high',
    'Pause before a leader tries again to add a partition to a transaction.'),
}
