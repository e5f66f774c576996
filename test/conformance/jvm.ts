/**
 * Apache Kafka's command-line tools in one JVM (java/ToolRunner.java), called one after the other.
 *
 * Invariant: a call that takes longer than its limit costs its JVM, never the calls after it.
 */
import { join } from 'node:path'
import { Running, runToEnd } from './process.ts'

/** Each tool by the name of its script, as users know it. */
export const TOOL_CLASSES = {
  'kafka-broker-api-versions': 'org.apache.kafka.tools.BrokerApiVersionsCommand',
  'kafka-cluster': 'org.apache.kafka.tools.ClusterTool',
  'kafka-configs': 'kafka.admin.ConfigCommand',
  'kafka-console-consumer': 'org.apache.kafka.tools.consumer.ConsoleConsumer',
  'kafka-console-producer': 'org.apache.kafka.tools.ConsoleProducer',
  'kafka-console-share-consumer': 'org.apache.kafka.tools.consumer.ConsoleShareConsumer',
  'kafka-consumer-groups': 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
  'kafka-consumer-perf-test': 'org.apache.kafka.tools.ConsumerPerformance',
  'kafka-delete-records': 'org.apache.kafka.tools.DeleteRecordsCommand',
  'kafka-dump-log': 'org.apache.kafka.tools.DumpLogSegments',
  'kafka-e2e-latency': 'org.apache.kafka.tools.EndToEndLatency',
  'kafka-features': 'org.apache.kafka.tools.FeatureCommand',
  'kafka-get-offsets': 'org.apache.kafka.tools.GetOffsetShell',
  'kafka-groups': 'org.apache.kafka.tools.GroupsCommand',
  'kafka-leader-election': 'org.apache.kafka.tools.LeaderElectionCommand',
  'kafka-log-dirs': 'org.apache.kafka.tools.LogDirsCommand',
  'kafka-metadata-quorum': 'org.apache.kafka.tools.MetadataQuorumCommand',
  'kafka-producer-perf-test': 'org.apache.kafka.tools.ProducerPerformance',
  'kafka-reassign-partitions': 'org.apache.kafka.tools.reassign.ReassignPartitionsCommand',
  'kafka-storage': 'kafka.tools.StorageTool',
  'kafka-topics': 'org.apache.kafka.tools.TopicCommand',
  'kafka-transactions': 'org.apache.kafka.tools.TransactionsCommand',
  'kafka-verifiable-consumer': 'org.apache.kafka.tools.VerifiableConsumer',
  'kafka-verifiable-producer': 'org.apache.kafka.tools.VerifiableProducer',
} as const
export type ToolName = keyof typeof TOOL_CLASSES

export interface ToolResult {
  readonly status: number
  /** Both streams. */
  readonly output: string
  /** Standard output alone. */
  readonly printed: string
  /** The error stream alone. */
  readonly errors: string
}

/** Tools whose threads go on when their main method is at its end, or that end the JVM. */
const ALONE: ReadonlySet<ToolName> = new Set([
  'kafka-cluster',
  'kafka-verifiable-consumer',
  'kafka-verifiable-producer',
])
const CALL_TIMEOUT_MS = 60_000
const HEAP = '-Xmx256m'

/** The arguments of `java` for a short life on a small machine, up to the main class. */
export function javaArguments(classPath: string, heap: string = HEAP): string[] {
  const configuration = join(import.meta.dirname, 'java', 'log4j2.properties')
  return [
    heap,
    '-XX:+UseSerialGC',
    '-XX:TieredStopAtLevel=1',
    `-Dlog4j2.configurationFile=${configuration}`,
    '-cp',
    classPath,
  ]
}

export class Jvm {
  readonly #classPath: string
  #running: Running | null = null
  #queue: Promise<unknown> = Promise.resolve()

  constructor(classPath: string) {
    this.#classPath = classPath
  }

  /** Runs one tool with its arguments; its exit status is part of the answer. */
  call(tool: ToolName, args: readonly string[], input = ''): Promise<ToolResult> {
    const call = this.#queue.then(() =>
      ALONE.has(tool) ? this.#callAlone(tool, args, input) : this.#call(tool, args, input),
    )
    this.#queue = call.catch(() => {})
    return call
  }

  /** Runs one tool that must exit with status 0 and gives what it wrote. */
  async output(tool: ToolName, args: readonly string[], input = ''): Promise<string> {
    const result = await this.call(tool, args, input)
    if (result.status === 0) return result.output
    throw new Error(`${tool} ${args.join(' ')}: status ${result.status}: ${result.output}`)
  }

  /** Starts a tool that stays in a JVM of its own. */
  start(tool: ToolName, args: readonly string[]): Running {
    const java = [...javaArguments(this.#classPath), TOOL_CLASSES[tool], ...args]
    return new Running('java', java)
  }

  async #callAlone(tool: ToolName, args: readonly string[], input: string): Promise<ToolResult> {
    const java = [...javaArguments(this.#classPath), TOOL_CLASSES[tool], ...args]
    const { status, stdout, stderr } = await runToEnd('java', java, CALL_TIMEOUT_MS, { input })
    const output = `${stdout}\n${stderr}`
    return { status: status ?? -1, output, printed: stdout, errors: stderr }
  }

  stop(): void {
    this.#running?.kill('SIGKILL')
    this.#running = null
  }

  async #call(tool: ToolName, args: readonly string[], input: string): Promise<ToolResult> {
    const running = (this.#running ??= new Running('java', [
      ...javaArguments(this.#classPath),
      'ToolRunner',
    ]))
    const answered = running.lines.length
    running.writeLine(JSON.stringify({ main: TOOL_CLASSES[tool], args, input }))
    try {
      const line = await running.waitFor(`answer of ${tool}`, CALL_TIMEOUT_MS, () => {
        return running.lines[answered]
      })
      return JSON.parse(line) as ToolResult
    } catch (error) {
      this.stop()
      throw error
    }
  }
}
