/**
 * What runs beside the command lines of a list, from `+ start NAME …` to `+ stop NAME`:
 *
 *     kafka-console-consumer …          a tool of Kafka's in a JVM of its own, until SIGTERM
 *     member GROUP TOPIC name=value …   a consumer of ours, once it has its partitions; names are
 *                                       protocol, instance, client, assignor; commits nothing
 *     still GROUP TOPIC MEMBER          a member of KIP-848 that has said hello and nothing more
 *     share GROUP TOPIC MEMBER          the same of a share group
 *     streams GROUP TOPIC MEMBER        the same of a group of Streams
 *     rebalancing GROUP TOPIC           two classic members, of which one waits for the other
 *     assigning GROUP TOPIC             two of KIP-848, before it is said who is to have what
 *     reconciling GROUP TOPIC           and then, when one holds what the other is to have
 *
 * Invariant: what was started is as described when the next command line runs, but for Kafka's
 * tools, whose first signs of life a list has to wait for (`until:TEXT`).
 */
import { type AssignorName, assignorNamed } from '../../src/client/consumer/assignors/assignors.ts'
import { Kafka } from '../../src/client/kafka.ts'
import type { CheckContext } from './check.ts'
import { TOOL_CLASSES, type ToolName } from './jvm.ts'
import { sleep } from './process.ts'
import { RawMembers } from './raw-members.ts'
import type { Server } from './server.ts'

/** Ends what was started, and waits for its end. */
export type Stop = () => Promise<void>

const CLOSE_TIMEOUT_MS = 5000
const SESSION_TIMEOUT_MS = 30_000
const BEAT_MS = 200
const MAX_BEATS = 50

/** Starts what `words` say. */
export async function startBeside(
  context: CheckContext,
  server: Server,
  words: readonly string[],
): Promise<Stop> {
  const [kind = '', ...args] = words
  if (kind in TOOL_CLASSES) return startTool(context, server, kind as ToolName, args)
  const [group = '', topic = '', ...more] = args
  const kafka = new Kafka({ brokers: server.bootstrap, clientId: optionOf(more, 'client') })
  const members = new RawMembers(kafka.cluster)
  const close = () => kafka.close({ timeoutMs: CLOSE_TIMEOUT_MS })
  context.defer(close)
  if (kind === 'member') return startMember(kafka, group, topic, more)
  if (kind === 'still' || kind === 'share' || kind === 'streams') {
    const leave = await startStill(members, kind, group, topic, more[0]!)
    return async () => {
      await leave()
      await close()
    }
  }
  if (kind === 'assigning' || kind === 'reconciling') {
    const [first, second] = [`${group}-first`, `${group}-second`]
    await members.consumer(group, first, topic)
    let epoch = await members.consumerBeats(group, second, topic)
    for (let beats = 0; kind === 'reconciling' && beats < MAX_BEATS; beats++) {
      const described = await kafka.admin().describeConsumerGroups([group])
      if (described.get(group).state === 'Reconciling') break
      await sleep(BEAT_MS)
      epoch = await members.consumerBeats(group, second, topic, epoch)
    }
    return async () => {
      for (const memberId of [first, second]) await members.consumerLeaves(group, memberId)
      await close()
    }
  }
  if (kind !== 'rebalancing') throw new Error(`nothing is called ${kind}`)
  await members.classic(group, `${group}-first`, topic, [0])
  const waiting = members.classic(group, `${group}-second`, topic, [0]).catch(() => {})
  return async () => {
    await kafka.admin().removeMembers(group, 'all')
    await close()
    await waiting
  }
}

function startTool(context: CheckContext, server: Server, tool: ToolName, args: string[]) {
  const connected = [...args, '--bootstrap-server', server.bootstrap]
  const running = context.keep(context.jvm.start(tool, connected))
  return async () => {
    running.kill('SIGTERM')
    await running.exited
  }
}

/** A member that says hello and no more; returns how it leaves. */
async function startStill(
  members: RawMembers,
  kind: 'still' | 'share' | 'streams',
  group: string,
  topic: string,
  memberId: string,
): Promise<Stop> {
  if (kind === 'share') {
    await members.share(group, memberId, topic)
    return () => members.share(group, memberId, topic, -1)
  }
  if (kind === 'streams') {
    await members.streams(group, memberId, topic)
    return () => members.streamsLeaves(group, memberId)
  }
  await members.consumer(group, memberId, topic)
  return () => members.consumerLeaves(group, memberId)
}

async function startMember(
  kafka: Kafka,
  groupId: string,
  topic: string,
  options: readonly string[],
): Promise<Stop> {
  const protocol = optionOf(options, 'protocol') === 'classic' ? 'classic' : 'consumer'
  const assignor = optionOf(options, 'assignor') ?? 'range'
  const instanceId = optionOf(options, 'instance')
  const assigned = Promise.withResolvers<void>()
  const consumer = kafka.consumer({
    groupId,
    topics: [topic],
    autoCommit: false, // whose time would be that of chance
    protocol,
    instanceId,
    ...(protocol === 'classic' && {
      assignors: [assignorNamed(assignor as AssignorName)!],
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
    }),
    onAssigned: () => assigned.resolve(),
  })
  const reading = (async () => {
    for await (const _ of consumer);
  })()
  await Promise.race([assigned.promise, reading])
  return async () => {
    await consumer.close()
    await reading
    if (instanceId !== undefined) await kafka.admin().removeMembers(groupId, [{ instanceId }])
    await kafka.close({ timeoutMs: CLOSE_TIMEOUT_MS })
  }
}

/** The value of `name=value`. */
function optionOf(words: readonly string[], name: string): string | undefined {
  return words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1)
}
