/**
 * The assignors: cases with Kafka's own answers (test/golden/assignments.txt), and what must hold
 * of any answer for any group.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { Prng } from '../../../base/prng.ts'
import type { TopicPartition } from '../../topic.ts'
import type { Assignor, AssignorInput, GroupAssignment, MemberSubscription } from './assignor.ts'
import {
  assignorNamed,
  cooperativeStickyAssignor,
  rangeAssignor,
  roundRobinAssignor,
  stickyAssignor,
} from './assignors.ts'
import {
  answerOf,
  brokenRules,
  claimsUnwanted,
  type GoldenAnswer,
  type GoldenCase,
} from './golden-case.test-support.ts'
import { randomRounds } from './random-group.test-support.ts'

const ASSIGNORS = [rangeAssignor, roundRobinAssignor, stickyAssignor, cooperativeStickyAssignor]

const nameOf = ({ topic, partition }: TopicPartition) => `${topic}-${partition}`
const namesOf = (partitions: readonly TopicPartition[]) => partitions.map(nameOf)

function member(topics: readonly string[], more: Partial<MemberSubscription> = {}) {
  const nothing = { userData: null, ownedPartitions: [], generationId: -1 }
  return { topics, ...nothing, rackId: null, groupInstanceId: null, ...more }
}

function partitions(counts: Readonly<Record<string, number>>, racks: readonly string[] = []) {
  return new Map(
    Object.entries(counts).map(([topic, count]) => [
      topic,
      Array.from({ length: count }, (_, partition) => ({ partition, racks })),
    ]),
  )
}

/** Member to partitions, sorted, for reading. */
function shown(assignment: GroupAssignment): Record<string, string> {
  const entries = [...assignment].sort(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([id, own]) => [id, namesOf(own).sort().join(' ')]))
}

test('assignments are those of Kafka, byte by byte', () => {
  const path = new URL('../../../../test/golden/assignments.txt', import.meta.url)
  const lines = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => /^\{/.test(line))
  let compared = 0
  for (let at = 0; at < lines.length; at += 2) {
    const question = JSON.parse(lines[at]!) as GoldenCase
    const theirs = JSON.parse(lines[at + 1]!) as GoldenAnswer
    if (brokenRules(question, theirs) !== null || claimsUnwanted(question)) continue
    assert.deepEqual(answerOf(question), theirs, lines[at]!)
    compared++
  }
  assert.ok(compared > 70, `${compared} cases`)
})

/**
 * Everything assigned once, to a subscriber; `allowMissing` where an owner has to give up first.
 */
function checkRules(
  { partitionsPerTopic, members }: AssignorInput,
  assignment: GroupAssignment,
  allowMissing: (name: string) => boolean = () => false,
): void {
  assert.deepEqual([...assignment.keys()].sort(), [...members.keys()].sort())
  const owners = new Map<string, string>()
  for (const [id, own] of assignment) {
    for (const { topic, partition } of own) {
      assert.ok(members.get(id)!.topics.includes(topic), 'assigned to a subscriber')
      assert.ok(partition < partitionsPerTopic.get(topic)!.length, 'the partition exists')
      assert.equal(owners.get(nameOf({ topic, partition })), undefined, 'assigned once')
      owners.set(nameOf({ topic, partition }), id)
    }
  }
  const wanted = new Set([...members.values()].flatMap(({ topics }) => topics))
  for (const topic of wanted) {
    for (const { partition } of partitionsPerTopic.get(topic) ?? []) {
      const name = nameOf({ topic, partition })
      assert.ok(owners.has(name) || allowMissing(name), `${name} is assigned`)
    }
  }
}

function forRandomGroups(assignor: Assignor, check: (inputs: AssignorInput[]) => void): void {
  const run = (seed: number) => check(randomRounds(new Prng(seed), assignor, 5))
  fc.assert(fc.property(fc.integer({ min: 0, max: 0x7fffffff }), run), { numRuns: 150 })
}

for (const assignor of ASSIGNORS) {
  test(`${assignor.name}: whatever the group, each partition goes to one subscriber`, () => {
    forRandomGroups(assignor, (inputs) => {
      for (const input of inputs) {
        const claimed = new Set(
          [...input.members.values()].flatMap(({ ownedPartitions }) => namesOf(ownedPartitions)),
        )
        const isCooperative = assignor === cooperativeStickyAssignor
        const mayBeMissing = (name: string) => isCooperative && claimed.has(name)
        checkRules(input, assignor.assign(input), mayBeMissing)
      }
    })
  })
}

// Not the cooperative one: what is to move is missing from its shares.
for (const assignor of [rangeAssignor, roundRobinAssignor, stickyAssignor]) {
  test(`${assignor.name}: the same subscriptions give shares that differ by one at most`, () => {
    forRandomGroups(assignor, (inputs) => {
      for (const input of inputs) {
        const [first, ...others] = [...input.members.values()].map(({ topics }) => topics)
        if (!others.every((topics) => topics.join() === first!.join())) continue
        const perTopic = assignor === rangeAssignor
        for (const counted of perTopic ? first! : [null]) {
          const sizes = [...assignor.assign(input).values()].map(
            (own) => own.filter(({ topic }) => counted === null || topic === counted).length,
          )
          assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 1, `${sizes}`)
        }
      }
    })
  })
}

