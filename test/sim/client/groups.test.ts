/**
 * Groups of our members on a simulated node, in virtual time: whatever happens to members, network
 * and node, each partition ends up with exactly one of those that live (group-world.ts checks
 * more).
 *
 *     SEED=7 RUNS=1 npx node --test --test-isolation=none test/sim/client/groups.test.ts
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Prng } from '../../../src/base/prng.ts'
import type { GroupOptions } from '../../../src/client/consumer/group/membership.ts'
import { ASSIGNORS, GroupWorld } from './group-world.ts'

const FIRST_SEED = Number(process.env['SEED'] ?? 1)
const RUNS = Number(process.env['RUNS'] ?? 4)
const STEPS = 10
/** Seeds that found something: 152: a sync that waited for longer than the session. */
const KNOWN_SEEDS = [152]

async function started(seed: number, partitions = 8): Promise<GroupWorld> {
  const world = await GroupWorld.start({ seed })
  await world.createTopic('orders', partitions)
  world.topics = ['orders']
  return world
}

for (const kind of ['eager', 'cooperative'] as const) {
  test(`${kind}: members join, leave, and are killed`, async () => {
    const world = await started(1)
    const assignors = ASSIGNORS[kind]
    const first = world.join({ assignors })
    await world.settled(8)
    const second = world.join({ assignors })
    const third = world.join({ assignors })
    await world.settled(8)
    assert.deepEqual(world.sizes(), [2, 3, 3])
    await first.leave()
    await world.settled(8)
    assert.deepEqual(world.sizes(), [4, 4])
    second.kill()
    await world.settled(8)
    assert.deepEqual(world.sizes(), [8])
    assert.equal(third.held.size, 8)
    await world.end()
  })
}

/** What each of three members is told while they join one by one and the first one leaves. */
const TOLD = {
  eager: {
    'member-0': [
      'assigned 0 1 2 3', // alone
      'revoked 0 1 2 3', // the second one joins
      'assigned 0 1',
      'revoked 0 1', // the third
      'assigned 0 1',
      'revoked 0 1', // it leaves
    ],
    'member-1': [
      'assigned 2 3',
      'revoked 2 3', // the third
      'assigned 2',
      'revoked 2', // the first one leaves
      'assigned 0 1',
    ],
    'member-2': ['assigned 3', 'revoked 3', 'assigned 2 3'],
  },
  cooperative: {
    'member-0': [
      'assigned 0 1 2 3',
      'revoked 2 3', // for the second one: the first of two rebalances
      'assigned',
      'assigned', // and the second of them
      'assigned', // the third one takes from another
      'assigned',
      'revoked 0 1',
    ],
    'member-1': [
      'assigned', // what it is to have is another's still
      'assigned 2 3',
      'revoked 3', // for the third
      'assigned',
      'assigned',
      'assigned 0', // of the one that left
    ],
    'member-2': ['assigned', 'assigned 3', 'assigned 1'],
  },
}

for (const kind of ['eager', 'cooperative'] as const) {
  test(`${kind}: what members are told of four partitions`, async () => {
    const world = await started(8, 4)
    const members = []
    for (let count = 0; count < 3; count++) {
      members.push(world.join({ assignors: ASSIGNORS[kind] }))
      await world.settled(4)
    }
    await members[0]!.leave()
    await world.settled(4)
    const told = Object.fromEntries(
      members.map(({ name, events }) => {
        return [name, events.map((event) => event.replaceAll('orders-', '').trim())]
      }),
    )
    assert.deepEqual(told, TOLD[kind])
    await world.end()
  })
}

/** Partitions of a member's events of one kind. */
function named(events: readonly string[], kind: string): Set<string> {
  const of = events.filter((event) => event.startsWith(kind))
  return new Set(
    of.flatMap((event) =>
      event
        .split(' ')
        .slice(1)
        .filter((name) => name !== ''),
    ),
  )
}

test('cooperative: what a member keeps is never taken from it', async () => {
  const world = await started(2, 12)
  const members = []
  for (let size = 1; size <= 4; size++) {
    members.push(world.join({ assignors: ASSIGNORS.cooperative }))
    await world.settled(12)
  }
  for (const { name, events } of members) {
    const revoked = named(events, 'revoked')
    const again = events.findIndex((event) => event.startsWith('revoked'))
    const later = named(again < 0 ? [] : events.slice(again), 'assigned')
    assert.deepEqual(
      [...revoked].filter((partition) => later.has(partition)),
      [],
      name,
    )
    assert.equal(named(events, 'lost').size, 0)
  }
  await world.end()
})

