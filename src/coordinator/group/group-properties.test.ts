/**
 * Random clients on a few groups, with a clock that jumps, crashes, and a log that fails now and
 * then. What must hold whatever happens: every request is answered once; generations don't go back;
 * in one generation no partition is given to two; and what a crash would leave is what is there.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { utf8Bytes, utf8Text } from '../../base/bytes.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { JoinGroupResponse } from '../../protocol/messages/11-join-group.ts'
import { subscription } from './print.test.ts'
import { World } from './world.test.ts'

const GROUPS = ['g', 'h']
const PROTOCOLS = [['range'], ['range', 'roundrobin'], ['roundrobin', 'range']]

/** A client of one group: what it was told last. */
interface Client {
  readonly group: string
  readonly instance: string | null
  memberId: string
  generationId: number
  /** Members of the generation, where this one leads it. */
  shareTo: readonly string[]
  protocolName: string | null
}

const client = fc.nat(5)
const operation = fc.oneof(
  // All of a group that care join and sync, so that it settles.
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('round' as const), group: fc.nat(1) }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('join' as const), client, protocols: fc.nat(2) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('sync' as const), client }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('heartbeat' as const), client }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), client }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const), client }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('commit' as const), client, partition: fc.nat(2) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('simple-commit' as const), partition: fc.nat(2) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), group: fc.nat(1) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('tick' as const),
      ms: fc.constantFrom(0, 1, 3_000, 3_000, 5_000, 20_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fail' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('hold' as const), held: fc.boolean() }),
  },
)
type Operation = typeof operation extends fc.Arbitrary<infer Op> ? Op : never

class Run {
  readonly world = new World()
  readonly clients: Client[]
  /** Requests without an answer. */
  #open = new Set<number>()
  #requests = 0
  /** Highest generation seen, by group; a crash may undo those that nobody synced in. */
  readonly #generations = new Map<string, number>()
  /** Who has a partition, by group, generation and partition. */
  readonly #owners = new Map<string, string>()
  #commits = 0

  constructor(initialDelayMs: number) {
    this.world.config.initialRebalanceDelayMs = initialDelayMs
    // Nothing goes of itself here; expiry.txt shows that.
    this.world.config.offsetsRetentionCheckIntervalMs = 1_000_000_000
    this.world.reload()
    this.clients = Array.from({ length: 6 }, (_, i) => ({
      group: GROUPS[i % 2]!,
      instance: i < 3 ? null : `instance-${i}`,
      memberId: '',
      generationId: -1,
      shareTo: [],
      protocolName: null,
    }))
  }

  execute(op: Operation): void {
    const { world } = this
    switch (op.kind) {
      case 'round':
        this.#round(GROUPS[op.group]!)
        break
      case 'join':
        this.#join(this.clients[op.client]!, PROTOCOLS[op.protocols]!)
        break
      case 'sync':
        this.#sync(this.clients[op.client]!)
        break
      case 'heartbeat':
        this.#heartbeat(this.clients[op.client]!)
        break
      case 'leave':
        this.#leave(this.clients[op.client]!)
        break
      case 'forget':
        this.clients[op.client]!.memberId = ''
        break
      case 'commit':
        this.#commit(this.clients[op.client]!.group, this.clients[op.client]!, op.partition)
        break
      case 'simple-commit':
        this.#commit(GROUPS[0]!, null, op.partition)
        break
      case 'delete': {
        const done = this.#request()
        const request = { groupsNames: [GROUPS[op.group]!] }
        // A group that is made anew starts to count anew; answers of the old one may still come.
        const forget = () => this.#forgetGroup(GROUPS[op.group]!)
        forget()
        world.coordinator.deleteGroups(origin(2), request, world.nowMs, () => {
          done()
          forget()
        })
        break
      }
      case 'tick':
        world.advance(op.ms)
        break
      case 'crash':
        // Whoever waited is cut off with the connection.
        this.#open = new Set()
        this.#generations.clear()
        world.reload()
        break
      case 'fail':
        world.nextError = ErrorCode.NOT_ENOUGH_REPLICAS
        this.#generations.clear()
        break
      case 'hold':
        world.isHeld = op.held
        break
    }
    world.endTurn()
    // An append that failed made the shard start over from its log.
    if (world.reloads > 0) this.#generations.clear()
    world.reloads = 0
  }

  /** Lets everything end, and checks what must hold then. */
  finish(): void {
    this.world.isHeld = false
    this.world.nextError = ErrorCode.NONE
    this.world.commit()
    this.checkReload()
    this.world.advance(600_000)
    assert.equal(this.#open.size, 0, 'every request is answered')
    this.checkReload()
  }

  /** A coordinator that starts from the log knows what this one knows. */
  checkReload(): void {
    if (this.world.isHeld) return
    const live = this.#durableState()
    const { coordinator } = this.world
    this.world.reload()
    const loaded = this.#durableState()
    this.world.coordinator = coordinator
    for (const [groupId, state] of live) {
      if (state !== null) assert.deepEqual(loaded.get(groupId), state)
    }
  }

  /** What is durable, by group; null for a group whose rebalance is not in the log. */
  #durableState(): Map<string, unknown> {
    const { coordinator, nowMs } = this.world
    const states = new Map<string, unknown>()
    for (const groupId of GROUPS) {
      let state: unknown = null
      const request = { groups: [groupId], includeAuthorizedOperations: false }
      coordinator.describeGroups(origin(5), request, nowMs, ({ groups }) => {
        const [group] = groups!
        const isSettled = ['Stable', 'Empty', 'Dead'].includes(group!.groupState!)
        if (isSettled) state = group
      })
      let offsets: unknown
      const groups = [{ groupId, topics: null, memberId: null, memberEpoch: -1 }]
      const fetch = { groupId: '', topics: null, groups, requireStable: true }
      coordinator.offsetFetch(origin(9), fetch, nowMs, (response) => {
        offsets = response.groups
      })
      states.set(groupId, state === null ? null : { state, offsets })
    }
    return states
  }