test('sticky assignors: nothing moves when nothing changed', () => {
  for (const assignor of [stickyAssignor, cooperativeStickyAssignor]) {
    const last = new Map<string, TopicPartition[]>()
    const claim = (id: string, topics: readonly string[], generationId: number) => {
      const own = { partitions: last.get(id) ?? [], generationId }
      const userData = assignor.userData?.(topics, generationId < 0 ? null : own) ?? null
      return member(topics, { userData, ownedPartitions: own.partitions, generationId })
    }
    const assign = (ids: readonly string[], generation: number) => {
      const members = new Map(ids.map((id) => [id, claim(id, ['a', 'b'], generation)]))
      const assignment = assignor.assign({
        partitionsPerTopic: partitions({ a: 5, b: 6 }),
        members,
      })
      for (const [id, own] of assignment) last.set(id, own)
      return shown(assignment)
    }
    const first = assign(['x', 'y', 'z'], -1)
    assert.deepEqual(assign(['x', 'y', 'z'], 1), first, assignor.name)
    // One leaves: the others keep what they have.
    const second = assign(['x', 'y'], 2)
    for (const id of ['x', 'y']) {
      const kept = new Set(second[id]!.split(' '))
      assert.ok(
        first[id]!.split(' ').every((name) => kept.has(name)),
        assignor.name,
      )
    }
  }
})

test('cooperative-sticky: what has another owner is given to nobody until it is given up', () => {
  forRandomGroups(cooperativeStickyAssignor, (inputs) => {
    for (const { partitionsPerTopic, members } of inputs) {
      // Without lies: each partition claimed once.
      const seen = new Set<string>()
      const honest = new Map(
        [...members].map(([id, subscription]) => {
          const own = subscription.ownedPartitions.filter((owned) => {
            const isNew = !seen.has(nameOf(owned))
            seen.add(nameOf(owned))
            return isNew
          })
          return [id, { ...subscription, ownedPartitions: own, generationId: 7 }]
        }),
      )
      const assignment = cooperativeStickyAssignor.assign({ partitionsPerTopic, members: honest })
      for (const [id, own] of assignment) {
        for (const name of namesOf(own)) {
          const others = [...honest].filter(([other]) => other !== id)
          const claims = others.filter(([, other]) => namesOf(other.ownedPartitions).includes(name))
          assert.deepEqual(claims, [], `${name} was another's`)
        }
      }
    }
  })
})

test('range: static members keep their place whatever their member id', () => {
  const assign = (ids: readonly string[]) =>
    rangeAssignor.assign({
      partitionsPerTopic: partitions({ a: 3 }),
      members: new Map(ids.map((id, at) => [id, member(['a'], { groupInstanceId: `i${at}` })])),
    })
  assert.deepEqual(shown(assign(['z', 'y', 'x'])), { x: 'a-2', y: 'a-1', z: 'a-0' })
  assert.deepEqual(shown(assign(['x', 'y', 'z'])), { x: 'a-0', y: 'a-1', z: 'a-2' })
})

test('range: racks are followed, and topics of one size stay together', () => {
  const racks = ['r1', 'r2', 'r1', 'r2']
  const topic = racks.map((rack, partition) => ({ partition, racks: [rack] }))
  const members = new Map([
    ['x', member(['a', 'b'], { rackId: 'r2' })],
    ['y', member(['a', 'b'], { rackId: 'r1' })],
  ])
  const partitionsPerTopic = new Map([
    ['a', topic],
    ['b', topic],
  ])
  assert.deepEqual(shown(rangeAssignor.assign({ partitionsPerTopic, members })), {
    x: 'a-1 a-3 b-1 b-3',
    y: 'a-0 a-2 b-0 b-2',
  })
})

test('what a member says wrongly harms nobody', () => {
  const nonsense = [
    { topic: 'a', partition: 99 },
    { topic: 'a', partition: -1 },
    { topic: 'gone', partition: 0 },
    { topic: 'a', partition: 0 },
    { topic: 'a', partition: 0 },
  ]
  for (const assignor of ASSIGNORS) {
    const members = new Map([
      ['empty', member([])],
      ['liar', member(['a', 'a', 'b', 'gone'], { ownedPartitions: nonsense, generationId: 3 })],
      ['twin', member(['b', 'a'], { ownedPartitions: nonsense, generationId: 3 })],
      ['noise', member(['a'], { userData: new Uint8Array([255, 255, 255, 255, 1]) })],
      ['large', member(['a'], { userData: new Uint8Array([127, 255, 255, 255]) })],
    ])
    const input = { partitionsPerTopic: partitions({ a: 4, b: 3 }), members }
    const isOwned = (name: string) => assignor === cooperativeStickyAssignor && name === 'a-0'
    checkRules(input, assignor.assign(input), isOwned)
  }
})

test('a hundred members and two thousand partitions of many topics are assigned at once', () => {
  const topics = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`topic-${at}`, 20]))
  const names = Object.keys(topics)
  const members = new Map(
    Array.from({ length: 100 }, (_, at) => {
      return [`member-${at}`, member(names.filter((_, topic) => (topic + at) % 7 !== 0))]
    }),
  )
  const input = { partitionsPerTopic: partitions(topics), members }
  for (const assignor of ASSIGNORS) checkRules(input, assignor.assign(input))
})

test('names stand for assignors', () => {
  for (const assignor of ASSIGNORS) {
    assert.equal(assignorNamed(assignor.name as 'range'), assignor)
    assert.equal(assignorNamed(assignor), assignor)
  }
  assert.equal(assignorNamed('toString' as 'range'), undefined)
})
