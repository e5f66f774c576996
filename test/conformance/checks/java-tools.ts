/** Apache Kafka's command-line tools, word for word: one transcript a check. */
import type { Check } from '../check.ts'
import { transcriptCheck } from '../transcript.ts'

const TRANSCRIPTS = [
  'topics',
  'configs',
  'broker-configs',
  'console',
  'codecs',
  'consumer-groups',
  'reset-offsets',
  'get-offsets',
  'delete-records',
  'log-dirs',
  'cluster',
  'leader-election',
  'idempotence',
  'dump-log',
  'performance',
  'verifiable',
  'reassign',
]

export const javaTools: readonly Check[] = TRANSCRIPTS.map(transcriptCheck)
