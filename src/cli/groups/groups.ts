/**
 * `millrace groups`, which is kafka-consumer-groups: groups of consumers, what they have read, who
 * is in them, and where they go on.
 *
 * Invariant: standard output, exit status and the first line of an error are Kafka's, but for
 * --help, --json and what is said where no broker answers. Kafka's tool exits with 0 though it
 * failed; so do we under its name, and under ours with 1.
 */
import { COMMON_FLAGS, type Flags, parseFlags, UsageError } from '../flags.ts'
import { common, type ToolHelp, type ToolRun } from '../tool.ts'
import { checkAvailable, checkFlags, FLAGS } from './group-flags.ts'
import { JavaFailure } from './java-failure.ts'
import { longOf, longsOf } from './java-values.ts'

const HELP: ToolHelp = {
  name: 'groups',
  alias: 'kafka-consumer-groups',
  about:
    'This tool helps to list all consumer groups, describe a consumer group, delete consumer ' +
    'group info, or reset consumer group offsets.',
  flags: FLAGS,
}

const DEFAULT_TIMEOUT_MS = 30_000

/** What an action of the command works with. */
export interface GroupsRun extends Pick<ToolRun, 'out' | 'err'> {
  readonly flags: Flags
  readonly timeoutMs: number
  readonly isJson: boolean
  /** Says on standard output, as Kafka does, what did not work, and goes on. */
  readonly fail: (message: string) => void
  /** Says what to do next, where a person asked under our own name. */
  readonly hint: (next: string) => void
}

/** Runs the command. */
export async function groupsTool(run: ToolRun): Promise<number> {
  const flags = parseFlags(run.args, [...FLAGS, ...COMMON_FLAGS])
  checkAvailable(flags)
  const ended = common(run, HELP, (flag) => flags.has(flag))
  if (ended !== null) return ended
  checkFlags(flags, run)
  if (flags.has('validate-regex')) return validateRegex(flags.text('validate-regex')!, run, flags)
  let isFailed = false
  const isJson = flags.has('json')
  const fail = (message: string) => {
    isFailed = true
    if (isJson) run.err(message)
    else for (const line of ['', `Error: ${message}`]) run.out(line)
  }
  const hint = (next: string) => {
    if (!run.isAlias && !isJson) run.err(next)
  }
  // The client is a large part, for which help need not wait.
  const connection = await import('../connection.ts')
  try {
    const settings = connection.connectionSettings(flags, run)
    const timeoutMs = timeoutOf(flags)
    const { out, err } = run
    const own: GroupsRun = { out, err, flags, timeoutMs, isJson, fail, hint }
    await connection.withClient(settings, async (kafka) => {
      const { runAction } = await import('./group-actions.ts')
      await runAction(kafka.admin(), own)
    })
  } catch (error) {
    if (error instanceof UsageError || !connection.isExpected(error)) throw error
    const text = connection.errorText(error)
    const javaText = error instanceof JavaFailure ? error.javaMessage : text
    if (!isJson) fail(`Executing consumer group command failed due to ${javaText}`)
    isFailed = true
    run.err(text)
    if (/^Group .* not found\.$/.test(text))
      hint('Which groups there are says: millrace groups --list')
  }
  return isFailed && !run.isAlias ? 1 : 0
}

/** Reads the numbers that are read whatever the action is. */
function timeoutOf(flags: Flags): number {
  longsOf(flags, 'to-offset')
  flags.text('by-duration')
  longOf(flags, 'shift-by')
  const timeoutMs = longOf(flags, 'timeout')
  return timeoutMs === null ? DEFAULT_TIMEOUT_MS : Math.max(1, Number(BigInt.asIntN(32, timeoutMs)))
}

async function validateRegex(pattern: string, { out, isAlias }: ToolRun, flags: Flags) {
  const { re2Problem } = await import('./re2-syntax.ts')
  const problem = re2Problem(pattern)
  const isValid = problem === null
  if (flags.has('json')) out(JSON.stringify({ pattern, isValid, problem }))
  else {
    out(`The regular expression \`${pattern}\` is ${isValid ? 'valid' : `invalid: ${problem}`}.`)
  }
  return isValid || isAlias ? 0 : 1
}
