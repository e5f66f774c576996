/**
 * The commands that stand for Kafka's tools. A row here, a file in bin/kafka/ under Kafka's name
 * and a list in test/conformance/command-lines/ are all that a new one needs.
 *
 * Invariant: a command's own code is loaded when it is run, so that none pays for another.
 */
import type { Tool } from './tool.ts'

/** A command and the tool of Kafka whose place it takes. */
export interface ToolEntry {
  /** As `topics`. */
  readonly name: string
  /** As `kafka-topics`; null where Kafka has no such tool. */
  readonly alias: string | null
  readonly about: string
  /** Under which heading it stands in the help. */
  readonly group: ToolGroup
  /**
   * Flags that say what it is to do. As the first word they may stand without their dashes, under
   * our name.
   */
  readonly actions?: readonly string[]
  /**
   * Where it shows something that --watch may show again and again: the flags of which one has to
   * be there, the words of which one has to be first, or `always`. Left out where it may not.
   */
  readonly watch?: readonly string[] | { readonly commands: readonly string[] } | 'always'
  readonly load: () => Promise<Tool>
}

/** The headings of the help, in their order. */
export const TOOL_GROUPS = [
  'Topics',
  'Records',
  'Groups',
  'Cluster',
  'Measuring',
  'Planning and scripts',
] as const
export type ToolGroup = (typeof TOOL_GROUPS)[number]