test('an eager group is moved to cooperative in two passes, one member after the other', async () => {
  const world = await started(3)
  let members = []
  for (let size = 0; size < 3; size++) members.push(world.join({ assignors: ASSIGNORS.eager }))
  await world.settled(8)
  for (const assignors of [ASSIGNORS.both, ASSIGNORS.cooperative]) {
    const next = []
    for (const member of members) {
      await member.leave()
      next.push(world.join({ assignors }))
      await world.settled(8)
    }
    members = next
  }
  const [first, ...others] = members
  for (const { events } of others) events.length = 0
  await first!.leave()
  await world.settled(8)
  for (const { events } of others) assert.equal(named(events, 'revoked').size, 0, 'cooperative')
  await world.end()
})

test('static members come back to what they had, without a rebalance', async () => {
  const world = await started(4)
  const assignors = ASSIGNORS.cooperative
  const one = world.join({ assignors, instanceId: 'one' })
  const two = world.join({ assignors, instanceId: 'two' })
  await world.settled(8)
  const had = [...one.held].sort()
  two.events.length = 0
  await one.leave()
  const again = world.join({ assignors, instanceId: 'one' })
  await world.settled(8)
  assert.deepEqual([...again.held].sort(), had)
  assert.deepEqual(two.events, [])
  // A second one under the same name fences the first.
  world.unaware.add(again)
  const usurper = world.join({ assignors, instanceId: 'one' })
  await world.world.runUntil(() => !again.isAlive)
  assert.match(again.events.at(-1)!, /FENCED_INSTANCE_ID/)
  await world.settled(8)
  assert.deepEqual([...usurper.held].sort(), had)
  await world.end()
})

test('a program that hangs loses its partitions to the others, and gets some when it goes on', async () => {
  const world = await started(5)
  const [hung, other] = [world.join(), world.join()]
  await world.settled(8)
  hung.hang()
  await world.world.runUntil(() => other.held.size === 8, 120_000)
  assert.equal(hung.membership.identity(), null)
  hung.unhang()
  await world.settled(8)
  assert.deepEqual(world.sizes(), [4, 4])
  await world.end()
})

test('new partitions and topics are found and shared', async () => {
  const world = await GroupWorld.start({ seed: 6 })
  world.topics = /^orders/
  await world.createTopic('orders-1', 3)
  world.join()
  world.join()
  await world.settled(3)
  await world.growTopic('orders-1', 5)
  await world.settled(5)
  await world.createTopic('orders-2', 4)
  await world.createTopic('others', 4)
  await world.settled(9)
  await world.end()
})

/** Something that happens to a group. */
async function step(world: GroupWorld, random: Prng, options: Partial<GroupOptions>) {
  const { living } = world
  const member = living[random.int(Math.max(1, living.length))]
  const kind = random.int(9)
  if (member === undefined || (kind <= 2 && living.length < 6)) world.join(options)
  else if (kind === 3) await member.leave()
  else if (kind === 4) member.kill()
  else if (kind === 5) {
    member.cutOff()
    await world.world.advance(random.int(25_000))
    world.world.network.heal()
  } else if (kind === 6) {
    member.hang()
    await world.world.advance(random.int(50_000))
    member.unhang()
  } else if (kind === 7) await world.restartNode(random.int(15_000))
  else world.world.network.breakConnections()
}

const seeds = Array.from({ length: RUNS }, (_, run) => FIRST_SEED + run)
for (const seed of [...seeds, ...KNOWN_SEEDS]) {
  test(`seed ${seed}: whatever happens, each partition has one owner`, async () => {
    const random = new Prng(seed)
    const world = await started(seed)
    const assignors = Object.values(ASSIGNORS)[random.int(3)]!
    world.join({ assignors })
    for (let count = 0; count < STEPS; count++) {
      await step(world, random, { assignors })
      await world.world.advance(random.int(random.chance(0.5) ? 500 : 12_000))
    }
    if (world.living.length === 0) world.join({ assignors })
    await world.settled(8)
    const errors = world.log.filter((line) => line.includes(' error '))
    assert.deepEqual(errors, [], world.log.join('\n'))
    await world.end()
  })
}
