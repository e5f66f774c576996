/**
 * Transcripts: each block of testdata/*.txt is a command, `----`, and what came of it: answers, why
 * groups rebalance, and records written. `UPDATE=1` writes the files anew; read the difference.
 *
 * Commands (see `commands` below) name members by short ids (world.test.ts). An answer is printed
 * with the label of its request, the member, the client, or what `@label` says.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { utf8Bytes, utf8Text } from '../../base/bytes.ts'
import { ErrorCode, errorName } from '../../protocol/errors.ts'
import type { OffsetFetchResponse } from '../../protocol/messages/09-offset-fetch.ts'
import type { GroupConfig } from './config.ts'
import type { RequestOrigin } from './context.ts'
import {
  describeMetadata,
  describeRecord,
  describeTopics,
  subscription,
  suffix,
} from './print.test.ts'
import { longId, shortId, topicIdOf, World } from './world.test.ts'

const DIRECTORY = join(import.meta.dirname, 'testdata')

for (const name of readdirSync(DIRECTORY).filter((file) => file.endsWith('.txt'))) {
  test(`transcript ${name}`, () => {
    const path = join(DIRECTORY, name)
    const before = readFileSync(path, 'utf8')
    const after = run(before)
    if (process.env['UPDATE'] === '1') writeFileSync(path, after)
    else assert.equal(after, before)
  })
}

/** Runs a transcript and returns it with the answers that came. */
function run(text: string): string {
  const session = new Session()
  const blocks: string[] = []
  for (const block of text.split(/\n\n+/)) {
    const lines = block.trimEnd().split('\n')
    const end = lines.indexOf('----')
    const given = end < 0 ? lines : lines.slice(0, end)
    if (given.every((line) => line.startsWith('#') || line === '')) {
      if (given.some((line) => line !== '')) blocks.push(given.join('\n'))
      continue
    }
    const output = given.flatMap((line) => (line.startsWith('#') ? [] : session.execute(line)))
    blocks.push([...given, '----', ...output].join('\n'))
  }
  return `${blocks.join('\n\n')}\n`
}

/** What versions 8 and later answer for a topic; the older form has no id. */
type FetchedTopicResponse = NonNullable<
  NonNullable<OffsetFetchResponse['groups']>[number]['topics']
>[number]

/** A command's words: the first ones as they are, `key=value` by key. */
interface Words {
  readonly plain: readonly string[]
  readonly named: ReadonlyMap<string, string>
  readonly label: string
  /** The group: the second word, or empty where `group=` says so. */
  readonly group: string
  /** What follows the group. */
  readonly items: readonly string[]
}

class Session {
  readonly world = new World()
  readonly #seen = [0, 0]
  #output: string[] = []
  /** How far the clock has moved within a tick, e.g. `+500 `. */
  prefix = ''

  execute(line: string): string[] {
    this.#output = []
    const words = parse(line)
    const command = commands[words.plain[0]!]
    assert(command !== undefined, `no command ${words.plain[0]}`)
    command(this, words)
    this.world.endTurn()
    this.collect()
    return this.#output
  }

  print(text: string): void {
    this.#output.push(this.prefix + shortId(text).trimEnd())
  }