export const TOOLS: readonly ToolEntry[] = [
  {
    name: 'topics',
    alias: 'kafka-topics',
    about: 'Create, list, describe, alter and delete topics.',
    group: 'Topics',
    actions: ['create', 'list', 'describe', 'alter', 'delete'],
    watch: ['list', 'describe'],
    load: async () => (await import('./topics/topics.ts')).topicsTool,
  },
  {
    name: 'configs',
    alias: 'kafka-configs',
    about: 'Show and change configs, quotas and SCRAM credentials.',
    group: 'Cluster',
    actions: ['describe', 'alter'],
    watch: ['describe'],
    load: async () => (await import('./configs/configs.ts')).configsTool,
  },
  {
    name: 'produce',
    alias: 'kafka-console-producer',
    about: 'Make records of lines of text or JSON.',
    group: 'Records',
    load: async () => (await import('./produce/produce.ts')).produceTool,
  },
  {
    name: 'consume',
    alias: 'kafka-console-consumer',
    about: 'Print records, as text, JSON or in a format of your own.',
    group: 'Records',
    load: async () => (await import('./consume/consume.ts')).consumeTool,
  },
  {
    name: 'delete-records',
    alias: 'kafka-delete-records',
    about: 'Let the oldest records of partitions go.',
    group: 'Topics',
    load: async () => (await import('./delete-records/delete-records.ts')).deleteRecordsTool,
  },
  {
    name: 'log-dirs',
    alias: 'kafka-log-dirs',
    about: 'Show the directories of brokers and what replicas take there.',
    group: 'Cluster',
    actions: ['describe'],
    watch: ['describe'],
    load: async () => (await import('./log-dirs/log-dirs.ts')).logDirsTool,
  },
  {
    name: 'broker-api-versions',
    alias: 'kafka-broker-api-versions',
    about: 'Show which versions of which APIs brokers speak.',
    group: 'Cluster',
    watch: 'always',
    load: async () =>
      (await import('./broker-api-versions/broker-api-versions.ts')).brokerApiVersionsTool,
  },
  {
    name: 'cluster',
    alias: 'kafka-cluster',
    about: 'Show the id and the nodes of a cluster, take a broker out of it.',
    group: 'Cluster',
    watch: { commands: ['cluster-id', 'list-endpoints'] },
    load: async () => (await import('./cluster/cluster.ts')).clusterTool,
  },
  {
    name: 'features',
    alias: 'kafka-features',
    about: 'Show and change the levels of features.',
    group: 'Cluster',
    watch: { commands: ['describe'] },
    load: async () => (await import('./features/features.ts')).featuresTool,
  },
  {
    name: 'get-offsets',
    alias: 'kafka-get-offsets',
    about: 'Show where partitions begin and end, and what stands there at a time.',
    group: 'Topics',
    watch: 'always',
    load: async () => (await import('./get-offsets/get-offsets.ts')).getOffsetsTool,
  },
  {
    name: 'groups',
    alias: 'kafka-consumer-groups',
    about: 'List and describe groups of consumers, reset their offsets, delete them.',
    group: 'Groups',
    actions: ['list', 'describe', 'delete', 'reset-offsets', 'delete-offsets', 'validate-regex'],
    watch: ['list', 'describe'],
    load: async () => (await import('./groups/groups.ts')).groupsTool,
  },
  {
    name: 'all-groups',
    alias: 'kafka-groups',
    about: 'List groups of every type.',
    group: 'Groups',
    actions: ['list'],
    watch: ['list'],
    load: async () => (await import('./all-groups/all-groups.ts')).allGroupsTool,
  },
  {
    name: 'dump-log',
    alias: 'kafka-dump-log',
    about: 'Show what is in segments, indexes and snapshots.',
    group: 'Records',
    load: async () => (await import('./dump-log/dump-log.ts')).dumpLogTool,
  },
  {
    name: 'perf-produce',
    alias: 'kafka-producer-perf-test',
    about: 'Measure how many records a second can be written, and how long each takes.',
    group: 'Measuring',
    load: async () => (await import('./perf-produce/perf-produce.ts')).perfProduceTool,
  },
  {
    name: 'perf-consume',
    alias: 'kafka-consumer-perf-test',
    about: 'Measure how many records a second can be read.',
    group: 'Measuring',
    load: async () => (await import('./perf-consume/perf-consume.ts')).perfConsumeTool,
  },
  {
    name: 'e2e-latency',
    alias: 'kafka-e2e-latency',
    about: 'Measure how long a record takes from a producer to a consumer.',
    group: 'Measuring',
    load: async () => (await import('./e2e-latency/e2e-latency.ts')).e2eLatencyTool,
  },
  {
    name: 'verifiable-producer',
    alias: 'kafka-verifiable-producer',
    about: 'Make numbered records, and tell of each in JSON whether it was written.',
    group: 'Measuring',
    load: async () =>
      (await import('./verifiable-producer/verifiable-producer.ts')).verifiableProducerTool,
  },
  {
    name: 'verifiable-consumer',
    alias: 'kafka-verifiable-consumer',
    about: 'Read as a member of a group, and tell in JSON of what happens to it.',
    group: 'Measuring',
    load: async () =>
      (await import('./verifiable-consumer/verifiable-consumer.ts')).verifiableConsumerTool,
  },
  {
    name: 'plan-session-timeout',
    alias: null,
    about: 'Reckon timeouts of a group from how long its work takes.',
    group: 'Planning and scripts',
    load: async () => (await import('./plan/plan.ts')).planSessionTimeout,
  },
  {
    name: 'plan-throughput',
    alias: null,
    about: 'Reckon how many consumers and partitions a rate needs.',
    group: 'Planning and scripts',
    load: async () => (await import('./plan/plan.ts')).planThroughput,
  },
  {
    name: 'plan-topic',
    alias: null,
    about: 'Reckon the partitions, disk and network of a topic.',
    group: 'Planning and scripts',
    load: async () => (await import('./plan/plan.ts')).planTopic,
  },
  {
    name: 'doctor',
    alias: null,
    about: 'Look at the way to a cluster and at the cluster, and say what to mend.',
    group: 'Planning and scripts',
    watch: 'always',
    load: async () => (await import('./doctor/doctor.ts')).doctorTool,
  },
  {
    name: 'wait-ready',
    alias: null,
    about: 'Wait until a cluster can be worked with.',
    group: 'Planning and scripts',
    load: async () => (await import('./wait-ready/wait-ready.ts')).waitReadyTool,
  },
  {
    name: 'completion',
    alias: null,
    about: 'Print the script that completes commands in bash, zsh or fish.',
    group: 'Planning and scripts',
    load: async () => (await import('./completion/completion.ts')).completionTool(TOOLS),
  },
]

/** The command with this name, or with this name of Kafka's script. */
export function findTool(name: string): ToolEntry | null {
  const bare = name.replace(/\.sh$/, '')
  return TOOLS.find((tool) => tool.name === name || tool.alias === bare) ?? null
}
