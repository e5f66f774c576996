/**
 * `millrace topics`, which is kafka-topics: creates, lists, describes, grows and deletes topics.
 *
 * Invariant: standard output, exit status and the first line of an error are Kafka's, but for
 * --help, --json and what is said where no broker answers.
 */
import { CliError } from '../cli-error.ts'
import {
  COMMON_FLAGS,
  type Flag,
  type Flags,
  parseFlags,
  refuseWith,
  requireFlags,
  UsageError,
} from '../flags.ts'
import { common, type ToolHelp, type ToolRun } from '../tool.ts'

const ACTIONS = ['create', 'list', 'alter', 'describe', 'delete'] as const
const REPORTS = [
  'under-replicated-partitions',
  'under-min-isr-partitions',
  'at-min-isr-partitions',
  'unavailable-partitions',
] as const

const FLAGS: readonly Flag[] = [
  { name: 'create', about: 'Make a topic.' },
  { name: 'list', about: 'List the names of topics, all or those that match --topic.' },
  { name: 'describe', about: 'Show topics with their partitions, all or those that match.' },
  { name: 'alter', about: 'Give topics more partitions.' },
  { name: 'delete', about: 'Delete topics.' },
  {
    name: 'topic',
    value: 'name',
    about: 'The topic; with any action but --create a regular expression for whole names.',
  },
  { name: 'topic-id', value: 'id', about: 'The topic to describe, by its id.' },
  { name: 'partitions', value: 'n', about: "How many there are to be; the broker's default." },
  { name: 'replication-factor', value: 'n', about: "Replicas of each; the broker's default." },
  {
    name: 'replica-assignment',
    value: 'list',
    about:
      'The brokers of each partition, as 1:2,2:3 for two partitions of two replicas; ' +
      'instead of the two numbers with --create.',
  },
  { name: 'config', value: 'name=value', about: 'A config of the new topic; may be repeated.' },
  { name: 'delete-config', value: 'name', about: 'Does nothing since Kafka 4.0.' },
  { name: 'if-exists', about: 'Do nothing where the topic does not exist.' },
  { name: 'if-not-exists', about: 'Do nothing where the topic exists.' },
  { name: 'exclude-internal', about: "Pass over Kafka's own topics." },
  { name: REPORTS[0], about: 'Show only partitions with a replica that is behind.' },
  { name: REPORTS[1], about: 'Show only partitions below min.insync.replicas.' },
  { name: REPORTS[2], about: 'Show only partitions at min.insync.replicas.' },
  { name: REPORTS[3], about: 'Show only partitions without a living leader.' },
  { name: 'topics-with-overrides', about: 'Show only topics that have configs of their own.' },
  {
    name: 'partition-size-limit-per-response',
    value: 'n',
    about: 'Partitions that one answer of the broker may describe.',
  },
]

const HELP: ToolHelp = {
  name: 'topics',
  alias: 'kafka-topics',
  about: 'Create, delete, describe, or change a topic.',
  flags: FLAGS,
}

const NO_CONFIGS = ' (To alter topic configurations, the kafka-configs tool can be used.)'

/** Runs the command. */
export async function topicsTool(run: ToolRun): Promise<number> {
  const flags = parseFlags(run.args, [...FLAGS, ...COMMON_FLAGS])
  const ended = common(run, HELP, (flag) => flags.has(flag))
  if (ended !== null) return ended
  checkFlags(flags, run)
  // The client is a large part, for which help need not wait.
  const { connectionSettings, errorText, isExpected, withClient } = await import('../connection.ts')
  const settings = connectionSettings(flags, run)
  try {
    await withClient(settings, async (kafka) => {
      const admin = kafka.admin()
      if (flags.has('describe')) {
        const { describeTopics } = await import('./topic-descriptions.ts')
        return describeTopics(admin, flags, run.out)
      }
      const actions = await import('./topic-actions.ts')
      if (flags.has('create')) return actions.createTopic(admin, flags, run.out)
      if (flags.has('list')) return actions.listTopics(admin, flags, run.out)
      if (flags.has('alter')) return actions.alterTopics(admin, flags, run.out)
      return actions.deleteTopics(admin, flags, run.out)
    })
    return 0
  } catch (error) {
    if (!isExpected(error)) throw error
    const line = `Error while executing topic command : ${errorText(error)}`
    // What is read as JSON is not to begin with an error.
    if (flags.has('json')) run.err(line)
    else run.out(line)
    return 1
  }
}

function checkFlags(flags: Flags, { isAlias, out, err }: ToolRun): void {
  if (ACTIONS.filter((action) => flags.has(action)).length !== 1) {
    throw new UsageError(
      'Command must include exactly one action: --list, --describe, --create, --alter or --delete',
    )
  }
  if (flags.has('delete-config')) {
    err(
      'delete-config option is no longer supported and deprecated since version 4.0. ' +
        'The config will be fully removed in future releases.',
    )
  }
  if (isAlias && !flags.has('bootstrap-server')) {
    throw new CliError('--bootstrap-server must be specified')
  }
  if (flags.has('describe') && flags.has('if-exists')) {
    if (!flags.has('topic') && !flags.has('topic-id')) {
      throw new UsageError('--topic or --topic-id is required to describe a topic')
    }
    if (flags.has('topic') && flags.has('topic-id') && !flags.has('json')) {
      out(
        'Only topic id will be used when both --topic and --topic-id are specified and topicId ' +
          'is not Uuid.ZERO_UUID',
      )
    }
  }
  if (!flags.has('list') && !flags.has('describe')) requireFlags(flags, ['topic'])
  if (flags.has('alter')) {
    if (flags.has('config')) {
      throw new UsageError(
        `Option combination "[[bootstrap-server], [config]]" can't be used with option "[alter]"${NO_CONFIGS}`,
      )
    }
    requireFlags(flags, ['partitions'])
  }
  checkCombinations(flags)
}

function checkCombinations(flags: Flags): void {
  const except = (...allowed: readonly string[]) =>
    ACTIONS.filter((each) => !allowed.includes(each))
  refuseWith(flags, 'config', except('alter', 'create'))
  refuseWith(flags, 'partitions', except('alter', 'create'))
  refuseWith(flags, 'replication-factor', except('create'))
  refuseWith(flags, 'replica-assignment', except('alter', 'create'))
  if (flags.has('create')) {
    refuseWith(flags, 'replica-assignment', ['partitions', 'replication-factor'])
  }
  for (const report of REPORTS) {
    refuseWith(flags, report, [...except('describe'), 'topics-with-overrides'])
  }
  refuseWith(flags, 'topics-with-overrides', [...except('describe'), ...REPORTS])
  refuseWith(flags, 'if-exists', except('alter', 'delete', 'describe'))
  refuseWith(flags, 'if-not-exists', except('create'))
  refuseWith(flags, 'exclude-internal', except('list', 'describe'))
}
