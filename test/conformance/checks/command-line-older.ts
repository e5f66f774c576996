/**
 * Our command line against Apache Kafka's tools where the brokers are of older releases: the tools
 * of 4.3.1 and ours have to make the same of what those do not have.
 *
 * Invariant: each line runs through both before the next one, so that it needs no undoing where it
 * does the same twice. Standard output and exit status are equal byte for byte, and so is the first
 * line of the error stream but for names of Java's exceptions. The epoch of the finalized features
 * is masked: it is the offset of the metadata log, which moves on by itself twice a second.
 */
import { captured } from '../../../src/cli/tool-run.test-support.ts'
import { TOOLS } from '../../../src/cli/tools.ts'
import type { Check, CheckContext } from '../check.ts'
import type { ToolName } from '../jvm.ts'
import { OLDER_KAFKAS, type OlderKafka, startOlderKafka } from '../older-kafka.ts'

const TIMEOUT_MS = 280_000
const FEATURES_EPOCH = /\bEpoch: \d+/g
const JAVA_CLASS = /\b(?:[a-z]\w*\.)+\w+Exception: /g

/** BROKER is where the broker is reached; without it the address stands at the end. */
const LINES = `
kafka-broker-api-versions
kafka-configs --describe --entity-type topics
kafka-configs --describe --broker 1 --all
kafka-configs --describe --entity-type brokers
kafka-configs --describe --broker-logger 1
kafka-configs --describe --entity-type groups
kafka-configs --describe --group readers
kafka-configs --describe --entity-type client-metrics
kafka-configs --describe --client-metrics all
kafka-configs --describe --entity-type users
kafka-configs --describe --user alice
kafka-configs --describe --ip 10.0.0.1
kafka-configs --alter --broker 1 --add-config log.cleaner.threads=2
kafka-configs --alter --group readers --add-config consumer.session.timeout.ms=50000
kafka-configs --alter --user alice --add-config SCRAM-SHA-256=[password=secret]
kafka-configs --alter --user alice --add-config producer_byte_rate=1
kafka-log-dirs --describe
kafka-cluster cluster-id
kafka-cluster list-endpoints
kafka-features --bootstrap-server BROKER describe
`

/** What a run printed; the error stream by its first line. */
interface Printed {
  readonly status: number
  readonly out: string
  readonly error: string | undefined
}

/** A tool in a JVM of its own may have lost the end of its last line. */
function printed(status: number, out: string, errors: string): Printed {
  const error = errors.replace(JAVA_CLASS, '').split('\n')[0]
  return { status, out: out.trimEnd().replace(FEATURES_EPOCH, 'Epoch: N'), error }
}

async function compare(context: CheckContext, release: OlderKafka): Promise<void> {
  const address = await startOlderKafka(context, release)
  const lines = LINES.trim().split('\n')
  const differences: string[] = []
  for (const line of lines) {
    const [tool, ...words] = line.split(' ') as [ToolName, ...string[]]
    const args = words.map((word) => (word === 'BROKER' ? address : word))
    if (!words.includes('BROKER')) args.push('--bootstrap-server', address)
    const theirs = await context.jvm.call(tool, args)
    const { load } = TOOLS.find(({ alias }) => alias === tool)!
    const ours = await captured(await load(), args, { isAlias: true })
    const wanted = JSON.stringify(printed(theirs.status, theirs.printed, theirs.errors))
    const found = JSON.stringify(printed(ours.status, ours.out, ours.err))
    if (wanted !== found) differences.push(`$ ${line}\n  Kafka: ${wanted}\n  ours:  ${found}`)
  }
  context.note(`${lines.length} command lines, ${differences.length} differ`)
  if (differences.length > 0) throw new Error(differences.join('\n'))
}

/** One check a release. */
export const commandLinesOlder: readonly Check[] = OLDER_KAFKAS.map((release) => ({
  name: `cli-older-${release}`,
  needs: ['java'],
  timeoutMs: TIMEOUT_MS,
  run: (context) => compare(context, release),
}))