  /** Prints why groups rebalanced, and what was written since the last time. */
  collect(): void {
    for (const { groupId, generationId, reason } of this.world.rebalances.splice(0)) {
      this.print(`rebalance of ${groupId} after generation ${generationId}: ${reason}`)
    }
    this.world.log.forEach((_, partition) => {
      for (const { offset, record } of this.world.records(partition, this.#seen[partition]!)) {
        this.#seen[partition] = offset + 1
        this.print(`log ${partition}/${offset}: ${describeRecord(record)}`)
      }
    })
  }
}

const commands: Record<string, (session: Session, words: Words) => void> = {
  /**
   * join GROUP client= member= instance= protocols=a,b topics= type= session= rebalance= reason=
   */
  join(session, words) {
    const { named } = words
    const topics = (named.get('topics') ?? 'foo').split(',')
    const metadata = named.has('raw') ? utf8Bytes(named.get('raw')!) : subscription(topics)
    const names = (named.get('protocols') ?? 'range').split(',').filter((name) => name !== '')
    const request = {
      groupId: words.group,
      sessionTimeoutMs: Number(named.get('session') ?? 10_000),
      rebalanceTimeoutMs: Number(named.get('rebalance') ?? 60_000),
      memberId: longId(named.get('member') ?? ''),
      groupInstanceId: named.get('instance') ?? null,
      protocolType: named.get('type') ?? 'consumer',
      protocols: names.map((name) => ({ name, metadata })),
      reason: named.get('reason') ?? null,
    }
    const { world } = session
    world.coordinator.joinGroup(origin(words, 9), request, world.nowMs, (response) => {
      const members = (response.members ?? []).map(({ memberId, groupInstanceId, metadata }) => {
        return `${memberId}${suffix(groupInstanceId)}(${describeMetadata(metadata!)})`
      })
      session.print(
        `${words.label} -> ${errorName(response.errorCode ?? 0)} member=${response.memberId}` +
          (response.errorCode !== ErrorCode.NONE
            ? ''
            : ` generation=${response.generationId} leader=${response.leader}` +
              ` protocol=${response.protocolType}/${response.protocolName}` +
              (response.skipAssignment ? ' skipAssignment' : '') +
              (members.length === 0 ? '' : ` members=${members.join(' ')}`)),
      )
    })
  },

  /** sync GROUP member= instance= generation= assign=A#1:foo-0;B#2:foo-1 type= protocol= */
  sync(session, words) {
    const { named } = words
    const assignments = list(named.get('assign'), ';').map((part) => {
      const [memberId, assignment] = part.split(':')
      return { memberId: longId(memberId!), assignment: utf8Bytes(assignment!) }
    })
    const request = {
      groupId: words.group,
      generationId: Number(named.get('generation') ?? 1),
      memberId: longId(named.get('member') ?? ''),
      groupInstanceId: named.get('instance') ?? null,
      protocolType: orNull(named.get('type') ?? 'consumer'),
      protocolName: orNull(named.get('protocol') ?? 'range'),
      assignments,
    }
    const { world } = session
    world.coordinator.syncGroup(origin(words, 5), request, world.nowMs, (response) => {
      const assignment = utf8Text(response.assignment!)
      const isError = response.errorCode !== ErrorCode.NONE
      const { protocolType, protocolName } = response
      const detail = isError ? '' : ` ${protocolType}/${protocolName} [${assignment}]`
      session.print(`${words.label} -> ${errorName(response.errorCode!)}${detail}`)
    })
  },

  /** heartbeat GROUP member= instance= generation= */
  heartbeat(session, words) {
    const { named } = words
    const request = {
      groupId: words.group,
      generationId: Number(named.get('generation') ?? 1),
      memberId: longId(named.get('member') ?? ''),
      groupInstanceId: named.get('instance') ?? null,
    }
    const { world } = session
    world.coordinator.heartbeat(origin(words, 4), request, world.nowMs, ({ errorCode }) => {
      session.print(`${words.label} -> ${errorName(errorCode!)}`)
    })
  },

  /** leave GROUP member=A#1,B#2 | instance=i,j | member=A#1 instance=i; reason= */
  leave(session, words) {
    const { named } = words
    const memberIds = list(named.get('member'), ',')
    const instances = list(named.get('instance'), ',')
    const count = Math.max(memberIds.length, instances.length)
    const members = Array.from({ length: count }, (_, i) => ({
      memberId: longId(memberIds[i] ?? ''),
      groupInstanceId: instances[i] || null,
      reason: named.get('reason') ?? null,
    }))
    const request = { groupId: words.group, memberId: members[0]!.memberId, members }
    const { world } = session
    world.coordinator.leaveGroup(origin(words, 5), request, world.nowMs, (response) => {
      const each = response.members!.map(
        ({ memberId, groupInstanceId, errorCode }) =>
          ` ${memberId}${suffix(groupInstanceId)}:${errorName(errorCode!)}`,
      )
      session.print(`${words.label} -> ${errorName(response.errorCode!)}${each.join('')}`)
    })
  },

  /** commit GROUP foo-0=5 ... member= instance= generation= metadata= retention= epoch= */
  commit(session, words) {
    const { named } = words
    const version = Number(named.get('v') ?? 9)
    const topics = words.items.map((text) => {
      const [, topic, index, offset] = /^(.*)-(\d+)=(-?\d+)$/.exec(text)!
      return {
        name: version >= 10 ? '' : topic!,
        topicId: session.world.topics.get(topic!)?.id ?? topicIdOf(topic!),
        partitions: [
          {
            partitionIndex: Number(index),
            committedOffset: Number(offset),
            committedLeaderEpoch: Number(named.get('epoch') ?? -1),
            committedMetadata: named.get('metadata') ?? null,
          },
        ],
      }
    })
    const request = {
      groupId: words.group,
      generationIdOrMemberEpoch: Number(named.get('generation') ?? -1),
      memberId: longId(named.get('member') ?? ''),
      groupInstanceId: named.get('instance') ?? null,
      retentionTimeMs: Number(named.get('retention') ?? -1),
      topics,
    }
    const { world } = session
    world.coordinator.offsetCommit(origin(words, 9), request, world.nowMs, (response) => {
      session.print(`${words.label} -> ${describeTopics(response.topics)}`)
    })
  },

  /** fetch GROUP foo-0 bar-1 ... (nothing: all) stable= v= */
  fetch(session, words) {
    const { named } = words
    const version = Number(named.get('v') ?? 9)
    const asked = words.items.map((text) => {
      const [, topic, index] = /^(.*)-(\d+)$/.exec(text)!
      return {
        name: version >= 10 ? '' : topic!,
        topicId: session.world.topics.get(topic!)?.id ?? topicIdOf(topic!),
        partitionIndexes: [Number(index)],
      }
    })
    const topics = asked.length === 0 ? null : asked
    const groupId = words.group
    const request = {
      groupId,
      topics,
      groups: [{ groupId, memberId: null, memberEpoch: -1, topics }],
      requireStable: named.get('stable') === 'true',
    }
    const { world } = session
    world.coordinator.offsetFetch(origin(words, 9), request, world.nowMs, (response) => {
      const group = response.groups?.[0] ?? response
      const fetched: readonly FetchedTopicResponse[] = group.topics ?? []
      const found = fetched.map(({ name, topicId, partitions }) => {
        const each = partitions!.map((partition) => {
          const { partitionIndex, committedOffset, committedLeaderEpoch, metadata } = partition
          const error = partition.errorCode === 0 ? '' : `:${errorName(partition.errorCode!)}`
          const epoch = committedLeaderEpoch === -1 ? '' : `@${committedLeaderEpoch}`
          return `${partitionIndex}=${committedOffset}${epoch}${metadata === '' ? '' : `"${metadata}"`}${error}`
        })
        return ` ${version >= 10 ? `<${topicId}>` : name}(${each.join(' ')})`
      })
      session.print(`${words.label} -> ${errorName(group.errorCode ?? 0)}${found.join('')}`)
    })
  },

  /** delete-offsets GROUP foo-0 ... */
  'delete-offsets'(session, words) {
    const topics = words.items.map((text) => {
      const [, name, index] = /^(.*)-(\d+)$/.exec(text)!
      return { name: name!, partitions: [{ partitionIndex: Number(index) }] }
    })
    const request = { groupId: words.group, topics }
    const { world } = session
    world.coordinator.offsetDelete(origin(words, 0), request, world.nowMs, (response) => {
      const detail = describeTopics(response.topics)
      session.print(`${words.label} -> ${errorName(response.errorCode!)} ${detail}`)
    })
  },

  /** list states= types= */
  list(session, words) {
    const statesFilter = list(words.named.get('states'), ',')
    const typesFilter = list(words.named.get('types'), ',')
    const request = { statesFilter, typesFilter }
    const { world } = session
    world.coordinator.listGroups(origin(words, 5), request, world.nowMs, (response) => {
      const groups = response.groups!.map(
        ({ groupId, protocolType, groupState, groupType }) =>
          ` ${groupId}:${groupType}/${protocolType}/${groupState}`,
      )
      session.print(`list -> ${errorName(response.errorCode!)}${groups.sort().join('')}`)
    })
  },

  /** describe GROUP ... v= */
  describe(session, words) {
    const groups = words.plain.slice(1)
    const request = { groups, includeAuthorizedOperations: false }
    const { world } = session
    world.coordinator.describeGroups(origin(words, 6), request, world.nowMs, (response) => {
      for (const group of response.groups!) {
        const members = group.members!.map((member) => {
          const metadata = describeMetadata(member.memberMetadata!)
          const assignment = utf8Text(member.memberAssignment!)
          const id = `${member.memberId}${suffix(member.groupInstanceId)}`
          const client = `${member.clientId} ${member.clientHost}`
          return `\n  ${id} ${client} (${metadata}) [${assignment}]`
        })
        const error = group.errorCode === 0 ? '' : ` ${errorName(group.errorCode!)}`
        const message = group.errorMessage ? ` "${group.errorMessage}"` : ''
        const protocol = `${group.protocolType}/${group.protocolData}`
        session.print(
          `${group.groupId}: ${group.groupState} ${protocol}${error}${message}${members.join('')}`,
        )
      }
    })
  },

  /** delete GROUP ... */
  delete(session, words) {
    const request = { groupsNames: words.plain.slice(1) }
    const { world } = session
    world.coordinator.deleteGroups(origin(words, 2), request, world.nowMs, (response) => {
      const each = response.results!.map(
        ({ groupId, errorCode }) => `${groupId}:${errorName(errorCode!)}`,
      )
      session.print(`delete -> ${each.join(' ')}`)
    })
  },

  /** tick MS: moves the clock. */
  tick(session, words) {
    const { world } = session
    const start = world.nowMs
    const onTurn = () => {
      session.prefix = `+${world.nowMs - start} `
    }
    world.advance(Number(words.plain[1]), onTurn, () => session.collect())
    session.prefix = ''
    session.print(`now ${world.nowMs}`)
  },

  /** crash: everything but the log is lost. */
  crash(session) {
    session.world.reload()
    const { failure, skippedCount } = session.world.lastLoad!
    if (failure !== null) session.print(failure)
    if (skippedCount > 0) session.print(`${skippedCount} records skipped`)
  },

  /** config key=value ... */
  config(session, words) {
    for (const [key, value] of words.named) {
      Object.assign(session.world.config, { [key as keyof GroupConfig]: Number(value) })
    }
  },

  /** fail ERROR: what the next append answers. */
  fail(session, words) {
    session.world.nextError = ErrorCode[words.plain[1] as keyof typeof ErrorCode]
  },

  /** hold: nothing is committed any more. */
  hold(session) {
    session.world.isHeld = true
  },

  /** release: all is committed. */
  release(session) {
    session.world.isHeld = false
    session.world.commit()
  },

  /** unload: this node leads no partition any more. */
  unload(session) {
    for (const partition of session.world.log.keys()) session.world.coordinator.unload(partition)
  },

  /** loading: all partitions are being loaded. */
  loading(session) {
    for (const partition of session.world.log.keys())
      session.world.coordinator.beginLoad(partition, 1)
  },

  /** topic NAME id= partitions= | topic NAME deleted= */
  topic(session, words) {
    const { topics, coordinator, nowMs } = session.world
    const name = words.plain[1]!
    const old = topics.get(name)
    const id = words.named.get('id')
    if (id !== undefined) topics.set(name, { id: topicIdOf(id), partitions: 3 })
    else topics.delete(name)
    if (old !== undefined) coordinator.onTopicsDeleted([{ name, topicId: old.id }], nowMs)
  },

  /** max-batch BYTES */
  'max-batch'(session, words) {
    session.world.maxBatchBytes = Number(words.plain[1])
  },
}

function parse(line: string): Words {
  const plain: string[] = []
  const named = new Map<string, string>()
  let label = ''
  for (const word of line.match(/[^\s"]*"[^"]*"|\S+/g) ?? []) {
    const match = /^([a-zA-Z]+)=(.*)$/.exec(word)
    if (word.startsWith('@')) label = word.slice(1)
    else if (match === null) plain.push(word)
    else named.set(match[1]!, match[2]!.replace(/^"(.*)"$/, '$1'))
  }
  label ||= named.get('member') ?? named.get('client') ?? named.get('instance') ?? plain[0]!
  const group = named.get('group') ?? plain[1] ?? ''
  return { plain, named, label, group, items: plain.slice(named.has('group') ? 1 : 2) }
}

function origin(words: Words, newest: number): RequestOrigin {
  const clientId = words.named.get('client') ?? 'A'
  return { clientId, clientHost: '/1.2.3.4', apiVersion: Number(words.named.get('v') ?? newest) }
}

function orNull(text: string): string | null {
  return text === 'null' ? null : text
}

function list(text: string | undefined, separator: string): string[] {
  return text === undefined || text === '' ? [] : text.split(separator)
}