  #request(): () => void {
    const id = this.#requests++
    this.#open.add(id)
    let answered = false
    return () => {
      assert(!answered, 'a request is answered once')
      answered = true
      this.#open.delete(id)
    }
  }

  #round(group: string): void {
    const members = this.clients.filter((each) => each.group === group)
    for (let i = 0; i < 2; i++) {
      for (const member of members) this.#join(member, PROTOCOLS[1]!)
      this.world.endTurn()
    }
    this.world.advance(this.world.config.initialRebalanceDelayMs)
    for (const member of members) this.#sync(member)
  }

  #join(client: Client, protocols: readonly string[]): void {
    const { coordinator, nowMs } = this.world
    const done = this.#request()
    const request = {
      groupId: client.group,
      sessionTimeoutMs: 6_000,
      rebalanceTimeoutMs: 10_000,
      memberId: client.memberId,
      groupInstanceId: client.instance,
      protocolType: 'consumer',
      protocols: protocols.map((name) => ({ name, metadata: subscription(['foo']) })),
      reason: null,
    }
    coordinator.joinGroup(origin(9), request, nowMs, (response) => {
      done()
      this.#joined(client, response)
    })
  }

  #joined(client: Client, response: JoinGroupResponse): void {
    const { errorCode, memberId, generationId = -1, members, skipAssignment } = response
    if (errorCode === ErrorCode.MEMBER_ID_REQUIRED) client.memberId = memberId
    else if (errorCode !== ErrorCode.NONE) client.memberId = ''
    if (errorCode !== ErrorCode.NONE) return
    const seen = this.#generations.get(client.group) ?? -1
    assert(generationId >= seen, `generation ${generationId} after ${seen}`)
    this.#generations.set(client.group, generationId)
    assert.equal(members.length > 0, response.leader === memberId, 'the leader knows all')
    client.memberId = memberId
    client.generationId = generationId
    client.protocolName = response.protocolName
    client.shareTo = skipAssignment ? [] : members.map((member) => member.memberId)
  }

  #sync(client: Client): void {
    const { coordinator, nowMs } = this.world
    const done = this.#request()
    const { group, memberId, generationId, instance, shareTo, protocolName } = client
    const assignments = shareTo.map((to, index) => ({
      memberId: to,
      assignment: utf8Bytes(`partition-${index}`),
    }))
    const request = {
      groupId: group,
      generationId,
      memberId,
      groupInstanceId: instance,
      protocolType: 'consumer',
      protocolName: protocolName ?? '',
      assignments,
    }
    coordinator.syncGroup(origin(5), request, nowMs, (response) => {
      done()
      if (response.errorCode !== ErrorCode.NONE || response.assignment.length === 0) return
      const key = `${group} ${generationId} ${utf8Text(response.assignment)}`
      const owner = instance ?? memberId
      assert.equal(this.#owners.get(key) ?? owner, owner, `${key} has two owners`)
      this.#owners.set(key, owner)
    })
  }

  #heartbeat(client: Client): void {
    const { coordinator, nowMs } = this.world
    const done = this.#request()
    const request = {
      groupId: client.group,
      generationId: client.generationId,
      memberId: client.memberId,
      groupInstanceId: client.instance,
    }
    coordinator.heartbeat(origin(4), request, nowMs, done)
  }

  #leave(client: Client): void {
    const { coordinator, nowMs } = this.world
    const done = this.#request()
    const { memberId, instance } = client
    const members = [{ memberId, groupInstanceId: instance, reason: null }]
    const request = { groupId: client.group, memberId, members }
    coordinator.leaveGroup(origin(5), request, nowMs, done)
  }

  #commit(groupId: string, client: Client | null, partitionIndex: number): void {
    const { coordinator, nowMs } = this.world
    const done = this.#request()
    const partition = {
      partitionIndex,
      committedOffset: ++this.#commits,
      committedLeaderEpoch: -1,
      committedMetadata: null,
    }
    const request = {
      groupId,
      generationIdOrMemberEpoch: client?.generationId ?? -1,
      memberId: client?.memberId ?? '',
      groupInstanceId: client?.instance ?? null,
      retentionTimeMs: -1,
      topics: [{ name: 'foo', topicId: '', partitions: [partition] }],
    }
    coordinator.offsetCommit(origin(9), request, nowMs, done)
  }

  #forgetGroup(groupId: string): void {
    this.#generations.delete(groupId)
    for (const key of [...this.#owners.keys()]) {
      if (key.startsWith(`${groupId} `)) this.#owners.delete(key)
    }
  }
}

function origin(apiVersion: number): { clientId: string; clientHost: string; apiVersion: number } {
  return { clientId: 'client', clientHost: '/1.2.3.4', apiVersion }
}

test('random clients, crashes and failing appends', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(0, 3_000),
      fc.array(operation, { minLength: 20, maxLength: 150 }),
      (initialDelayMs, operations) => {
        const run = new Run(initialDelayMs)
        for (const op of operations) {
          run.execute(op)
          run.checkReload()
        }
        run.finish()
      },
    ),
    { numRuns: Number(process.env['RUNS'] ?? 60), seed: Number(process.env['SEED'] ?? 1) },
  )
})
