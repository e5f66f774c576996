/**
 * A member of a mixed group by our own client: says what it owns after every change, and what it
 * reads, until it is told to end.
 *
 *     node test/conformance/client-member.ts BOOTSTRAP TOPIC GROUP STRATEGY
 */
import { fileURLToPath } from 'node:url'
import { type AssignorName, assignorNamed } from '../../src/client/consumer/assignors/assignors.ts'
import { Kafka } from '../../src/client/kafka.ts'
import type { TopicPartition } from '../../src/client/topic.ts'

/** What to start with node. */
export const MEMBER_PROGRAM = fileURLToPath(import.meta.url)

const SESSION_TIMEOUT_MS = 6000
const HEARTBEAT_INTERVAL_MS = 500

async function run(bootstrap: string, topic: string, groupId: string, strategy: string) {
  const print = (message: string) => console.error(message)
  const logger = { debug: () => {}, info: print, warn: print, error: print }
  await using kafka = new Kafka({ brokers: bootstrap, logger })
  const owned = new Set<number>()
  const changed =
    (change: (partition: number) => void) => (partitions: readonly TopicPartition[]) => {
      for (const { partition } of partitions) change(partition)
      console.log(['owns', ...owned].join(' '))
    }
  const isClassic = strategy !== 'consumer' && strategy !== 'auto'
  const consumer = kafka.consumer({
    groupId,
    topics: [topic],
    autoOffsetReset: 'earliest',
    protocol: isClassic ? 'classic' : strategy,
    assignors: isClassic ? [assignorNamed(strategy as AssignorName)!] : undefined,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
    heartbeatIntervalMs: HEARTBEAT_INTERVAL_MS,
    onAssigned: changed((partition) => owned.add(partition)),
    onRevoked: changed((partition) => owned.delete(partition)),
    onLost: changed((partition) => owned.delete(partition)),
  })
  process.once('SIGTERM', () => void consumer.close())
  for await (const record of consumer) console.log(`read ${record.partition} ${record.offset}`)
}

if (process.argv[1] === MEMBER_PROGRAM) {
  const [bootstrap = '', topic = '', group = '', strategy = ''] = process.argv.slice(2)
  await run(bootstrap, topic, group, strategy)
}
